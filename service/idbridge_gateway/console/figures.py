"""Figures: what the console shows of the trust material of a node, as values that depend on a snapshot and an instant.

The matrix asks the same standings that step V7 asks, so that what it shows is what a verification would find.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from idbridge.model.region import CommitmentTier, MemberState
from idbridge.recognition.arrangement import ArrangementHistory, ArrangementVersion
from idbridge.recognition.rule import RecognitionRule
from idbridge.recognition.table import StateRow, recognition_table
from idbridge.trust.operator.calendar import Due, denial_dues, dues_of, in_order
from idbridge.trust.snapshot import TrustSnapshot
from idbridge_gateway.node import NodeState

_SOON: Final = timedelta(days=180)


class Freshness(StrEnum):
    """How a state's list stands: the worst of what is true of it."""

    FRESH = "fresh"
    DUE = "due"  # somebody has to publish the next one
    STALE = "stale"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class StateTile:
    """One state at a glance. ``code`` is why there is no list; ``left`` until the list goes out of date."""

    state: MemberState
    freshness: Freshness
    code: str | None
    tier: CommitmentTier | None
    sequence: int | None
    issued_at: datetime | None
    ends_at: datetime | None
    left: timedelta
    services: int
    denials: int


@dataclass(frozen=True, slots=True)
class Cell:
    """What one state recognises of another for a purpose: a level, or the code of why not.

    ``arrangement`` is the id of the arrangement that decides, ``None`` where none does or both are one state.
    """

    of: MemberState
    level: str | None
    code: str | None
    arrangement: str | None


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """What one state recognises, of each of the eleven."""

    by: MemberState
    cells: tuple[Cell, ...]


def tiles(snapshot: TrustSnapshot, *, at: datetime) -> tuple[StateTile, ...]:
    """Return one tile for each member state, in the order of their codes."""
    due = {one.state for one in dues_of(snapshot, at=at) if one.kind == "list" and one.is_due(at)}
    denied = [entry.state for entry in snapshot.denials.standing()]
    return tuple(
        _tile(snapshot, state, at=at, due=state.value in due, denials=denied.count(state))
        for state in sorted(MemberState)
    )


def _tile(snapshot: TrustSnapshot, state: MemberState, *, at: datetime, due: bool, denials: int) -> StateTile:
    if state not in snapshot.lists:
        code = snapshot.states_without_list[state]
        return StateTile(state, Freshness.ABSENT, code, None, None, None, None, timedelta(0), 0, denials)
    edition, ends_at = snapshot.provenance(state), snapshot.stale_from(state)
    standing = Freshness.DUE if due else Freshness.FRESH
    return StateTile(
        state=state,
        freshness=Freshness.STALE if ends_at <= at else standing,
        code=None,
        tier=edition.tier,
        sequence=edition.sequence,
        issued_at=edition.issued_at,
        ends_at=ends_at,
        left=max(ends_at - at, timedelta(0)),
        services=len(snapshot.services_of(state)),
        denials=denials,
    )


def matrix(state: NodeState, *, purpose: str, at: datetime) -> tuple[MatrixRow, ...]:
    """Return who recognises whom for ``purpose``: one row for each state that would recognise."""
    listed, standings = tuple(state.snapshot.listed_states()), state.verifier.standings
    return tuple(
        MatrixRow(
            by,
            tuple(
                _cell(row)
                for row in recognition_table(listed, standings=standings, by=by, purpose=purpose, at=at)
            ),
        )
        for by in sorted(MemberState)
    )  # fmt: skip


def _cell(row: StateRow) -> Cell:
    best = row.best
    arrangement = best.standing.arrangement if best is not None else None
    level = str(best.level) if best is not None and row.code is None else None
    return Cell(row.member_state, level, row.code, arrangement)


def calendar(snapshot: TrustSnapshot, *, at: datetime, most: int) -> tuple[tuple[Due, ...], int]:
    """Return what ends within half a year or is due, soonest first, and how many more there are than ``most``."""
    found = (*dues_of(snapshot, at=at), *denial_dues(snapshot.denials, at=at))
    ordered = in_order(dict.fromkeys(found), at=at, within=_SOON)
    return ordered[:most], max(len(ordered) - most, 0)


def arrangement(snapshot: TrustSnapshot, name: str) -> ArrangementHistory | None:
    """Return the versions of the arrangement ``name``; ``None`` if there is none of that name."""
    return snapshot.arrangements.histories.get(name)


def in_words(version: ArrangementVersion) -> tuple[tuple[str, str, str], ...]:
    """Return the rules, those with equal terms together: who recognises, whom, and in which words of the standards."""
    found: dict[tuple[str, str], list[str]] = {}
    for (by, of), rules in sorted(version.rules.items()):
        for rule in rules:
            found.setdefault((by.value, _terms(rule)), []).append(of.value)
    return tuple((by, " ".join(states), terms) for (by, terms), states in found.items())


def _terms(rule: RecognitionRule) -> str:
    services = ", ".join(sorted(one.value.rpartition(":")[2] for one in rule.service_types))
    levels = ", ".join(f"{given}→{taken}" for given, taken in sorted(rule.levels.items()))
    return f"{services} · {levels} · {', '.join(sorted(rule.purposes))}"
