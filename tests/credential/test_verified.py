"""What holds for every format: nothing refused, granted when signed, unknown levels lowest, bearers at most A1."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idbridge.credential.envelope import open_credential
from idbridge.credential.protocol import Reading
from idbridge.credential.verified import refuse_unless_passed, signed_while_granted, verified, verified_by_claim_map
from idbridge.crypto import jws
from idbridge.crypto.jws import HeaderCache
from idbridge.model.check import Check, CheckPoint, Refused, Step
from idbridge.model.credential import HolderBinding, HolderMethod, SignedClaims, VerifiedCredential
from idbridge.model.region import AssuranceLevel, Environment, Format
from idbridge.model.time import Validity
from idbridge.model.trust import ServiceStatus, StatusPeriod
from tests.credential.kit import CLAIM_MAP, NOON, id_token, key, service

POINT = CheckPoint("test.1", Step.V5, "a clause")
IN_FORCE = CheckPoint("test.2", Step.V5, "a clause")
BEARER = HolderBinding(HolderMethod.NONE)
LOGIN = HolderBinding(HolderMethod.LOGIN)
A0, A1, A2, A3 = AssuranceLevel


def signed() -> SignedClaims:
    (unverified,) = open_credential(id_token(), None, Reading(HeaderCache(1)))
    return jws.verify(
        unverified.message, claims=unverified.unverified_claims, key=key(), algorithms=frozenset({"ES256"})
    )


def make(*checks: Check, in_force: Check = IN_FORCE.passed, holder: HolderBinding = LOGIN) -> VerifiedCredential:
    return verified(
        Format.ID_TOKEN,
        signed=signed(),
        service=service(),
        subject="x",
        national_level=None,
        identity=A3,
        authentication=A3,
        holder=holder,
        claims={},
        name=None,
        mandate=None,
        issued_at=None,
        expires_at=None,
        authenticated_at=None,
        status_reference=None,
        checks=checks,
        in_force=in_force,
    )


def by_map(claims: dict[str, Any], *checks: Check, in_force: Check = IN_FORCE.passed) -> VerifiedCredential:
    return verified_by_claim_map(
        Format.ID_TOKEN,
        claims,
        signed=signed(),
        service=service(),
        holder=LOGIN,
        issued_at=None,
        expires_at=None,
        authenticated_at=None,
        status_reference=None,
        checks=checks,
        in_force=in_force,
    )


@pytest.mark.parametrize("maker", [make, lambda *checks, **named: by_map({}, *checks, **named)])
def test_nothing_is_verified_past_a_refused_check(maker: Any) -> None:
    refused = POINT.refused("time.expired")

    with pytest.raises(Refused) as caught:
        maker(IN_FORCE.passed, refused)
    assert caught.value.checks == (IN_FORCE.passed, refused)

    with pytest.raises(Refused) as caught:
        maker(POINT.passed, in_force=IN_FORCE.refused("issuer.superseded"))
    assert caught.value.code == "issuer.superseded"
    assert POINT.passed in caught.value.checks


def test_an_undecided_check_is_not_passed_either() -> None:
    with pytest.raises(Refused) as caught:
        refuse_unless_passed((POINT.passed, POINT.refused("status.unavailable")))

    assert caught.value.code == "status.unavailable"


def test_skipped_checks_refuse_nothing() -> None:
    refuse_unless_passed((POINT.passed, POINT.skipped("nobody asked")))


def test_a_bearer_has_at_most_a1_on_the_authentication_axis() -> None:
    assert (make(POINT.passed).authentication, make(POINT.passed, holder=BEARER).authentication) == (A3, A1)
    assert make(POINT.passed, holder=BEARER).identity is A3
    assert make(POINT.passed, holder=BEARER).level is A1


def test_what_signed_it_is_kept() -> None:
    credential = make(POINT.passed)

    assert credential.key_thumbprint == key().thumbprint
    assert credential.algorithm == "ES256"
    assert credential.environment is Environment.SANDBOX
    assert credential.checks == (POINT.passed,)


@pytest.mark.parametrize(
    ("national", "identity", "authentication"),
    [("3", A3, A3), ("2.1", A1, A2), ("4", A0, A0), (None, A0, A0), (3, A0, A0), (["3"], A0, A0)],
)
def test_a_national_level_is_worth_what_the_ladder_says_and_nothing_if_unknown(
    national: Any, identity: AssuranceLevel, authentication: AssuranceLevel
) -> None:
    credential = by_map({"acr": national}, POINT.passed)

    assert (credential.identity, credential.authentication) == (identity, authentication)
    assert credential.national_level == (national if isinstance(national, str) else None)


@pytest.mark.parametrize("subject", [None, 7, "", ["x"], "x" * 256])
def test_a_subject_that_is_none_is_never_an_empty_one(subject: Any) -> None:
    assert by_map({"sub": subject}, POINT.passed).subject is None


def test_a_mandate_is_read_only_where_the_list_names_one() -> None:
    statement = {"entity": {"scheme": "TH-DBD", "value": "0105599000011"}, "scope": ["represent"]}
    listed = service(claim_map=replace(CLAIM_MAP, mandate=None))

    assert by_map({"represents": statement}, POINT.passed).mandate is not None
    assert (
        verified_by_claim_map(
            Format.ID_TOKEN,
            {"represents": statement},
            signed=signed(),
            service=listed,
            holder=LOGIN,
            issued_at=None,
            expires_at=None,
            authenticated_at=None,
            status_reference=None,
            checks=(POINT.passed,),
            in_force=IN_FORCE.passed,
        ).mandate
        is None
    )


START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 11, 1, tzinfo=UTC)
RETIRED = (
    StatusPeriod(ServiceStatus.GRANTED, Validity(START, END)),
    StatusPeriod(ServiceStatus.SUPERSEDED, Validity(END)),
)


@pytest.mark.parametrize(
    ("issued_at", "expected"),
    [
        (START - timedelta(seconds=1), "issuer.not_yet_granted"),
        (START, None),
        (END - timedelta(seconds=1), None),
        (END, "issuer.superseded"),
        (END + timedelta(days=1), "issuer.superseded"),
        (None, "issuer.superseded"),
    ],
)
def test_a_retired_key_is_good_for_what_it_signed_before_and_nothing_else(
    issued_at: datetime | None, expected: str | None
) -> None:
    check = signed_while_granted(POINT, service=service(history=RETIRED), issued_at=issued_at, at=NOON)

    assert (check.reason.code if check.reason is not None else None) == expected


@pytest.mark.parametrize("status", [ServiceStatus.WITHDRAWN, ServiceStatus.COMPROMISED])
def test_what_an_ended_service_signed_afterwards_is_refused(status: ServiceStatus) -> None:
    history = (RETIRED[0], StatusPeriod(status, Validity(END)))
    check = signed_while_granted(POINT, service=service(history=history), issued_at=END, at=NOON)

    assert check.reason is not None
    assert check.reason.code == f"issuer.{status.name.lower()}"


def test_a_service_that_was_never_granted_signed_nothing() -> None:
    history = (StatusPeriod(ServiceStatus.GRANTED, Validity(NOON + timedelta(days=1))),)
    check = signed_while_granted(POINT, service=service(history=history), issued_at=None, at=NOON)

    assert check.reason is not None
    assert check.reason.code == "issuer.not_yet_granted"
