"""The addresses of the console, and who may see what is there: operators, and nobody else."""

from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request, Response

from idbridge.errors import RequestError
from idbridge_gateway.admin.desk import OperatorsDesk
from idbridge_gateway.bell import Bell
from idbridge_gateway.console.overview import PATH, Overview
from idbridge_gateway.console.sign_in import CALLBACK, SignIn, issuer_of
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.parts import Parts


class Console:
    """Answers at the addresses of the console of one node; without a place to sign in, a page says so."""

    def __init__(self, parts: Parts, *, pages: Pages, bell: Bell, desk: OperatorsDesk) -> None:
        issuer = issuer_of(parts.settings)
        self._pages = pages
        self._desk = desk
        self._overview = Overview(parts, pages=pages, bell=bell)
        self._sign_in = SignIn(parts, desk=desk, issuer=issuer) if issuer is not None else None
        address = urlsplit(parts.settings.public_url)
        self._origin = f"{address.scheme}://{address.netloc}"

    async def overview(self, request: Request) -> Response:
        """Return the page with everything, or the one at which an operator begins."""
        if await self._is_operator(request):
            return await self._overview.page(request, signed_in="authorization" not in request.headers)
        return self._door(request)

    async def arrangement(self, request: Request, name: str) -> Response:
        """Return the page of one arrangement."""
        if await self._is_operator(request):
            return self._overview.arrangement(request, name)
        return self._door(request)

    async def begin(self) -> Response:
        """Begin a sign-in. A link leads here and no form: a form may be sent to this node alone, redirects included."""
        return self._place().begin()

    async def finish(self, request: Request) -> Response:
        """End a sign-in."""
        return await self._place().finish(request)

    async def end(self, request: Request) -> Response:
        """End a session."""
        self._require_own_form(request)
        return await self._place().end(request)

    def _place(self) -> SignIn:
        if self._sign_in is None:
            raise RequestError("input.not_found", "operators do not sign in here")
        return self._sign_in

    def _door(self, request: Request) -> Response:
        return self._pages.page(
            request, "console_door.html", status=401, personal=True, open_here=self._sign_in is not None, path_in=PATH
        )

    async def _is_operator(self, request: Request) -> bool:
        """Tell whether an operator asks, by a session or by a token in the header.

        Raises:
            RequestError: The header has a token that is none of an operator.
        """
        presented = request.headers.get("authorization")
        if presented is not None:
            await self._desk.authenticate(presented.encode("latin-1"))
            return True
        return self._sign_in is not None and await self._sign_in.is_operator(request)

    def _require_own_form(self, request: Request) -> None:
        """Refuse a form that a page of another site sent (CSRF): browsers say where a form was, always alike."""
        origin = request.headers.get("origin")
        if origin is not None and origin != self._origin:
            raise RequestError("policy.unauthenticated", "this form was sent from another site")


def install_console(app: FastAPI, parts: Parts, bell: Bell) -> None:
    """Let operators of ``app`` see the console; what rang at ``bell`` they see there."""
    settings = parts.settings
    pages = Pages(environment=settings.environment, state=settings.state)
    app.include_router(console_router(Console(parts, pages=pages, bell=bell, desk=app.state.operators)))


def console_router(console: Console) -> APIRouter:
    """Return the routes of the console."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    async def overview(request: Request) -> Response:
        return await console.overview(request)

    @router.get(f"{PATH}/arrangements/{{name}}")
    async def arrangement(request: Request, name: str) -> Response:
        return await console.arrangement(request, name)

    @router.get(f"{PATH}/sign-in")
    async def begin() -> Response:
        return await console.begin()

    @router.get(CALLBACK)
    async def finish(request: Request) -> Response:
        return await console.finish(request)

    @router.post(f"{PATH}/sign-out")
    async def end(request: Request) -> Response:
        return await console.end(request)

    return router
