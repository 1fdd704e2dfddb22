"""``/consent``: what would be released, in plain words and with its values; yes and no weigh the same.

A yes counts for what the page showed, once, in the browser that began the login (``forgery``). What is not necessary
can be left out, never more put in. After a yes the person may have a receipt before they go on (``receipt``): the yes
is kept first, and then only that very yes goes on, for what a receipt says has to be so. A no is told to the client as
``access_denied``, and nothing is kept. Clause: OpenID Connect Core 1.0 section 3.1.2.4.
"""

from datetime import datetime
from typing import Final

from fastapi import Request, Response

from idbridge.assertion.decision import Decision
from idbridge.limits import LIMITS
from idbridge_gateway.oidc import addresses
from idbridge_gateway.oidc.browser import browsed, see_other
from idbridge_gateway.oidc.codes import KEPT
from idbridge_gateway.oidc.completion import Consent
from idbridge_gateway.oidc.provider import Provider
from idbridge_gateway.oidc.transaction import unknown_transaction
from idbridge_gateway.pages.catalogue import LANGUAGES
from idbridge_gateway.pages.forgery import ForgedFormError, own_form
from idbridge_gateway.pages.opened import OpenedLogin, open_login
from idbridge_gateway.pages.receipt import Receipt, receipt_of
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.pages.statement import Statement, statement_of

PATH: Final = addresses.CONSENT
RECEIPT_PATH: Final = addresses.RECEIPT
_ANSWER: Final = "answer"
_RECEIPT: Final = "receipt"
_FIXED: Final = frozenset({_ANSWER, _RECEIPT})
_MINUTE: Final = 60


class ConsentPage:
    """Answers the page; ``origin`` is that of this node as browsers name it."""

    def __init__(self, *, pages: Pages, provider: Provider, origin: str) -> None:
        self._pages = pages
        self._provider = provider
        self._origin = origin

    async def answer(self, request: Request) -> Response:
        """Answer a browser that comes to read, or that says yes or no."""
        return await browsed(request, self._said if request.method == "POST" else self._shown)

    async def receipt(self, request: Request) -> Response:
        """Answer a browser that takes the receipt of a yes as a file."""
        return await browsed(request, self._handed_over)

    async def _shown(self, request: Request) -> Response:
        login = await open_login(request, self._provider)
        decision, agreed_at = login.held.transaction.decision, login.held.transaction.agreed_at
        if decision is not None and agreed_at is not None:
            return self._receipt_page(request, login, decision, agreed_at)
        if decision is None or _is_over(login, decision):
            return see_other(addresses.selector(login.name))
        words = self._pages.language(request, offered=LANGUAGES, wished=login.asked.ui_locales)
        return self._pages.page(
            request,
            "consent.html",
            offered=LANGUAGES,
            wished=login.asked.ui_locales,
            kept=login.kept,
            leaves=True,
            asker=login.asker(words),
            statement=_statement(login, decision),
            token=_token(login, decision),
            minutes=login.minutes_until(min(decision.expires_at, login.held.transaction.ends_at)),
            forgets=int(KEPT.total_seconds()) // _MINUTE,
        )

    async def _said(self, request: Request) -> Response:
        login, decision, fields = await self._sent(request)
        if login.held.transaction.agreed_at is not None:
            return await self._said_again(request, login, decision, fields)
        completion = self._provider.completion
        if fields.get(_ANSWER) == Consent.NO:
            return await completion.complete(login.held, Consent.NO, turn=login.turn)
        if fields.get(_ANSWER) != Consent.YES:
            raise ForgedFormError
        if _is_over(login, decision):
            return see_other(addresses.selector(login.name))
        shared = _statement(login, decision).left_in(fields)
        if _RECEIPT not in fields:
            return await completion.complete(login.held, Consent.YES, turn=login.turn, shared=shared)
        await self._provider.transactions.agree(login.held, shared, at=login.turn.at)
        return self._receipt_page(request, login, decision.narrowed_to(shared), login.turn.at)

    async def _said_again(
        self, request: Request, login: OpenedLogin, decision: Decision, fields: dict[str, str]
    ) -> Response:
        """Go on after a receipt, or show it again to who sent the form of the consent page twice."""
        agreed_at = _agreed(login, decision, fields)
        if _RECEIPT in fields:
            return self._receipt_page(request, login, decision, agreed_at)
        return await self._provider.completion.complete(login.held, Consent.YES, turn=login.turn)

    def _receipt_page(self, request: Request, login: OpenedLogin, decision: Decision, agreed_at: datetime) -> Response:
        return self._pages.page(
            request,
            "receipt.html",
            offered=LANGUAGES,
            wished=login.asked.ui_locales,
            kept=login.kept,
            leaves=True,
            receipt=self._receipt(request, login, decision, agreed_at),
            token=_token(login, decision),
            boxes=sorted(_statement(login, decision).boxes),
            go_on=addresses.consent(login.name),
            save=addresses.receipt(login.name),
        )

    async def _handed_over(self, request: Request) -> Response:
        login, decision, fields = await self._sent(request)
        receipt = self._receipt(request, login, decision, _agreed(login, decision, fields))
        words = self._pages.language(request, offered=LANGUAGES, wished=login.asked.ui_locales)
        response = Response(self._pages.text("receipt_file.html", m=words, receipt=receipt), media_type="text/html")
        response.headers["content-disposition"] = f'attachment; filename="receipt-{login.turn.at:%Y-%m-%d}.html"'
        response.headers["cache-control"] = "no-store"
        return response

    def _receipt(self, request: Request, login: OpenedLogin, decision: Decision, agreed_at: datetime) -> Receipt:
        words = self._pages.language(request, offered=LANGUAGES, wished=login.asked.ui_locales)
        statement = _statement(login, decision)
        return receipt_of(login, decision, statement, agreed_at=agreed_at, asker=login.asker(words))

    async def _sent(self, request: Request) -> tuple[OpenedLogin, Decision, dict[str, str]]:
        """Return the login whose page sent a form, what was decided of it, and the fields of the form.

        Raises:
            LoginOverError: There is no login, or nobody logged in yet.
            ForgedFormError: The form is not ours, or the page showed another login of the same person.
            RequestError: ``system.*``.
        """
        login = await open_login(request, self._provider)
        decision = login.held.transaction.decision
        if decision is None:
            raise unknown_transaction()
        fields = await own_form(
            request,
            texts=_FIXED | _statement(login, decision).boxes,
            origin=self._origin,
            expected=_token(login, decision),
            most=1 + len(_FIXED) + LIMITS.requested_claims,
        )
        return login, decision, fields


def _is_over(login: OpenedLogin, decision: Decision) -> bool:
    """Tell whether the person logged in too long ago: they can do so again while the transaction lives."""
    return login.turn.at >= decision.expires_at


def _agreed(login: OpenedLogin, decision: Decision, fields: dict[str, str]) -> datetime:
    """Return when the person said the yes that ``fields`` repeat: the very one that was kept, and no other answer.

    Raises:
        ForgedFormError: Nobody agreed yet, or ``fields`` say a no or another yes.
    """
    agreed_at, statement = login.held.transaction.agreed_at, _statement(login, decision)
    everything = frozenset(claim.words.name for claim in statement.claims)
    if agreed_at is None or fields.get(_ANSWER) != Consent.YES or statement.left_in(fields) != everything:
        raise ForgedFormError
    return agreed_at


def _statement(login: OpenedLogin, decision: Decision) -> Statement:
    return statement_of(decision, login.asked.claims, snapshot=login.turn.state.snapshot, at=login.turn.at)


def _token(login: OpenedLogin, decision: Decision) -> str:
    """Return the token of the page that shows who asks for what, and ``decision``: of another of these it is another.

    The number of a decision stands for all that it holds: a later login of the same person has another one.
    """
    return login.token(PATH, shown=(decision.transaction, *login.question))
