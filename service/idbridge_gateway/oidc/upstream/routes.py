"""The addresses that providers know of this node, and all of the upstream leg put together."""

from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response

from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment
from idbridge_gateway.oidc.contract_provider import browser_answers
from idbridge_gateway.oidc.provider import Provider
from idbridge_gateway.oidc.upstream.key_sets import KeySets
from idbridge_gateway.oidc.upstream.leaving import Leaving
from idbridge_gateway.oidc.upstream.lines import Callers, Lines, guarded_callers
from idbridge_gateway.oidc.upstream.pending import LoginsUnderWay
from idbridge_gateway.oidc.upstream.providers import Providers
from idbridge_gateway.oidc.upstream.registrations import read_upstream_clients
from idbridge_gateway.oidc.upstream.requests import Requests
from idbridge_gateway.oidc.upstream.upstream import Upstream
from idbridge_gateway.oidc.upstream.verification import Verification
from idbridge_gateway.parts import Parts
from idbridge_gateway.revocation import Prefetch

CALLBACK: Final = "/login/callback/{provider}"
_ANSWER: Final = ("state", "code", "iss", "error", "authToken")


def install_upstream(
    app: FastAPI, parts: Parts, provider: Provider, *, prefetch: Prefetch, callers: Callers | None = None
) -> None:
    """Let people of ``app`` log in at national providers; ``callers`` are those of a sandbox, in place of the network.

    Raises:
        ConfigurationError: The registrations at providers are not in order, or callers are given to a live node.
    """
    settings = parts.settings
    if callers is not None and settings.environment is not Environment.SANDBOX:
        raise ConfigurationError("a live node calls providers over the network and in no other way")
    lines = Lines(callers or guarded_callers(settings.environment))
    providers = Providers(
        read_upstream_clients(settings),
        lines=lines,
        public_url=settings.public_url,
        environment=settings.environment,
    )
    requests = Requests(lines, parts.randomness)
    upstream = Upstream(
        provider=provider,
        providers=providers,
        leaving=Leaving(providers, requests, parts.randomness),
        under_way=LoginsUnderWay(parts.stores.sealed),
        requests=requests,
        verification=Verification(
            parts.decryption_keys, KeySets(lines=lines, prefetch=prefetch, trust=parts.turns.trust)
        ),
    )
    app.state.upstream = upstream
    app.include_router(upstream_router(upstream))


def upstream_router(upstream: Upstream) -> APIRouter:
    """Return the routes that providers send browsers to."""
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
