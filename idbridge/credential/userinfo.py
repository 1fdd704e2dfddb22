"""A signed userinfo response as a supplement to an ID token: claims of the same person, from the same provider.

Decides whether a JWS is the userinfo response of this very login: signed with a key of the same listed service that is
neither denied nor ended, by the same issuer, for the same client, about the same subject, and dated while the service
was granted. Then its claims stand beside those of the token, and where both have one, the token's counts. It never
brings what decides trust: level, times, nonce, status or subject, nor whom somebody acts for, by which power.
An unsigned response proves nothing and is no JWS. Clauses: OpenID Connect Core 1.0, sections 5.3.2 and 5.3.4; RFC 8725.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.credential.token_kinds import FORBIDDEN, KIND_CLAIMS, PAIRS
from idbridge.credential.validity import in_window, instant, times_are_whole
from idbridge.credential.verified import signed_while_granted
from idbridge.crypto import signature
from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified
from idbridge.errors import IssuerError, JoseError, Refusal
from idbridge.limits import LIMITS
from idbridge.model.check import Check, CheckPoint
from idbridge.model.credential import UnverifiedJws
from idbridge.model.keys import PublicKey
from idbridge.model.login import Encryption, Userinfo
from idbridge.model.trust import PATH, ClaimMap, EncryptionRule, TrustService
from idbridge.trust.resolver import ResolvedKey

HEADER: Final = HeaderRules(types=frozenset({"", "jwt"}))
# What says of whom, for whom and when a statement is, and what decides trust: read from the ID token alone.
_PROTOCOL: Final = frozenset({
    "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "azp", "nonce", "auth_time", "acr", "amr", "status",
})  # fmt: skip
# What an ID token, an access token, a refresh token or a credential carries, and no userinfo response. What says of a
# login how and when it was made, or of which kind a token is, has no business in a statement about a person.
_OTHER_KINDS: Final = FORBIDDEN.union(KIND_CLAIMS, {
    "nonce", "at_hash", "c_hash", "s_hash", "scope", "client_id", "auth_time", "amr", "azp",
})  # fmt: skip
_TIMES: Final = ("exp", "iat", "nbf")
_MISMATCH: Final = "oidc.userinfo_mismatch"


def supplemented(
    point: CheckPoint,
    claims: Mapping[str, Any],
    userinfo: Userinfo,
    *,
    resolved: ResolvedKey,
    at: datetime,
) -> tuple[Check, Mapping[str, Any]]:
    """Return whether ``userinfo`` belongs to the ID token of ``claims``, and the claims of both; else those alone."""
    service = resolved.service
    try:
        stated = _signed(userinfo, resolved)
    except Refusal as refusal:
        return point.refused(refusal.code, refusal.detail), claims
    check = _judged(point, stated, claims, userinfo, service=service, at=at)
    if check.reason is not None:
        return check, claims
    return check, {**_further(stated, service.profile.claim_map), **claims}


def _signed(userinfo: Userinfo, resolved: ResolvedKey) -> Mapping[str, Any]:
    """Return what the response says, once its signature verified with a key of the service that signed the token.

    Raises:
        Refusal: It did not open, is no JWS, or is not signed so.
    """
    if userinfo.encryption is not None and userinfo.encryption.refused is not None:
        raise Refusal(userinfo.encryption.refused)
    jws = parse_unverified(userinfo.text, HEADER, HeaderCache(1))
    stated = strict_json.parse_object(jws.payload, max_bytes=LIMITS.token_bytes)
    algorithms = resolved.service.profile.algorithms
    return signature.verify(jws, claims=stated, key=_key(jws, resolved), algorithms=algorithms).claims


def _key(jws: UnverifiedJws, resolved: ResolvedKey) -> PublicKey:
    """Return the key that the response names: the token's own, or a listed one that is neither denied nor ended.

    Without a name only the token's own will do.

    Raises:
        IssuerError: ``issuer.denied``, ``issuer.withdrawn`` or ``issuer.compromised``: so is the key.
        JoseError: ``jose.kid_unknown``.
    """
    kid = jws.header.kid
    if kid is None or kid == resolved.key.kid:
        return resolved.key
    for key, refused in resolved.siblings:
        if key.kid != kid:
            continue
        if refused is not None:
            raise IssuerError(refused, "the key of the userinfo response")
        return key
    raise JoseError("jose.kid_unknown", "the userinfo response names a key that its issuer does not list")


def _judged(
    point: CheckPoint,
    stated: Mapping[str, Any],
    claims: Mapping[str, Any],
    userinfo: Userinfo,
    *,
    service: TrustService,
    at: datetime,
) -> Check:
    leeway = service.profile.leeway.total_seconds()
    if not _OTHER_KINDS.isdisjoint(stated) or any(stated.keys() >= pair for pair in PAIRS):
        return point.refused("oidc.token_confusion", "a token of another kind in place of a userinfo response")
    if not travelled_as_listed(userinfo.encryption, rule=service.profile.encryption):
        how = "in the open" if userinfo.encryption is None else "encrypted"
        return point.refused("oidc.encryption_mismatch", f"the userinfo response came {how}")
    if stated.get("iss") != service.issuer:
        return point.refused(_MISMATCH, "the userinfo response is of another issuer")
    if type(stated.get("sub")) is not str or stated["sub"] != claims.get("sub"):
        return point.refused(_MISMATCH, "the userinfo response is about another subject")
    if not _same_client(stated.get("aud"), claims.get("aud")):
        return point.refused(_MISMATCH, "the userinfo response is for another client")
    if not times_are_whole(stated, _TIMES):
        return point.refused("time.claim_malformed", "a time of the userinfo response")
    if "iat" not in stated:
        return point.refused("time.claim_missing", "a userinfo response says when it was made")
    now = at.timestamp()
    if now >= stated["iat"] + LIMITS.id_token_age.total_seconds() + leeway:
        return point.refused("time.too_old", "the userinfo response")
    window = in_window(point, stated, now=now, leeway=leeway)
    if window.reason is not None:
        return window
    return signed_while_granted(point, service=service, issued_at=instant(stated, "iat"), at=at)


def travelled_as_listed(encryption: Encryption | None, *, rule: EncryptionRule) -> bool:
    """Tell whether a token or a response arrived as its list says: encrypted, in the open, or either."""
    return rule is EncryptionRule.ALLOWED or (rule is EncryptionRule.NONE) is (encryption is None)


def _same_client(stated: Any, audiences: Any) -> bool:
    """Tell whether everybody whom the response is for is somebody whom the token is for."""
    named, accepted = ([one] if type(one) is str else one for one in (stated, audiences))
    if type(named) is not list or type(accepted) is not list or not named:
        return False
    return all(type(one) is str and one in accepted for one in named)


def _further(stated: Mapping[str, Any], claim_map: ClaimMap) -> dict[str, Any]:
    """Return what a response may add: everything but the claims that decide trust, and those that these stand in.

    Who somebody is, at which level, for whom and with which power: a claim of any of it is left out whole, so that no
    path leads to what the ID token did not say.
    """
    deciding = {claim_map.subject, claim_map.acr}
    if claim_map.mandate is not None:
        deciding.add(claim_map.mandate)
    if claim_map.entity is not None:
        deciding |= claim_map.entity.sources
    own = _PROTOCOL.union(_root(name) for name in deciding)
    return {name: value for name, value in stated.items() if name not in own and not name.startswith(PATH)}


def _root(name: str) -> str:
    """Return the claim that ``name`` is, or that its path begins with."""
    return name.split(".", 2)[1] if name.startswith(PATH) else name
