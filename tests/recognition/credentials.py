"""Hand-made services and verified credentials, for tests of what comes after step V5."""

from datetime import UTC, datetime, timedelta
from typing import Any

from idbridge.model.credential import (
    AssertionOrigin,
    HolderBinding,
    HolderMethod,
    Mandate,
    VerifiedCredential,
)
from idbridge.model.region import AssuranceLevel, Environment, Format, MemberState, ServiceType
from idbridge.model.time import Validity
from idbridge.model.trust import (
    ClaimMap,
    HolderBindingRule,
    LadderRung,
    ServiceProfile,
    ServiceStatus,
    StatusPeriod,
    TrustService,
)
from idbridge.recognition.assurance import bearer_ceiling
from tests.recognition.documents import SG, pins

A0, A1, A2, A3 = AssuranceLevel
BOUND = HolderBinding(HolderMethod.KB_JWT, "thumbprint")
UNBOUND = HolderBinding(HolderMethod.NONE)
LADDER = tuple(LadderRung(f"urn:loa:{level.value}", level, level) for level in (A1, A2, A3))
START = datetime(2026, 1, 1, tzinfo=UTC)
MANDATE = Mandate("UEN", "201900001A", "Merlion Trading Pte. Ltd.", frozenset({"represent", "sign"}), None, None)


def history(*statuses: tuple[ServiceStatus, datetime]) -> tuple[StatusPeriod, ...]:
    """A status history without a gap, the last period open."""
    ends = [start for _, start in statuses[1:]]
    return tuple(
        StatusPeriod(status, Validity(start, end)) for (status, start), end in zip(statuses, [*ends, None], strict=True)
    )


def service(state: MemberState = SG, **changes: Any) -> TrustService:
    """A granted login service of ``state``; the test's changes go to the service or to its profile."""
    profile: dict[str, Any] = {
        "formats": frozenset({Format.ID_TOKEN}),
        "algorithms": frozenset({"Ed25519"}),
        "credential_types": frozenset(),
        "ladder": LADDER,
        "claim_map": ClaimMap(claims={}, mandate="represents"),
        "leeway": timedelta(seconds=60),
        "holder_binding": HolderBindingRule.OPTIONAL,
    }
    listed: dict[str, Any] = {
        "service_id": f"{state}-login",
        "member_state": state,
        "environment": Environment.SANDBOX,
        "observer": False,
        "provider": "A provider",
        "name": "A service",
        "service_type": ServiceType.LOGIN,
        "issuer": f"https://login.{state.value.lower()}.example",
        "keys": pins()[state],
        "anchors": (),
        "history": history((ServiceStatus.GRANTED, START)),
    }
    for name, value in changes.items():
        (profile if name in profile else listed)[name] = value
    return TrustService(**listed, profile=ServiceProfile(**profile))


def credential(level: AssuranceLevel = A2, holder: HolderBinding = BOUND, **changes: Any) -> VerifiedCredential:
    """A verified credential of a Singaporean login, with the test's changes."""
    values: dict[str, Any] = {
        "format": Format.ID_TOKEN,
        "service": service(),
        "key_thumbprint": "thumbprint",
        "algorithm": "Ed25519",
        "subject": "subject",
        "national_level": f"urn:loa:{level.value}",
        "identity": level,
        "authentication": bearer_ceiling(level, holder=holder),
        "holder": holder,
        "claims": {"birthdate": "2000-02-29", "nationality": "SG"},
        "name": None,
        "mandate": None,
        "issued_at": START,
        "expires_at": None,
        "authenticated_at": None,
        "status_reference": None,
        "environment": Environment.SANDBOX,
        "checks": (),
        **changes,
    }
    name = values.pop("name")
    return VerifiedCredential(**values, read_name=lambda: name)


def assertion(node: MemberState, level: AssuranceLevel = A2, origin: Any = None, **changes: Any) -> VerifiedCredential:
    """A verified assertion of the node of ``node``, resting on a Singaporean login unless ``origin`` says else."""
    signer = service(node, service_type=ServiceType.ASSERTION, formats=frozenset({Format.ASSERTION}), ladder=())
    rests_on = origin if origin is not None else source()
    stated = {"format": Format.ASSERTION, "service": signer, "origin": rests_on, "authentication": level}
    return credential(level, **{**stated, **changes})


def source(state: MemberState = SG, level: AssuranceLevel = A2, **changes: Any) -> AssertionOrigin:
    """What an assertion says of the credential it rests on."""
    values: dict[str, Any] = {
        "member_state": state,
        "issuer": f"https://login.{state.value.lower()}.example",
        "format": Format.ID_TOKEN,
        "service_type": ServiceType.LOGIN.value,
        "algorithm": "ES256",
        "key_thumbprint": None,
        "level": level,
        "identity": level,
        "authentication": level,
        "purpose": "account-opening",
        **changes,
    }
    return AssertionOrigin(**values)
