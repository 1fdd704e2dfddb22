"""The pages ``/ask`` and ``/ask/{id}``: a business asks by a link, watches how it stands, and prints the answer.

Whoever has no session sees where to sign in, and nothing else. An id opens nothing without a session of the relying
party that asked. A form counts only from our own page in the browser of that session (``forgery``). Nothing is kept
here: an answer is there for as long as its presentation is.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from fastapi import Request, Response

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.ask.answer_words import answer_words, level_of
from idbridge_gateway.ask.question import FormFault, Question, order_members, questions, registers
from idbridge_gateway.ask.session import BusinessSession, BusinessSessions
from idbridge_gateway.evidence.answer_codes import code_of
from idbridge_gateway.oidc import addresses
from idbridge_gateway.oidc.browser import see_other
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.pages.claim_words import claim_words
from idbridge_gateway.pages.forgery import form_token, origin_of, own_form
from idbridge_gateway.pages.languages import PARAMETER
from idbridge_gateway.pages.purpose_words import purpose_words
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.parts import Parts
from idbridge_gateway.wallet.order import read_order
from idbridge_gateway.wallet.page import qr_svg
from idbridge_gateway.wallet.presentations import Begun
from idbridge_gateway.wallet.records import Outcome, Presentation
from idbridge_gateway.wallet.wiring import Verifier

PATH: Final = "/ask"
_FIELDS: Final = frozenset({"question", "scheme", "number", "purpose_text", "ask"})
_EMPTY: Final = MappingProxyType(dict.fromkeys(_FIELDS, ""))
_CALL_OFF: Final = frozenset({"call-off"})
_UNPROCESSABLE: Final = 422
_NOBODY_CAN: Final = "query.unanswerable"


class AskPages:
    """Answers businesses at one node."""

    def __init__(self, parts: Parts, *, pages: Pages, verifier: Verifier, sessions: BusinessSessions) -> None:
        self._pages = pages
        self._asker = verifier.asker
        self._presentations = verifier.presentations
        self._sessions = sessions
        self._turns = parts.turns
        self._rates = parts.shared_rates
        self._origin = origin_of(parts.settings.public_url)

    async def home(self, request: Request) -> Response:
        """Return the page on which a question is chosen, or the one on which somebody signs in."""
        session = await self._sessions.find(request)
        if session is None:
            return self.door(request)
        return await self._form(request, session)

    async def ask(self, request: Request) -> Response:
        """Begin what a form asks for, and lead to its page.

        Raises:
            OAuthError: The form is none of this page.
            RequestError: ``policy.unauthenticated``, ``policy.rate_exceeded`` or ``system.*``: nothing was begun.
        """
        session = await self._require(request)
        fields = await own_form(request, texts=_FIELDS, origin=self._origin, expected=form_token(session.handle, PATH))
        try:
            begun = await self._begun(fields, session)
        except FormFault as fault:
            return await self._form(request, session, fault=fault.key, fields=fields)
        await self._sessions.note(session, begun.id)
        return see_other(self._path(request, begun.id))

    async def answer(self, request: Request, handle: str) -> Response:
        """Return the page of one ask: the link while it is open, and then how it ended.

        Raises:
            RequestError: ``input.not_found``: there is none of this relying party, or none any more; ``system.*``.
        """
        session = await self._sessions.find(request)
        if session is None:
            return self.door(request, onward=handle)
        found = await self._presentations.find(handle, owner=session.party.id)
        at = self._turns.clock.now()
        outcome = found.at(at)
        link = self._asker.page_uri(found.link)
        return self._page(
            request,
            "ask_answer.html",
            name=session.party.name,
            outcome=outcome.value,
            link=link,
            qr=qr_svg(link) if outcome is Outcome.PENDING else "",
            handle=handle,
            token=form_token(session.handle, f"{PATH}/{handle}"),
            until=_instant(found.ends_at),
            kept_until=_instant(found.ends_at + LIMITS.presentation_kept),
            **await self._asked(request, found),
            **self._report(request, found),
        )

    async def call_off(self, request: Request, handle: str) -> Response:
        """End one ask, and forget what was answered.

        Raises:
            OAuthError: The form is none of this page.
            RequestError: ``policy.unauthenticated``, ``input.not_found`` or ``system.*``.
        """
        session = await self._require(request)
        expected = form_token(session.handle, f"{PATH}/{handle}")
        await own_form(request, texts=_CALL_OFF, origin=self._origin, expected=expected)
        await self._presentations.cancel(handle, owner=session.party.id)
        return see_other(self._path(request, handle))

    async def sign_out(self, request: Request) -> Response:
        """End the session of the browser.

        Raises:
            OAuthError: The form is none of this page.
            RequestError: ``system.*``.
        """
        session = await self._sessions.find(request)
        response = see_other(PATH)
        if session is not None:
            expected = form_token(session.handle, PATH)
            await own_form(request, texts=frozenset({"sign-out"}), origin=self._origin, expected=expected)
        await self._sessions.end(request, response)
        return response

    def door(self, request: Request, *, onward: str = "", fault: str = "", status: int = 401) -> Response:
        """Return the page on which a business signs in, and which says who may."""
        return self._page(
            request, "ask_door.html", status=status, kept={} if not fault else None, onward=onward, fault=fault
        )

    def _page(self, request: Request, template: str, **values: Any) -> Response:
        """Return a page whose forms say where they were: without a referrer, browsers would not name their origin."""
        response = self._pages.page(request, template, **values)
        response.headers["referrer-policy"] = "same-origin"
        return response

    async def _require(self, request: Request) -> BusinessSession:
        session = await self._sessions.find(request)
        if session is None:
            raise RequestError("policy.unauthenticated", "nobody is signed in in this browser, or not any more")
        return session

    async def _begun(self, fields: Mapping[str, str], session: BusinessSession) -> Begun:
        """Begin a presentation, by the very steps of ``POST /v1/presentations``."""
        party, turn = session.party, self._turns.begin()
        self._asker.require_certificate(at=turn.at)
        members = order_members(fields, _offered(session, turn))
        await self._rates.take(party.id)
        try:
            order = read_order(members, party=party, return_uris=frozenset(), state=turn.state, at=turn.at)
        except RequestError as refusal:
            raise FormFault("ask.nobody_can" if refusal.code == _NOBODY_CAN else "ask.say_why") from None
        client_id = self._asker.client_id(order.prefix, at=turn.at)
        return await self._presentations.begin(order, party=party, client_id=client_id, at=turn.at)

    async def _form(
        self, request: Request, session: BusinessSession, *, fault: str = "", fields: Mapping[str, str] | None = None
    ) -> Response:
        turn = self._turns.begin()
        words, purposes = self._pages.language(request), turn.state.snapshot.purposes
        return self._page(
            request,
            "ask.html",
            status=_UNPROCESSABLE if fault else 200,
            name=session.party.name,
            company=session.company,
            fault=fault,
            fields={**_EMPTY, **(fields or {})},
            questions=[
                {"one": one, "purpose": purpose_words(words, one.purpose, purposes), "claims": _claims(one)}
                for one in _offered(session, turn)
            ],
            registers=registers(session.party),
            least=LIMITS.purpose_text_min_characters,
            most=LIMITS.purpose_text_max_characters,
            hours=int(LIMITS.presentation_lifetime_max.total_seconds()) // 3600,
            token=form_token(session.handle, PATH),
            asks=[one for ask in session.asks if (one := await self._listed(request, session, ask, turn))],
        )

    async def _listed(self, request: Request, session: BusinessSession, ask: str, turn: Turn) -> dict[str, Any] | None:
        """Return one line of the list; ``None`` for an ask that is gone by now."""
        try:
            found = await self._presentations.find(ask, owner=session.party.id)
        except RequestError:
            return None
        about = await self._asked(request, found)
        return {"id": ask, "outcome": found.at(turn.at).value, "until": _instant(found.ends_at), **about}

    async def _asked(self, request: Request, found: Presentation) -> dict[str, Any]:
        """Return what was asked, as the person sees it too."""
        page = await self._presentations.page(found.link)
        if page is None:
            raise RequestError("input.not_found", "this ask is gone")
        words, purposes = self._pages.language(request), self._turns.trust.in_force.snapshot.purposes
        return {
            "purpose": purpose_words(words, page.purpose, purposes),
            "purpose_text": page.purpose_text,
            "company": page.company,
            "claims": [claim_words(claim, "") for claim in page.claims],
        }

    def _report(self, request: Request, found: Presentation) -> dict[str, Any]:
        if found.report is None:
            return {"report": None}
        receipt = found.report["receipt"]
        words, purposes = self._pages.language(request), self._turns.trust.in_force.snapshot.purposes
        told = answer_words(found.report, words, purposes)
        represents = found.report["represents"]
        ends = represents["until"] if represents is not None else None
        return {
            "report": found.report,
            "code": code_of(found.report["report_id"], receipt["index"]) if receipt is not None else "",
            "check_at": f"{self._origin}{addresses.RECEIPT}",
            "words": told,
            "level": level_of(found.report),
            "evaluated": _instant(datetime.fromisoformat(found.report["evaluated_at"])),
            "mandate_until": _instant(datetime.fromisoformat(ends)) if ends is not None else "",
        }

    def _path(self, request: Request, handle: str) -> str:
        spoken = self._pages.language(request)
        return f"{PATH}/{handle}?{PARAMETER}={spoken.code}" if spoken.asked else f"{PATH}/{handle}"


def _offered(session: BusinessSession, turn: Turn) -> tuple[Question, ...]:
    return questions(session.party, turn.state.snapshot.purposes)


def _claims(question: Question) -> list[Any]:
    return [claim_words(claim, "") for claim in question.template.claims]


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
