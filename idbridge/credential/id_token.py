"""OIDC ID tokens: the thirteen points of the checklist, and userinfo: the checks ``id-token.1`` to ``id-token.14``.

Decides whether a token is an ID token of that very issuer for that very relying party, now. It is accepted only if
every audience is a client id registered for the relying party at this issuer, or the node's own: never because the
request says so. It counts as bound (``login``) only if the nonce that the relying party expects is in it; otherwise
whoever holds a copy could show it. Clauses: OpenID Connect Core 1.0, sections 2 and 3.1.3.7; RFC 8725.

A token is opened before V2 if it arrived encrypted; whether it had to, and whether it may, the list of its service
says. What came with it (access token, code, state, userinfo response) is compared with it. Whose key signed, by which
algorithm, and whether the bytes are unambiguous was decided in V2 to V4; the checks of those steps are listed here as
passed, because nothing arrives in V5 without having passed them.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.credential.claim_paths import flattened
from idbridge.credential.login_hashes import hash_check, nothing_received
from idbridge.credential.one_time import nonce_once
from idbridge.credential.protocol import Reading
from idbridge.credential.status_claims import referred_status
from idbridge.credential.token_kinds import ACTOR, FORBIDDEN, KIND_CLAIMS, PAIRS
from idbridge.credential.unverified import parse_unverified_jwt
from idbridge.credential.userinfo import supplemented, travelled_as_listed
from idbridge.credential.validity import in_window, instant, is_time, times_are_whole
from idbridge.credential.verified import (
    signed_while_granted,
    subject_of,
    verified_by_claim_map,
)
from idbridge.crypto.jws import HeaderRules
from idbridge.limits import LIMITS
from idbridge.model.check import Check, CheckPoint, Result, Step
from idbridge.model.credential import (
    HolderBinding,
    HolderMethod,
    OneTimeValue,
    SignedClaims,
    UnverifiedCredential,
    VerifiedCredential,
)
from idbridge.model.login import Encryption, LoginExpectations
from idbridge.model.region import Format
from idbridge.model.request import VerifyRequest
from idbridge.model.trust import PATH, EncryptionRule, TrustService
from idbridge.trust.resolver import ResolvedKey

# The profile. Header: `alg` is required, `typ`, `kid` and `cty` are optional; `crit`, `b64`, `jku`, `x5u`, `jwk` and
# `x5c` are forbidden; every other member is ignored and nothing can come to depend on it.
HEADER: Final = HeaderRules(types=frozenset({"", "jwt"}))
REQUIRED: Final = frozenset({"iss", "sub", "aud", "exp", "iat"})
OPTIONAL: Final = frozenset(
    {
        "nbf",
        "nonce",
        "azp",
        "auth_time",
        "acr",
        "amr",
        "at_hash",
        "c_hash",
        "s_hash",
        "typ",
        "token_use",
        "status",
        "credentialStatus",
        "jti",
    }
)
_TELLING: Final = frozenset({*FORBIDDEN, *KIND_CLAIMS, ACTOR}).union(*PAIRS)

_CORE = "OpenID Connect Core 1.0 section 3.1.3.7"
ISSUER: Final = CheckPoint("id-token.1", Step.V3, f"{_CORE} (2)")
ENCRYPTION: Final = CheckPoint("id-token.2", Step.V5, f"{_CORE} (1); RFC 7519 section 5.2")
ALGORITHM: Final = CheckPoint("id-token.3", Step.V4, f"{_CORE} (7); RFC 8725 section 3.1")
KEY: Final = CheckPoint("id-token.4", Step.V4, f"{_CORE} (6); section 10.1")
AUDIENCE: Final = CheckPoint("id-token.5", Step.V5, f"{_CORE} (3, 4, 5)")
TIME: Final = CheckPoint("id-token.6", Step.V5, f"{_CORE} (9, 10); RFC 7519 section 4.1")
NONCE: Final = CheckPoint("id-token.7", Step.V5, f"{_CORE} (11)")
AUTHENTICATION: Final = CheckPoint("id-token.8", Step.V5, f"{_CORE} (12, 13)")
HASHES: Final = CheckPoint("id-token.9", Step.V5, "OpenID Connect Core 1.0 section 3.1.3.8")
KIND: Final = CheckPoint("id-token.10", Step.V5, "RFC 8725 sections 3.11 and 3.12")
SUBJECT: Final = CheckPoint("id-token.11", Step.V5, "OpenID Connect Core 1.0 section 2")
FORM: Final = CheckPoint("id-token.12", Step.V5, "RFC 7519 section 2; RFC 7515 section 4")
IN_FORCE: Final = CheckPoint("id-token.13", Step.V5, "ETSI TS 119 602 service history")
USERINFO: Final = CheckPoint("id-token.14", Step.V5, "OpenID Connect Core 1.0 sections 5.3.2 and 5.3.4")
POINTS: Final = (
    ISSUER, ENCRYPTION, ALGORITHM, KEY, AUDIENCE, TIME, NONCE, AUTHENTICATION, HASHES, KIND, SUBJECT, FORM, IN_FORCE,
    USERINFO,
)  # fmt: skip

_TIMES: Final = ("exp", "iat", "nbf", "auth_time")
_PROFILE: Final = REQUIRED | OPTIONAL
_NOBODY: Final[frozenset[str]] = frozenset()
_AGE: Final = LIMITS.id_token_age.total_seconds()
_BEARER: Final = HolderBinding(HolderMethod.NONE)
_LOGIN: Final = HolderBinding(HolderMethod.LOGIN)
_NO_NONCE_EXPECTED: Final = NONCE.skipped("the request expects no nonce, so anyone with a copy could show this token")
_NOTHING_RECEIVED: Final = nothing_received(HASHES)
_NO_USERINFO: Final = USERINFO.skipped("no userinfo response was supplied")
_TIME_NOT_JUDGED: Final = TIME.skipped("a time claim is malformed")
_MAX_COUNTED: Final = 64


def _counted(count: int) -> Check:
    note = f"{count} claims that the listing does not name were counted and not read" if count else ""
    return Check(FORM.id, FORM.step, Result.PASSED, FORM.clause, None, note)


_FORM_PASSED: Final = tuple(_counted(count) for count in range(_MAX_COUNTED + 1))

_EARLY: Final[Mapping[str, CheckPoint]] = MappingProxyType({
    "input.format_unsupported": ENCRYPTION,
    "jose.decryption_failed": ENCRYPTION,
    "input.malformed": FORM,
    "input.too_large": FORM,
    "jose.alg_none": ALGORITHM,
    "jose.alg_not_allowed": ALGORITHM,
    "jose.alg_key_mismatch": ALGORITHM,
    "jose.kid_missing": KEY,
    "jose.kid_unknown": KEY,
    "jose.signature_invalid": KEY,
    "jose.typ_mismatch": KIND,
    "jose.crit_unsupported": FORM,
    "jose.header_forbidden": FORM,
    "issuer.missing": ISSUER,
    "issuer.unknown": ISSUER,
    "issuer.service_not_listed": ISSUER,
    "recognition.environment_mismatch": ISSUER,
    "issuer.not_yet_granted": IN_FORCE,
    "issuer.withdrawn": IN_FORCE,
    "issuer.compromised": IN_FORCE,
    "trust.stale": IN_FORCE,
})  # fmt: skip


class IdTokenFormat:
    """ID tokens behind the protocol of all formats."""

    format: Final = Format.ID_TOKEN

    def open(self, text: str, reading: Reading) -> tuple[UnverifiedCredential, ...]:
        """Take a compact JWT apart; step V2.

        Raises:
            InputError, JoseError, IssuerError: As for ``parse_unverified_jwt``.
        """
        return (parse_unverified_jwt(text, Format.ID_TOKEN, rules=HEADER, headers=reading.headers),)

    def credential_type(self, unverified: UnverifiedCredential) -> str | None:  # noqa: ARG002 - the protocol's
        """Return ``None``: an ID token has no type."""
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
        """Make the fourteen checks; step V5.

        Raises:
            Refused: With all fourteen, at least one of them refused.
        """
        service = resolved.service
        claim_map = service.profile.claim_map
        claims = flattened(signed.claims, claim_map) if claim_map.paths else signed.claims
        now, leeway = at.timestamp(), service.profile.leeway.total_seconds()
        issued_at = instant(claims, "iat")
        whole = times_are_whole(claims, _TIMES)
        nonce = _nonce(claims, expected=request.expected.nonce)
        time = _time(claims, now=now, leeway=leeway) if whole else _TIME_NOT_JUDGED
        in_force = signed_while_granted(IN_FORCE, service=service, issued_at=issued_at, at=resolved.judged_at(at))
        login, beside, all_claims = request.expected.login, _NO_USERINFO, claims
        if request.userinfo is not None:
            beside, all_claims = supplemented(USERINFO, signed.claims, request.userinfo, resolved=resolved, at=at)
        checks = (
            ISSUER.passed if claims.get("iss") == service.issuer else ISSUER.refused("issuer.unknown"),
            _encryption(request.encryption, rule=service.profile.encryption),
            ALGORITHM.passed,
            KEY.passed,
            _audience(claims, service=service, request=request),
            time,
            nonce,
            _authentication(claims, acr=claim_map.acr, now=now, leeway=leeway, expected=login),
            hash_check(HASHES, claims, algorithm=signed.header.algorithm, expected=login, nothing=_NOTHING_RECEIVED),
            _kind(claims, named=claim_map.sources),
            _subject(claims, listed=claim_map.subject),
            _form(claims, whole=whole, named=claim_map.sources),
            in_force,
            beside,
        )
        bound = nonce is NONCE.passed and time is TIME.passed
        return verified_by_claim_map(
            Format.ID_TOKEN,
            all_claims,
            signed=signed,
            service=service,
            holder=_LOGIN if bound else _BEARER,
            issued_at=issued_at,
            expires_at=instant(claims, "exp"),
            authenticated_at=instant(claims, "auth_time"),
            status_reference=referred_status(claims),
            checks=checks,
            in_force=in_force,
            one_time=(_once(claims, request=request, leeway=leeway),) if bound else (),
        )


ID_TOKEN: Final = IdTokenFormat()


def _audience(claims: Mapping[str, Any], *, service: TrustService, request: VerifyRequest) -> Check:
    """Judge ``aud`` and ``azp`` (id-token.5): everybody named has to be this relying party, or this node."""
    stated = claims.get("aud")
    audiences = [stated] if type(stated) is str else stated
    if not audiences:
        return AUDIENCE.refused("oidc.audience_missing")
    if not _are_texts(audiences):
        return AUDIENCE.refused("oidc.claim_malformed", "`aud` is a text or an array of texts")
    clients = request.relying_party.clients.get(service.issuer, _NOBODY)
    for entry in audiences:
        if entry not in clients and entry not in request.node_audiences:
            return _another_audience(clients | request.node_audiences)
    expected = request.expected.audience
    if expected is not None and expected not in audiences:
        return AUDIENCE.refused("oidc.audience_mismatch", f"the request expects the audience {expected}")
    if "azp" in claims or len(audiences) > 1:
        return _authorized_party(claims, audiences=audiences)
    return AUDIENCE.passed


def _are_texts(value: Any) -> bool:
    return type(value) is list and all(type(entry) is str for entry in value)


def _another_audience(accepted: frozenset[str]) -> Check:
    known = ", ".join(sorted(accepted)) or "none is registered at this issuer"
    return AUDIENCE.refused("oidc.audience_mismatch", f"accepted here: {known}")


def _authorized_party(claims: Mapping[str, Any], *, audiences: list[str]) -> Check:
    if "azp" not in claims:
        return AUDIENCE.refused("oidc.authorized_party_mismatch", "several audiences need an `azp`")
    party = claims["azp"]
    if type(party) is str and party in audiences:
        return AUDIENCE.passed
    return AUDIENCE.refused("oidc.authorized_party_mismatch", "`azp` is not among the audiences")


def _time(claims: Mapping[str, Any], *, now: float, leeway: float) -> Check:
    """Judge the validity period and the age of the token (id-token.6)."""
    if "exp" not in claims or "iat" not in claims:
        return TIME.refused("time.claim_missing", "an ID token has `exp` and `iat`")
    if now >= claims["iat"] + _AGE + leeway:
        return TIME.refused("time.too_old")
    return in_window(TIME, claims, now=now, leeway=leeway)


def _nonce(claims: Mapping[str, Any], *, expected: str | None) -> Check:
    """Judge ``nonce`` (id-token.7): the one that the request expects, or of the right type if it expects none."""
    stated = claims.get("nonce", "")
    if type(stated) is not str:
        return NONCE.refused("oidc.claim_malformed", "`nonce` is a text")
    if expected is None:
        return _NO_NONCE_EXPECTED
    if stated and stated == expected:
        return NONCE.passed
    return NONCE.refused("oidc.nonce_mismatch", "only the nonce that the request expects is accepted")


def _encryption(encryption: Encryption | None, *, rule: EncryptionRule) -> Check:
    """Judge how the token arrived (id-token.2): as its list says, or one of the two was put in the other's place."""
    if travelled_as_listed(encryption, rule=rule):
        return ENCRYPTION.passed
    return ENCRYPTION.refused("oidc.encryption_mismatch", "in the open" if encryption is None else "encrypted")


def _authentication(
    claims: Mapping[str, Any], *, acr: str, now: float, leeway: float, expected: LoginExpectations | None
) -> Check:
    """Judge what is said of the login (id-token.8). What the level is worth, the ladder of the listing says."""
    if type(claims.get(acr, "")) is not str or type(claims.get("acr", "")) is not str:
        return AUTHENTICATION.refused("oidc.claim_malformed", "the authentication level is a text")
    if "amr" in claims and not _are_texts(claims["amr"]):
        return AUTHENTICATION.refused("oidc.claim_malformed", "`amr` is an array of texts")
    authenticated = claims.get("auth_time", 0)
    if is_time(authenticated) and now < authenticated - leeway:
        return AUTHENTICATION.refused("time.issued_in_future", "the login lies in the future")
    if expected is None or expected.max_age is None:
        return AUTHENTICATION.passed
    if not is_time(claims.get("auth_time")):
        return AUTHENTICATION.refused("time.claim_missing", "`max_age` is expected, and the token has no `auth_time`")
    if now > claims["auth_time"] + expected.max_age.total_seconds() + leeway:
        return AUTHENTICATION.refused("oidc.login_too_old")
    return AUTHENTICATION.passed


def _kind(claims: Mapping[str, Any], *, named: frozenset[str]) -> Check:
    """Refuse tokens of another kind (id-token.10), whatever their ``typ`` says.

    A scope is what an access token is for; it may stand in an ID token only as a claim that the listing reads.
    """
    if _TELLING.isdisjoint(claims):
        return KIND.passed
    if not FORBIDDEN.isdisjoint(claims) or any(claims.keys() >= pair for pair in PAIRS):
        return KIND.refused("oidc.token_confusion")
    if "scope" in claims and "scope" not in named:
        return KIND.refused("oidc.token_confusion", "`scope` is an access token's")
    if ACTOR in claims and not any(name.removeprefix(PATH).partition(".")[0] == ACTOR for name in named):
        return KIND.refused("oidc.token_confusion", "`act` says that somebody else acts, in no way that the list tells")
    for name, own in KIND_CLAIMS.items():
        if name in claims and claims[name] != own:
            return KIND.refused("oidc.token_confusion", f"`{name}` says that it is no ID token")
    return KIND.passed


def _subject(claims: Mapping[str, Any], *, listed: str) -> Check:
    """Judge ``sub``, and the claim that the listing names for it (id-token.11)."""
    subject = subject_of(claims, "sub")
    if subject is None or not subject.isascii():
        return SUBJECT.refused("oidc.subject_invalid")
    if listed != "sub" and subject_of(claims, listed) is None:
        return SUBJECT.refused("oidc.subject_invalid", "the claim that the listing names for the subject is missing")
    return SUBJECT.passed


def _form(claims: Mapping[str, Any], *, whole: bool, named: frozenset[str]) -> Check:
    """Judge the form of the times (id-token.12) and count what nothing here reads."""
    if not whole:
        return FORM.refused("time.claim_malformed")
    if "jti" in claims and type(claims["jti"]) is not str:
        return FORM.refused("oidc.claim_malformed", "`jti` is a text")
    unread = [name for name in claims.keys() - _PROFILE - named if not name.startswith(PATH)]
    return _FORM_PASSED[min(len(unread), _MAX_COUNTED)]


def _once(claims: Mapping[str, Any], *, request: VerifyRequest, leeway: float) -> OneTimeValue:
    """Return the nonce as a one-time value, kept until the token is too old or expired; its times are good."""
    until = min(claims["exp"], claims["iat"] + _AGE) + leeway
    return nonce_once(request, issuer=claims["iss"], until=until)
