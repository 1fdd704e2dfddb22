"""Key bindings of SD-JWTs: the eleven points of the checklist, each of them a check ``kb.1`` to ``kb.11``.

Decides whether the sender holds the key that the issuer named, for this relying party and this request. Whether a key
binding is needed, listing and request say, never its presence: a thief would leave it away. It counts as bound only if
the nonce that the request expects is in it; without an expected nonce everything else is verified, and the presentation
stays that of a bearer. Clauses: RFC 9901, sections 4.3 and 7.3; RFC 7800.

Header: ``alg`` and ``typ`` are required, ``kid`` and ``cty`` are optional and not used; ``crit``, ``b64``, ``jku``,
``x5u``, ``jwk`` and ``x5c`` are forbidden, because the key comes from the credential and from nowhere else.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from idbridge.codec import strict_json
from idbridge.credential import sd_jwt
from idbridge.credential.one_time import nonce_once
from idbridge.credential.transactions import judge_transactions
from idbridge.credential.validity import in_window, is_time, times_are_whole
from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified, verify
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.errors import InputError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.check import Check, CheckPoint, Step
from idbridge.model.credential import HolderBinding, HolderMethod, OneTimeValue, UnverifiedJws
from idbridge.model.keys import PublicKey
from idbridge.model.request import VerifyRequest
from idbridge.model.trust import HolderBindingRule, TrustService

HEADER: Final = HeaderRules(types=frozenset({"kb+jwt"}))
REQUIRED: Final = frozenset({"iat", "aud", "nonce", "sd_hash"})
OPTIONAL: Final = frozenset({"exp", "nbf"})
# What authorises a transaction is refused unless the request asked for it (``transactions``); every other claim is
# ignored (SD-JWT VC, section 4.1).
HOLDER_ALGORITHMS: Final = frozenset({"ES256", "ES384", "ES512", "Ed25519"})
CONFIRMATION: Final = frozenset({"jwk"})  # RFC 7800, section 3.2; no other way to name a key is understood

_RFC = "RFC 9901 section"
NEEDED: Final = CheckPoint("kb.1", Step.V5, f"{_RFC} 7.3 (1)")
PRESENT: Final = CheckPoint("kb.2", Step.V5, f"{_RFC} 7.3 (1)")
KEY: Final = CheckPoint("kb.3", Step.V5, f"{_RFC} 4.1.2; RFC 7800 section 3.2")
HEAD: Final = CheckPoint("kb.4", Step.V5, f"{_RFC} 4.3; RFC 8725 section 3.1")
SIGNATURE: Final = CheckPoint("kb.5", Step.V5, f"{_RFC} 7.3 (2)")
FRESH: Final = CheckPoint("kb.6", Step.V5, f"{_RFC} 7.3 (2)")
NONCE: Final = CheckPoint("kb.7", Step.V5, f"{_RFC} 7.3 (2)")
AUDIENCE: Final = CheckPoint("kb.8", Step.V5, f"{_RFC} 7.3 (2)")
SD_HASH: Final = CheckPoint("kb.9", Step.V5, f"{_RFC} 4.3.1")
JWT: Final = CheckPoint("kb.10", Step.V5, "RFC 7519 section 4.1; RFC 7515 section 4.1.11")
TRANSACTIONS: Final = CheckPoint("kb.11", Step.V5, "OpenID4VP 1.0 section 8.4")
POINTS: Final = (NEEDED, PRESENT, KEY, HEAD, SIGNATURE, FRESH, NONCE, AUDIENCE, SD_HASH, JWT, TRANSACTIONS)

AGE: Final = LIMITS.key_binding_age.total_seconds()
_BEARER: Final = HolderBinding(HolderMethod.NONE)
_TIMES: Final = ("exp", "nbf")
_SIGNED: Final = tuple(point.passed for point in (NEEDED, PRESENT, KEY, HEAD, SIGNATURE))
UNANSWERED: Final = "the request expects a nonce, an audience or a session"
_NO_NONCE: Final = "the request expects no nonce, so anyone with a copy could show this"
_WITHOUT: Final = tuple(point.skipped("there is no key binding to judge") for point in POINTS[2:])


class BindingVerdict(NamedTuple):
    """What came of the key binding: the checks ``kb.1`` to ``kb.11``, and whether the sender proved to hold the key.

    ``transactions`` are the texts of those that the holder authorised; nobody's copy authorises anything.
    """

    checks: tuple[Check, ...]
    holder: HolderBinding
    one_time: tuple[OneTimeValue, ...] = ()
    transactions: frozenset[str] = frozenset()


class Bound(NamedTuple):
    """What a key binding has to fit: the processed claims, the text that it covers, and who asks."""

    claims: Mapping[str, Any]
    algorithm: str
    text: str
    issuer_key: PublicKey
    service: TrustService
    request: VerifyRequest
    now: float

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


def parse_unverified_key_binding(text: str | None, headers: HeaderCache) -> UnverifiedJws | None:
    """Return the key binding taken apart; ``None`` without one, or for one that ``judge_key_binding`` will refuse."""
    if text is None:
        return None
    try:
        return parse_unverified(text, HEADER, headers)
    except (InputError, JoseError):
        return None


def judge_key_binding(text: str | None, jws: UnverifiedJws | None, bound: Bound) -> BindingVerdict:
    """Return the verdict on the key binding ``text`` of a presentation, ``None`` if it came without.

    ``jws`` is what ``parse_unverified_key_binding`` made of it.
    """
    if text is None:
        return BindingVerdict((*_absent(bound.service, bound.request), *_WITHOUT), _BEARER)
    key = _holder_key(bound)
    if isinstance(key, Check):
        return _stopped(key, NEEDED, PRESENT)
    opened = _open(text, jws)
    if isinstance(opened, Check):
        return _stopped(opened, NEEDED, PRESENT, KEY)
    jws, claims = opened
    try:
        verify(jws, claims=claims, key=key, algorithms=HOLDER_ALGORITHMS)
    except JoseError as refusal:
        if refusal.code == "jose.signature_invalid":
            return _stopped(SIGNATURE.refused("holder.signature_invalid"), NEEDED, PRESENT, KEY, HEAD)
        return _stopped(HEAD.refused(refusal.code, refusal.detail), NEEDED, PRESENT, KEY)
    return _judged(claims, bound=bound, key=key)


def _judged(claims: Mapping[str, Any], *, bound: Bound, key: JwkPublicKey) -> BindingVerdict:
    """Return the verdict on a key binding that the holder's key signed."""
    request, profile = bound.request, bound.service.profile
    leeway = profile.leeway.total_seconds()
    nonce = judge_nonce(NONCE, claims, expected=request.expected.nonce)
    transactions, authorised = judge_transactions(TRANSACTIONS, claims, asked=request.transactions)
    checks = (
        *_SIGNED,
        judge_fresh(FRESH, claims, now=bound.now, leeway=leeway),
        nonce,
        judge_audience(AUDIENCE, claims, request=request),
        _sd_hash(claims, bound=bound),
        _jwt(claims, now=bound.now, leeway=leeway),
        transactions,
    )
    for check in checks:
        if check.reason is not None:
            return BindingVerdict(checks, _BEARER)
    if nonce is not NONCE.passed:
        return BindingVerdict(checks, _BEARER)
    once = nonce_once(request, issuer=bound.service.issuer, until=claims["iat"] + AGE)
    if profile.holder_binding is HolderBindingRule.NONE:
        return BindingVerdict(checks, _BEARER, (once,))
    return BindingVerdict(checks, HolderBinding(HolderMethod.KB_JWT, key.thumbprint), (once,), authorised)


def _stopped(refused: Check, *passed: CheckPoint) -> BindingVerdict:
    """Return the verdict after a refusal that leaves nothing to judge: claims that nobody is known to have signed."""
    why = f"{refused.id} refused"
    checks = (
        point.passed if point in passed else refused if point.id == refused.id else point.skipped(why)
        for point in POINTS
    )
    return BindingVerdict(tuple(checks), _BEARER)


def expects_holder(request: VerifyRequest) -> bool:
    """Tell whether the request expects an answer that only a holder gives, whatever the format of the credential."""
    return request.needs_holder and expects_answer(request)


def expects_answer(request: VerifyRequest) -> bool:
    """Tell whether the request says what an answer to it is bound to: a nonce, an audience or a session."""
    expected = request.expected
    return expected.nonce is not None or expected.audience is not None or expected.session is not None


def _absent(service: TrustService, request: VerifyRequest) -> tuple[Check, Check]:
    """Judge whether a key binding was needed (kb.1: by the request, kb.2: by the listing) where there is none."""
    required = service.profile.holder_binding is HolderBindingRule.REQUIRED
    return (
        NEEDED.refused("holder.binding_missing", UNANSWERED) if expects_holder(request) else NEEDED.passed,
        PRESENT.refused("holder.binding_missing")
        if required
        else PRESENT.skipped("the listing demands no key binding"),
    )


def _holder_key(bound: Bound) -> JwkPublicKey | Check:
    """Return the holder's key as the issuer named it, or why there is none (kb.3)."""
    confirmation = bound.claims.get("cnf")
    if not isinstance(confirmation, Mapping) or confirmation.keys() != CONFIRMATION:
        return KEY.refused("holder.key_missing", "`cnf` has the member `jwk` and no other")
    jwk = confirmation["jwk"]
    if not isinstance(jwk, Mapping):
        return KEY.refused("holder.key_missing", "`cnf.jwk` is an object")
    try:
        key = parse_jwk(jwk, allowed=HOLDER_ALGORITHMS)
    except JoseError as refusal:
        return KEY.refused("holder.key_missing", refusal.detail)
    if key.thumbprint == bound.issuer_key.thumbprint:
        return KEY.refused("holder.key_missing", "the issuer's own key cannot be a holder's")
    return key


def _open(text: str, jws: UnverifiedJws | None) -> tuple[UnverifiedJws, Mapping[str, Any]] | Check:
    """Return the key binding taken apart, or why it cannot be (kb.4, kb.10)."""
    try:
        jws = jws or parse_unverified(text, HEADER, HeaderCache(1))
        return jws, strict_json.parse_object(jws.payload, max_bytes=LIMITS.token_bytes)
    except JoseError as refusal:
        if refusal.code == "jose.typ_mismatch":
            return HEAD.refused("holder.typ_mismatch")
        point = HEAD if refusal.code in ("jose.alg_none", "jose.alg_not_allowed") else JWT
        return point.refused(refusal.code, refusal.detail)
    except InputError as refusal:
        return JWT.refused(refusal.code, f"the key binding: {refusal.detail}")


def judge_fresh(point: CheckPoint, claims: Mapping[str, Any], *, now: float, leeway: float) -> Check:
    """Judge when the holder signed (kb.6): just now, by the holder's clock and ours."""
    if "iat" not in claims:
        return point.refused("time.claim_missing", "what a holder signs has `iat`")
    made = claims["iat"]
    if not is_time(made):
        return point.refused("time.claim_malformed")
    if now < made - leeway or now >= made + AGE:
        return point.refused("holder.not_fresh", f"accepted is what was signed in the last {AGE:.0f} seconds")
    return point.passed


def judge_nonce(point: CheckPoint, claims: Mapping[str, Any], *, expected: str | None) -> Check:
    """Judge ``nonce`` (kb.7): the one that the request expects; some text if it expects none."""
    stated = claims.get("nonce")
    if not isinstance(stated, str) or not stated:
        return point.refused("holder.nonce_mismatch", "what a holder signs has a `nonce`, which is a text")
    if expected is None:
        return _no_nonce_expected(point)
    if stated == expected:
        return point.passed
    return point.refused("holder.nonce_mismatch", "only the nonce that the request expects is accepted")


@cache
def _no_nonce_expected(point: CheckPoint) -> Check:
    return point.skipped(_NO_NONCE)


def judge_audience(point: CheckPoint, claims: Mapping[str, Any], *, request: VerifyRequest) -> Check:
    """Judge ``aud`` (kb.8): one text, registered for the relying party, and the one that the request expects if any."""
    stated = claims.get("aud")
    registered = request.relying_party.audiences
    expected = request.expected.audience
    if isinstance(stated, str) and stated in registered and expected in (None, stated):
        return point.passed
    accepted = ", ".join(sorted(registered if expected is None else registered & {expected}))
    return point.refused("holder.audience_mismatch", f"accepted here: {accepted or 'no audience is registered'}")


def _sd_hash(claims: Mapping[str, Any], *, bound: Bound) -> Check:
    """Judge ``sd_hash`` (kb.9): the holder signed for this very set of disclosures."""
    if claims.get("sd_hash") == sd_jwt.digest(bound.text, algorithm=bound.algorithm):
        return SD_HASH.passed
    return SD_HASH.refused("holder.sd_hash_mismatch")


def _jwt(claims: Mapping[str, Any], *, now: float, leeway: float) -> Check:
    """Judge the validity that a key binding may state of its own (kb.10)."""
    if OPTIONAL.isdisjoint(claims):
        return JWT.passed
    if not times_are_whole(claims, _TIMES):
        return JWT.refused("time.claim_malformed")
    return in_window(JWT, {name: claims[name] for name in OPTIONAL & claims.keys()}, now=now, leeway=leeway)
