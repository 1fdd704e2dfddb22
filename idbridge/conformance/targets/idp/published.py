"""What a provider publishes of itself, judged: its discovery document and its key set, one aspect at a time.

The document is narrowed as our own node narrows it, and must be honest: what it promises, the other cases demand.
Clauses: OpenID Connect Discovery 1.0 sections 3 and 4.3; RFC 8414 sections 2 and 3.3; RFC 9126 section 5; RFC 9207
section 3; RFC 7517 sections 4 and 5; FAPI 2.0 Security Profile sections 5.3.2 and 5.4.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.idp.party import Tools
from idbridge.conformance.targets.idp.verdicts import FindingError
from idbridge.conformance.targets.idp.wire import NoVerdictError
from idbridge.crypto.algorithms import ALGORITHMS, permitted
from idbridge.crypto.keys import PRIVATE_MEMBERS, parse_jwk
from idbridge.errors import JoseError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.oidc.client import SIGNATURE_ALGORITHMS
from idbridge.oidc.pkce import METHOD
from idbridge.oidc.upstream_discovery import ListedProvider, discovery_address, narrowed

_OK: Final = 200
_UNUSABLE: Final = "issuer.service_not_listed"
_MALFORMED: Final = "system.fetch_failed"
_NO_KEY_SET: Final = "status.key_set_invalid"
_SECRETS: Final = frozenset({"client_secret_basic", "client_secret_post", "client_secret_jwt", "none"})


def listed_provider(tools: Tools) -> ListedProvider:
    """Return what a trust list would say of the provider: the bound that its own document can only narrow."""
    place, settings = tools.wire.place, tools.settings
    hosts = {urlsplit(place.issuer).netloc, urlsplit(place.url).netloc, *place.hosts}
    return ListedProvider(
        issuer=tools.issuer,
        client_id=tools.own.id,
        redirect_uri=settings.redirect_uri,
        algorithms=settings.algorithms,
        hosts=frozenset(hosts),
        fapi=settings.fapi,
        environment=Environment.SANDBOX if place.local else Environment.LIVE,
    )


def _fetched(tools: Tools, address: str) -> bytes:
    reply = tools.wire.get(address)
    if reply.status != _OK:
        raise FindingError(_MALFORMED, f"{address} answers {reply.status}")
    return reply.body


def _texts(tools: Tools, name: str) -> list[Any]:
    value = tools.document.get(name, [])
    if not isinstance(value, list):
        raise FindingError(_MALFORMED, f"`{name}` is no array")
    return value


def _issuer(tools: Tools) -> None:
    if tools.document.get("issuer") != tools.issuer:
        raise FindingError("issuer.unknown", "`issuer` is another than the one under which the document was fetched")


def _narrowed(tools: Tools) -> None:
    narrowed(_fetched(tools, discovery_address(listed_provider(tools))), listed_provider(tools))


def _key_address(tools: Tools) -> None:
    tools.wire.place.reached(tools.endpoint("jwks_uri"))


def _token_algorithms(tools: Tools) -> None:
    offered = _texts(tools, "id_token_signing_alg_values_supported")
    if any(not isinstance(one, str) or one not in ALGORITHMS for one in offered):
        raise FindingError("jose.alg_not_allowed", "ID tokens are offered by an algorithm outside the closed table")
    if not any(permitted(one, frozenset(offered)) for one in tools.settings.algorithms):
        raise FindingError(_UNUSABLE, "none of the listed algorithms is offered")


def _proof_algorithms(tools: Tools) -> None:
    for name in ("dpop_signing_alg_values_supported", "token_endpoint_auth_signing_alg_values_supported"):
        offered = _texts(tools, name)
        if not offered or not any(one in SIGNATURE_ALGORITHMS for one in offered):
            raise FindingError(_UNUSABLE, f"`{name}` offers nothing that FAPI 2.0 allows")
        if "none" in offered or any(str(one).startswith("HS") for one in offered):
            raise FindingError("jose.alg_not_allowed", f"`{name}` offers what is no signature")


def _code_flow(tools: Tools) -> None:
    if "code" not in _texts(tools, "response_types_supported"):
        raise FindingError(_UNUSABLE, "the code flow is not offered")
    if "authorization_code" not in tools.document.get("grant_types_supported", ["authorization_code"]):
        raise FindingError(_UNUSABLE, "the grant `authorization_code` is not offered")


def _only_code(tools: Tools) -> None:
    tokens = [one for one in _texts(tools, "response_types_supported") if "token" in str(one).split()]
    if tokens:
        raise FindingError("oidc.token_confusion", "a response type hands access tokens to browsers")


def _pkce(tools: Tools) -> None:
    methods = _texts(tools, "code_challenge_methods_supported")
    if METHOD not in methods:
        raise FindingError(_UNUSABLE, "PKCE with S256 is not offered")
    if "plain" in methods:
        raise FindingError("input.member_unsupported", "PKCE is offered with `plain`, which protects nothing")


def _names_issuer(tools: Tools) -> None:
    if tools.document.get("authorization_response_iss_parameter_supported") is not True:
        raise FindingError("issuer.missing", "the response is not promised to name its issuer (RFC 9207)")


def _pushes(tools: Tools) -> None:
    tools.wire.place.reached(tools.endpoint("pushed_authorization_request_endpoint"))
    if tools.document.get("require_pushed_authorization_requests") is not True:
        raise FindingError(_UNUSABLE, "requests need not be pushed, says the document")


def _by_key_alone(tools: Tools) -> None:
    methods = _texts(tools, "token_endpoint_auth_methods_supported")
    if "private_key_jwt" not in methods:
        raise FindingError(_UNUSABLE, "`private_key_jwt` is not offered")
    if not _SECRETS.isdisjoint(map(str, methods)):
        raise FindingError("policy.unauthenticated", "clients may authenticate by a secret, or not at all")


def _authenticates(tools: Tools) -> None:
    wanted = ("private_key_jwt",) if tools.own.signer is not None else ("client_secret_basic",)
    methods = tools.document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if not isinstance(methods, list) or wanted[0] not in methods:
        raise FindingError(_UNUSABLE, f"`{wanted[0]}` is not offered, though the suite's client is registered for it")


Aspect = Callable[[Tools], None]
DISCOVERY: Final[Mapping[str, Aspect]] = MappingProxyType({
    "issuer": _issuer, "narrowed": _narrowed, "key-address": _key_address, "token-algorithms": _token_algorithms,
    "proof-algorithms": _proof_algorithms, "code-flow": _code_flow, "only-code": _only_code, "pkce": _pkce,
    "names-issuer": _names_issuer, "pushes": _pushes, "by-key-alone": _by_key_alone, "authenticates": _authenticates,
})  # fmt: skip


def key_set(tools: Tools) -> bytes:
    """Return the key set as it is published now.

    Raises:
        FindingError: There is none.
    """
    return _fetched(tools, tools.endpoint("jwks_uri"))


def entries(tools: Tools) -> list[Mapping[str, Any]]:
    """Return the keys of the set, unjudged.

    Raises:
        FindingError: It is none.
    """
    reply = tools.wire.get(tools.endpoint("jwks_uri"))
    found = reply.document().get("keys")
    if reply.status != _OK or not isinstance(found, list) or not found:
        raise FindingError(_NO_KEY_SET, "there is no set of keys at `jwks_uri`")
    if len(found) > LIMITS.key_set_keys or not all(isinstance(one, Mapping) for one in found):
        raise FindingError(_NO_KEY_SET, "the set has too many keys, or an entry that is none")
    return found


def _public(tools: Tools) -> None:
    if any(not PRIVATE_MEMBERS.isdisjoint(one) for one in entries(tools)):
        raise FindingError(_NO_KEY_SET, "a key is published with its private members")


def _named(tools: Tools) -> None:
    kids = [one.get("kid") for one in entries(tools)]
    if not all(isinstance(kid, str) and kid for kid in kids):
        raise FindingError("jose.kid_missing", "a key has no `kid`")
    if len(set(kids)) != len(kids):
        raise FindingError(_NO_KEY_SET, "two keys have one `kid`")


def _usable(tools: Tools) -> None:
    """Demand a key for each listed algorithm, and no signature key that our node would not take."""
    fitting: set[str] = set()
    for one in entries(tools):
        if one.get("use", "sig") != "sig" or one.get("kty") not in ("EC", "RSA", "OKP"):
            continue
        try:
            fitting |= parse_jwk(one).algorithms
        except JoseError as refusal:
            raise FindingError(refusal.code, f"a published key: {refusal.detail}") from None
    if not any(permitted(name, frozenset(fitting)) for name in tools.settings.algorithms):
        raise FindingError("jose.alg_key_mismatch", "no published key is for a listed algorithm")


def _nothing_secret(tools: Tools) -> None:
    if any(one.get("kty") == "oct" for one in entries(tools)):
        raise FindingError(_NO_KEY_SET, "a symmetric key is published")


KEYS: Final[Mapping[str, Aspect]] = MappingProxyType({
    "public": _public, "named": _named, "usable": _usable, "nothing-secret": _nothing_secret,
})  # fmt: skip


def fetched_document(tools_wire: Any, issuer: str) -> Mapping[str, Any]:
    """Return the discovery document of ``issuer``, unjudged.

    Raises:
        NoVerdictError: There is none.
    """
    reply = tools_wire.get(issuer.removesuffix("/") + "/.well-known/openid-configuration")
    document: Mapping[str, Any] = reply.document()
    if reply.status != _OK or not document:
        raise NoVerdictError(FaultKind.MALFORMED, f"there is no discovery document: {reply.status}")
    return document
