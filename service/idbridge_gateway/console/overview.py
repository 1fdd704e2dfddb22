"""``/console``: states, recognition, verdicts over time, what ends when, conformance and alerts, on one page.

It shows trust material and counts. There is no person in it and no relying party, and nothing can be changed here.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import Request, Response

from idbridge.conformance.profiles import Profile
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.bell import Bell
from idbridge_gateway.console import figures
from idbridge_gateway.console.attestations import grid
from idbridge_gateway.console.chart import HEIGHT, LINE_HEIGHT, WIDTH, Span, chart, first_hour
from idbridge_gateway.node import NodeState
from idbridge_gateway.pages.languages import Language
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.parts import Parts

PATH: Final = "/console"
_DEFAULT_PURPOSE: Final = "account-opening"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What part of everything is shown: the purpose of the matrix, and how far back the chart looks."""

    purpose: str
    span: Span


class Overview:
    """Makes the pages of the console; who may see them is decided before."""

    def __init__(self, parts: Parts, *, pages: Pages, bell: Bell) -> None:
        self._turns = parts.turns
        self._hours = parts.stores.hours
        self._registry = parts.registry
        self._attestations = parts.settings.conformance_directory
        self._pages = pages
        self._bell = bell

    async def page(self, request: Request, *, signed_in: bool) -> Response:
        """Return the page with everything.

        Raises:
            RequestError: The query asks for something that there is not, or the store behind this node is down.
        """
        state, now = self._turns.trust.current(), self._turns.clock.now()
        asked = _asked(request, state)
        counts = await self._hours.since(first_hour(asked.span, at=now))
        words = self._pages.language(request)
        matrix = await asyncio.to_thread(figures.matrix, state, purpose=asked.purpose, at=now)
        folder = self._attestations
        attested = await asyncio.to_thread(grid, folder, at=now) if folder is not None else None
        dues, more = figures.calendar(state.snapshot, at=now, most=LIMITS.calendar_rows)
        page = self._pages.page(
            request,
            "console.html",
            at=_minute(now),
            now=now,
            snapshot=state.snapshot.id,
            notices=self._notices(words),
            tiles=figures.tiles(state.snapshot, at=now),
            matrix=matrix,
            purposes=_purposes(state, words),
            purpose=asked.purpose,
            chart=chart(counts, span=asked.span, at=now),
            width=WIDTH,
            height=HEIGHT,
            line_height=LINE_HEIGHT,
            dues=dues,
            more_dues=more,
            alerts=self._bell.rung,
            attested=attested,
            profiles=tuple(Profile),
            signed_in=signed_in,
        )
        # Without a referrer a browser calls the origin of its own form `null`, and signing out would be refused.
        page.headers["referrer-policy"] = "same-origin"
        return page

    def arrangement(self, request: Request, name: str) -> Response:
        """Return the page of one arrangement with its history.

        Raises:
            RequestError: There is none of that name.
        """
        state, now = self._turns.trust.current(), self._turns.clock.now()
        history = figures.arrangement(state.snapshot, name)
        if history is None:
            raise RequestError("input.not_found")
        return self._pages.page(
            request,
            "console_arrangement.html",
            personal=True,
            name=name,
            parties=sorted(history.latest.parties),
            versions=history.versions,
            deciding=history.deciding_at(now),
            in_words=figures.in_words,
            back=PATH,
        )

    def _notices(self, words: Language) -> tuple[str, ...]:
        """Return what an operator has to know before anything else."""
        trouble = self._registry.trouble
        return (words("console.registry_down", since=_minute(self._registry.as_of)),) if trouble else ()


def _minute(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


def _asked(request: Request, state: NodeState) -> _Asked:
    purposes = state.snapshot.purposes.purposes
    default = _DEFAULT_PURPOSE if _DEFAULT_PURPOSE in purposes else min(purposes)
    purpose, span = request.query_params.get("purpose", default), request.query_params.get("span", Span.DAY.value)
    if purpose not in purposes or span not in {one.value for one in Span}:
        raise RequestError("input.request_malformed", "the query names no purpose of the register, or no span")
    return _Asked(purpose, Span(span))


def _purposes(state: NodeState, words: Language) -> list[tuple[str, str]]:
    """Return the purposes of the register with what each is called."""
    known = words.catalogue.sentences
    found = state.snapshot.purposes.purposes
    return [
        (code, known.get(f"purpose.{code}", found[code].name.get(words.code, found[code].name["en"])))
        for code in sorted(found)
    ]
