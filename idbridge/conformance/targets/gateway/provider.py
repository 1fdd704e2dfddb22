"""The gateway as an OpenID provider: what it publishes, what may be pushed to it, and where it sends browsers."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.gateway.findings import granted, refusal, refusal_or
from idbridge.conformance.targets.gateway.suite import CALLBACK, CLIENT, Suite
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.crypto.algorithms import find
from idbridge.errors import JoseError

CONFIGURATION: Final = "/.well-known/openid-configuration"
JWKS: Final = "/.well-known/jwks.json"
PAR: Final = "/oauth/par"
AUTHORIZE: Final = "/oauth/authorize"
ISS: Final = "oidc-issuer-mismatch"
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_REDIRECTS: Final = range(300, 400)
_KNOWS: Final = frozenset({"code", "state", "iss", "error", "error_description"})


def discovery(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Look at one aspect of the discovery document, or of the key set that it names."""
    document = granted(suite.wire.send("GET", CONFIGURATION)).document()
    return _ASPECTS[parameters["aspect"]](suite, document)


def _issuer(suite: Suite, document: Mapping[str, Any]) -> Finding | None:
    return None if document["issuer"] == suite.issuer else Finding(ISS, "the document is of another issuer")


def _code_flow(_suite: Suite, document: Mapping[str, Any]) -> Finding | None:
    right = document["response_types_supported"] == ["code"]
    return None if right else Finding("oidc-flow", "another response type than code is offered")


def _pkce(_suite: Suite, document: Mapping[str, Any]) -> Finding | None:
    right = document["code_challenge_methods_supported"] == ["S256"]
    return None if right else Finding("oidc-flow", "PKCE is offered otherwise than by S256 alone")


def _iss_parameter(_suite: Suite, document: Mapping[str, Any]) -> Finding | None:
    right = document.get("authorization_response_iss_parameter_supported") is True
    return None if right else Finding(ISS, "the issuer is not promised in authorization responses")


def _own_addresses(suite: Suite, document: Mapping[str, Any]) -> Finding | None:
    named = {name: value for name, value in document.items() if name.endswith(("_endpoint", "jwks_uri"))}
    home = urlsplit(suite.issuer).netloc
    away = [
        name for name, value in named.items() if urlsplit(value).netloc not in (home, urlsplit(suite.wire.url).netloc)
    ]
    return Finding("oidc-endpoint", f"{', '.join(away)} is elsewhere") if away or not named else None


def _algorithms(_suite: Suite, document: Mapping[str, Any]) -> Finding | None:
    named = [
        one for name, values in document.items() if name.endswith("signing_alg_values_supported") for one in values
    ]
    try:
        for one in named:
            find(one)
    except JoseError as refusal_:
        return Finding.of(refusal_, "an algorithm that is offered")
    return None if named else Finding("jose.alg_not_allowed", "no algorithm is offered")


def _keys(suite: Suite, _document: Mapping[str, Any]) -> Finding | None:
    keys = granted(suite.wire.send("GET", JWKS)).document()["keys"]
    if any(not _PRIVATE.isdisjoint(key) for key in keys):
        return Finding("jose-key-private", "a private or shared key is published")
    names = [key["kid"] for key in keys]
    return None if names and len(set(names)) == len(names) else Finding("jose-key-ambiguous", "two keys of one name")


_ASPECTS: Final[Mapping[str, Callable[[Suite, Mapping[str, Any]], Finding | None]]] = MappingProxyType({
    "issuer": _issuer, "code-flow": _code_flow, "pkce": _pkce, "iss-parameter": _iss_parameter,
    "own-addresses": _own_addresses, "algorithms": _algorithms, "keys": _keys,
})  # fmt: skip


def pushing(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Push a request that is good but for what the case changes: ``client``, ``request``, ``assertion``, ``key``.

    ``again`` pushes the very same form a second time, its client assertion included; ``form`` adds to the form.
    """
    form = _form(suite, parameters)
    if parameters.get("again"):
        granted(suite.post(PAR, form))
    return refusal_or(suite.post(PAR, form), "request_uri")


def pushed(suite: Suite, client: str = CLIENT, **request: Any) -> str:
    """Return the ``request_uri`` of a good request."""
    form = {**suite.proves(client), **suite.asked(client, request)}
    return str(granted(suite.post(PAR, form)).document()["request_uri"])


def authorizing(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Send a browser to the authorization endpoint with a pushed request.

    ``request`` changes what is pushed, ``query`` what the browser brings (``None`` leaves out, ``{plain}`` is the
    request in the open), ``client`` who the browser says it is.
    """
    client = parameters.get("client", CLIENT)
    query: dict[str, Any] = {"client_id": client}
    if parameters.get("unpushed"):
        query |= suite.asked(client, parameters.get("request", {}))
    else:
        query["request_uri"] = pushed(suite, **parameters.get("request", {}))
    query |= parameters.get("query", {})
    sent = urlencode({name: value for name, value in query.items() if value is not None})
    reply = suite.wire.send("GET", f"{AUTHORIZE}?{sent}{parameters.get('more', '')}")
    return landed(suite, reply)


def landed(suite: Suite, reply: Reply) -> Finding | None:
    """Return where a browser was sent: on within the gateway is nothing to find, back with an error is that error."""
    if reply.status not in _REDIRECTS:
        found = refusal(reply)
        return found or Finding("redirect.none", "the browser is sent nowhere")
    parts = urlsplit(reply.headers.get("location", ""))
    if parts.netloc in ("", urlsplit(suite.wire.url).netloc, urlsplit(suite.issuer).netloc):
        return None
    address, _, query = reply.headers["location"].partition("?")
    if address != CALLBACK:
        return Finding("redirect.elsewhere", "the browser is sent to an address that is not registered")
    return _response(suite, dict(parse_qsl(query)))


def _response(suite: Suite, told: Mapping[str, str]) -> Finding | None:
    if told.get("iss") != suite.issuer:
        return Finding(ISS, "the authorization response does not say whose it is")
    if told.get("state") not in (None, "state-1") or not told.keys() <= _KNOWS:
        return Finding("oidc-state", "the authorization response repeats what it was not told")
    if "error" in told:
        return Finding(told["error"], f"back to the client with {told['error']}")
    raise NoVerdictError(FaultKind.MALFORMED, f"{HTTPStatus.SEE_OTHER}: a code for nobody")


def _form(suite: Suite, parameters: Mapping[str, Any]) -> dict[str, str]:
    client = parameters.get("client", CLIENT)
    proved = suite.proves(client, key=parameters.get("key", "bank"), changes=parameters.get("assertion", {}))
    kept = {} if parameters.get("unproved") else proved
    return {**kept, **suite.asked(client, parameters.get("request", {})), **parameters.get("form", {})}


PROCEDURES: Final[Mapping[str, Procedure[Suite]]] = MappingProxyType(
    {"discovery": discovery, "push": pushing, "authorize": authorizing}
)
