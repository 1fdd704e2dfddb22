"""Answers: what a target said to a case. A verdict with its reason, or a fault, which is never taken for a refusal.

A verdict is read strictly: a document that contradicts itself is a fault. Decides nothing about whether the verdict is
the right one; that is for ``judge``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance import schemas
from idbridge.limits import LIMITS
from idbridge.reasons import Indication

IN_GRACE: Final = " and accepted in grace"
"""How a verdict ends in words that is undecided and accepted all the same."""
_WRONG_CHARACTERS: Final = 300  # of what a schema finds wrong, which quotes what it looks at
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class FaultKind(StrEnum):
    """In which way a target gave no verdict."""

    CRASH = "crash"  # it ended otherwise than a verdict ends
    HANG = "hang"  # it did not answer in time
    EMPTY = "empty"  # it said nothing
    MALFORMED = "malformed"  # it said something that is no verdict, or contradicts itself
    UNREACHABLE = "unreachable"  # nobody answered at its address


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome and its reason; ``code`` is ``None`` exactly if nothing was refused.

    ``code`` is a reason code of the catalogue, or an OAuth error where the profile speaks OAuth. ``in_grace`` says that
    it was accepted although it is undecided, because an arrangement allows it for some time.

    Raises:
        ValueError: It is accepted for a reason, or refused without one.
    """

    indication: Indication
    code: str | None
    in_grace: bool = False

    def __post_init__(self) -> None:
        if (self.indication is Indication.PASSED) is not (self.code is None):
            raise ValueError("what is refused has a reason, what is accepted has none")
        if self.code == "":
            raise ValueError("a reason is not empty")
        if self.in_grace and self.indication is not Indication.INDETERMINATE:
            raise ValueError("grace is for what is undecided")

    @classmethod
    def passed(cls) -> "Verdict":
        """Return the verdict that nothing is to be refused."""
        return cls(Indication.PASSED, None)

    @property
    def is_accepted(self) -> bool:
        """Tell whether somebody may rely on it."""
        return self.code is None or self.in_grace

    def __str__(self) -> str:
        if self.code is None:
            return self.indication.value
        return f"{self.indication.value} {self.code}{IN_GRACE if self.in_grace else ''}"


@dataclass(frozen=True, slots=True)
class Fault:
    """No verdict: a crash, a hang, an empty or a malformed answer. It passes no case, least of all a refused one."""

    kind: FaultKind
    detail: str

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Observation:
    """What a target did with one case.

    ``state`` is its state afterwards as plain JSON values, ``None`` if it does not tell. ``sent`` and ``received`` are
    for people who read the report; they hold what is in the corpus and nothing of anybody. ``before`` is what went
    wrong before the last thing was asked, empty if nothing did: then the answer to the last thing proves nothing.
    ``fresh`` says that what was asked had been made for this run, and stands in no corpus.
    """

    answer: Verdict | Fault
    state: Mapping[str, Any] | None = None
    sent: str = ""
    received: str = ""
    before: str = ""
    more: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    fresh: bool = False


def read_verdict(document: object) -> Verdict | Fault:
    """Return the verdict that ``document`` states: its ``indication``, ``reason.code`` or ``code``, and ``accepted``.

    A report of ``/v1/verify`` reads as one; members that are not named here are not looked at.
    """
    if not isinstance(document, Mapping):
        return Fault(FaultKind.MALFORMED, "the answer is no JSON object")
    reason = document.get("reason")
    code = reason.get("code") if isinstance(reason, Mapping) else document.get("code")
    if isinstance(reason, Mapping) and document.get("code", code) != code:
        return Fault(FaultKind.MALFORMED, "the answer contradicts itself: `code` is not that of its `reason`")
    indication = document.get("indication")
    if not isinstance(indication, str) or indication not in Indication.__members__ or not isinstance(code, str | None):
        return Fault(FaultKind.MALFORMED, "the answer states no indication and reason")
    if code is not None and len(code) > LIMITS.identifier_characters:
        return Fault(FaultKind.MALFORMED, f"a reason has at most {LIMITS.identifier_characters} characters")
    accepted = document.get("accepted", code is None)
    in_grace = accepted is True and indication == Indication.INDETERMINATE
    if accepted is not (code is None) and not in_grace:
        return Fault(FaultKind.MALFORMED, "the answer contradicts itself: `accepted` does not go with its reason")
    try:
        return Verdict(Indication(indication), code, in_grace)
    except ValueError as contradiction:
        return Fault(FaultKind.MALFORMED, f"the answer contradicts itself: {contradiction}")


def read_answer(document: Mapping[str, Any]) -> Verdict | Fault:
    """Return the verdict in the answer of a program, which has the published form and nothing beyond it."""
    wrong = schemas.fault(document, schemas.ANSWER)
    return _malformed("the answer", wrong) if wrong else read_verdict(document)


def read_state(document: Mapping[str, Any], schema: str, *, part: str | None = None) -> Mapping[str, Any] | Fault:
    """Return what a program says that it remembers, which has the form that ``schema``, or ``part`` of it, says."""
    wrong = schemas.fault(document, schema, part=part)
    return _malformed("the state", wrong) if wrong else document


def _malformed(what: str, wrong: str) -> Fault:
    return Fault(FaultKind.MALFORMED, f"{what} has not the published form: {wrong[:_WRONG_CHARACTERS]}")


def released(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an answer releases, as members of the state: the claims, and the level that they count at.

    Reads a report of ``/v1/verify``, or an answer of the command-line protocol with ``claims`` and ``level`` in it. A
    report may say what level a refused credential had, and counts it at none; a member that is not told is left out.
    """
    told: dict[str, Any] = {}
    claims, assurance = document.get("claims"), document.get("assurance")
    if isinstance(claims, Mapping):
        told["released"] = dict(claims)
    if "level" in document:
        told["level"] = document["level"]
    elif "assurance" in document:
        accepted = document.get("accepted", document.get("indication") == Indication.PASSED)
        told["level"] = assurance.get("loa") if accepted and isinstance(assurance, Mapping) else None
    return told
