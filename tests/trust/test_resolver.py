"""Which key a credential has to verify with: attacks 30, 49, 51, 52, 55 to 58 and 62 of the trust-list catalogue."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import generate
from idbridge.errors import IdBridgeError, IssuerError, JoseError, RecognitionError, TrustError
from idbridge.model.credential import ProtectedHeader, UnverifiedCredential, UnverifiedJws
from idbridge.model.region import Environment, Format, MemberState
from idbridge.trust.denials import Denied
from idbridge.trust.resolver import KeyResolver, ResolvedKey
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.trust.trusted_set import TrustedSet
from tests.trust.editions import (
    DAY,
    HOUR,
    LOGIN,
    LOGIN_KEY,
    NOON,
    OTHER_KEY,
    SG,
    TH,
    attestation,
    edition,
    jwk,
    lote,
    pins,
    service,
    signed,
    statuses,
    trusted,
)

SECOND = timedelta(seconds=1)
NO_MEMBERS: Mapping[str, Any] = MappingProxyType({})
LOGIN_2 = generate("ES256", "login-2")
JANUARY = "2026-01-01"


def unverified(
    issuer: str = LOGIN,
    *,
    kid: str | None = "login-1",
    form: Format = Format.ID_TOKEN,
    algorithm: str = "ES256",
    x5c: tuple[bytes, ...] = (),
) -> UnverifiedCredential:
    """What V2 makes of a credential, as far as V3 reads it."""
    header = ProtectedHeader(algorithm, None, kid, x5c, NO_MEMBERS)
    return UnverifiedCredential(form, UnverifiedJws(header, b"", b"", b""), NO_MEMBERS, issuer)


def resolver(*services: dict[str, Any], **changes: Any) -> KeyResolver:
    """A resolver over one list of Singapore."""
    return KeyResolver(snapshot_of(trusted(edition(1, *services, **changes))))


def resolved(
    over: KeyResolver, credential: UnverifiedCredential | None = None, *, vct: str | None = None, at: datetime = NOON
) -> ResolvedKey:
    return over.resolve(unverified=credential or unverified(), credential_type=vct, at=at)


def code_of(
    over: KeyResolver, credential: UnverifiedCredential | None = None, *, vct: str | None = None, at: datetime = NOON
) -> str:
    with pytest.raises(IdBridgeError) as caught:
        resolved(over, credential, vct=vct, at=at)
    return caught.value.code


def test_a_listed_key_is_found_by_its_name_and_judged_by_the_listed_service() -> None:
    found = resolved(resolver())

    assert found.key.kid == "login-1"
    assert found.service.issuer == LOGIN
    assert found.path is None


@pytest.mark.parametrize("issuer", ["", LOGIN + "/", LOGIN.upper(), "https://unknown.example", "https://login.sg"])
def test_an_issuer_that_nobody_lists_is_unknown(issuer: str) -> None:
    over = resolver()

    with pytest.raises(IssuerError) as caught:
        resolved(over, unverified(issuer))

    assert caught.value.code == "issuer.unknown"


def test_an_issuer_of_the_other_environment_is_recognised_for_what_it_is() -> None:
    live = "https://live.sg.example"
    over = resolver(elsewhere=(live,))

    with pytest.raises(RecognitionError) as caught:
        resolved(over, unverified(live))

    assert caught.value.code == "recognition.environment_mismatch"


def test_a_list_that_speaks_of_its_own_issuer_as_one_of_elsewhere_still_lists_it() -> None:
    assert resolved(resolver(elsewhere=(LOGIN,))).service.issuer == LOGIN


def test_a_stale_list_decides_nothing_from_its_next_update_on() -> None:
    over = resolver()
    end = NOON - HOUR + 30 * DAY

    assert resolved(over, at=end - SECOND)
    for _ in range(2):
        with pytest.raises(TrustError) as caught:
            resolved(over, at=end)
        assert caught.value.code == "trust.stale"


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        ("trust.not_configured", "trust.not_configured"),
        ("trust.unreachable", "trust.unreachable"),
        ("trust.expired", "trust.stale"),
        ("trust.rollback", "trust.refused"),
        ("trust.signature_invalid", "trust.refused"),
        ("trust.history_rewritten", "trust.refused"),
    ],
)
def test_the_issuers_of_a_state_without_list_are_undecided(recorded: str, told: str) -> None:
    held = trusted(edition(1))
    restarted = TrustedSet(held.environment, held.pins, held.floors)
    over = KeyResolver(snapshot_of(restarted, states_without_list={SG: recorded}))

    with pytest.raises(TrustError) as caught:
        resolved(over)

    assert caught.value.code == told
    assert caught.value.reason.indication.value == "INDETERMINATE"


def test_a_service_signs_only_the_formats_and_types_that_it_is_listed_for() -> None:
    over = resolver(service(), attestation())
    pid = "https://pid.sg.example"

    def card(**changes: Any) -> UnverifiedCredential:
        return unverified(pid, kid="other-1", **{"form": Format.SD_JWT_VC, **changes})

    assert resolved(over, card(), vct="urn:example:pid").service.name == "Example pid"
    for vct in ("urn:example:card", "", None):
        assert code_of(over, card(), vct=vct) == "issuer.service_not_listed"
    for form in (Format.ID_TOKEN, Format.MDOC, Format.ASSERTION, Format.QR):
        assert code_of(over, card(form=form), vct="urn:example:pid") == "issuer.service_not_listed"
    assert code_of(over, unverified(form=Format.SD_JWT_VC), vct="urn:example:pid") == "issuer.service_not_listed"


def test_the_key_of_a_revocation_service_issues_nothing() -> None:
    over = resolver(service(type="revocation", formats=[], ladder=[]))

    for form in Format:
        assert code_of(over, unverified(form=form)) == "issuer.service_not_listed"


def test_the_key_of_one_service_does_not_sign_for_another_service_of_its_state() -> None:
    over = resolver(service(), attestation())

    assert code_of(over, unverified(kid="other-1")) == "jose.kid_unknown"


PERIODS = statuses(("granted", "2026-12-01"), ("superseded", "2027-01-01"), ("withdrawn", "2027-02-01"),
                   ("compromised", "2027-03-01"))  # fmt: skip


def test_the_status_at_the_instant_decides_to_the_second() -> None:
    over = resolver(service(status=PERIODS), lifetime=180 * DAY)
    starts = [datetime.fromisoformat(period["from"]) for period in PERIODS]

    for _ in range(2):  # the second time from memory
        assert code_of(over, at=starts[0] - SECOND) == "issuer.not_yet_granted"
        assert resolved(over, at=starts[0]).service.status_at(starts[0])
        assert resolved(over, at=starts[1] - SECOND)
        assert resolved(over, at=starts[1])  # superseded: V5 asks when it was signed
        assert resolved(over, at=starts[2] - SECOND)
        assert code_of(over, at=starts[2]) == "issuer.withdrawn"
        assert code_of(over, at=starts[3] - SECOND) == "issuer.withdrawn"
        assert code_of(over, at=starts[3]) == "issuer.compromised"


def test_an_answer_from_memory_is_the_answer_of_a_fresh_look() -> None:
    document = edition(1, service(status=PERIODS), lifetime=180 * DAY)
    over = KeyResolver(snapshot_of(trusted(document)))
    instants = [NOON + number * 5 * DAY for number in range(-10, 38)]

    for at in [*instants, *reversed(instants), *instants[::3]]:
        fresh = KeyResolver(snapshot_of(trusted(document)))
        try:
            expected: object = resolved(fresh, at=at).service.service_id
        except IdBridgeError as refused:
            expected = refused.code
        try:
            found: object = resolved(over, at=at).service.service_id
        except IdBridgeError as refused:
            found = refused.code
        assert found == expected, at


def test_a_key_id_that_is_not_listed_is_undecided_and_not_remembered() -> None:
    over = resolver()

    for number in range(20):
        with pytest.raises(JoseError) as caught:
            resolved(over, unverified(kid=f"unknown-{number}"))
        assert caught.value.code == "jose.kid_unknown"

    assert not over._answers


def test_a_credential_without_key_id_needs_a_list_with_one_fitting_key() -> None:
    one, two = resolver(), resolver(service(keys=(LOGIN_KEY, LOGIN_2)))

    assert resolved(one, unverified(kid=None)).key.kid == "login-1"
    assert code_of(two, unverified(kid=None)) == "jose.kid_missing"
    assert resolved(two, unverified(kid="login-2")).key.kid == "login-2"
    assert code_of(one, unverified(kid=None, algorithm="ES384")) == "jose.alg_key_mismatch"


def test_without_key_id_the_algorithm_may_tell_and_is_part_of_what_is_remembered() -> None:
    rsa = generate("RS256", "rsa-1")
    over = resolver(service(keys=(LOGIN_KEY, rsa), algorithms=["ES256", "RS256"]))

    for _ in range(2):
        assert resolved(over, unverified(kid=None)).key.kid == "login-1"
        assert resolved(over, unverified(kid=None, algorithm="RS256")).key.kid == "rsa-1"


def test_a_key_listed_without_name_goes_by_its_thumbprint() -> None:
    nameless = {name: value for name, value in jwk(LOGIN_KEY).items() if name != "kid"}
    document = lote()
    entry = document["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]["ServiceInformation"]
    entry["ServiceDigitalIdentity"]["PublicKeyValues"] = [nameless]
    over = KeyResolver(snapshot_of(trusted(signed(document))))
    name = resolved(over, unverified(kid=None)).key.thumbprint

    assert resolved(over, unverified(kid=name)).key.kid is None
    assert code_of(over, unverified(kid="login-1")) == "jose.kid_unknown"


@pytest.mark.parametrize("end", ["withdrawn", "compromised"])
def test_an_end_of_a_key_in_one_role_is_its_end_in_every_role_of_its_state(end: str) -> None:
    ended = attestation(keys=(LOGIN_KEY,), status=statuses(("granted", JANUARY), (end, "2026-06-01")))
    over = resolver(service(), ended)

    assert code_of(over) == f"issuer.{end}"
    assert resolved(over, at=datetime.fromisoformat("2026-05-31T00:00:00Z")).service.name == "Example login"


def test_of_two_ends_of_one_key_the_worse_is_told() -> None:
    over = resolver(
        service(status=statuses(("granted", JANUARY), ("withdrawn", "2026-06-01"))),
        attestation(keys=(LOGIN_KEY,), status=statuses(("granted", JANUARY), ("compromised", "2026-06-01"))),
    )

    assert code_of(over) == "issuer.compromised"


def test_a_key_superseded_in_one_entry_and_granted_in_another_is_granted() -> None:
    old = service("old", status=statuses(("granted", JANUARY), ("superseded", "2026-06-01")))
    new = service("new", status=statuses(("granted", "2026-05-01")))

    for services in ((old, new), (new, old)):
        assert resolved(resolver(*services)).service.name == "Example new"


def test_an_entry_that_has_not_begun_does_not_hide_one_that_has() -> None:
    later = service("later", status=statuses(("granted", "2026-12-01")))

    assert resolved(resolver(later, service())).service.name == "Example login"


def test_the_end_of_a_key_in_one_state_is_no_end_in_another() -> None:
    ended = service(
        issuer="https://login.th.example", status=statuses(("granted", JANUARY), ("compromised", "2026-06-01"))
    )
    held = trusted(edition(1)).with_list(edition(1, ended, state=TH), state=TH, at=NOON)
    over = KeyResolver(snapshot_of(held))

    assert resolved(over).service.member_state is SG
    assert code_of(over, unverified("https://login.th.example")) == "issuer.compromised"


def test_the_key_of_one_state_is_never_found_under_an_issuer_of_another() -> None:
    held = trusted(edition(1)).with_list(
        edition(1, service(issuer="https://login.th.example", keys=(OTHER_KEY,)), state=TH), state=TH, at=NOON
    )
    over = KeyResolver(snapshot_of(held))

    assert code_of(over, unverified("https://login.th.example", kid="login-1")) == "jose.kid_unknown"
    assert code_of(over, unverified(LOGIN, kid="other-1")) == "jose.kid_unknown"


def test_a_certificate_that_the_credential_brings_itself_is_not_enough() -> None:
    assert code_of(resolver(), unverified(x5c=(b"any",))) == "issuer.chain_untrusted"
    assert code_of(resolver(), unverified(kid=None, x5c=(b"any",))) == "issuer.chain_untrusted"


def test_an_answer_says_that_it_ends_with_the_list_or_the_next_announced_status() -> None:
    announced = service(status=statuses(("granted", JANUARY), ("withdrawn", "2026-11-25")))
    plain = resolver()
    end = plain._snapshot.provenance(SG).next_update

    assert resolved(plain).until == end
    assert resolved(resolver(announced)).until == datetime(2026, 11, 25, tzinfo=NOON.tzinfo) < end


def test_memory_is_bounded_and_begins_afresh_when_it_is_full() -> None:
    keys = tuple(generate("ES256", f"key-{number}") for number in range(4))
    snapshot = snapshot_of(trusted(edition(1, service(keys=keys))))
    over = KeyResolver(snapshot, max_entries=2)

    for key in (*keys, *keys):
        assert resolved(over, unverified(kid=key.kid)).key.kid == key.kid
        assert len(over._answers) <= 2
    assert [question[3] for question in over._answers] == ["key-2", "key-3"]


def test_an_empty_snapshot_knows_no_issuer() -> None:
    empty: TrustSnapshot = snapshot_of(TrustedSet(Environment.SANDBOX, pins()))

    assert code_of(KeyResolver(empty)) == "issuer.unknown"
    assert set(empty.states_without_list) == set(MemberState)


# Siblings: the other keys of a login service, which may sign a userinfo response beside the token


def siblings(over: KeyResolver, *, at: datetime = NOON) -> dict[str | None, str | None]:
    return {one.key.kid: one.refused for one in resolved(over, at=at).siblings}


def with_denied(document: Any, lapse: datetime) -> TrustSnapshot:
    held = snapshot_of(trusted(document))
    return replace(held, denied=Denied(keys=MappingProxyType({(SG, thumbprint(LOGIN_2.public_jwk)): lapse})))


def test_a_denied_sibling_is_told_as_denied_until_the_denial_lapses_and_the_token_s_own_key_is_no_sibling() -> None:
    document = edition(1, service(keys=(LOGIN_KEY, LOGIN_2)))
    over = KeyResolver(with_denied(document, NOON + HOUR))

    for at, expected in ((NOON, "issuer.denied"), (NOON + HOUR, None), (NOON + HOUR - SECOND, "issuer.denied")):
        assert siblings(over, at=at) == {"login-2": expected}, at
    assert siblings(KeyResolver(snapshot_of(trusted(document)))) == {"login-2": None}


@pytest.mark.parametrize("end", ["withdrawn", "compromised"])
def test_a_sibling_that_ended_in_another_role_is_told_as_ended_from_that_instant_on(end: str) -> None:
    ended = attestation(keys=(LOGIN_2,), status=statuses(("granted", JANUARY), (end, "2026-06-01")))
    over = resolver(service(keys=(LOGIN_KEY, LOGIN_2)), ended)
    before = datetime.fromisoformat("2026-05-31T23:59:59Z")

    for at, expected in ((before, None), (NOON, f"issuer.{end}"), (before, None)):
        assert siblings(over, at=at) == {"login-2": expected}, at


def test_a_sibling_of_another_state_or_of_another_service_is_none() -> None:
    over = resolver(service(), attestation(keys=(LOGIN_2,)))

    assert siblings(over) == {}
