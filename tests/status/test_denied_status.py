"""Denials of who speaks of status: a list that a denied service, key or authority signed says nothing at all."""

from typing import Any

import pytest

from idbridge.crypto.keys import parse_jwk, public_key_from_certificate, thumbprint
from idbridge.crypto.signer import generate
from idbridge.errors import IdBridgeError, IssuerError, StatusError
from idbridge.model.denial import DenialTarget
from idbridge.model.region import ServiceType
from idbridge.model.trust import PolledKeys
from idbridge.reasons import Indication, reason
from idbridge.status.rounds import Held
from idbridge.status.snapshot import StatusSnapshot, status_snapshot
from idbridge.trust.deny_entry import STATE_TARGET, key_target, service_target
from idbridge.trust.resolver import KeyResolver
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.trust.trusted_set import TrustedSet
from tests.status.listing import ISSUER, KEY, ONE, SG, TWO, jwt, making, revocation, taken
from tests.status.test_certified_lists import LEAF, UNAUTHORISED, certified, leaf
from tests.status.test_rounds import round_of
from tests.status.test_statements import SILENT, found, refused, token
from tests.trust.denying import authorities, denial, lift, listing, officers, own
from tests.trust.editions import DAY, LOGIN, LOGIN_KEY, NOON, SIGNERS, edition, lote, service, signed, trusted
from tests.trust.editions import TH as THAILAND
from tests.trust.test_denials import LAPSE, SECOND
from tests.trust.test_paths import LISTED_RULE, MIDDLE, ROOT
from tests.trust.test_resolver import resolved, unverified

HELD = trusted(edition(7, revocation()))
OF_THE_SERVICE = service_target(ISSUER, ServiceType.REVOCATION)
OF_THE_KEY = key_target(thumbprint(KEY.public_jwk))
REACHED = [OF_THE_SERVICE, OF_THE_KEY, key_target(thumbprint(SIGNERS[SG].public_jwk)), STATE_TARGET]
REACHED_BY = ["service", "key", "signer of the trust list", "state"]


def denied(*targets: DenialTarget, held: TrustedSet = HELD, by: Any = None) -> TrustSnapshot:
    """The lists that are held, once a denial of each of ``targets`` was accepted."""
    entries = [denial(by, target=target) for target in targets]
    return snapshot_of(held.with_deny_list(listing(1, *entries), authorities=authorities(), at=NOON))


def code_of(octets: bytes, over: TrustSnapshot) -> str:
    with pytest.raises(StatusError) as caught:
        taken(octets, over=over)
    return caught.value.code


@pytest.mark.parametrize("target", REACHED, ids=REACHED_BY)
@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_list_of_who_is_denied_says_nothing_not_even_that_it_was_revoked(index: int, target: DenialTarget) -> None:
    assert refused(token(index), over=denied(target)) == ("tsl.3", UNAUTHORISED, *SILENT)


@pytest.mark.parametrize("target", REACHED, ids=REACHED_BY)
def test_a_list_of_who_is_denied_is_not_taken_up_and_what_is_held_of_them_is_dropped(target: DenialTarget) -> None:
    over = denied(target)
    before = round_of({ONE: jwt()}, over=snapshot_of(HELD))

    assert code_of(jwt(), over) == UNAUTHORISED
    after = round_of({ONE: jwt(), TWO: jwt(of=making(TWO))}, after=before, over=over)
    assert after.held == Held()
    assert [offer.code for offer in after.refused if offer.subject.endswith((ONE, TWO))] == [UNAUTHORISED] * 2
    assert before.held.still_asked_for(over, at=NOON) == Held()


@pytest.mark.parametrize(
    "target",
    [
        service_target(ISSUER, ServiceType.LOGIN),
        service_target("https://other.sg.example", ServiceType.REVOCATION),
        key_target(thumbprint(generate("ES256").public_jwk)),
        key_target(thumbprint(SIGNERS[THAILAND].public_jwk)),
    ],
    ids=["another type", "another service", "another key", "signer of another state"],
)
def test_a_denial_of_somebody_else_silences_no_list(target: DenialTarget) -> None:
    over = denied(target)

    assert found(token(0), over=over)[1].state.value == "valid"
    assert refused(token(1), over=over)[1] == "status.revoked"


def test_a_list_speaks_again_once_the_denial_is_lifted_or_lapsed() -> None:
    announced = denial(target=OF_THE_SERVICE)
    lifted = listing(1, announced, lift(announced, own(SG)))
    over = snapshot_of(HELD.with_deny_list(lifted, authorities=authorities(), at=NOON))
    assert found(token(0), over=over)[1].state.value == "valid"

    foreign = denied(OF_THE_SERVICE, by=officers(THAILAND))
    fresh = jwt(of=making(made=NOON, life=20 * DAY))
    with pytest.raises(StatusError) as caught:
        taken(fresh, over=foreign, at=LAPSE - SECOND)
    assert caught.value.code == UNAUTHORISED
    assert taken(fresh, over=foreign, at=LAPSE).value(1, size=2) == 1


CERTIFIED = revocation(keys=(), leaf_rule=LISTED_RULE)
CERTIFYING = trusted(signed(lote(CERTIFIED, certificates={"revocation": (ROOT.certificate,)})))
BELOW = (leaf(MIDDLE), MIDDLE.certificate)


@pytest.mark.parametrize(
    "certificate", [BELOW[0], MIDDLE.certificate, ROOT.certificate], ids=["leaf", "intermediate", "authority"]
)
def test_a_denial_of_any_certificate_on_its_path_silences_a_list(certificate: bytes) -> None:
    over = denied(key_target(public_key_from_certificate(certificate).thumbprint), held=CERTIFYING)
    before = taken(certified(*BELOW), over=snapshot_of(CERTIFYING))
    held: StatusSnapshot = status_snapshot(lists=[before])

    assert code_of(certified(*BELOW), over) == UNAUTHORISED
    for index in (0, 1):
        assert refused(token(index), held, over=over) == ("tsl.3", UNAUTHORISED, *SILENT)
    assert refused(token(1), held, over=snapshot_of(CERTIFYING))[1] == "status.revoked"


def test_a_denial_of_a_certificate_that_is_not_on_its_path_silences_no_list() -> None:
    over = denied(key_target(public_key_from_certificate(MIDDLE.certificate).thumbprint), held=CERTIFYING)

    assert taken(certified(LEAF), over=over).value(1, size=2) == 1


# Fetched keys of a login

JWKS = "https://login.sg.example/jwks"
NEW, OTHER = generate("ES256", "new"), generate("ES256", "other")
LOGINS = trusted(edition(1, service(key_set=JWKS)))


def polling(over: TrustSnapshot) -> KeyResolver:
    keys = tuple(parse_jwk(one.public_jwk) for one in (NEW, OTHER))
    return KeyResolver(over, polled={(SG, JWKS): PolledKeys(keys, NOON + DAY, "0" * 64)})


@pytest.mark.parametrize(
    ("target", "new", "other"),
    [
        (key_target(thumbprint(NEW.public_jwk)), "issuer.denied", "good"),
        (service_target(LOGIN, ServiceType.LOGIN), "issuer.denied", "issuer.denied"),
        (key_target(thumbprint(SIGNERS[SG].public_jwk)), "issuer.denied", "issuer.denied"),
        (STATE_TARGET, "issuer.denied", "issuer.denied"),
        (key_target(thumbprint(LOGIN_KEY.public_jwk)), "good", "good"),
        (service_target(LOGIN, ServiceType.PID), "good", "good"),
    ],
    ids=["key", "service", "signer of the trust list", "state", "listed key", "another type"],
)
def test_a_fetched_key_that_is_denied_verifies_nothing(target: DenialTarget, new: str, other: str) -> None:
    resolver = polling(denied(target, held=LOGINS))

    def outcome(kid: str) -> str:
        try:
            resolved(resolver, unverified(kid=kid))
        except IssuerError as refusal:
            return refusal.code
        return "good"

    assert (outcome("new"), outcome("other")) == (new, other)
    assert reason("issuer.denied").indication is Indication.FAILED


def test_nothing_that_a_denied_key_set_says_is_asked_after_it_left() -> None:
    resolver = polling(denied(key_target(thumbprint(NEW.public_jwk)), held=LOGINS))

    with pytest.raises(IdBridgeError) as caught:
        resolved(resolver, unverified(kid="gone"))
    assert caught.value.code == "jose.kid_unknown"
