"""The addresses that providers know of this node, and all of the upstream leg put together."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response

from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.schemas import answers
from idbridge_gateway.oidc.contract import STATUSES, form_body, refusals
from idbridge_gateway.oidc.contract_provider import browser_answers
from idbridge_gateway.oidc.provider import Provider
from idbridge_gateway.oidc.upstream.clients_watch import ClientsInForce
from idbridge_gateway.oidc.upstream.key_sets import KeySets
from idbridge_gateway.oidc.upstream.leaving import Leaving
from idbridge_gateway.oidc.upstream.lines import Callers, Lines, guarded_callers
from idbridge_gateway.oidc.upstream.logins import RestingLogins
from idbridge_gateway.oidc.upstream.logout import UpstreamLogout
from idbridge_gateway.oidc.upstream.pending import LoginsUnderWay
from idbridge_gateway.oidc.upstream.providers import Providers
from idbridge_gateway.oidc.upstream.requests import Requests
from idbridge_gateway.oidc.upstream.upstream import Upstream
from idbridge_gateway.oidc.upstream.verification import Verification
from idbridge_gateway.parts import Parts
from idbridge_gateway.revocation import Prefetch

CALLBACK: Final = "/login/callback/{provider}"
BACK_CHANNEL: Final = "/login/backchannel/{provider}"
CLIENT_KEYS: Final = "/.well-known/client-keys.json"
_CACHED: Final = {"cache-control": f"public, max-age={int(LIMITS.metadata_max_age.total_seconds())}"}
_UNAUTHENTICATED: Final = 401
_STATUSES: Final = {status: words for status, words in STATUSES.items() if status != _UNAUTHENTICATED}
_ANSWER: Final = ("state", "code", "iss", "error", "authToken")


def install_upstream(
    app: FastAPI,
    parts: Parts,
    provider: Provider,
    *,
    clients: ClientsInForce,
    prefetch: Prefetch,
    callers: Callers | None = None,
) -> None:
    """Let people of ``app`` log in at national providers, as ``clients`` there.

    ``callers`` are those of a sandbox, in place of the network.

    Raises:
        ConfigurationError: Callers are given to a live node.
    """
    settings = parts.settings
    if callers is not None and settings.environment is not Environment.SANDBOX:
        raise ConfigurationError("a live node calls providers over the network and in no other way")
    lines = Lines(callers or guarded_callers(settings.environment))
    providers = Providers(
        clients,
        lines=lines,
        public_url=settings.public_url,
        environment=settings.environment,
    )
    requests, logins = Requests(lines, parts.randomness), RestingLogins(parts.stores.sealed)
    key_sets = KeySets(lines=lines, prefetch=prefetch, trust=parts.turns.trust)
    upstream = Upstream(
        provider=provider,
        providers=providers,
        leaving=Leaving(providers, requests, parts.randomness),
        under_way=LoginsUnderWay(parts.stores.sealed),
        requests=requests,
        verification=Verification(parts.decryption_keys, key_sets),
        logins=logins,
    )
    logout = UpstreamLogout(
        provider=provider,
        providers=providers,
        logins=logins,
        key_sets=key_sets,
        one_time=parts.one_time,
        decryption_keys=parts.decryption_keys,
    )
    app.state.upstream = upstream
    app.include_router(upstream_router(upstream, logout))
    encryption = tuple(dict(key.public_jwk) for key in parts.decryption_keys)
    app.include_router(client_keys_router(lambda: (*providers.client_keys, *encryption)))


def upstream_router(upstream: Upstream, logout: UpstreamLogout) -> APIRouter:
    """Return the routes that providers send browsers to, and call themselves."""
    router = APIRouter()

    @router.get(
        CALLBACK,
        summary="Come back from a national provider",
        tags=["login"],
        response_class=Response,
        openapi_extra=_callback_operation(),
    )
    async def called_back(request: Request, provider: str) -> Response:
        return await upstream.called_back(request, provider)

    @router.post(
        BACK_CHANNEL,
        summary="Hear from a national provider that a login is over",
        tags=["login"],
        response_class=Response,
        openapi_extra=_logout_operation(),
    )
    async def logged_out(request: Request, provider: str) -> Response:
        return await logout.answer(request, provider)

    return router


def client_keys_router(keys: Callable[[], tuple[dict[str, Any], ...]]) -> APIRouter:
    """Return the route of the ``keys`` that providers register of this node: it never signs as an issuer with them."""
    router = APIRouter(tags=["login"])

    @router.get(
        CLIENT_KEYS,
        summary="The keys by which this node proves itself to national providers, and those they encrypt to",
        response_class=Response,
        responses=answers("Jwks"),
    )
    async def client_keys() -> Response:
        return Response(json_octets({"keys": list(keys())}), media_type="application/json", headers=_CACHED)

    return router


def _callback_operation() -> dict[str, object]:
    text = {"type": "string"}
    return {
        "description": (
            "The redirect URI of one provider. What arrives counts in the browser that was sent there, once; anything "
            "else is answered by a page and ends nothing."
        ),
        "parameters": [{"name": name, "in": "query", "required": False, "schema": text} for name in _ANSWER],
        "responses": browser_answers("On to consent, or back to the client with an error."),
    }


def _logout_operation() -> dict[str, object]:
    form = {"type": "object", "required": ["logout_token"], "properties": {"logout_token": {"type": "string"}}}
    return {
        "description": (
            "Takes the logout token of a provider (OpenID Connect Back-Channel Logout 1.0). Every login here that "
            "rests on the one named ends, and the clients that were told of it are told so."
        ),
        "requestBody": form_body(form),
        "responses": {"200": {"description": "Nothing rests on that login any more."}, **refusals(_STATUSES)},
    }
