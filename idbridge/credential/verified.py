"""Verified: the only maker of ``VerifiedCredential``, which every format calls at the end of step V5.

Decides what holds for all formats: nothing was refused, the service was granted when the credential was signed
(architecture D1), an unknown national level counts as the lowest, and a credential that anyone could show has at most
A1 on the authentication axis (architecture D2). A format's own rules are checked before, in the format's module.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.credential.claim_paths import flattened
from idbridge.credential.entities import named_entity, of_its_state
from idbridge.credential.mandates import read_mandate
from idbridge.credential.names import NationalName
from idbridge.credential.regional import regional_claims
from idbridge.limits import LIMITS
from idbridge.model.check import Check, CheckPoint, Refused
from idbridge.model.credential import (
    AssertionOrigin,
    HolderBinding,
    Mandate,
    OneTimeValue,
    PersonName,
    SignedClaims,
    StatusReference,
    VerifiedCredential,
)
from idbridge.model.query import Disclosed
from idbridge.model.region import AssuranceLevel, Format
from idbridge.model.trust import ServiceStatus, TrustService
from idbridge.recognition.assurance import bearer_ceiling, lowest_rung, rung

_ENDED: Final[Mapping[ServiceStatus, str]] = MappingProxyType({
    ServiceStatus.SUPERSEDED: "issuer.superseded",
    ServiceStatus.WITHDRAWN: "issuer.withdrawn",
    ServiceStatus.COMPROMISED: "issuer.compromised",
})  # fmt: skip


def signed_while_granted(
    point: CheckPoint, *, service: TrustService, issued_at: datetime | None, at: datetime
) -> Check:
    """Return whether ``service`` was granted when it signed, as the credential says; else at the present instant.

    A key that was retired for no fault stays good for what it signed before (architecture D1), so a credential that
    does not say when it was signed is good only while the service is granted.
    """
    period = service.status_at(at if issued_at is None else issued_at)
    if period is None:
        return point.refused("issuer.not_yet_granted")
    if period.status is ServiceStatus.GRANTED:
        return point.passed
    return point.refused(_ENDED[period.status])


def refuse_unless_passed(checks: tuple[Check, ...], *, in_force: Check | None = None) -> None:
    """Return if no check was refused, and ``in_force`` was not either.

    Raises:
        Refused: With all of ``checks``.
    """
    for check in checks:
        if check.reason is not None:
            raise Refused(*checks)
    if in_force is not None and in_force.reason is not None:
        raise Refused(*checks, in_force)


def verified(
    kind: Format,
    *,
    signed: SignedClaims,
    service: TrustService,
    subject: str | None,
    national_level: str | None,
    identity: AssuranceLevel,
    authentication: AssuranceLevel,
    holder: HolderBinding,
    claims: Mapping[str, Any],
    name: PersonName | None,
    mandate: Mandate | None,
    issued_at: datetime | None,
    expires_at: datetime | None,
    authenticated_at: datetime | None,
    status_reference: StatusReference | None,
    checks: tuple[Check, ...],
    in_force: Check,
    one_time: tuple[OneTimeValue, ...] = (),
    origin: AssertionOrigin | None = None,
    disclosed: Disclosed | None = None,
) -> VerifiedCredential:
    """Return the credential as verified, for a format whose claims are regional already.

    ``in_force`` is what ``signed_while_granted`` returned; it stands among ``checks`` and has to be asked for.

    Raises:
        Refused: A check was refused; all of them travel with it.
    """
    refuse_unless_passed(checks, in_force=in_force)
    return VerifiedCredential(
        kind, service, signed.key.thumbprint, signed.header.algorithm, subject, national_level, identity,
        bearer_ceiling(authentication, holder=holder), holder, claims, lambda: name, mandate, issued_at, expires_at,
        authenticated_at, status_reference, service.environment, checks, one_time, origin, disclosed,
    )  # fmt: skip


def verified_by_claim_map(
    kind: Format,
    claims: Mapping[str, Any],
    *,
    signed: SignedClaims,
    service: TrustService,
    holder: HolderBinding,
    issued_at: datetime | None,
    expires_at: datetime | None,
    authenticated_at: datetime | None,
    status_reference: StatusReference | None,
    checks: tuple[Check, ...],
    in_force: Check,
    one_time: tuple[OneTimeValue, ...] = (),
    hides: bool = False,
    disclosed: Disclosed | None = None,
) -> VerifiedCredential:
    """Return the credential as verified, its national ``claims`` read as the list entry of ``service`` says.

    ``claims`` are those of ``signed``, after selective disclosure where the format has it; ``hides`` tells whether the
    holder may have withheld any.

    Raises:
        Refused: A check was refused; all of them travel with it.
    """
    refuse_unless_passed(checks, in_force=in_force)
    claim_map = service.profile.claim_map
    if claim_map.paths:
        claims = flattened(claims, claim_map)
    national = claims.get(claim_map.acr)
    level = national if isinstance(national, str) else None
    if claim_map.lowest_without_acr and claim_map.acr not in claims and not hides:  # withheld is not missing
        identity, authentication = lowest_rung(service.profile.ladder)
    else:
        identity, authentication = rung(service.profile.ladder, level)
    name = NationalName(claims, claim_map, hides=hides)
    regional = regional_claims(claims, claim_map)
    state = service.member_state
    mandate = None if claim_map.mandate is None else read_mandate(claims.get(claim_map.mandate))
    if mandate is not None:
        checks = (*checks, of_its_state(mandate, state=state))
        refuse_unless_passed(checks)
    if claim_map.entity is not None:
        named, mandate = named_entity(claims, claim_map.entity, state=state, regional=regional, name=name, hides=hides)
        checks = (*checks, named)
        refuse_unless_passed(checks)
    # Positional, and not through `verified`: forty arguments by name cost as much as reading the claims.
    return VerifiedCredential(
        kind, service, signed.key.thumbprint, signed.header.algorithm, subject_of(claims, claim_map.subject), level,
        identity, bearer_ceiling(authentication, holder=holder), holder, regional, name, mandate, issued_at, expires_at,
        authenticated_at, status_reference, service.environment, checks, one_time, None, disclosed,
    )  # fmt: skip


def subject_of(claims: Mapping[str, Any], name: str) -> str | None:
    """Return the provider's identifier of the person; ``None`` if it is withheld or no usable text."""
    subject = claims.get(name)
    usable = isinstance(subject, str) and 0 < len(subject) <= LIMITS.subject_characters
    return subject if usable else None
