"""``/try``: put an ID before this node and read, in plain words, what it makes of it.

In a sandbox the page is a relying party of its own, and asks on behalf of whichever state is chosen: what it shows is
what a relying party of that state would be told. Elsewhere it asks for a relying party that signed in (``ask``), within
its registration and its limits. It asks for no assertion. What is sent is judged and forgotten.

In a sandbox there is no token against forged requests (CSRF), on purpose: the page knows nobody, keeps nothing and
changes nothing. Whoever makes another's browser send this form learns nothing, because its answer is read by no other
site; and what it can spend is a nonce of a presentation that was made for this page. With a session there is a token.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from idbridge.codec import pictures
from idbridge.crypto.jwe import DecryptionKey
from idbridge.errors import InputError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.request import Detail, RelyingParty
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.api.head import read_head
from idbridge_gateway.api.request import read_request
from idbridge_gateway.ask.session import BusinessSessions
from idbridge_gateway.oidc.turns import Turns
from idbridge_gateway.pages.forgery import FIELD, form_token, require_own
from idbridge_gateway.pages.forms import read_form
from idbridge_gateway.pages.languages import Language
from idbridge_gateway.pages.purpose_words import purpose_words
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.pages.samples import Sample, Samples
from idbridge_gateway.pages.verdict_words import verdict_words
from idbridge_gateway.registry.rates import SharedRates
from idbridge_gateway.verdict import Verdicts

PATH: Final = "/try"
_TEXTS: Final = frozenset({"sample", "credential", "purpose", "state"})
_PICTURE: Final = "picture"
_USUAL: Final = "account-opening"
_MEGABYTE: Final = 1024 * 1024
_WHITE: Final = "\r\n\t "


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody put before the page: the members of a verification request, and on behalf of which state."""

    members: Mapping[str, Any]
    by: MemberState
    sample: Sample | None = None


@dataclass(frozen=True, slots=True)
class Tester:
    """For whom the page asks: its own registration with examples, or a relying party that signed in, with a token."""

    party: RelyingParty
    samples: Samples | None = None
    token: str = ""

    @property
    def states(self) -> tuple[MemberState, ...]:
        """On behalf of which states it may ask: a relying party on behalf of its own."""
        return tuple(sorted(MemberState)) if self.samples is not None else (self.party.state,)


class _Fault(Exception):
    """The form is in order and asks for nothing that can be done; ``key`` is the sentence that says what to change."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class TryIt:
    """Answers the page. Without ``samples`` it asks for whoever signed in, and tells everybody else who may."""

    def __init__(
        self,
        *,
        pages: Pages,
        verdicts: Verdicts,
        turns: Turns,
        node_url: str,
        origin: str,
        decryption_keys: tuple[DecryptionKey, ...],
        samples: Samples | None,
        sessions: BusinessSessions,
        rates: SharedRates,
    ) -> None:
        self._pages = pages
        self._verdicts = verdicts
        self._turns = turns
        self._node_audiences = frozenset({node_url})
        self._origin = origin
        self._decryption_keys = decryption_keys
        self._samples = samples
        self._sessions = sessions
        self._rates = rates
        self._reading = 0

    async def form(self, request: Request) -> Response:
        """Return the page with its forms, or the one that says who may see it.

        Raises:
            RequestError: ``system.*``: nobody can tell who signed in.
        """
        tester = await self._tester(request)
        return self._closed(request) if tester is None else self._form(request, tester)

    async def answer(self, request: Request) -> Response:
        """Answer a form that was sent.

        Raises:
            RequestError: It is none of ours, too large, too many, or this node cannot answer now.
            OAuthError: Another site sent it in the name of whoever signed in.
            ClientGone: Nobody is left to answer.
        """
        tester = await self._tester(request)
        if tester is None:
            return self._closed(request)
        head = read_head(request.scope["headers"], correlation_id=request.state.correlation_id)
        if self._reading >= LIMITS.forms_at_once:
            raise RequestError("system.overloaded", "too many forms are arriving at once")
        self._reading += 1
        try:
            texts = _TEXTS | {FIELD} if tester.token else _TEXTS
            fields, picture = await read_form(head, request.receive, texts=texts, file=_PICTURE)
            await self._admit(request, tester, fields)
            asked = await self._asked(fields, picture, tester)
        except _Fault as fault:
            return self._form(request, tester, fault=fault.key, status=422)
        finally:
            self._reading -= 1
        return await self._verdict(request, asked, tester)

    async def _tester(self, request: Request) -> Tester | None:
        if self._samples is not None:
            return Tester(self._samples.party, self._samples)
        session = await self._sessions.find(request)
        return None if session is None else Tester(session.party, token=form_token(session.handle, PATH))

    async def _admit(self, request: Request, tester: Tester, fields: Mapping[str, str]) -> None:
        """Return if the form may be answered: of whoever signed in, it is their own, and not one too many."""
        if tester.token:
            require_own(request, origin=self._origin, token=fields.get(FIELD, ""), expected=tester.token)
            await self._rates.take(tester.party.id)

    def _closed(self, request: Request) -> Response:
        return self._pages.page(request, "closed.html", status=403, personal=False)

    def _form(self, request: Request, tester: Tester, *, fault: str = "", status: int = 200) -> Response:
        """Return the page with its forms, with what is to be changed if something is."""
        offered = tester.samples.offered if tester.samples is not None else ()
        words = self._pages.language(request)
        purposes = sorted(tester.party.purposes)
        response = self._pages.page(
            request,
            "try.html",
            status=status,
            personal=bool(fault) or bool(tester.token),
            fault=fault,
            samples=[
                ("try.good", [sample for sample in offered if sample.good]),
                ("try.faulty", [sample for sample in offered if not sample.good]),
            ]
            if offered
            else [],
            asker=tester.party.name,
            token=tester.token,
            purposes=[{"code": code, "words": self._purpose_words(words, code)} for code in purposes],
            chosen_purpose=_USUAL if _USUAL in purposes else purposes[0],
            states=tester.states,
            chosen_state=tester.party.state,
            longest=LIMITS.body_bytes,
            megabytes=LIMITS.upload_bytes // _MEGABYTE if pictures.can_be_read() else 0,
        )
        if tester.token:
            response.headers["referrer-policy"] = "same-origin"  # so that browsers name the origin of the form
        return response

    async def _asked(self, fields: Mapping[str, str], picture: bytes, tester: Tester) -> Asked:
        if fields.get("sample"):
            return self._example(fields["sample"], tester.samples)
        text = fields.get("credential", "").strip(_WHITE)
        if not text and not picture:
            raise _Fault("try.empty")
        purpose, state = fields.get("purpose", ""), fields.get("state", "")
        if purpose not in tester.party.purposes or state not in tester.states:
            raise _Fault("try.choose")
        credential = text or await _code_in(picture)
        return Asked(
            {"credential": credential, "purpose": purpose, "claims": self._claims(purpose, tester.party)},
            MemberState(state),
        )

    def _example(self, name: str, samples: Samples | None) -> Asked:
        sample = next((one for one in samples.offered if one.name == name), None) if samples is not None else None
        if samples is None or sample is None:
            raise _Fault("try.empty")
        return Asked(samples.question(sample, at=self._turns.clock.now()), sample.by, sample)

    def _claims(self, purpose: str, party: RelyingParty) -> list[str]:
        """Return what may be shown at most for ``purpose``, so that the answer shows as much as there is."""
        found = self._turns.trust.current().snapshot.purposes.find(purpose)
        return sorted(party.claims & frozenset(found.claims)) if found is not None else []

    async def _verdict(self, request: Request, asked: Asked, tester: Tester) -> Response:
        question = read_request(
            {**asked.members, "detail": Detail.DETAILED.value},
            relying_party=replace(tester.party, state=asked.by),
            node_audiences=self._node_audiences,
            decryption_keys=self._decryption_keys,
        )
        turn = self._turns.begin()
        released = await self._verdicts.first(question, state=turn.state, issuing=turn.issuing, at=turn.at)
        report = released.document()
        words = self._pages.language(request)
        level = report["assurance"]["loa"] if report["assurance"] is not None else "A0"
        told = verdict_words(
            report,
            state_words=words(f"state.{asked.by.value}"),
            purpose_words=self._purpose_words(words, question.purpose),
            level_words=words(f"level.{level}"),
        )
        return self._pages.page(request, "verdict.html", report=report, words=told, sample=asked.sample)

    def _purpose_words(self, words: Language, code: str) -> str:
        return purpose_words(words, code, self._turns.trust.in_force.snapshot.purposes)


async def _code_in(picture: bytes) -> str:
    """Return the text of the one code in ``picture``; a process of its own looks for it, and the loop goes on."""
    if not pictures.is_picture(picture) or not pictures.can_be_read():
        raise _Fault("try.bad_picture")
    try:
        found = await asyncio.to_thread(pictures.codes_in, picture)
    except InputError:
        raise _Fault("try.bad_picture") from None
    if len(found) != 1:
        raise _Fault("try.many_codes" if found else "try.no_code")
    return found[0]


def try_router(page: TryIt) -> APIRouter:
    """Return the routes of the page."""
    router = APIRouter()

    @router.api_route(PATH, methods=["GET", "POST"], include_in_schema=False)
    async def answer(request: Request) -> Response:
        if request.method != "POST":
            return await page.form(request)
        try:
            return await page.answer(request)
        except OAuthError as refusal:
            shown: Response = request.app.state.site.refused(request, refusal)
            return shown

    return router
