"""``/try``: put an ID before this node and read, in plain words, what it makes of it.

The page is a relying party of its own, registered in the sandbox and nowhere else. It asks for no assertion, and on
behalf of whichever state is chosen: what it shows is what a relying party of that state would be told. What is sent is
judged and forgotten.

There is no token against forged requests (CSRF), on purpose: the page knows nobody, keeps nothing and changes nothing.
Whoever makes another's browser send this form learns nothing, because its answer is read by no other site; and what it
can spend is a nonce of a presentation that was made for this page. A token would need a session, and that would be the
first thing that the page knows about anybody.
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
from idbridge.model.request import Detail
from idbridge_gateway.api.head import read_head
from idbridge_gateway.api.request import read_request
from idbridge_gateway.oidc.turns import Turns
from idbridge_gateway.pages.forms import read_form
from idbridge_gateway.pages.languages import Language
from idbridge_gateway.pages.purpose_words import purpose_words
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.pages.samples import Sample, Samples
from idbridge_gateway.pages.verdict_words import verdict_words
from idbridge_gateway.verdict import Verdicts

PATH: Final = "/try"
_TEXTS: Final = frozenset({"sample", "credential", "purpose", "state"})
_PICTURE: Final = "picture"
_MEGABYTE: Final = 1024 * 1024
_WHITE: Final = "\r\n\t "


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody put before the page: the members of a verification request, and on behalf of which state."""

    members: Mapping[str, Any]
    by: MemberState
    sample: Sample | None = None


class _Fault(Exception):
    """The form is in order and asks for nothing that can be done; ``key`` is the sentence that says what to change."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class TryIt:
    """Answers the page. Without ``samples`` there is nobody to ask as, and it says who may."""

    def __init__(
        self,
        *,
        pages: Pages,
        verdicts: Verdicts,
        turns: Turns,
        node_url: str,
        decryption_keys: tuple[DecryptionKey, ...],
        samples: Samples | None,
    ) -> None:
        self._pages = pages
        self._verdicts = verdicts
        self._turns = turns
        self._node_audiences = frozenset({node_url})
        self._decryption_keys = decryption_keys
        self._samples = samples
        self._reading = 0

    def form(self, request: Request, *, fault: str = "", status: int = 200) -> Response:
        """Return the page with its forms, with what is to be changed if something is."""
        if self._samples is None:
            return self._closed(request)
        offered = self._samples.offered
        party = self._samples.party
        words = self._pages.language(request)
        return self._pages.page(
            request,
            "try.html",
            status=status,
            personal=bool(fault),
            fault=fault,
            samples=[
                ("try.good", [sample for sample in offered if sample.good]),
                ("try.faulty", [sample for sample in offered if not sample.good]),
            ],
            purposes=[{"code": code, "words": self._purpose_words(words, code)} for code in sorted(party.purposes)],
            chosen_purpose="account-opening",
            states=sorted(MemberState),
            chosen_state=party.state,
            longest=LIMITS.body_bytes,
            megabytes=LIMITS.upload_bytes // _MEGABYTE if pictures.can_be_read() else 0,
        )

    async def answer(self, request: Request) -> Response:
        """Answer a form that was sent.

        Raises:
            RequestError: It is none of ours, too large, or this node cannot answer now.
            ClientGone: Nobody is left to answer.
        """
        if self._samples is None:
            return self._closed(request)
        head = read_head(request.scope["headers"], correlation_id=request.state.correlation_id)
        if self._reading >= LIMITS.forms_at_once:
            raise RequestError("system.overloaded", "too many forms are arriving at once")
        self._reading += 1
        try:
            fields, picture = await read_form(head, request.receive, texts=_TEXTS, file=_PICTURE)
            asked = await self._asked(fields, picture, samples=self._samples)
        except _Fault as fault:
            return self.form(request, fault=fault.key, status=422)
        finally:
            self._reading -= 1
        return await self._verdict(request, asked, samples=self._samples)

    def _closed(self, request: Request) -> Response:
        return self._pages.page(request, "closed.html", status=403, personal=False)

    async def _asked(self, fields: Mapping[str, str], picture: bytes, *, samples: Samples) -> Asked:
        if fields.get("sample"):
            sample = next((one for one in samples.offered if one.name == fields["sample"]), None)
            if sample is None:
                raise _Fault("try.empty")
            return Asked(samples.question(sample, at=self._turns.clock.now()), sample.by, sample)
        text = fields.get("credential", "").strip(_WHITE)
        if not text and not picture:
            raise _Fault("try.empty")
        purpose, state = fields.get("purpose", ""), fields.get("state", "")
        if purpose not in samples.party.purposes or state not in MemberState.__members__:
            raise _Fault("try.choose")
        credential = text or await _code_in(picture)
        return Asked(
            {"credential": credential, "purpose": purpose, "claims": self._claims(purpose, samples)}, MemberState(state)
        )

    def _claims(self, purpose: str, samples: Samples) -> list[str]:
        """Return what may be shown at most for ``purpose``, so that the answer shows as much as there is."""
        found = self._turns.trust.current().snapshot.purposes.find(purpose)
        return sorted(samples.party.claims & frozenset(found.claims)) if found is not None else []

    async def _verdict(self, request: Request, asked: Asked, *, samples: Samples) -> Response:
        question = read_request(
            {**asked.members, "detail": Detail.DETAILED.value},
            relying_party=replace(samples.party, state=asked.by),
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
        return await page.answer(request) if request.method == "POST" else page.form(request)

    return router
