"""Assertions of other nodes: seventeen checks, ``assertion.1`` to ``assertion.17``.

Decides whether an assertion was made by a listed node, for this relying party, now, and says only what an assertion
may say. Every member is accounted for: a missing one and an unknown one are both faults. What the assertion states is
taken as stated or lower, never higher; whether it is recognised, step V7 decides, from two arrangements.

================  ==============================================================  =====================================
check             passes if                                                       else
================  ==============================================================  =====================================
``assertion.1``   the header says ``idbridge-assertion+jwt`` and nothing critical  ``jose.*``
``assertion.2``   ``iss`` is listed, as a node's service                           ``issuer.*``
``assertion.3``   the signature verifies with the node's listed key                ``jose.*``
``assertion.4``   every member is there and none is unknown                        ``recognition.assertion_malformed``
``assertion.5``   it is of the environment of the node's listing                   ``recognition.environment_mismatch``
``assertion.6``   ``aud`` is one text, an audience of this relying party           ``recognition.assertion_audience``
``assertion.7``   it is in force now                                               ``time.*``
``assertion.8``   it lives five minutes at most                                    ``recognition.assertion_malformed``
``assertion.9``   the levels agree: the level is the weaker axis                   ``recognition.assertion_malformed``
``assertion.10``  the released claims have their published shape                   ``recognition.assertion_malformed``
``assertion.11``  so has the origin                                                ``recognition.assertion_malformed``
``assertion.12``  it does not rest on another assertion                            ``recognition.assertion_chained``
``assertion.13``  whom the person represents has its published shape               ``recognition.assertion_malformed``
``assertion.14``  so has the holder binding, which is taken as the node states it  ``recognition.assertion_malformed``
``assertion.15``  so have subject, ``jti`` and the references for a dispute        ``recognition.assertion_malformed``
``assertion.16``  no nonce is expected, because an assertion answers none          ``holder.nonce_mismatch``
``assertion.17``  the node's service was granted when it signed                    ``issuer.*``
================  ==============================================================  =====================================

Clauses: architecture section 1; RFC 7519 section 4.1; RFC 8725 sections 3.8, 3.9, 3.11. The ``jti`` counts once.
Whether what it rests on is trusted here too, ``assertion_origin`` decides next: it needs the lists.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import length_prefixed
from idbridge.credential import assertion_members as read
from idbridge.credential.protocol import Reading
from idbridge.credential.regional import regional_claims
from idbridge.credential.unverified import parse_unverified_jwt
from idbridge.credential.validity import in_window, instant, is_time
from idbridge.credential.verified import refuse_unless_passed, signed_while_granted, verified
from idbridge.crypto.jws import HeaderRules
from idbridge.errors import CredentialError
from idbridge.limits import LIMITS
from idbridge.model import assertion as members
from idbridge.model.check import Check, CheckPoint, Refused, Step
from idbridge.model.credential import (
    AssertionOrigin,
    HolderBinding,
    Mandate,
    OneTimeValue,
    SignedClaims,
    UnverifiedCredential,
    VerifiedCredential,
)
from idbridge.model.region import AssuranceLevel, Format, ServiceType
from idbridge.model.request import VerifyRequest
from idbridge.model.trust import ClaimMap, TrustService
from idbridge.recognition.assurance import rung
from idbridge.trust.resolver import ResolvedKey

HEADER: Final = HeaderRules(types=frozenset({members.TYPE}))
_NODES = "architecture section 1"
TYPE: Final = CheckPoint("assertion.1", Step.V2, "RFC 8725 section 3.11")
ISSUER: Final = CheckPoint("assertion.2", Step.V3, "ETSI TS 119 602")
SIGNATURE: Final = CheckPoint("assertion.3", Step.V4, "RFC 7515 section 5.2")
MEMBERS: Final = CheckPoint("assertion.4", Step.V5, _NODES)
ENVIRONMENT: Final = CheckPoint("assertion.5", Step.V5, "architecture D11")
AUDIENCE: Final = CheckPoint("assertion.6", Step.V5, "RFC 8725 section 3.9")
TIME: Final = CheckPoint("assertion.7", Step.V5, "RFC 7519 section 4.1")
LIFETIME: Final = CheckPoint("assertion.8", Step.V5, _NODES)
LEVELS: Final = CheckPoint("assertion.9", Step.V5, "architecture D2")
CLAIMS: Final = CheckPoint("assertion.10", Step.V5, "OpenID Identity Assurance Schema Definition 1.0")
ORIGIN: Final = CheckPoint("assertion.11", Step.V5, _NODES)
NOT_CHAINED: Final = CheckPoint("assertion.12", Step.V5, _NODES)
REPRESENTS: Final = CheckPoint("assertion.13", Step.V5, _NODES)
HOLDER: Final = CheckPoint("assertion.14", Step.V5, _NODES)
REFERENCES: Final = CheckPoint("assertion.15", Step.V5, "RFC 7519 section 4.1.7")
NONCE: Final = CheckPoint("assertion.16", Step.V5, "architecture D4")
IN_FORCE: Final = CheckPoint("assertion.17", Step.V5, "ETSI TS 119 602 service history")

_TIMES: Final = ("iat", "nbf", "exp")
_NO_NONCE: Final = NONCE.skipped("the request expects no nonce")

_EARLY: Final[Mapping[str, CheckPoint]] = MappingProxyType({
    "jose.typ_mismatch": TYPE,
    "jose.crit_unsupported": TYPE,
    "jose.header_forbidden": TYPE,
    "jose.alg_none": SIGNATURE,
    "jose.alg_not_allowed": SIGNATURE,
    "jose.alg_key_mismatch": SIGNATURE,
    "jose.kid_missing": SIGNATURE,
    "jose.kid_unknown": SIGNATURE,
    "jose.signature_invalid": SIGNATURE,
    "issuer.missing": ISSUER,
    "issuer.unknown": ISSUER,
    "issuer.service_not_listed": ISSUER,
    "recognition.environment_mismatch": ISSUER,
    "issuer.not_yet_granted": IN_FORCE,
    "issuer.withdrawn": IN_FORCE,
    "issuer.compromised": IN_FORCE,
    "trust.stale": IN_FORCE,
})  # fmt: skip


class AssertionFormat:
    """Assertions of other nodes behind the protocol of all formats."""

    format: Final = Format.ASSERTION

    def open(self, text: str, reading: Reading) -> tuple[UnverifiedCredential, ...]:
        """Take a compact JWT apart; step V2.

        Raises:
            InputError, JoseError, IssuerError: As for ``parse_unverified_jwt``.
        """
        return (parse_unverified_jwt(text, Format.ASSERTION, rules=HEADER, headers=reading.headers),)

    def credential_type(self, unverified: UnverifiedCredential) -> str | None:  # noqa: ARG002 - the protocol's
        """Return ``None``: an assertion has no type."""
        return None

    def early(self, code: str) -> CheckPoint | None:
        """Return the check that a refusal with ``code`` in V2 to V4 belongs to."""
        return _EARLY.get(code)

    def account(
        self,
        signed: SignedClaims,
        unverified: UnverifiedCredential,  # noqa: ARG002 - the protocol's
        *,
        resolved: ResolvedKey,
        request: VerifyRequest,
        at: datetime,
    ) -> VerifiedCredential:
        """Make the seventeen checks; step V5.

        Raises:
            Refused: With all seventeen, at least one of them refused.
        """
        service, claims = resolved.service, signed.claims
        before = (TYPE.passed, _issuer(claims, service=service), SIGNATURE.passed, _accounted(claims))
        if before[-1] is not MEMBERS.passed:
            raise Refused(*before, *_NOT_JUDGED)
        readings, values = _readings(claims)
        in_force = signed_while_granted(
            IN_FORCE, service=service, issued_at=instant(claims, "iat"), at=resolved.judged_at(at)
        )
        checks = (
            *before,
            _environment(claims, service=service),
            _audience(claims, request=request),
            _time(claims, service=service, at=at),
            _lifetime(claims),
            *readings,
            _nonce(request),
            in_force,
        )
        refuse_unless_passed(checks)
        return _verified(Statement(*values), signed=signed, service=service, checks=checks, in_force=in_force)


ASSERTION: Final = AssertionFormat()


@dataclass(frozen=True, slots=True, repr=False)
class Statement:
    """What an assertion states, member by member, once every member could be read."""

    axes: tuple[AssuranceLevel, AssuranceLevel]
    released: Mapping[str, Any]
    origin: AssertionOrigin
    unchained: None
    mandate: Mandate | None
    holder: HolderBinding
    references: None


def _verified(
    stated: Statement, *, signed: SignedClaims, service: TrustService, checks: tuple[Check, ...], in_force: Check
) -> VerifiedCredential:
    claims = signed.claims
    proofing, authentication = _at_most_listed(stated.axes, claims["acr"], service=service)
    return verified(
        Format.ASSERTION,
        signed=signed,
        service=service,
        subject=claims["sub"],
        national_level=claims["acr_national"],
        identity=proofing,
        authentication=authentication,
        holder=stated.holder,
        claims=regional_claims(stated.released, ClaimMap({name: name for name in stated.released})),
        name=read.person_name(stated.released),
        mandate=stated.mandate,
        issued_at=instant(claims, "iat"),
        expires_at=instant(claims, "exp"),
        authenticated_at=None,  # the assertion states it to the hour, which is not when it was
        status_reference=None,  # revocation was the node's to check; it lives too short to be revoked itself
        checks=checks,
        in_force=in_force,
        one_time=(_once(claims, leeway=service.profile.leeway),),
        origin=stated.origin,
    )


def _at_most_listed(
    axes: tuple[AssuranceLevel, AssuranceLevel], acr: str, *, service: TrustService
) -> tuple[AssuranceLevel, AssuranceLevel]:
    """Return the stated axes, lowered where the node's state lists its assertions of this level at less.

    The stronger axis may be above the level, as the node states it, but not above the best that is listed for it.
    """
    ladder = service.profile.ladder
    listed = rung(ladder, acr)
    if min(listed) >= min(axes):
        listed = (
            max((step.identity for step in ladder), default=listed[0]),
            max((step.authentication for step in ladder), default=listed[1]),
        )
    return min(axes[0], listed[0]), min(axes[1], listed[1])


def _readings(claims: Mapping[str, Any]) -> tuple[tuple[Check, ...], tuple[Any, ...]]:
    """Read the members that have a shape of their own, each for itself, so that every fault is told at once."""
    checks: list[Check] = []
    values: list[Any] = []
    for point, reader in _READERS:
        try:
            values.append(reader(claims))
            checks.append(point.passed)
        except CredentialError as fault:
            checks.append(point.refused(fault.code, fault.detail))
    return tuple(checks), tuple(values)


def _issuer(claims: Mapping[str, Any], *, service: TrustService) -> Check:
    if claims.get("iss") != service.issuer:
        return ISSUER.refused("issuer.unknown")
    if service.service_type is not ServiceType.ASSERTION:
        return ISSUER.refused("issuer.service_not_listed", "the service is not listed as a node")
    return ISSUER.passed


def _accounted(claims: Mapping[str, Any]) -> Check:
    try:
        read.exactly(claims, members.MEMBERS | ({members.FORMER_SUBJECT} & claims.keys()), where="the assertion")
    except CredentialError as fault:
        return MEMBERS.refused(fault.code, fault.detail)
    return MEMBERS.passed


def _environment(claims: Mapping[str, Any], *, service: TrustService) -> Check:
    if claims["environment"] == service.environment.value:
        return ENVIRONMENT.passed
    return ENVIRONMENT.refused("recognition.environment_mismatch")


def _audience(claims: Mapping[str, Any], *, request: VerifyRequest) -> Check:
    """Judge ``aud``: one text, not an array, so that no assertion serves two."""
    registered, expected = request.relying_party.audiences, request.expected.audience
    audience = claims["aud"]
    if type(audience) is not str or audience not in registered:
        known = ", ".join(sorted(registered)) or "none is registered"
        return AUDIENCE.refused("recognition.assertion_audience", f"accepted here: {known}")
    if expected is not None and audience != expected:
        return AUDIENCE.refused("recognition.assertion_audience", "the request expects another audience")
    return AUDIENCE.passed


def _time(claims: Mapping[str, Any], *, service: TrustService, at: datetime) -> Check:
    if not all(is_time(claims[name]) for name in _TIMES):
        return TIME.refused("time.claim_malformed")
    return in_window(TIME, claims, now=at.timestamp(), leeway=service.profile.leeway.total_seconds())


def _lifetime(claims: Mapping[str, Any]) -> Check:
    if not all(is_time(claims[name]) for name in _TIMES):
        return LIFETIME.skipped("a time claim is malformed")
    if claims["exp"] - min(claims["iat"], claims["nbf"]) <= LIMITS.assertion_lifetime.total_seconds():
        return LIFETIME.passed
    return LIFETIME.refused("recognition.assertion_malformed", "it lives longer than five minutes")


def _unchained(claims: Mapping[str, Any]) -> None:
    """Refuse an assertion that rests on an assertion; trust is not passed on.

    Raises:
        CredentialError: ``recognition.assertion_chained``.
    """
    origin = claims["origin"]
    if not isinstance(origin, Mapping):
        return  # ORIGIN says so
    if origin.get("format") == Format.ASSERTION.value or origin.get("service_type") == ServiceType.ASSERTION.value:
        raise CredentialError("recognition.assertion_chained")


def _nonce(request: VerifyRequest) -> Check:
    if request.expected.nonce is None:
        return _NO_NONCE
    return NONCE.refused("holder.nonce_mismatch", "an assertion answers no nonce; expect none")


def _once(claims: Mapping[str, Any], *, leeway: timedelta) -> OneTimeValue:
    """Return the ``jti`` as a one-time value, to be kept until the assertion could no longer be accepted."""
    key = hashlib.sha256(length_prefixed.encode("jti", claims["iss"], claims["jti"])).digest()
    return OneTimeValue(key, datetime.fromtimestamp(claims["exp"], UTC) + leeway)


_READERS: Final[tuple[tuple[CheckPoint, Callable[[Mapping[str, Any]], Any]], ...]] = (
    (LEVELS, read.assurance),
    (CLAIMS, read.verified_claims),
    (ORIGIN, read.origin),
    (NOT_CHAINED, _unchained),
    (REPRESENTS, read.represents),
    (HOLDER, read.holder),
    (REFERENCES, read.references),
)
_NOT_JUDGED: Final = tuple(
    point.skipped("the members are not those of an assertion")
    for point in (ENVIRONMENT, AUDIENCE, TIME, LIFETIME, *(point for point, _ in _READERS), NONCE, IN_FORCE)
)
