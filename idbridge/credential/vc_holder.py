"""The holder of a W3C credential: which key did its issuer name, and did it sign the presentation? Checks vc.17 to 26.

Decides for one credential of a presentation: the key that signed has to be the one that this credential's issuer named,
in ``cnf`` or as the DID of the subject, whatever the presentation says of its signer. So a credential of somebody else
in the same presentation is refused. Everything else is as for a key binding: one nonce, one audience, just now.
Clauses: VC-JOSE-COSE, section 3.1.2; VC Data Model 1.1, section 6.3.1; RFC 7800.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from idbridge.credential import vc_points as points
from idbridge.credential.key_binding import (
    AGE,
    CONFIRMATION,
    HOLDER_ALGORITHMS,
    UNANSWERED,
    expects_holder,
    judge_audience,
    judge_fresh,
    judge_nonce,
)
from idbridge.credential.one_time import nonce_once
from idbridge.credential.transactions import judge_transactions
from idbridge.credential.validity import in_window, times_are_whole
from idbridge.credential.vc_model import Version, holder_of
from idbridge.crypto.did_key import is_did, key_of
from idbridge.crypto.jws import verify
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.errors import InputError, JoseError
from idbridge.model.check import Check, CheckPoint
from idbridge.model.credential import HolderBinding, HolderMethod, OneTimeValue, UnverifiedJws
from idbridge.model.keys import PublicKey
from idbridge.model.request import VerifyRequest
from idbridge.model.trust import HolderBindingRule, TrustService

BEARER: Final = HolderBinding(HolderMethod.NONE)
_TIMES: Final = ("exp", "nbf")
_MISSING: Final = "holder.key_missing"
_LEFT: Final = "there is no presentation to judge"


class UnverifiedPresentation(NamedTuple):
    """A presentation taken apart. Nothing in it may be believed. Made by ``vc_presentation`` only.

    ``document`` is the presentation as the model writes it, ``claims`` are all that the holder signed.
    """

    version: Version
    message: UnverifiedJws
    claims: Mapping[str, Any]
    document: Mapping[str, Any]

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


class Holding(NamedTuple):
    """What a presentation has to fit: the credential's claims and its subject, who issued it, and who asks."""

    claims: Mapping[str, Any]
    subject: str | None
    issuer_key: PublicKey
    service: TrustService
    request: VerifyRequest
    now: float

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


class HolderVerdict(NamedTuple):
    """What came of the presentation: its checks, and whether the sender proved to hold the credential."""

    checks: tuple[Check, ...]
    holder: HolderBinding = BEARER
    one_time: tuple[OneTimeValue, ...] = ()


def judge_presentation(presentation: UnverifiedPresentation | None, holding: Holding) -> HolderVerdict:
    """Return the verdict on ``presentation``, ``None`` if the credential came alone."""
    if presentation is None:
        return HolderVerdict((*without(_LEFT, needed=_alone(holding)),))
    key = _holder_key(holding)
    if isinstance(key, Check):
        return _stopped(key)
    claims = presentation.claims
    try:
        verify(presentation.message, claims=claims, key=key, algorithms=HOLDER_ALGORITHMS)
    except JoseError as refusal:
        if refusal.code == "jose.signature_invalid":
            return _stopped(points.HOLDER_SIGNATURE.refused("holder.signature_invalid"))
        return _stopped(points.HOLDER_HEAD.refused(refusal.code, refusal.detail))
    return _judged(presentation, holding, key)


def without(why: str, *, needed: Check) -> tuple[Check, ...]:
    """Return the checks of a credential that came without presentation, for the reason ``why``."""
    return (points.PRESENTATION.skipped(why), needed, *(point.skipped(why) for point in points.HOLDER_POINTS[1:]))


def _alone(holding: Holding) -> Check:
    """Judge whether a proof of the holder was needed where there is none (vc.18)."""
    if expects_holder(holding.request):
        return points.NEEDED.refused("holder.binding_missing", UNANSWERED)
    if holding.service.profile.holder_binding is HolderBindingRule.REQUIRED:
        return points.NEEDED.refused("holder.binding_missing")
    return points.NEEDED.skipped("the listing demands no proof of the holder")


def _judged(presentation: UnverifiedPresentation, holding: Holding, key: JwkPublicKey) -> HolderVerdict:
    """Return the verdict on a presentation that the holder's key signed."""
    request, profile, claims = holding.request, holding.service.profile, presentation.claims
    leeway = profile.leeway.total_seconds()
    nonce = judge_nonce(points.NONCE, claims, expected=request.expected.nonce)
    checks = (
        points.PRESENTATION.passed,
        points.NEEDED.passed,
        points.HOLDER_KEY.passed,
        points.HOLDER_HEAD.passed,
        points.HOLDER_SIGNATURE.passed,
        _name(presentation, holding, key),
        _times(claims, now=holding.now, leeway=leeway),
        nonce,
        judge_audience(points.AUDIENCE, _addressed(claims), request=request),
        judge_transactions(points.TRANSACTIONS, claims, asked=())[0],  # no standard says how this one would
    )
    if nonce is not points.NONCE.passed or any(check.reason is not None for check in checks):
        return HolderVerdict(checks)
    once = nonce_once(request, issuer=holding.service.issuer, until=claims["iat"] + AGE)
    if profile.holder_binding is HolderBindingRule.NONE:
        return HolderVerdict(checks, BEARER, (once,))
    return HolderVerdict(checks, HolderBinding(HolderMethod.KB_JWT, key.thumbprint), (once,))


def _stopped(refused: Check) -> HolderVerdict:
    """Return the verdict after a refusal that leaves nothing to judge: claims that nobody is known to have signed."""
    why = f"{refused.id} refused"
    before = True
    checks = [points.PRESENTATION.passed]
    for point in points.HOLDER_POINTS:
        before = before and point.id != refused.id
        checks.append(refused if point.id == refused.id else point.passed if before else point.skipped(why))
    return HolderVerdict(tuple(checks))


def _holder_key(holding: Holding) -> JwkPublicKey | Check:
    """Return the holder's key as the issuer named it, or why there is none (vc.19)."""
    named = confirmed_jwk(points.HOLDER_KEY, holding.claims, holding.subject)
    if isinstance(named, Check):
        return named
    try:
        key = parse_jwk(named, allowed=HOLDER_ALGORITHMS)
    except JoseError as refusal:
        return points.HOLDER_KEY.refused(_MISSING, refusal.detail)
    if key.thumbprint == holding.issuer_key.thumbprint:
        return points.HOLDER_KEY.refused(_MISSING, "the issuer's own key cannot be a holder's")
    return key


def confirmed_jwk(point: CheckPoint, claims: Mapping[str, Any], subject: str | None) -> Mapping[str, Any] | Check:
    """Return the JWK of the holder as the issuer wrote it: in ``cnf``, or as the DID of the subject.

    Where both name a key it is the same one; else nobody could tell which of two people holds the credential.
    """
    spelled = _spelled(subject)
    if "cnf" not in claims:
        return point.refused(_MISSING, "neither `cnf` nor the subject names a key") if spelled is None else spelled.jwk
    confirmation = claims["cnf"]
    if not isinstance(confirmation, Mapping) or confirmation.keys() != CONFIRMATION:
        return point.refused(_MISSING, "`cnf` has the member `jwk` and no other")
    jwk = confirmation["jwk"]
    if not isinstance(jwk, Mapping):
        return point.refused(_MISSING, "`cnf.jwk` is an object")
    try:
        if spelled is not None and parse_jwk(jwk).thumbprint != spelled.thumbprint:
            return point.refused(_MISSING, "`cnf` names another key than the subject")
    except JoseError as refusal:
        return point.refused(_MISSING, refusal.detail)
    return jwk


def _spelled(name: str | None) -> JwkPublicKey | None:
    """Return the key that an identifier spells out; ``None`` for one that spells out none that is read here."""
    if name is None or not is_did(name):
        return None
    try:
        return key_of(name)
    except InputError:
        return None


def _name(presentation: UnverifiedPresentation, holding: Holding, key: JwkPublicKey) -> Check:
    """Judge whom the presentation names as its holder (vc.22): once or the same twice, and nobody else.

    Passed is the subject's own identifier, or a DID of the key that signed. Of another name nobody can tell whose it
    is; where the subject has one, it is another's.
    """
    stated = [presentation.claims["iss"]] if "iss" in presentation.claims else []
    holder = holder_of(presentation.document)
    names = [*stated, *([holder] if holder is not None else [])]
    if any(name != names[0] for name in names):
        return points.HOLDER_NAME.refused("w3c.claims_contradict", "`iss` and `holder` of the presentation differ")
    for name in names:
        if not isinstance(name, str):
            return points.HOLDER_NAME.refused("w3c.claims_contradict", "`iss` of the presentation is a text")
    if not names:
        return points.HOLDER_NAME.skipped("the presentation names no holder")
    spelled = _spelled(names[0])
    if names[0] == holding.subject or (spelled is not None and spelled.thumbprint == key.thumbprint):
        return points.HOLDER_NAME.passed
    if holding.subject is not None or is_did(names[0]):
        return points.HOLDER_NAME.refused("w3c.claims_contradict", "the holder is called by another's name")
    return points.HOLDER_NAME.skipped("not judged: the holder's name spells out no key, and the subject has none")


def _addressed(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``claims`` with an audience that is a list of one text as that text: both say the same (RFC 7519, 4.1.3).

    A key binding has no such choice (RFC 9901, 4.3), but wallets that sign as version 1.1 had it always write a list.
    """
    audience = claims.get("aud")
    return {**claims, "aud": audience[0]} if type(audience) is list and len(audience) == 1 else claims


def _times(claims: Mapping[str, Any], *, now: float, leeway: float) -> Check:
    """Judge when the presentation was signed, and the validity that it may state of its own (vc.23)."""
    fresh = judge_fresh(points.FRESH, claims, now=now, leeway=leeway)
    if fresh.reason is not None:
        return fresh
    if not times_are_whole(claims, _TIMES):
        return points.FRESH.refused("time.claim_malformed")
    return in_window(points.FRESH, claims, now=now, leeway=leeway)
