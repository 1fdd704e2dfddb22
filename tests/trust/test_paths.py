"""Keys that come in certificates: from ``x5c`` to a certificate that the issuer's state lists, and never further."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from idbridge.crypto.certificates import Authority, Subject, make_authority, make_leaf
from idbridge.crypto.signer import generate
from idbridge.errors import IssuerError
from idbridge.limits import LIMITS
from idbridge.model.credential import UnverifiedCredential
from idbridge.model.region import Format
from idbridge.model.time import Validity
from idbridge.model.trust import LeafRule
from idbridge.trust.resolver import KeyResolver, ResolvedKey
from idbridge.trust.snapshot import snapshot_of
from tests.trust.editions import (
    DAY,
    HOUR,
    LOGIN,
    NOON,
    OTHER_KEY,
    attestation,
    lote,
    service,
    signed,
    statuses,
    trusted,
)
from tests.trust.test_resolver import SECOND, code_of, resolved, unverified

YEAR = Validity(NOON - 100 * DAY, NOON + 265 * DAY)
SOON = Validity(NOON - DAY, NOON + DAY)
RULE = LeafRule(extended_key_usage="1.3.6.1.4.1.99999.1")
LISTED_RULE = {"extended_key_usage": RULE.extended_key_usage}
ROOT = make_authority(generate("ES256"), subject=Subject("Root", "SG"), validity=YEAR)
MIDDLE = make_authority(generate("ES256"), subject=Subject("Middle", "SG"), validity=YEAR, issuer=ROOT)
STRANGER = make_authority(generate("ES256"), subject=Subject("Root", "SG"), validity=YEAR)
SIGNER = generate("ES256")


def leaf(issuer: Authority | None = ROOT, *, country: str | None = "SG", uri: str = LOGIN, **changes: Any) -> bytes:
    return make_leaf(
        SIGNER,
        subject=Subject("login", country),
        issuer=issuer,
        uris=[uri],
        **{"validity": YEAR, "rule": RULE, **changes},
    )


LEAF = leaf()


def over(*anchors: bytes, also: tuple[dict[str, Any], ...] = (), **changes: Any) -> KeyResolver:
    """A resolver over a list whose login service has these certificates and no key."""
    own = service(keys=(), **{"leaf_rule": LISTED_RULE, **changes})
    certificates = {"login": anchors, "pid": (ROOT.certificate,)}
    return KeyResolver(snapshot_of(trusted(signed(lote(own, *also, certificates=certificates)))))


LISTED = over(ROOT.certificate)


def test_a_path_to_a_listed_authority_gives_the_leaf_key() -> None:
    found = resolved(LISTED, unverified(x5c=(LEAF,)))

    assert found.path is not None
    assert found.key == found.path.leaf_key
    assert found.key.thumbprint == SIGNER.kid
    assert found.path.chain == (LEAF, ROOT.certificate)


def test_a_path_may_lead_over_an_intermediate_and_a_listed_leaf_stands_for_itself() -> None:
    below = leaf(MIDDLE)

    assert resolved(LISTED, unverified(x5c=(below, MIDDLE.certificate))).key.thumbprint == SIGNER.kid
    assert code_of(LISTED, unverified(x5c=(below,))) == "issuer.chain_untrusted"
    assert resolved(over(LEAF), unverified(x5c=(LEAF,))).key.thumbprint == SIGNER.kid


def test_a_path_to_a_stranger_of_the_same_name_leads_nowhere() -> None:
    forged = leaf(STRANGER)

    for x5c in ((forged,), (forged, STRANGER.certificate), (forged, ROOT.certificate), (leaf(None),)):
        assert code_of(LISTED, unverified(x5c=x5c)) == "issuer.chain_untrusted"


def test_the_leaf_names_the_issuer_is_of_its_state_and_keeps_the_rule() -> None:
    assert code_of(LISTED, unverified(x5c=(leaf(uri="https://pid.sg.example"),))) == "issuer.certificate_name_mismatch"
    assert code_of(LISTED, unverified(x5c=(leaf(country="TH"),))) == "issuer.certificate_profile"
    assert code_of(LISTED, unverified(x5c=(leaf(rule=None),))) == "issuer.certificate_profile"
    for country in (None, "sg"):
        assert resolved(LISTED, unverified(x5c=(leaf(country=country),)))


def test_an_authority_is_no_leaf_even_where_it_is_listed() -> None:
    assert code_of(LISTED, unverified(x5c=(ROOT.certificate,))) == "issuer.certificate_profile"
    assert code_of(LISTED, unverified(x5c=(MIDDLE.certificate,))) == "issuer.certificate_profile"


def test_a_path_is_judged_at_the_instant_each_time() -> None:
    short = unverified(x5c=(leaf(validity=SOON),))

    for _ in range(2):
        assert code_of(LISTED, short, at=SOON.start - SECOND) == "issuer.certificate_expired"
        assert resolved(LISTED, short, at=SOON.start)
        assert resolved(LISTED, short, at=NOON)
        assert code_of(LISTED, short, at=NOON + DAY + SECOND) == "issuer.certificate_expired"


def test_an_answer_by_path_says_that_it_ends_with_the_certificate() -> None:
    found = resolved(LISTED, unverified(x5c=(leaf(validity=SOON),)))

    assert found.path is not None
    assert found.until == found.path.not_after < resolved(LISTED, unverified(x5c=(LEAF,))).until


def renewed(*periods: Validity) -> tuple[Authority, ...]:
    """Certificates of one authority below the root, for one name and one key."""
    key = generate("ES256")
    return tuple(make_authority(key, subject=Subject("Renewed", "SG"), validity=one, issuer=ROOT) for one in periods)


RENEWED = renewed(YEAR, SOON, Validity(NOON + HOUR, NOON + 200 * DAY), Validity(NOON - 50 * DAY, NOON + HOUR))
BELOW = leaf(RENEWED[0])
TICK = timedelta(microseconds=1)
INSTANTS = [
    moment + shift
    for moment in (SOON.start, NOON, NOON + HOUR, NOON + DAY)
    for shift in (-SECOND, -TICK, timedelta(), TICK, SECOND - TICK, SECOND)
]


def told(over: KeyResolver, credential: UnverifiedCredential, *, at: datetime) -> ResolvedKey | str:
    """The answer, or the code of the refusal."""
    try:
        return resolved(over, credential, at=at)
    except IssuerError as refusal:
        return refusal.code


@pytest.mark.parametrize("above", list(permutations(range(4), 2)))
def test_what_is_remembered_of_a_path_is_what_a_new_search_would_find(above: tuple[int, ...]) -> None:
    credential = unverified(x5c=(BELOW, *(RENEWED[number].certificate for number in above)))
    warm = over(ROOT.certificate)

    assert any(told(warm, credential, at=at) != "issuer.chain_untrusted" for at in INSTANTS)
    for at in (*INSTANTS, *reversed(INSTANTS)):
        assert told(warm, credential, at=at) == told(KeyResolver(warm._snapshot), credential, at=at)


SHORT = leaf(RENEWED[0], validity=SOON)


@pytest.mark.parametrize("listed", [*(one.certificate for one in RENEWED), SHORT])
def test_what_is_remembered_of_a_path_does_not_outlive_a_listed_certificate_that_it_passed_by(listed: bytes) -> None:
    credential = unverified(x5c=(SHORT, RENEWED[0].certificate))
    warm = over(listed, also=(second_login(),))

    assert not isinstance(told(warm, credential, at=NOON), str)
    for at in (*INSTANTS, *reversed(INSTANTS)):
        assert told(warm, credential, at=at) == told(KeyResolver(warm._snapshot), credential, at=at)


def test_a_path_to_a_certificate_without_an_end_is_found() -> None:
    endless = Validity(YEAR.start, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    root = make_authority(generate("ES256"), subject=Subject("Endless", "SG"), validity=endless)

    assert resolved(over(root.certificate), unverified(x5c=(leaf(root),))).path is not None


def test_a_remembered_path_ends_with_the_status_of_its_service() -> None:
    ends = statuses(("granted", "2026-01-01"), ("withdrawn", "2026-11-25"))
    leaving = over(ROOT.certificate, status=ends)

    assert resolved(leaving, unverified(x5c=(LEAF,)), at=NOON)
    assert code_of(leaving, unverified(x5c=(LEAF,)), at=NOON + DAY) == "issuer.withdrawn"
    assert resolved(leaving, unverified(x5c=(LEAF,)), at=NOON)


def test_a_remembered_path_is_remembered_for_these_very_certificates_and_this_issuer() -> None:
    assert resolved(LISTED, unverified(x5c=(LEAF,)))

    assert code_of(LISTED, unverified(x5c=(LEAF[:-1], LEAF[-1:]))) == "issuer.certificate_profile"
    assert code_of(LISTED, unverified(x5c=(LEAF[:100], LEAF[100:]))) == "issuer.certificate_profile"
    assert code_of(LISTED, unverified("https://pid.sg.example", x5c=(LEAF,))) == "issuer.unknown"


def test_the_certificates_decide_and_a_key_id_beside_them_does_not() -> None:
    for kid in (None, "login-1", "anything"):
        assert resolved(LISTED, unverified(kid=kid, x5c=(LEAF,))).key.thumbprint == SIGNER.kid


def test_a_listed_certificate_is_of_no_use_to_a_credential_that_brings_none() -> None:
    for kid in (None, "login-1"):
        assert code_of(LISTED, unverified(kid=kid)) == "issuer.chain_untrusted"


@pytest.mark.parametrize("end", ["withdrawn", "compromised"])
def test_an_authority_that_ended_in_one_role_ends_every_path_to_it(end: str) -> None:
    ended = attestation(keys=(), leaf_rule=LISTED_RULE, status=statuses(("granted", "2026-01-01"), (end, "2026-06-01")))

    assert code_of(over(ROOT.certificate, also=(ended,)), unverified(x5c=(LEAF,))) == f"issuer.{end}"


def test_a_leaf_key_that_ended_where_it_is_listed_by_itself_ends_every_path_to_it() -> None:
    ended = service("ended", keys=(SIGNER,), status=statuses(("granted", "2026-01-01"), ("compromised", "2026-06-01")))

    assert code_of(over(ROOT.certificate, also=(ended,)), unverified(x5c=(LEAF,))) == "issuer.compromised"


def second_login() -> dict[str, Any]:
    """A login service of the same issuer, with the listed root and no key."""
    return service("pid", keys=(), leaf_rule=LISTED_RULE)


def test_of_two_services_the_one_to_whose_certificates_the_path_leads_answers() -> None:
    other = attestation(
        keys=(), leaf_rule=LISTED_RULE, issuer=LOGIN, type="login", formats=["id_token"], credential_types=[]
    )
    both = over(STRANGER.certificate, also=(other,))

    assert resolved(both, unverified(x5c=(LEAF,))).service.name == "Example pid"
    assert resolved(both, unverified(x5c=(leaf(STRANGER),))).service.name == "Example login"


def test_the_refusal_that_got_furthest_is_told() -> None:
    other = attestation(
        keys=(), leaf_rule=LISTED_RULE, issuer=LOGIN, type="login", formats=["id_token"], credential_types=[]
    )
    for certificates in ((STRANGER.certificate,), (MIDDLE.certificate,)):
        both = over(*certificates, also=(other,))
        assert code_of(both, unverified(x5c=(leaf(uri="https://other.example"),))) == "issuer.certificate_name_mismatch"
        assert code_of(both, unverified(x5c=(leaf(rule=None),))) == "issuer.certificate_profile"


@pytest.mark.parametrize("x5c", [(b"",), (b"\x30\x00",), (LEAF + b"\x00",), (LEAF,) * (LIMITS.path_candidates + 1)])
def test_junk_in_place_of_certificates_is_refused(x5c: tuple[bytes, ...]) -> None:
    assert code_of(LISTED, unverified(x5c=x5c)).startswith("issuer.")


def test_a_path_for_a_format_that_the_service_is_not_listed_for_is_not_looked_at() -> None:
    assert code_of(LISTED, unverified(form=Format.SD_JWT_VC, x5c=(LEAF,)), vct="x") == "issuer.service_not_listed"


def test_answers_by_path_are_bounded_too() -> None:
    bounded = KeyResolver(LISTED._snapshot, max_entries=3)

    for number in range(6):
        found = resolved(bounded, unverified(x5c=(leaf(validity=Validity(YEAR.start, NOON + DAY + number * HOUR)),)))
        assert found.key.thumbprint == SIGNER.kid
        assert len(bounded._answers) <= 3
    assert KeyResolver(LISTED._snapshot)._max_entries == LIMITS.path_cache_entries


def test_a_key_listed_as_such_is_found_beside_certificates() -> None:
    mixed = over(ROOT.certificate, also=(service("plain", keys=(OTHER_KEY,)),))

    assert resolved(mixed, unverified(kid="other-1")).service.name == "Example plain"
    assert resolved(mixed, unverified(x5c=(LEAF,))).service.name == "Example login"
