"""The record of a run: what was put to which target, with which corpus, and what came of every case. One JSON object.

``report``, ``compare``, ``attest`` and ``check`` work on records, so that a run is made once and looked at often. It
holds what is in the corpus and what the target answered; nothing of any person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from idbridge.conformance import schemas
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.judge import GOOD, Outcome, Result
from idbridge.conformance.profiles import Profile
from idbridge.conformance.run import counts
from idbridge.conformance.target import Description
from idbridge.errors import ConfigurationError
from idbridge.model.time import instant_text, parse_instant

SCHEMA: Final = "idbridge-conformance-run-1"
_WRONG_CHARACTERS: Final = 300  # of what a schema finds wrong, which quotes what it looks at


@dataclass(frozen=True, slots=True)
class Row:
    """One case of a run, as it is written down; ``expected`` and ``got`` are words.

    ``fresh`` says that its input was made for this run, and stands in no corpus.
    """

    case: str
    profile: Profile
    title: str
    requirements: tuple[str, ...]
    negative: bool
    outcome: Outcome
    expected: str
    got: str
    detail: str
    sent: str
    received: str
    milliseconds: float
    fresh: bool = False

    @classmethod
    def of(cls, result: Result) -> "Row":
        """Return the row of a result."""
        case, seen = result.case, result.observed
        return cls(
            case=case.id,
            profile=case.profile,
            title=case.title,
            requirements=case.requirements,
            negative=case.is_negative,
            outcome=result.outcome,
            expected=str(case.expect),
            got=str(seen.answer) if seen is not None else "",
            detail=result.detail,
            sent=seen.sent if seen is not None else "",
            received=seen.received if seen is not None else "",
            milliseconds=result.milliseconds,
            fresh=seen is not None and seen.fresh,
        )

    @property
    def is_good(self) -> bool:
        """Tell whether nobody has to look at it."""
        return self.outcome in GOOD

    def document(self) -> dict[str, Any]:
        """Return the row as JSON values. What was sent and received is left out where all is well."""
        told: dict[str, Any] = {
            "case": self.case,
            "profile": self.profile.value,
            "title": self.title,
            "requirements": list(self.requirements),
            "negative": self.negative,
            "outcome": self.outcome.value,
            "expected": self.expected,
            "got": self.got,
            "detail": self.detail,
            "ms": self.milliseconds,
        }
        if self.fresh:
            told["fresh"] = True
        if not self.is_good:
            told |= {"sent": self.sent, "received": self.received}
        return told


@dataclass(frozen=True, slots=True)
class Record:
    """One run. ``target`` is as it was named on the command line, ``at`` when the run began.

    ``waivers`` say by case why it was expected to fail; ``chosen_by`` are the tags that cases were chosen by. ``seed``
    is what cases of the run were made from, in hexadecimal digits; empty if none were.
    """

    corpus_version: str
    corpus_digest: str
    suite_version: str
    target: str
    description: Description
    profiles: tuple[Profile, ...]
    chosen_by: tuple[str, ...]
    waivers: Mapping[str, str]
    at: datetime
    rows: tuple[Row, ...]
    counts: Mapping[str, Any]
    seed: str = ""

    @property
    def is_good(self) -> bool:
        """Tell whether the run may be called passed: something passed, and nothing failed or erred."""
        return all(row.is_good for row in self.rows) and any(row.outcome is Outcome.PASSED for row in self.rows)

    def summary(self) -> dict[str, Any]:
        """Return what there is to say about the whole run, as JSON values."""
        return {
            "corpus": {"version": self.corpus_version, "digest": self.corpus_digest},
            "suite_version": self.suite_version,
            "target": {
                "address": self.target,
                "name": self.description.name,
                "version": self.description.version,
                "not_implemented": sorted(self.description.not_implemented),
                **({"pinned": self.description.pinned} if self.description.pinned else {}),
            },
            "profiles": [profile.value for profile in self.profiles],
            "chosen_by": list(self.chosen_by),
            "waivers": dict(self.waivers),
            "at": instant_text(self.at),
            "passed": self.is_good,
            **({"seed": self.seed} if self.seed else {}),
        }

    def document(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        rows = [row.document() for row in self.rows]
        return {"schema": SCHEMA, "summary": self.summary(), "results": rows, **self.counts}


def record_of(
    results: Sequence[Result],
    *,
    corpus: Corpus,
    suite_version: str,
    target: str,
    description: Description,
    profiles: Sequence[Profile],
    chosen_by: Sequence[str],
    waivers: Mapping[str, str],
    at: datetime,
    seed: str = "",
) -> Record:
    """Return the record of a run that has just been made."""
    rows = tuple(map(Row.of, results))
    return Record(
        corpus_version=corpus.version,
        corpus_digest=corpus.digest(),
        suite_version=suite_version,
        target=target,
        description=description,
        profiles=tuple(profiles),
        chosen_by=tuple(chosen_by),
        waivers=dict(waivers),
        at=at,
        rows=rows,
        counts=_counted(rows),
        seed=seed,
    )


def _counted(rows: Sequence[Row]) -> dict[str, Any]:
    return counts([(row.outcome, row.negative) for row in rows])


def read_record(document: Mapping[str, Any]) -> Record:
    """Return the record that ``document`` holds, as ``Record.document`` gave it.

    Raises:
        ConfigurationError: It is none, contradicts itself, or names a case twice.
    """
    if wrong := schemas.fault(document, schemas.RECORD):
        raise ConfigurationError(f"this is no record of a conformance run: {wrong[:_WRONG_CHARACTERS]}")
    try:
        return _read(document)
    except ValueError as malformed:
        raise ConfigurationError(f"this is no record of a conformance run: {malformed}") from malformed


def _read(document: Mapping[str, Any]) -> Record:
    summary, target = document["summary"], document["summary"]["target"]
    record = Record(
        corpus_version=summary["corpus"]["version"],
        corpus_digest=summary["corpus"]["digest"],
        suite_version=summary["suite_version"],
        target=target["address"],
        description=Description(
            target["name"], target["version"], frozenset(target["not_implemented"]), target.get("pinned", "")
        ),
        profiles=tuple(map(Profile, summary["profiles"])),
        chosen_by=tuple(summary["chosen_by"]),
        waivers=dict(summary["waivers"]),
        at=parse_instant(summary["at"]),
        rows=tuple(map(_row, document["results"])),
        counts={name: document[name] for name in document.keys() - {"schema", "summary", "results"}},
        seed=summary.get("seed", ""),
    )
    if record.is_good is not summary["passed"] or record.counts != _counted(record.rows):
        raise ValueError("its counts are not those of its rows")
    if len({row.case for row in record.rows}) != len(record.rows):
        raise ValueError("it names a case twice")
    if not {row.profile for row in record.rows} <= frozenset(record.profiles):
        raise ValueError("it has a case of a profile that was not run")
    return record


def _row(told: Mapping[str, Any]) -> Row:
    return Row(
        case=told["case"],
        profile=Profile(told["profile"]),
        title=told["title"],
        requirements=tuple(told["requirements"]),
        negative=told["negative"],
        outcome=Outcome(told["outcome"]),
        expected=told["expected"],
        got=told["got"],
        detail=told["detail"],
        sent=told.get("sent", ""),
        received=told.get("received", ""),
        milliseconds=told["ms"],
        fresh=told.get("fresh", False),
    )
