"""Accounting for a W3C credential, in whichever of the three formats: checks vc.1 to vc.16, and its holder. Step V5.

Decides whether the document is a credential of a listed type about one subject, says nothing in two ways, is in force
now, and was signed by the key that its issuer's name spells out, if it spells out one. A DID is a name and nothing
else: whose key counts, the lists say. Clauses: VC Data Model 2.0, section 4; VC Data Model 1.1, sections 4 and 6.3.1;
VC-JOSE-COSE, section 3.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from idbridge.credential import vc_model
from idbridge.credential import vc_points as points
from idbridge.credential.sd_jwt_vc import is_for_us
from idbridge.credential.validity import in_window, instant, times_are_whole
from idbridge.credential.vc_document import TOKEN_STATUS, contradiction, misplaced_status, misplaced_time
from idbridge.credential.vc_holder import Holding, UnverifiedPresentation, judge_presentation
from idbridge.credential.vc_model import STATUS, SUBJECT, Fault, PeriodFault, Version
from idbridge.credential.verified import signed_while_granted, verified_by_claim_map
from idbridge.crypto.did_key import is_did, key_of
from idbridge.errors import InputError
from idbridge.model.check import Check, CheckPoint
from idbridge.model.credential import (
    HolderBinding,
    OneTimeValue,
    PresentedSdJwt,
    SignedClaims,
    VerifiedCredential,
)
from idbridge.model.keys import PublicKey
from idbridge.model.query import Disclosed
from idbridge.model.region import Format
from idbridge.model.request import VerifyRequest
from idbridge.trust.resolver import ResolvedKey

_TIMES: Final = ("exp", "nbf", "iat")
_NO_DISCLOSURES: Final = points.DISCLOSURE.skipped("a format without selective disclosure")


class PresentedVc(NamedTuple):
    """What came with a W3C credential: its disclosures if it has some, and the presentation that it stood in."""

    presentation: UnverifiedPresentation | None = None
    sd_jwt: PresentedSdJwt | None = None

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


class Told(NamedTuple):
    """A credential whose signature is good: its claims, and the document of the model that they make.

    ``disclosure`` is what came of selective disclosure; ``hides`` tells whether the holder may have withheld a claim.
    """

    version: Version
    claims: Mapping[str, Any]
    document: Mapping[str, Any]
    disclosure: Check = _NO_DISCLOSURES
    hides: bool = False

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"

    @property
    def subject(self) -> str | None:
        """The identifier of the one subject; ``None`` without one."""
        subject = self.document.get(SUBJECT)
        named = subject.get("id") if isinstance(subject, Mapping) else None
        return named if isinstance(named, str) else None


class Bound(NamedTuple):
    """Who proved to hold a credential, with the checks that say so, and the transactions that they authorised."""

    checks: tuple[Check, ...]
    holder: HolderBinding
    one_time: tuple[OneTimeValue, ...]
    transactions: frozenset[str] = frozenset()


def held_by(
    told: Told,
    presentation: UnverifiedPresentation | None,
    *,
    signed: SignedClaims,
    resolved: ResolvedKey,
    request: VerifyRequest,
    at: datetime,
) -> Bound:
    """Return what the presentation proves of the holder, or its absence leaves open."""
    holding = Holding(told.claims, told.subject, signed.key, resolved.service, request, at.timestamp())
    return Bound(*judge_presentation(presentation, holding))


def account_vc(
    kind: Format,
    told: Told,
    bound: Bound,
    *,
    signed: SignedClaims,
    resolved: ResolvedKey,
    request: VerifyRequest,
    at: datetime,
) -> VerifiedCredential:
    """Return the credential as verified.

    Raises:
        Refused: With all checks, at least one of them refused.
    """
    service, document, claims = resolved.service, told.document, told.claims
    issued_at = instant(claims, "iat")
    in_force = signed_while_granted(points.ISSUER, service=service, issued_at=issued_at, at=resolved.judged_at(at))
    time, expires_at = judge_time(told, now=at.timestamp(), leeway=service.profile.leeway.total_seconds())
    checks = (
        points.SHAPE.passed,
        points.MEDIA_TYPE.passed,
        points.ALGORITHM.passed,
        in_force,
        points.SIGNATURE.passed,
        judge_did(document, signed.key),
        *judge_model(document, told.version),
        time,
        _status(told),
        _judged(points.MEMBERS, vc_model.members_fault(document)),
        _claims(told, request=request),
        points.ONE_PROOF.passed,
        told.disclosure,
        *bound.checks,
    )
    return verified_by_claim_map(
        kind,
        document,
        signed=signed,
        service=service,
        holder=bound.holder,
        issued_at=issued_at,
        expires_at=expires_at,
        authenticated_at=None,
        status_reference=_reference(claims, document),
        checks=checks,
        in_force=in_force,
        one_time=bound.one_time,
        hides=told.hides,
        disclosed=Disclosed(frozenset(vc_model.types_of(document)), document, bound.transactions),
    )


def _judged(point: CheckPoint, fault: Fault | None) -> Check:
    return point.passed if fault is None else point.refused(*fault)


def judge_did(document: Mapping[str, Any], key: PublicKey) -> Check:
    """Judge an issuer's DID (vc.6): it spells out the listed key that verified, and no other."""
    issuer = vc_model.issuer_of(document)
    if issuer is None or not is_did(issuer):
        return points.DID.skipped("the issuer's name spells out no key")
    try:
        same = key_of(issuer).thumbprint == key.thumbprint
    except InputError as refusal:
        return points.DID.refused(refusal.code, refusal.detail)
    return points.DID.passed if same else points.DID.refused("issuer.did_mismatch")


def judge_model(document: Mapping[str, Any], version: Version) -> tuple[Check, ...]:
    """Judge the members of the model (vc.7 to vc.10); a credential here is about one subject."""
    subject = vc_model.subject_fault(document)
    if subject is None and not isinstance(document[SUBJECT], Mapping):
        subject = Fault("w3c.malformed", "of several subjects, nobody can tell who is meant")
    return (
        _judged(points.CONTEXT, vc_model.context_fault(document, version)),
        _judged(points.TYPE, vc_model.type_fault(document)),
        _judged(points.IDENTITY, vc_model.identity_fault(document)),
        _judged(points.SUBJECT, subject),
    )


def judge_time(told: Told, *, now: float, leeway: float) -> tuple[Check, datetime | None]:
    """Judge validity (vc.11), and return when the credential ends.

    The signature has times of its own beside those of what was signed (VC-JOSE-COSE, section 3.1.3); both count.
    """
    claims = told.claims
    if not times_are_whole(claims, _TIMES):
        return points.TIME.refused("time.claim_malformed", "`iat`, `nbf` and `exp` are whole numbers of seconds"), None
    try:
        period = vc_model.period_of(told.document, told.version)
    except PeriodFault as stopped:
        return points.TIME.refused(*stopped.fault), None
    starts = [one for one in (period.start, instant(claims, "nbf")) if one is not None]
    ends = [one for one in (period.end, instant(claims, "exp")) if one is not None]
    if not ends:
        return points.TIME.refused("time.claim_missing", "a credential says until when it is good"), None
    window: dict[str, float] = {"exp": min(ends).timestamp()}
    if starts:
        window["nbf"] = max(starts).timestamp()
    if "iat" in claims:
        window["iat"] = claims["iat"]
    return in_window(points.TIME, window, now=now, leeway=leeway), min(ends)


def _status(told: Told) -> Check:
    """Judge the form of ``credentialStatus`` (vc.12), or of a ``status`` claim in its place; step V6 looks it up."""
    claims, document = told.claims, told.document
    fault = vc_model.status_fault(document) or misplaced_status(claims, told.version)
    if fault is not None:
        return points.STATUS.refused(*fault)
    if TOKEN_STATUS not in claims:
        return points.STATUS.passed
    if STATUS in document or not isinstance(claims[TOKEN_STATUS], Mapping) or not claims[TOKEN_STATUS]:
        return points.STATUS.refused("status.unavailable", "`status` names no mechanism, or beside `credentialStatus`")
    return points.STATUS.passed


def _reference(claims: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if STATUS in document:
        return {STATUS: document[STATUS]}
    status = claims.get(TOKEN_STATUS)
    return status if isinstance(status, Mapping) else None


def _claims(told: Told, *, request: VerifyRequest) -> Check:
    """Judge the claims (vc.14): in their places, each says what its member says, and the credential is meant for us."""
    fault = misplaced_time(told.claims, told.version) or contradiction(told.claims, told.document, told.version)
    if fault is None and "aud" in told.claims and not is_for_us(told.claims["aud"], request=request):
        fault = Fault("holder.audience_mismatch", "the issuer made it for another audience")
    return _judged(points.CLAIMS, fault)
