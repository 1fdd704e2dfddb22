"""The pages of a login, put together: selector, consent and receipt of one node, and their routes."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter, FastAPI, Request, Response

from idbridge_gateway.oidc.provider import Provider
from idbridge_gateway.pages import consent, login
from idbridge_gateway.pages.consent import ConsentPage
from idbridge_gateway.pages.country_cookie import CountryCookie
from idbridge_gateway.pages.forgery import origin_of
from idbridge_gateway.pages.login import LoginPage, Upstream
from idbridge_gateway.pages.printed_answer import PrintedAnswers
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.parts import Parts


def install_login(
    app: FastAPI, parts: Parts, provider: Provider, *, upstream: Upstream, provider_ids: Callable[[], Mapping[str, str]]
) -> None:
    """Let ``app`` serve the pages of a login. ``provider_ids`` returns the names at ``upstream`` now, by issuer."""
    settings = parts.settings
    origin = origin_of(settings.public_url)
    pages = Pages(environment=settings.environment, state=settings.state)
    country = CountryCookie(secure=origin.startswith("https:"))
    choosing = LoginPage(
        pages=pages, provider=provider, upstream=upstream, provider_ids=provider_ids, country=country, origin=origin
    )
    agreeing = ConsentPage(pages=pages, provider=provider, origin=origin)
    printed = PrintedAnswers(parts, pages=pages)
    router = APIRouter()

    @router.api_route(login.PATH, methods=["GET", "POST"], include_in_schema=False)
    async def choose(request: Request) -> Response:
        return await choosing.answer(request)

    @router.api_route(consent.PATH, methods=["GET", "POST"], include_in_schema=False)
    async def agree(request: Request) -> Response:
        return await agreeing.answer(request)

    @router.api_route(consent.RECEIPT_PATH, methods=["GET", "POST"], include_in_schema=False)
    async def receipt(request: Request) -> Response:
        return await (agreeing.receipt(request) if request.method == "POST" else printed.answer(request))

    app.include_router(router)
