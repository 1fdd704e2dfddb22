"""The difference between two runs: which cases came out otherwise, which are new, and which are gone.

How long a case took and when the run was made make no difference. It does not judge which of the two is better.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from idbridge.conformance.record import Record, Row


@dataclass(frozen=True, slots=True)
class Change:
    """One case in both runs; ``None`` where it was not run."""

    case: str
    before: Row | None
    after: Row | None

    def document(self) -> dict[str, Any]:
        """Return the change as JSON values."""
        return {"case": self.case, "before": _told(self.before), "after": _told(self.after)}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something about the whole run that is another, such as the corpus or the version of the target."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that differs. ``changed`` are cases of both runs; two equal runs have nothing here."""

    facts: tuple[Fact, ...]
    changed: tuple[Change, ...]
    new: tuple[Change, ...]
    gone: tuple[Change, ...]

    @property
    def is_equal(self) -> bool:
        """Tell whether nothing differs."""
        return not (self.facts or self.changed or self.new or self.gone)


def compared(before: Record, after: Record) -> Comparison:
    """Return how ``after`` differs from ``before``."""
    old, new = ({row.case: row for row in record.rows} for record in (before, after))
    both = [Change(case, old[case], new[case]) for case in old if case in new]
    return Comparison(
        facts=tuple(one for one in _facts(before, after) if one.before != one.after),
        changed=tuple(one for one in both if _told(one.before) != _told(one.after)),
        new=tuple(Change(case, None, row) for case, row in new.items() if case not in old),
        gone=tuple(Change(case, row, None) for case, row in old.items() if case not in new),
    )


def _facts(before: Record, after: Record) -> Iterator[Fact]:
    for (name, old), (_, new) in zip(_said(before), _said(after), strict=True):
        yield Fact(name, old, new)


def _said(record: Record) -> Iterator[tuple[str, str]]:
    yield "corpus version", record.corpus_version
    yield "corpus digest", record.corpus_digest
    yield "suite version", record.suite_version
    yield "target", record.target
    yield "target name", record.description.name
    yield "target version", record.description.version
    yield "not implemented", " ".join(sorted(record.description.not_implemented))
    yield "profiles", " ".join(sorted(one.value for one in record.profiles))
    yield "chosen by", " ".join(sorted(record.chosen_by))
    yield "pins", record.description.pinned
    yield "waived cases", "; ".join(f"{case}: {why}" for case, why in sorted(record.waivers.items()))


def _told(row: Row | None) -> dict[str, str] | None:
    if row is None:
        return None
    return {"outcome": row.outcome.value, "expected": row.expected, "got": row.got, "detail": row.detail}
