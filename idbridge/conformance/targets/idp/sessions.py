"""Over time: the exchange of a provider's keys, and the end of a session. Each as far as the provider offers it.

A key is published before it is used and stays published while tokens of it count. Who logs out is logged out at every
client, by a token that is no ID token. Clauses: OpenID Connect Core 1.0 section 10.1.1; OpenID Connect RP-Initiated
Logout 1.0 sections 2 and 3; OpenID Connect Back-Channel Logout 1.0 sections 2.4 to 2.7.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from idbridge.conformance.answer import FaultKind, Observation
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.targets.idp.party import Tools
from idbridge.conformance.targets.idp.produced import opened, verified
from idbridge.conformance.targets.idp.published import entries, key_set
from idbridge.conformance.targets.idp.verdicts import ACCEPTED, FindingError, Granted, granted, refused
from idbridge.conformance.targets.idp.walks import Landing, listening
from idbridge.conformance.targets.idp.wire import NoVerdictError
from idbridge.credential.encrypted import received
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.logout_token import HEADER, verify_logout_token
from idbridge.oidc.signed_jwt import read_unverified
from idbridge.oidc.upstream import keys_to_try

_END: Final = "end_session_endpoint"
_PUBLISH: Final = "publish"
_USE: Final = "use"


def _kids(tools: Tools) -> set[str]:
    return {str(one.get("kid")) for one in entries(tools)}


def _rotated(tools: Tools, step: str) -> None:
    if tools.rotate is None:
        raise NoVerdictError(FaultKind.UNREACHABLE, "nobody can tell the provider to exchange its keys")
    tools.rotate(step)


def _published_first(tools: Tools) -> None:
    """Demand that a new key is published while tokens are still signed by an old one."""
    before = _kids(tools)
    _rotated(tools, _PUBLISH)
    login, added = granted(tools), _kids(tools) - before
    kid = opened(tools, login.id_token)[0].header.kid
    verified(tools, login.id_token)
    _rotated(tools, _USE)
    if not added:
        raise FindingError("jose.kid_unknown", "no new key was published before its use")
    if kid in added:
        raise FindingError("jose.kid_unknown", "the new key signs before anybody could know of it")


def _used_after(tools: Tools) -> None:
    """Demand that tokens are signed by the new key once it is used, and that they verify."""
    before = _kids(tools)
    _rotated(tools, _PUBLISH)
    _rotated(tools, _USE)
    login = granted(tools)
    verified(tools, login.id_token)
    if opened(tools, login.id_token)[0].header.kid in before:
        raise FindingError("jose.kid_unknown", "tokens are signed by an old key after the exchange")


def _old_verifies(tools: Tools) -> None:
    """Demand that a token from before the exchange verifies by the key set from after it."""
    login = granted(tools)
    _rotated(tools, _PUBLISH)
    _rotated(tools, _USE)
    verified(tools, login.id_token)


ROTATION: Final[Mapping[str, Callable[[Tools], None]]] = MappingProxyType({
    "published-first": _published_first, "used-after": _used_after, "old-verifies": _old_verifies,
})  # fmt: skip


def _hint(tools: Tools, login: Granted) -> str:
    """Return the signed ID token; one that came encrypted is opened first (RP-Initiated Logout 1.0 section 2)."""
    return received(login.id_token, tools.settings.decryption_keys)[0]


def _left(tools: Tools, login: Granted, parameters: Mapping[str, str], *, ends: tuple[str, ...]) -> Landing:
    url = f"{tools.endpoint(_END)}?{urlencode(parameters)}"
    return login.browser.walk(url, ends=ends)


def logged_out(tools: Tools, case: ConformanceCase) -> Observation:
    """Log out in the browser that logged in, and see where it is sent."""
    registered = tools.settings.post_logout_redirect_uri or ""
    asked = str(case.input.get("address", "{registered}")).replace("{registered}", registered)
    login, state = granted(tools), tools.random()
    hint = {"id_token_hint": _hint(tools, login)} if case.input.get("hint", True) else {}
    parameters = {**hint, "client_id": tools.own.id, "post_logout_redirect_uri": asked, "state": state}
    landing = _left(tools, login, parameters, ends=(registered, asked))
    if landing.address is None:
        return Observation(refused(None, case), sent="a request to log out", received=landing.shown)
    if parse_qs(landing.query).get("state") != [state]:
        raise FindingError("oidc.nonce_mismatch", "the state of the logout did not come back")
    return Observation(ACCEPTED, sent="a request to log out", received="the browser was sent on")


def told(tools: Tools, case: ConformanceCase) -> Observation:
    """Log out, and judge the logout token that comes to the suite's back channel."""
    address = tools.settings.backchannel_logout_uri or ""
    login = granted(tools)
    claims: dict[str, Any] = opened(tools, login.id_token)[1]
    with listening(address) as listener:
        _left(tools, login, {"id_token_hint": _hint(tools, login), "client_id": tools.own.id}, ends=())
        body = listener.received()[1]
    token = parse_qs(body.decode("ascii", "replace")).get("logout_token", [""])[0]
    unverified, _ = read_unverified(token, HEADER, max_bytes=len(token) + 1)
    header, algorithms = unverified.header, tools.settings.algorithms
    keys = keys_to_try(key_set(tools), kid=header.kid, algorithm=header.algorithm, allowed=algorithms)
    try:
        found = verify_logout_token(
            token, issuer=tools.issuer, client_id=tools.own.id, keys=keys, algorithms=algorithms, at=tools.clock.now()
        )
    except OAuthError as error:
        raise FindingError(error.code, f"the logout token: {error.description}") from None
    if found.subject not in (None, claims.get("sub")) or found.session not in (None, claims.get("sid")):
        raise FindingError("oidc.subject_invalid", "the logout token is about somebody else, or another session")
    return Observation(ACCEPTED, sent=f"a logout ({case.id})", received="a logout token")
