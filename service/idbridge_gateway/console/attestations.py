"""What states attest of their implementations, as a grid of states and profiles; each cell is examined anew.

A folder holds ``<state>/<profile>.jwt``, as ``idbridge conformance attest`` makes them, and ``signers.toml``, which
pins by state whose key may sign. Decides how an examination is shown, and that whatever cannot be read counts for
nothing; what an attestation is worth, ``conformance.examination`` decides.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from idbridge.conformance.corpus import CorpusFacts, shipped_facts
from idbridge.conformance.examination import Examination, Question, Terms, examined
from idbridge.conformance.profiles import Profile
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.request import THUMBPRINT
from idbridge.reasons import Indication

SIGNERS_FILE: Final = "signers.toml"
ENDING: Final = ".jwt"
_TABLE: Final = "signers"
_Signers = Mapping[MemberState, frozenset[str]]
_NOBODY: Final[_Signers] = MappingProxyType({})


class Held(StrEnum):
    """What a cell shows."""

    PASSED = "passed"
    WAIVED = "waived"  # passed, but for failures that somebody gave reasons for
    OLD = "old"
    REFUSED = "refused"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Cell:
    """One state and profile. ``days`` is the age of the run, ``why`` (English) what is wrong where something is."""

    state: MemberState
    profile: Profile
    held: Held
    target: str = ""
    passed: int = 0
    cases: int = 0
    corpus: str = ""
    days: int = 0
    waivers: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """All cells by state; none if ``trouble`` (English) says why nobody can tell which signers are pinned."""

    rows: Mapping[MemberState, tuple[Cell, ...]]
    trouble: str = ""

    @property
    def is_empty(self) -> bool:
        """Tell whether there is no attestation at all."""
        return all(cell.held is Held.NONE for cells in self.rows.values() for cell in cells)

    @property
    def wanting(self) -> tuple[Cell, ...]:
        """The cells in which something is wrong, each with its reason."""
        return tuple(cell for cells in self.rows.values() for cell in cells if cell.why)


def grid(folder: Path, *, at: datetime) -> Grid:
    """Return what lies in ``folder``, examined at ``at``; it is read anew each time."""
    try:
        corpus = shipped_facts()
        signers = _signers(folder / SIGNERS_FILE)
    except ConfigurationError as unreadable:
        return Grid(MappingProxyType({}), str(unreadable))
    rows = {
        state: tuple(
            _cell(folder, state, profile, signers.get(state, frozenset()), corpus=corpus, at=at) for profile in Profile
        )
        for state in sorted(MemberState)
    }
    return Grid(MappingProxyType(rows))


def _signers(path: Path) -> _Signers:
    """Return the pinned thumbprints of each state; nobody's if there is no such file.

    Raises:
        ConfigurationError: It is there and not in order: then nobody can say whom it pins.
    """
    try:
        with path.open("rb") as file:
            octets = file.read(LIMITS.key_file_bytes + 1)
    except FileNotFoundError:
        return _NOBODY
    except OSError as unreadable:
        raise ConfigurationError(f"{SIGNERS_FILE} cannot be read: {unreadable.strerror}") from None
    try:
        return _pinned(octets)
    except (ValueError, AttributeError) as malformed:
        words = f"{SIGNERS_FILE} is no table [{_TABLE}] of states with lists of thumbprints"
        raise ConfigurationError(words) from malformed


def _pinned(octets: bytes) -> _Signers:
    document = tomllib.loads(octets.decode("utf-8")) if len(octets) <= LIMITS.key_file_bytes else {}
    if document.keys() != {_TABLE}:
        raise ValueError("another table, or one more")
    return MappingProxyType({MemberState(state): _thumbprints(named) for state, named in document[_TABLE].items()})


def _thumbprints(named: object) -> frozenset[str]:
    if not isinstance(named, list) or not all(
        isinstance(one, str) and re.fullmatch(THUMBPRINT, one) is not None for one in named
    ):
        raise ValueError("no list of thumbprints")
    return frozenset(named)


def _cell(
    folder: Path, state: MemberState, profile: Profile, signers: frozenset[str], *, corpus: CorpusFacts, at: datetime
) -> Cell:
    path = folder / state.value / f"{profile.value}{ENDING}"
    try:
        with path.open("rb") as file:
            octets = file.read(LIMITS.conformance_attestation_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Cell(state, profile, Held.NONE)
    except OSError as unreadable:
        return Cell(state, profile, Held.REFUSED, why=f"it cannot be read: {unreadable.strerror}")
    terms = Terms(signers=signers, corpus=corpus, at=at, profiles=(profile,), waivers=None)
    return _shown(examined(octets.decode("utf-8", errors="replace"), terms), state, profile, terms=terms)


def _shown(found: Examination, state: MemberState, profile: Profile, *, terms: Terms) -> Cell:
    attested, at = found.attestation, terms.at
    wrong = [one for one in found.findings if one.indication is not Indication.PASSED]
    why = "; ".join(one.words for one in wrong)
    if attested is None or profile not in attested.profiles:
        return Cell(state, profile, Held.REFUSED, why=why)
    tally = attested.profiles[profile]
    held = Held.WAIVED if tally.expected_failures else Held.PASSED
    if wrong:
        only_old = {one.question for one in wrong} == {Question.AGE} and at - attested.run_at > terms.max_age
        held = Held.OLD if only_old else Held.REFUSED
    return Cell(
        state,
        profile,
        held,
        target=f"{attested.target_name} {attested.target_version}",
        passed=tally.passed,
        cases=tally.cases,
        corpus=attested.corpus_version,
        days=max((at - attested.run_at).days, 0),
        waivers=tally.expected_failures,
        why=why,
    )
