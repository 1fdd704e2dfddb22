"""Records: the leaf of an answer, written before the answer leaves, and the receipt that goes with it.

Decides that nothing leaves without a leaf: whatever keeps a leaf from a disk is a ``system.*`` problem, which releases
nothing (architecture D8). The commitment in it opens with a key of the day, which is kept apart.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from idbridge.clock import Clock
from idbridge.codec import base64url
from idbridge.errors import EvidenceError, RequestError
from idbridge.evidence.day_keys import DayKeys
from idbridge.evidence.errors import LogError, UnrecordedError
from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import LeafType, Value, released
from idbridge.verify.report import Report
from idbridge_gateway.evidence.leaves import VerdictForms, kind_of, short
from idbridge_gateway.evidence.line import LogLine
from idbridge_gateway.journal import JOURNAL


@dataclass(frozen=True, slots=True)
class Receipt:
    """What proves an answer: where its leaf stands, the proof as text, and what opens its commitment if known."""

    origin: str
    index: int
    proof: str = field(repr=False)
    opening: Opening | None = field(repr=False)

    def document(self) -> dict[str, Any]:
        """Return it as JSON values: the member ``receipt`` of a report."""
        return {
            "origin": self.origin,
            "index": self.index,
            "proof": self.proof,
            "opening": _opened(self.opening) if self.opening is not None else None,
        }


def _opened(opening: Opening) -> dict[str, str]:
    return {"key": base64url.encode(opening.key), "assertion": base64url.encode(opening.assertion)}


@dataclass(frozen=True, slots=True)
class LaterAssertion:
    """What is released of a decision that was made before: its ``text`` as it leaves, to whom, and about whom.

    ``consent`` is the record of the person's yes to it as canonical JSON, where there is one; ``claims`` names what is
    released where the decision does not say it.
    """

    text: str = field(repr=False)
    report_id: str
    relying_party: str
    subject: str | None = None
    consent: bytes | None = field(default=None, repr=False)
    claims: Iterable[str] = ()


class Records(Protocol):
    """Where answers are written down."""

    @property
    def origin(self) -> str | None:
        """The origin of the log; ``None`` for a practice node that has none."""
        ...

    async def answered(
        self,
        report: Report,
        *,
        report_id: str,
        assertion: str | None = None,
        subject: str | None = None,
        releasing: bool = True,
    ) -> Receipt | None:
        """Write the leaf of ``report``, and of the ``assertion`` about ``subject`` that goes with it.

        Without ``releasing`` nothing of it is released yet, and the leaf says so of no claim.

        Raises:
            RequestError: ``system.*``: nothing may be released.
        """
        ...

    async def asserted(self, made: LaterAssertion) -> Receipt | None:
        """Write the leaf of what was made of an earlier decision.

        Raises:
            RequestError: ``system.*``: nothing may be released.
        """
        ...


class LoggedRecords:
    """The records of a node that has a log."""

    def __init__(
        self,
        line: LogLine,
        *,
        origin: str,
        days: DayKeys,
        clock: Clock,
        refused: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Write to ``line``; ``refused`` is told of each answer that cannot be written down, why."""
        self._refused = refused
        self.waiting = 0  # answers that wait for the disk
        self._line = line
        self._days = days
        self._clock = clock
        self._forms = VerdictForms()
        self.origin: Final = origin

    async def answered(
        self,
        report: Report,
        *,
        report_id: str,
        assertion: str | None = None,
        subject: str | None = None,
        releasing: bool = True,
    ) -> Receipt:
        """Write the leaf of ``report``, and of the ``assertion`` about ``subject`` that goes with it.

        Without ``releasing`` nothing of it is released yet, and the leaf says so of no claim.

        Raises:
            RequestError: ``system.unrecorded`` or ``system.overloaded``: nothing may be released.
        """
        day, opening, mark = self._opened(report_id, assertion=assertion, subject=subject)
        told = opening.commitment(report.request.credential.encode("utf-8", "surrogatepass"))
        kind = kind_of(report, asserted=assertion is not None)
        try:
            members = self._forms.members(
                report, kind, report_id=report_id, commitment=told, day=day, mark=mark, releasing=releasing
            )
        except EvidenceError as refused:
            raise _unmade(refused) from refused
        return await self._written(kind, members, opening)

    async def asserted(self, made: LaterAssertion) -> Receipt:
        """Write the leaf of what was made of an earlier decision.

        Its commitment is to that alone: the credential is not here any more. The consent has a commitment of its own.

        Raises:
            RequestError: ``system.unrecorded`` or ``system.overloaded``: nothing may be released.
        """
        day, opening, mark = self._opened(made.report_id, assertion=made.text, subject=made.subject)
        party, told = short(made.relying_party), opening.commitment(b"")
        members = {"req": made.report_id, "rp": party, "res": "PASSED", "com": told, "day": day}
        if names := released(made.claims):
            members["rel"] = names
        if made.consent is not None:
            members["con"] = opening.consent(made.consent)
        if mark is not None:
            members["sub"] = mark
        return await self._written(LeafType.ASSERT, members, opening)

    def _opened(self, report_id: str, *, assertion: str | None, subject: str | None) -> tuple[str, Opening, str | None]:
        """Return the day of a leaf, what opens it, and its mark of the person."""
        today = self._clock.now().date()
        try:
            key = self._days.key(today)
        except LogError as refused:
            JOURNAL.error("there is no key of the day: %s", refused)
            self._refused("unrecorded")
            raise UnrecordedError("there is no key of the day") from refused
        opening = key.opening(report_id, assertion=(assertion or "").encode())
        mark = key.subject(report_id, pairwise_subject=subject) if subject is not None else None
        return today.isoformat(), opening, mark

    async def _written(self, kind: LeafType, members: Mapping[str, Value], opening: Opening) -> Receipt:
        self.waiting += 1
        try:
            written = await self._line.append(kind, members, opening=opening)
        except EvidenceError as refused:
            self._refused("unrecorded")
            raise _unmade(refused) from refused
        except RequestError as refused:
            self._refused("overloaded" if refused.code == "system.overloaded" else "unrecorded")
            raise
        finally:
            self.waiting -= 1
        return Receipt(self.origin, written.index, written.receipt.decode("utf-8"), opening)


def _unmade(refused: EvidenceError) -> UnrecordedError:
    """Return the error for a leaf that cannot be made: that is no reason to release without one."""
    JOURNAL.error("a leaf cannot be made: %s", refused)
    return UnrecordedError("a leaf cannot be made")


class NoRecords:
    """The records of a practice node without a log: it writes nothing down, and its answers have no receipt."""

    origin: Final = None
    waiting: Final = 0

    async def answered(
        self,
        report: Report,
        *,
        report_id: str,
        assertion: str | None = None,
        subject: str | None = None,
        releasing: bool = True,
    ) -> None:
        """Write nothing."""

    async def asserted(self, made: LaterAssertion) -> None:
        """Write nothing."""
