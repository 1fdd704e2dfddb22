"""``/login``: who asks, for what, and with which ID the person wants to log in, or not at all.

Nothing is chosen for anybody: every state is there, and every service of it, those that do not do with the reason. The
choice counts for the login of this browser alone (``forgery``), and only for what can be chosen at that moment.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from fastapi import Request, Response

from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.oidc.errors import OAuthError, OAuthErrorCode
from idbridge.reasons import reason
from idbridge_gateway.oidc import addresses
from idbridge_gateway.oidc.browser import browsed, see_other
from idbridge_gateway.oidc.provider import Provider
from idbridge_gateway.oidc.transaction import HeldTransaction
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.pages.catalogue import LANGUAGES
from idbridge_gateway.pages.country_cookie import CountryCookie
from idbridge_gateway.pages.forgery import own_form
from idbridge_gateway.pages.offers import StateOffer, chosen, offers
from idbridge_gateway.pages.opened import OpenedLogin, open_login
from idbridge_gateway.pages.rendering import Pages

PATH: Final = addresses.SELECTOR
_FIELDS: Final = frozenset({"provider", "answer"})
_CANCEL: Final = "cancel"
_FORGET: Final = "forget"
_UNPROCESSABLE: Final = 422
_OTHERS_MAY_DO: Final = frozenset({
    OAuthErrorCode.ACCESS_DENIED, OAuthErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS,
})  # fmt: skip


class Upstream(Protocol):
    """Where a person logs in: at a provider of their own state."""

    async def begin(self, held: HeldTransaction, provider: str, *, turn: Turn) -> Response:
        """Return where the browser goes to log in at the provider.

        Raises:
            OAuthError: It cannot begin; ``temporarily_unavailable`` where the provider does not answer now.
        """
        ...


class LoginPage:
    """Answers the page; ``origin`` is that of this node as browsers name it.

    ``provider_ids`` returns the names of services at ``upstream`` now, by issuer identifier.
    """

    def __init__(
        self,
        *,
        pages: Pages,
        provider: Provider,
        upstream: Upstream,
        provider_ids: Callable[[], Mapping[str, str]],
        country: CountryCookie,
        origin: str,
    ) -> None:
        self._pages = pages
        self._provider = provider
        self._upstream = upstream
        self._provider_ids = provider_ids
        self._country = country
        self._origin = origin

    async def answer(self, request: Request) -> Response:
        """Answer a browser that comes to choose, or that has chosen."""
        return await browsed(request, self._chosen if request.method == "POST" else self._shown)

    async def _shown(self, request: Request) -> Response:
        login = await open_login(request, self._provider)
        if login.held.transaction.agreed_at is not None:
            return see_other(addresses.consent(login.name))
        return self._page(request, login)

    async def _chosen(self, request: Request) -> Response:
        login = await open_login(request, self._provider)
        fields = await own_form(request, texts=_FIELDS, origin=self._origin, expected=login.token(PATH))
        if login.held.transaction.agreed_at is not None:
            return see_other(addresses.consent(login.name))
        answer = fields.get("answer", "")
        if answer == _CANCEL:
            refusal = OAuthError("access_denied", "the person cancelled the log-in")
            return await self._provider.completion.complete(login.held, refusal, turn=login.turn)
        if answer == _FORGET:
            response = see_other(addresses.selector(login.name))
            self._country.forget(response)
            return response
        return await self._begun(request, login, fields.get("provider", ""))

    async def _begun(self, request: Request, login: OpenedLogin, provider_id: str) -> Response:
        choice = chosen(self._offers(login), provider_id)
        if choice is None:
            return self._page(request, login, fault="selector.unknown_choice", status=_UNPROCESSABLE)
        try:
            response = await self._upstream.begin(login.held, choice.id, turn=login.turn)
        except OAuthError as refusal:
            return self._chosen_in_vain(request, login, refusal)
        self._country.remember(response, choice.state)
        return response

    def _chosen_in_vain(self, request: Request, login: OpenedLogin, refusal: OAuthError) -> Response:
        """Return the choice again where it is the provider that cannot be used: another one may do.

        Raises:
            OAuthError: ``refusal``, if no choice would help.
        """
        if refusal.error in _OTHERS_MAY_DO:
            return self._page(request, login, fault="selector.unknown_choice", status=_UNPROCESSABLE)
        if refusal.error is not OAuthErrorCode.TEMPORARILY_UNAVAILABLE:
            raise refusal
        response = self._page(request, login, fault="selector.unreachable", status=refusal.status)
        retry_after = reason(refusal.code).retry_after
        if retry_after is not None:
            response.headers["retry-after"] = str(int(retry_after.total_seconds()))
        return response

    def _offers(self, login: OpenedLogin) -> tuple[StateOffer, ...]:
        turn = login.turn
        by, purpose = login.registered.relying_party.state, login.asked.purpose
        return offers(
            turn.state,
            provider_ids=self._provider_ids(),
            by=by,
            purpose=purpose,
            required=login.required,
            at=turn.at,
        )

    def _page(self, request: Request, login: OpenedLogin, *, fault: str = "", status: int = 200) -> Response:
        words = self._pages.language(request, offered=LANGUAGES, wished=login.asked.ui_locales)
        last = self._country.remembered(request)
        offered = sorted(self._offers(login), key=lambda offer: (offer.state is not last, words(_state(offer.state))))
        transaction, decision = login.held.transaction, login.held.transaction.decision
        return self._pages.page(
            request,
            "login.html",
            status=status,
            offered=LANGUAGES,
            wished=login.asked.ui_locales,
            kept=login.kept,
            leaves=True,
            asker=login.asker(words),
            required=login.required,
            states=offered,
            last=last,
            fault=fault,
            token=login.token(PATH),
            minutes=login.minutes_until(transaction.ends_at),
            days=LIMITS.country_cookie.days,
            consent=addresses.consent(login.name)
            if decision is not None and login.turn.at < decision.expires_at
            else "",
        )


def _state(state: MemberState) -> str:
    return f"state.{state.value}"
