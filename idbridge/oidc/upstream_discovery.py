"""The discovery document of a national provider: it may narrow what its state lists, and never widen it.

Decides which endpoints and algorithms of a document count. The trust list pins the issuer and the algorithms, and says
on which hosts its endpoints may be; keys are never taken from an address that only the document names. Clauses: OpenID
Connect Discovery 1.0 section 4.3; RFC 8414 section 3.3; FAPI 2.0 Security Profile section 5.3.3; architecture D1, D2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from idbridge.codec import strict_json
from idbridge.crypto.algorithms import permitted
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.oidc.pkce import METHOD
from idbridge.oidc.registered_uri import require_registrable
from idbridge.oidc.upstream_errors import UpstreamError, UpstreamFault

WELL_KNOWN: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class ListedProvider:
    """What the trust list and this node's registration say of one provider: the outer bound.

    ``hosts`` are those (with port, if not the scheme's own) on which endpoints may be, the issuer's own among them.
    ``fapi`` tells that it is listed at a tier that speaks FAPI 2.0: requests are pushed, tokens bound to a key, and the
    response names its issuer.

    Raises:
        ValueError: No algorithm or host is listed; empty is not success.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    algorithms: frozenset[str]
    hosts: frozenset[str]
    key_set: str | None = None
    fapi: bool = False
    environment: Environment = Environment.LIVE

    def __post_init__(self) -> None:
        if not self.algorithms or not self.hosts:
            raise ValueError("a provider is listed with an algorithm and a host at least")


@dataclass(frozen=True, slots=True)
class ProviderEndpoints:
    """What of a discovery document counts. ``names_issuer`` promises ``iss`` in the response (RFC 9207)."""

    authorization: str
    token: str
    pushed: str | None
    userinfo: str | None
    logout: str | None
    algorithms: frozenset[str]
    names_issuer: bool


def discovery_address(provider: ListedProvider) -> str:
    """Return where the document of ``provider`` is (OpenID Connect Discovery 1.0 section 4.1)."""
    return provider.issuer.removesuffix("/") + WELL_KNOWN


def narrowed(octets: bytes, provider: ListedProvider) -> ProviderEndpoints:
    """Return what of the document in ``octets`` counts for ``provider``.

    Raises:
        UpstreamError: ``discovery_malformed``; ``discovery_issuer``: it is of another issuer; ``discovery_widened``: an
            endpoint or key set elsewhere; ``discovery_unusable``: nothing is left that is listed and offered.
    """
    try:
        document = strict_json.parse_object(octets, max_bytes=LIMITS.upstream_response_bytes)
    except InputError as refusal:
        raise UpstreamError(UpstreamFault.DISCOVERY_MALFORMED, refusal.detail) from None
    if document.get("issuer") != provider.issuer:
        raise UpstreamError(UpstreamFault.DISCOVERY_ISSUER)
    if provider.key_set is not None and document.get("jwks_uri") != provider.key_set:
        raise UpstreamError(UpstreamFault.DISCOVERY_WIDENED, "the key set is at another address than is listed")
    _require(document, "response_types_supported", "code")
    if provider.fapi or "code_challenge_methods_supported" in document:
        _require(document, "code_challenge_methods_supported", METHOD)
    names_issuer = _flag(document, "authorization_response_iss_parameter_supported")
    pushed = _endpoint(document, "pushed_authorization_request_endpoint", provider)
    if provider.fapi and pushed is None:
        raise UpstreamError(UpstreamFault.DISCOVERY_UNUSABLE, "requests cannot be pushed")
    return ProviderEndpoints(
        authorization=_required(document, "authorization_endpoint", provider),
        token=_required(document, "token_endpoint", provider),
        pushed=pushed,
        userinfo=_endpoint(document, "userinfo_endpoint", provider),
        logout=_endpoint(document, "end_session_endpoint", provider),
        algorithms=_algorithms(document, provider),
        names_issuer=names_issuer or provider.fapi,
    )


def _texts(document: Mapping[str, Any], name: str) -> list[str]:
    listed = document.get(name, [])
    if type(listed) is not list or not all(type(one) is str for one in listed):
        raise UpstreamError(UpstreamFault.DISCOVERY_MALFORMED, f"`{name}` is no array of texts")
    return listed


def _require(document: Mapping[str, Any], name: str, value: str) -> None:
    if value not in _texts(document, name):
        raise UpstreamError(UpstreamFault.DISCOVERY_UNUSABLE, f"`{name}` lacks what is needed")


def _flag(document: Mapping[str, Any], name: str) -> bool:
    value = document.get(name, False)
    if type(value) is not bool:
        raise UpstreamError(UpstreamFault.DISCOVERY_MALFORMED, f"`{name}` is true or false")
    return value


def _algorithms(document: Mapping[str, Any], provider: ListedProvider) -> frozenset[str]:
    """Return the algorithms that are listed and offered; a provider that offers what is not listed gains nothing."""
    offered = frozenset(_texts(document, "id_token_signing_alg_values_supported"))
    left = frozenset(name for name in provider.algorithms if permitted(name, offered))
    if not left:
        raise UpstreamError(UpstreamFault.DISCOVERY_UNUSABLE, "no algorithm is both listed and offered")
    return left


def _required(document: Mapping[str, Any], name: str, provider: ListedProvider) -> str:
    address = _endpoint(document, name, provider)
    if address is None:
        raise UpstreamError(UpstreamFault.DISCOVERY_UNUSABLE, f"`{name}` is missing")
    return address


def _endpoint(document: Mapping[str, Any], name: str, provider: ListedProvider) -> str | None:
    if name not in document:
        return None
    address = document[name]
    try:
        if type(address) is not str:
            raise ValueError("no text")  # noqa: TRY301 - one way out
        require_registrable(address, environment=provider.environment)
    except ValueError:
        raise UpstreamError(UpstreamFault.DISCOVERY_MALFORMED, f"`{name}` is no address that may be called") from None
    if urlsplit(address).netloc not in provider.hosts:
        raise UpstreamError(UpstreamFault.DISCOVERY_WIDENED, f"`{name}` is on a host that is not listed")
    return address
