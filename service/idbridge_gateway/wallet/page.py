"""The page ``/wallet/{id}``: who asks, for what, a QR code for a wallet elsewhere, and a way to one on this device.

Whoever has the link sees the page, so it says nothing of anybody's answer but that there was one. The browser that goes
on with a wallet on its own device gets a cookie, the first that does and no other: what that wallet answers counts only
once this browser is back with the code (``held``). A program that looks at links begins nothing, because beginning
takes a button; and a code is spent by who goes there, and not by who only looks whether something is there.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

import segno
from fastapi import APIRouter, Request, Response

from idbridge.clock import Clock
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.presentation.request_object import wallet_link
from idbridge_gateway.api.body import ClientGone
from idbridge_gateway.journal import note_unexpected
from idbridge_gateway.oidc.browser import TransactionCookies, public_name, see_other
from idbridge_gateway.pages.forgery import origin_of
from idbridge_gateway.pages.languages import PARAMETER, Language
from idbridge_gateway.pages.problems import problem_page
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.stores.sealed import new_handle
from idbridge_gateway.wallet.asker import PAGE_PATH, Asker
from idbridge_gateway.wallet.held import HeldAnswers
from idbridge_gateway.wallet.parties import still_asks
from idbridge_gateway.wallet.presentations import Presentations
from idbridge_gateway.wallet.records import Outcome, WalletPage

_CODE: Final = "response_code"
_AGE: Final = "age_over_"
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_OWN: Final = frozenset({"same-origin", "none"})  # Fetch Metadata: sent by our own page, or by the person

_AHEAD: Final = ("sec-purpose", "purpose")


class WalletPages:
    """Answers people."""

    def __init__(
        self,
        *,
        pages: Pages,
        asker: Asker,
        presentations: Presentations,
        held: HeldAnswers,
        registry: RegistryInForce,
        randomness: Randomness,
        clock: Clock,
    ) -> None:
        self._pages = pages
        self._asker = asker
        self._presentations = presentations
        self._held = held
        self._registry = registry
        self._randomness = randomness
        self._clock = clock
        self._cookies = TransactionCookies(secure=asker.base.startswith("https://"))

    async def show(self, request: Request, link: str) -> Response:
        """Return the page, or take in what a wallet sent this browser back with.

        Raises:
            RequestError: ``input.not_found``: there is nothing under this link, or nothing any more.
        """
        page = await self._page(link)
        began = self._began(request, page)
        code = request.query_params.get(_CODE)
        if code is not None and _is_ahead(request):
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"cache-control": "no-store"})
        if code is not None and not request.state.is_head:
            onward = await self._held.returned(code, page=link, began=began)
            return see_other(onward or self._path(request, link))
        response = self._pages.page(request, "wallet.html", **await self._values(request, link, page, began=began))
        response.headers["referrer-policy"] = "same-origin"  # without one, browsers would not name the form's origin
        return response

    async def on_device(self, request: Request, link: str) -> Response:
        """Let this browser go on with a wallet on its own device, if no other does.

        Raises:
            RequestError: ``input.not_found``, or ``input.request_malformed``: another site sent this form.
        """
        if not self._is_own(request):
            raise RequestError("input.request_malformed", "this form is sent by its own page")
        page = await self._page(link)
        response = see_other(self._path(request, link))
        if page.browser is None and await self._wallet_link(link) is not None:
            handle = new_handle(self._randomness)
            now = await self._presentations.on_device(link, browser=public_name(handle))
            if now is not None and now.browser == public_name(handle):
                self._cookies.set(
                    response, handle, lifetime=page.ends_at + LIMITS.presentation_kept - self._clock.now()
                )
        return response

    async def guarded(self, request: Request, link: str) -> Response:
        """Answer by a page, whatever happens."""
        try:
            return await (self.on_device if request.method == "POST" else self.show)(request, link)
        except RequestError as broken:
            return self._problem(request, broken)
        except ClientGone:
            raise  # nobody is there to be answered
        except Exception as error:  # noqa: BLE001 - the edge: whatever happened, a person gets a page
            note_unexpected(error, correlation_id=request.state.correlation_id)
            return self._problem(request, RequestError("system.internal"))

    def _problem(self, request: Request, broken: RequestError) -> Response:
        correlation_id: str = request.state.correlation_id
        return problem_page(self._pages, request, broken, correlation_id=correlation_id, headers={})

    async def _page(self, link: str) -> WalletPage:
        page = await self._presentations.page(link)
        if page is None:
            raise RequestError("input.not_found")
        return page

    def _is_own(self, request: Request) -> bool:
        """Tell whether our own page sent this form; a browser that says nothing of either has no such protection."""
        site, origins = request.headers.get("sec-fetch-site"), request.headers.getlist("origin")
        return site in _OWN if site is not None else origins in ([], [origin_of(self._asker.base)])

    def _began(self, request: Request, page: WalletPage) -> bool:
        return page.browser is not None and self._cookies.handle(request, page.browser) is not None

    def _path(self, request: Request, link: str) -> str:
        spoken = self._pages.language(request)
        return f"{PAGE_PATH}{link}?{PARAMETER}={spoken.code}" if spoken.asked else f"{PAGE_PATH}{link}"

    async def _values(self, request: Request, link: str, page: WalletPage, *, began: bool) -> dict[str, Any]:
        """Return what the template shows."""
        at = self._clock.now()
        elsewhere = await self._wallet_link(link)
        here = await self._wallet_link(page.on_device) if began and page.on_device is not None else None
        outcome = page.outcome
        if outcome is Outcome.PENDING and (elsewhere is None or at >= page.ends_at):
            outcome = Outcome.EXPIRED
        return {
            "outcome": outcome.value,
            "name": page.name,
            "purpose": page.purpose,
            "purpose_text": page.purpose_text,
            "company": page.company,
            "claims": [_claim_words(self._pages.language(request), claim) for claim in page.claims],
            **_left(page.ends_at - at),
            "qr": qr_svg(elsewhere) if elsewhere is not None else "",
            "here": here,
            "may_begin": page.browser is None,
        }

    async def _wallet_link(self, name: str) -> str | None:
        """Return what opens a wallet; ``None`` if nobody is asked any more, or the one who asks is gone."""
        found = await self._presentations.request(name)
        if found is None or not still_asks(self._registry, found.party, at=self._clock.now()):
            return None
        return wallet_link(client_id=found.client_id, request_uri=self._asker.request_uri(name))


def _is_ahead(request: Request) -> bool:
    """Tell whether a browser fetches this ahead of time: it would not show the answer, and comes again."""
    return any("prefetch" in request.headers.get(name, "").lower() for name in _AHEAD)


def qr_svg(text: str) -> str:
    """Return ``text`` as a QR code: black on white in any colour scheme, in the size that its place has."""
    code = segno.make_qr(text, error="l")
    drawn: str = code.svg_inline(dark="#000", light="#fff", border=4, omitsize=True, svgclass=None, lineclass=None)
    return drawn


def _left(time: timedelta) -> dict[str, int]:
    """Return how long a request is open at most, in minutes, and in hours where that is more than two (else 0)."""
    minutes, hours = (max(1, -(-time // unit)) for unit in (_MINUTE, _HOUR))
    return {"minutes": minutes, "hours": hours if time > 2 * _HOUR else 0}


def _claim_words(words: Language, claim: str) -> str:
    """Return what a claim is called on pages, or its regional name."""
    if claim.startswith(_AGE):
        return words("claim.age_over", age=claim.removeprefix(_AGE))
    return words.catalogue.sentences.get(f"claim.{claim}", claim)


def wallet_page_router(pages: WalletPages) -> APIRouter:
    """Return the route of the page."""
    router = APIRouter()

    @router.api_route(PAGE_PATH + "{link}", methods=["GET", "POST"], include_in_schema=False)
    async def page(request: Request) -> Response:
        return await pages.guarded(request, request.path_params["link"])

    return router
