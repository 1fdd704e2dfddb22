"""The site: all pages of a node put together, and which addresses are answered by pages rather than by documents."""

from typing import Final
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response

from idbridge.errors import ConfigurationError, RequestError
from idbridge.model.region import Environment
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.ask.session import business_sessions
from idbridge_gateway.oidc import addresses
from idbridge_gateway.oidc.form_post import SUBMIT, FormPost
from idbridge_gateway.pages.forgery import origin_of
from idbridge_gateway.pages.problems import problem_page
from idbridge_gateway.pages.refusals import refusal_page
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.pages.samples import Samples
from idbridge_gateway.pages.static_files import static_router
from idbridge_gateway.pages.try_it import PATH as TRY
from idbridge_gateway.pages.try_it import TryIt, try_router
from idbridge_gateway.parts import Parts

_PAGES: Final = frozenset({TRY, addresses.SELECTOR, addresses.CONSENT, addresses.RECEIPT})
_ROOTS: Final = ("/console", "/ask")  # of pages below which there are more


class Site:
    """How the pages of one node answer what goes wrong."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def serves(self, path: str) -> bool:
        """Tell whether a person reads what ``path`` answers."""
        return path in _PAGES or any(path == root or path.startswith(f"{root}/") for root in _ROOTS)

    def problem(self, request: Request, broken: RequestError, *, headers: dict[str, str]) -> Response:
        """Return the page that tells a person of ``broken``."""
        return problem_page(self._pages, request, broken, correlation_id=request.state.correlation_id, headers=headers)

    def refused(self, request: Request, error: OAuthError) -> Response:
        """Return the page that tells a person why a login cannot go on."""
        return refusal_page(self._pages, request, error, shown_again=self.serves(request.scope["path"]))

    def handing_over(self, request: Request, answer: FormPost) -> bytes:
        """Return the page that sends ``answer`` on to the client."""
        return self._pages.text(
            "form_post.html",
            m=self._pages.language(request, wished=answer.wished),
            place=urlsplit(answer.redirect_uri).netloc,
            redirect_uri=answer.redirect_uri,
            parameters=answer.parameters,
            submit=SUBMIT,
        ).encode()


def install_site(app: FastAPI, parts: Parts, *, samples: Samples | None) -> None:
    """Let ``app`` serve the pages, and answer by a page whatever goes wrong at their addresses.

    Raises:
        ConfigurationError: ``samples`` are given to a node that is no sandbox, or the words are not in order.
    """
    settings = parts.settings
    if samples is not None and settings.environment is not Environment.SANDBOX:
        raise ConfigurationError("examples are offered in a sandbox and nowhere else")
    pages = Pages(environment=settings.environment, state=settings.state)
    try_it = TryIt(
        pages=pages,
        verdicts=parts.verdicts,
        turns=parts.turns,
        node_url=settings.node_url,
        origin=origin_of(settings.public_url),
        decryption_keys=parts.decryption_keys,
        samples=samples,
        sessions=business_sessions(parts),
        rates=parts.shared_rates,
    )
    app.include_router(static_router())
    app.include_router(try_router(try_it))
    app.state.site = Site(pages)
