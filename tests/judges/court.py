"""A court: one file of public vectors, who judges each kind of case in it, and what is said of it in advance.

A judge takes a case and returns the reason code under which it is refused, the empty text if it is accepted. Anything
that it raises is a crash, and a code that our catalogue does not have is none: both count as wrong.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.reasons import REASONS

Case = dict[str, Any]
Judge = Callable[[Case], str]
ACCEPTED: Final = ""


@dataclass(frozen=True, slots=True)
class Court:
    """One file of vectors.

    ``judges`` are by kind, and ``aside`` says of every other kind why nobody judges it. ``refused`` are good cases that
    we refuse, with the reason; ``unscored`` are cases that count for nothing, with the reason.
    """

    file: str
    judges: Mapping[str, Judge]
    aside: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    unscored: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """What came of one file: how many cases were judged and right, and which were not, each with what was said of it.

    ``by_design`` are refused good cases that were named in advance; ``stale`` were named and are accepted.
    """

    file: str
    cases: int = 0
    right: int = 0
    aside: int = 0
    by_design: dict[str, str] = field(default_factory=dict)
    false_accepts: dict[str, str] = field(default_factory=dict)
    false_refusals: dict[str, str] = field(default_factory=dict)
    stale: dict[str, str] = field(default_factory=dict)


def named(file: str) -> Mapping[str, str]:
    """The good cases of ``refused_<file>.json``, by id, with the reason why we refuse each."""
    document = json.loads(Path(__file__).with_name(f"refused_{file}.json").read_text(encoding="utf-8"))
    return MappingProxyType(document)


def hear(court: Court, cases: list[Case]) -> Tally:
    """Have every case of a file judged."""
    tally = Tally(court.file)
    for case in cases:
        name, kind = case["id"], case["kind"]
        if name in court.unscored or kind in court.aside:
            tally.aside += 1
            continue
        tally.cases += 1
        _enter(tally, court, case, _said(court.judges[kind], case))
    return tally


def _enter(tally: Tally, court: Court, case: Case, said: str | None) -> None:
    name, good = case["id"], case["expected"] == "accept"
    if said is None:
        (tally.false_refusals if good else tally.false_accepts)[name] = "a crash, or a refusal without a reason code"
    elif good is (said == ACCEPTED):
        tally.right += 1
        if name in court.refused:
            tally.stale[name] = court.refused[name]
    elif not good:
        tally.false_accepts[name] = case["reason"]
    elif name in court.refused:
        tally.right += 1
        tally.by_design[name] = f"{said}: {court.refused[name]}"
    else:
        tally.false_refusals[name] = said


def _said(judge: Judge, case: Case) -> str | None:
    """What the judge says; ``None`` for a crash, or a word that is no code of ours."""
    try:
        said = judge(case)
    except Exception as crash:  # noqa: BLE001 - whatever it is, it is no verdict
        return _told(case, repr(crash)[:200])
    return said if said == ACCEPTED or said in REASONS else _told(case, said)


def _told(case: Case, what: str) -> None:
    print(f"{case['id']}: {what}")  # noqa: T201 - the one way to see what fell over
