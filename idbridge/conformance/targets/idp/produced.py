"""What a provider makes in a login, judged: its responses, its ID token and what it says at userinfo.

One aspect at a time, so that a finding names one requirement. Signatures, keys and forms are judged by what our own
node uses for them; nothing is taken from a token that the suite did not ask for. Clauses: OpenID Connect Core 1.0
sections 2, 3.1.3.3, 3.1.3.6, 3.1.3.7 and 5.3; RFC 6749 section 5.1; RFC 8725; RFC 9207.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance.targets.idp.party import Tools, userinfo
from idbridge.conformance.targets.idp.published import key_set
from idbridge.conformance.targets.idp.verdicts import FindingError, Granted
from idbridge.credential.encrypted import received
from idbridge.credential.id_token import HEADER, OPTIONAL, REQUIRED
from idbridge.credential.login_hashes import CLAIMS, half_hash
from idbridge.credential.token_kinds import FORBIDDEN, KIND_CLAIMS, PAIRS
from idbridge.limits import LIMITS
from idbridge.model.credential import UnverifiedJws
from idbridge.oidc.signed_jwt import read_unverified, require_not_ahead, time_claim, verify_with_any
from idbridge.oidc.upstream import keys_to_try, read_token_response

_OK: Final = 200


def opened(tools: Tools, token: str) -> tuple[UnverifiedJws, dict[str, Any]]:
    """Return an ID token or a signed userinfo response taken apart, opened first if it came encrypted.

    Raises:
        FindingError: It did not open. InputError, JoseError: It is no signed object.
    """
    text, encryption = received(token, tools.settings.decryption_keys)
    if encryption is not None and encryption.refused is not None:
        raise FindingError(encryption.refused, "it does not open with the registered key")
    return read_unverified(text, HEADER, max_bytes=LIMITS.token_bytes)


def verified(tools: Tools, token: str) -> Mapping[str, Any]:
    """Return the claims of a token that is signed by a published key, by a listed algorithm.

    Raises:
        FindingError, JoseError, UpstreamError: It is not.
    """
    unverified, claims = opened(tools, token)
    header = unverified.header
    keys = keys_to_try(key_set(tools), kid=header.kid, algorithm=header.algorithm, allowed=tools.settings.algorithms)
    return verify_with_any(unverified, claims, keys, algorithms=tools.settings.algorithms).claims


def _claims(tools: Tools, login: Granted) -> dict[str, Any]:
    return opened(tools, login.id_token)[1]


def _signature(tools: Tools, login: Granted) -> None:
    verified(tools, login.id_token)


def _names_key(tools: Tools, login: Granted) -> None:
    if opened(tools, login.id_token)[0].header.kid is None:
        raise FindingError("jose.kid_missing", "the header names no key, and a set may hold several")


def _issuer(tools: Tools, login: Granted) -> None:
    if _claims(tools, login).get("iss") != tools.issuer:
        raise FindingError("issuer.unknown", "`iss` is another issuer")


def _audience(tools: Tools, login: Granted) -> None:
    claims = _claims(tools, login)
    if "aud" not in claims:
        raise FindingError("oidc.audience_missing", "there is no `aud`")
    if claims["aud"] not in (tools.own.id, [tools.own.id]):
        raise FindingError("oidc.audience_mismatch", "`aud` is not the client that asked, and that client alone")
    if claims.get("azp", tools.own.id) != tools.own.id:
        raise FindingError("oidc.authorized_party_mismatch", "`azp` is another client")


def _nonce(tools: Tools, login: Granted) -> None:
    if _claims(tools, login).get("nonce") != login.login.nonce:
        raise FindingError("oidc.nonce_mismatch", "`nonce` is not the one of the request")


def _times(tools: Tools, login: Granted) -> None:
    claims, now = _claims(tools, login), tools.clock.now().timestamp()
    expires, issued = time_claim(claims, "exp"), time_claim(claims, "iat")
    require_not_ahead(claims, now=now)
    if expires <= now or expires <= issued:
        raise FindingError("time.expired", "it is over already")
    if now - issued > LIMITS.clock_leeway.total_seconds():
        raise FindingError("time.too_old", "`iat` is long before the request")
    if expires - issued > LIMITS.id_token_age.total_seconds():
        raise FindingError("time.too_old", "it counts for longer than a day")
    if "auth_time" in claims and time_claim(claims, "auth_time") > now + LIMITS.clock_leeway.total_seconds():
        raise FindingError("time.issued_in_future", "`auth_time` lies ahead")


def _hashes(tools: Tools, login: Granted) -> None:
    unverified, claims = opened(tools, login.id_token)
    values = dict(zip(CLAIMS, (login.access_token, login.code, login.login.state), strict=True))
    for name in CLAIMS:
        if name in claims and claims[name] != half_hash(values[name], algorithm=unverified.header.algorithm):
            raise FindingError("oidc.hash_mismatch", f"`{name}` is of another value")


def _level(tools: Tools, login: Granted) -> None:
    claims, levels = _claims(tools, login), tools.settings.levels
    stated = claims.get(tools.settings.level_claim)
    if not isinstance(stated, str):
        raise FindingError("recognition.loa_too_low", "no level is stated, which counts as the lowest")
    if levels and stated not in levels:
        raise FindingError("recognition.loa_too_low", "a level is stated that is not listed")


def _kind(tools: Tools, login: Granted) -> None:
    claims = _claims(tools, login)
    if not FORBIDDEN.isdisjoint(claims) or any(claims.keys() >= pair for pair in PAIRS):
        raise FindingError("oidc.token_confusion", "it has claims of a token of another kind")
    if any(claims.get(name, own) != own for name, own in KIND_CLAIMS.items()):
        raise FindingError("oidc.token_confusion", "it says itself that it is no ID token")


def _subject(tools: Tools, login: Granted) -> None:
    subject = _claims(tools, login).get("sub")
    fits = isinstance(subject, str) and 0 < len(subject) <= LIMITS.identifier_characters and subject.isascii()
    if not fits:
        raise FindingError("oidc.subject_invalid", "`sub` is no ASCII text of 1 to 255 characters")


def _accounted(tools: Tools, login: Granted) -> None:
    claims = _claims(tools, login)
    missing = REQUIRED - claims.keys()
    if missing:
        raise FindingError("oidc.claim_malformed", f"missing: {', '.join(sorted(missing))}")
    texts = {name for name in (REQUIRED | OPTIONAL) & claims.keys() if claims[name] in (None, "", [], {})}
    if texts:
        raise FindingError("oidc.claim_malformed", f"empty: {', '.join(sorted(texts))}")


def _travelled(tools: Tools, login: Granted) -> None:
    _, encryption = received(login.id_token, tools.settings.decryption_keys)
    if tools.settings.decryption_keys and encryption is None:
        raise FindingError("oidc.encryption_mismatch", "it came in the open, though a key is registered to encrypt to")


def _response(tools: Tools, login: Granted) -> None:
    read_token_response(login.reply.body, status=login.reply.status, bound=tools.settings.fapi)


def _not_kept(tools: Tools, login: Granted) -> None:  # noqa: ARG001 - as every aspect
    if "no-store" not in login.reply.headers.get("cache-control", "").lower():
        raise FindingError("system.fetch_failed", "the token response may be kept by caches")


def _short_lived(tools: Tools, login: Granted) -> None:  # noqa: ARG001 - as every aspect
    seconds = login.reply.document().get("expires_in")
    longest = LIMITS.conformance_wait.total_seconds()
    if not isinstance(seconds, int) or not 0 < seconds <= longest:
        raise FindingError("time.too_old", "the access token does not say that it is over within minutes")


def _no_refresh(tools: Tools, login: Granted) -> None:  # noqa: ARG001 - as every aspect
    if "refresh_token" in login.reply.document():
        raise FindingError("oidc.token_confusion", "a refresh token that nobody asked for")


def _stated(tools: Tools, login: Granted) -> Mapping[str, Any]:
    """Return what the provider says at userinfo, verified where it is signed."""
    reply = userinfo(tools, login.login, login.access_token).reply
    if reply.status != _OK:
        raise FindingError("oidc.userinfo_mismatch", f"userinfo answers {reply.status} to a good token")
    if "jwt" not in reply.headers.get("content-type", ""):
        return reply.document()
    return verified(tools, reply.body.decode("ascii", "replace"))


def _same_person(tools: Tools, login: Granted) -> None:
    if _stated(tools, login).get("sub") != _claims(tools, login).get("sub"):
        raise FindingError("oidc.userinfo_mismatch", "userinfo is about another subject than the ID token")


def _same_parties(tools: Tools, login: Granted) -> None:
    stated = _stated(tools, login)
    if stated.get("iss", tools.issuer) != tools.issuer or stated.get("aud", tools.own.id) not in (
        tools.own.id,
        [tools.own.id],
    ):
        raise FindingError("oidc.userinfo_mismatch", "userinfo is of another issuer, or for another client")


def _no_other_kind(tools: Tools, login: Granted) -> None:
    if not FORBIDDEN.isdisjoint(_stated(tools, login)) or "nonce" in _stated(tools, login):
        raise FindingError("oidc.token_confusion", "userinfo has claims of a token")


def _complete(tools: Tools, login: Granted) -> None:
    _response(tools, login)
    verified(tools, login.id_token)
    _audience(tools, login)
    _nonce(tools, login)


Aspect = Callable[[Tools, Granted], None]
LOGIN: Final[Mapping[str, Aspect]] = MappingProxyType({
    "complete": _complete, "response": _response, "not-kept": _not_kept, "short-lived": _short_lived,
    "no-refresh": _no_refresh, "signature": _signature, "names-key": _names_key, "issuer": _issuer,
    "audience": _audience, "nonce": _nonce, "times": _times, "hashes": _hashes, "level": _level, "kind": _kind,
    "subject": _subject, "accounted": _accounted, "travelled": _travelled, "same-person": _same_person,
    "same-parties": _same_parties, "no-other-kind": _no_other_kind,
})  # fmt: skip
