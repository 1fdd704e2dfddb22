"""``/receipt``: whoever holds a printed answer types its code and is told whether this node gave that answer.

Decides what is told: when, to whom, and with what result, as the log has it; whom it is about stands nowhere in it.
Told of are answers to businesses that ask by link, for only theirs are printed with a code. A code that was typed
wrong, one of another node, one of another's answer, and one of a leaf that is gone all have the same page.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from fastapi import Request, Response

from idbridge.errors import RequestError
from idbridge.evidence.errors import LogError
from idbridge.limits import LIMITS
from idbridge.reasons import Indication
from idbridge.tlog.leaf import Leaf, LeafType
from idbridge_gateway.evidence.answer_codes import parse_code
from idbridge_gateway.evidence.leaves import short
from idbridge_gateway.evidence.lookup import answer_at
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.pages.catalogue import FULL, LANGUAGES, SOURCE, catalogues
from idbridge_gateway.pages.languages import Language
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.parts import Parts

CODE: Final = "code"  # the parameter that has the code
_NOT_FOUND: Final = 404
_TIME: Final = "%Y-%m-%d %H:%M UTC"
_MILLISECONDS: Final = 1_000
_TONES: Final[Mapping[str, str]] = MappingProxyType({
    "verdict.passed": "good", "verdict.passed_reserve": "open", "verdict.unknown": "open", "verdict.failed": "bad",
})  # fmt: skip


class PrintedAnswers:
    """Answers whoever holds a printed answer of one node."""

    def __init__(self, parts: Parts, *, pages: Pages) -> None:
        self._pages = pages
        self._evidence = parts.evidence
        self._registry = parts.registry
        self._reading = asyncio.Semaphore(1)  # nobody who asks without end holds more than one thread

    async def answer(self, request: Request) -> Response:
        """Return the page on which a code is typed, and what there is to tell of the one that was.

        Raises:
            RequestError: ``system.not_ready``: the log cannot be read.
        """
        code = request.query_params.get(CODE)
        if code is None or self._evidence.folder is None:
            return self._page(request)
        told = await self._told(self._evidence.folder, code)
        return self._page(request, tried=code, told=told, status=200 if told is not None else _NOT_FOUND)

    async def _told(self, folder: Path, code: str) -> dict[str, Any] | None:
        named = parse_code(code)
        if named is None:
            return None
        report_id, index = named
        async with self._reading:
            try:
                leaf = await asyncio.to_thread(answer_at, folder, index, report_id)
            except LogError as unreadable:
                JOURNAL.error("the log cannot be read: %s", unreadable)
                raise RequestError("system.not_ready", "the log cannot be read") from None
        party = None if leaf is None else self._asked_by_link(str(leaf.members["rp"]))
        if leaf is None or party is None:
            return None
        headline = _headline(leaf)
        return {
            "name": party,
            "at": datetime.fromtimestamp(leaf.at_ms / _MILLISECONDS, UTC).strftime(_TIME),
            "headline": headline,
            "tone": _TONES[headline],
            "level": str(leaf.members.get("loa", "")),
            "index": index,
            "origin": self._evidence.records.origin,
        }

    def _asked_by_link(self, told: str) -> str | None:
        """Return the name of the business that a leaf calls ``told``; ``None`` if it is none that asks by link."""
        for registration in self._registry.registrations:
            if registration.signs_in_as is not None and short(registration.id) == told:
                return registration.relying_party.name
        return None

    def _page(
        self, request: Request, *, tried: str | None = None, told: Mapping[str, Any] | None = None, status: int = 200
    ) -> Response:
        shown = tried if tried is not None and len(tried) <= LIMITS.answer_code_characters else ""
        words = self._pages.language(request, offered=LANGUAGES)
        return self._pages.page(
            request,
            "receipts.html",
            w=words if words.code in FULL else Language(catalogues()[SOURCE]),
            status=status,
            personal=tried is not None,
            offered=LANGUAGES,
            kept={CODE: shown} if shown else {},
            code=shown,
            kept_here=self._evidence.folder is not None,
            tried=tried is not None,
            told=told,
        )


def _headline(leaf: Leaf) -> str:
    """Return the words of the result, the same as on the answer itself."""
    passed = leaf.members["res"] == Indication.PASSED.value
    if leaf.type is not LeafType.REJECT:
        return "verdict.passed" if passed else "verdict.passed_reserve"
    return "verdict.unknown" if leaf.members["res"] == Indication.INDETERMINATE.value else "verdict.failed"
