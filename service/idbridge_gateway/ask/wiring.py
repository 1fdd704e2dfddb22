"""Ask by link at one node, put together: who signs in, what they ask, and the routes."""

from collections.abc import Awaitable
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response

from idbridge.errors import RequestError
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.ask.client import CALLBACK
from idbridge_gateway.ask.pages import PATH, AskPages
from idbridge_gateway.ask.session import BusinessSessions, business_sessions
from idbridge_gateway.ask.sign_in import NoCompanyError, SignIn
from idbridge_gateway.oidc.browser import see_other
from idbridge_gateway.oidc.provider import Provider
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.parts import Parts
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.stores.sealed import secret_of

_TRY: Final = "try"
_FORBIDDEN: Final = 403


class SigningIn:
    """The pages between a click on the door and a session."""

    def __init__(
        self, *, pages: Pages, asking: AskPages, sign_in: SignIn, sessions: BusinessSessions, registry: RegistryInForce
    ) -> None:
        self._pages = pages
        self._asking = asking
        self._sign_in = sign_in
        self._sessions = sessions
        self._registry = registry

    async def begin(self, request: Request) -> Response:
        """Send the browser to the choice of a provider; ``to`` names the page of ours that it wanted to see."""
        words = self._pages.language(request)
        onward = _onward(request.query_params.get("to", ""))
        return await self._sign_in.begin(onward=onward, why=words("ask.sign_in_why"), language=words.code)

    async def finish(self, request: Request) -> Response:
        """Take the browser back, with a session if its company signs in for a relying party.

        Raises:
            OAuthError: The login of who signs in no longer stands.
            RequestError: ``policy.unauthenticated`` or ``system.*``.
        """
        try:
            signed_in = await self._sign_in.finish(request)
        except NoCompanyError:
            response = self._asking.door(request, fault="ask.not_signed_in", status=_FORBIDDEN)
            self._sign_in.drop(response)
            return response
        try:
            registration = self._registry.signing_in_as(signed_in.company)
        except RequestError:
            response = self._pages.page(
                request, "ask_unknown.html", status=_FORBIDDEN, kept=None, company=signed_in.company
            )
        else:
            response = see_other(signed_in.onward)
            await self._sessions.begin(response, registration, signed_in.company)
        self._sign_in.drop(response)
        return response


def _onward(wish: str) -> str:
    """Return the path of ours that ``wish`` names: nothing that was sent becomes an address, unless it is an id."""
    if wish == _TRY:
        return "/try"
    return f"{PATH}/{wish}" if secret_of(wish) is not None else PATH


def install_ask(app: FastAPI, parts: Parts, provider: Provider) -> None:
    """Let businesses ask by link at ``app``."""
    settings = parts.settings
    pages = Pages(environment=settings.environment, state=settings.state)
    sessions = business_sessions(parts)
    asking = AskPages(parts, pages=pages, verifier=app.state.wallet, sessions=sessions)
    sign_in = SignIn(parts, provider=provider, own=provider.own)
    signing_in = SigningIn(pages=pages, asking=asking, sign_in=sign_in, sessions=sessions, registry=parts.registry)
    app.include_router(ask_router(asking, signing_in))


async def _answered(request: Request, answering: Awaitable[Response]) -> Response:
    """Return what is answered; a form that is none of ours, and a login that is over, get the page that says so."""
    try:
        return await answering
    except OAuthError as refusal:
        page: Response = request.app.state.site.refused(request, refusal)
        return page


def ask_router(asking: AskPages, signing_in: SigningIn) -> APIRouter:
    """Return the routes of the pages."""
    router = APIRouter(include_in_schema=False)

    @router.api_route(PATH, methods=["GET", "POST"])
    async def home(request: Request) -> Response:
        return await _answered(request, asking.ask(request) if request.method == "POST" else asking.home(request))

    @router.get(f"{PATH}/sign-in")
    async def begin(request: Request) -> Response:
        return await signing_in.begin(request)

    @router.get(CALLBACK)
    async def finish(request: Request) -> Response:
        return await _answered(request, signing_in.finish(request))

    @router.post(f"{PATH}/sign-out")
    async def end(request: Request) -> Response:
        return await _answered(request, asking.sign_out(request))

    @router.api_route(f"{PATH}/{{id}}", methods=["GET", "POST"])
    async def one(request: Request) -> Response:
        handle = request.path_params["id"]
        acting = asking.call_off if request.method == "POST" else asking.answer
        return await _answered(request, acting(request, handle))

    return router
