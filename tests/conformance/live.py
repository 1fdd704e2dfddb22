"""Cases of live profiles as the suite has them, read from the maker's documents; and what failed in a run."""

from collections.abc import Iterable
from pathlib import Path

from idbridge.codec import jcs
from idbridge.conformance.case import CASE_FILE, INPUT_FILE, ConformanceCase, read_case
from idbridge.conformance.judge import GOOD, Outcome, Result
from idbridge.conformance.making.live import Written
from idbridge.conformance.requirements import Requirement, read_requirements
from idbridge.conformance.run import run
from idbridge.conformance.target import Target
from tests.source import ROOT

REQUIREMENTS = ROOT / "idbridge" / "conformance" / "making" / "requirements"


def read_all(written: Iterable[Written], folder: Path) -> tuple[ConformanceCase, ...]:
    """Write the documents of cases below ``folder`` and read them again, as the corpus does."""
    found = []
    for document, put in written:
        place = folder / document["profile"] / document["id"]
        place.mkdir(parents=True)
        (place / CASE_FILE).write_bytes(jcs.canonicalize(document))
        (place / INPUT_FILE).write_bytes(jcs.canonicalize(put))
        found.append(read_case(place))
    return tuple(found)


def naming(cases: Iterable[ConformanceCase], names: Iterable[str]) -> tuple[ConformanceCase, ...]:
    """Return the cases that name one of these requirements."""
    wanted = set(names)
    return tuple(case for case in cases if wanted & set(case.requirements))


def requirements(name: str) -> dict[str, Requirement]:
    """The requirements of one profile, by id."""
    return dict(read_requirements(REQUIREMENTS / f"{name}.csv"))


def results(cases: Iterable[ConformanceCase], target: Target) -> tuple[Result, ...]:
    """Put every case to the target."""
    return tuple(run(cases, target, description=target.describe()))


def bad(found: Iterable[Result]) -> list[str]:
    """Say of each result that is not good what it is."""
    return [f"{one.case.id}: {one.outcome}: {one.detail}" for one in found if one.outcome not in GOOD]


def failing_requirements(found: Iterable[Result]) -> set[str]:
    """The requirements of the cases that failed; an error is no failure of the target."""
    return {name for one in found if one.outcome is Outcome.FAILED for name in one.case.requirements}


def requirements_of(cases: Iterable[ConformanceCase]) -> set[str]:
    """Every requirement that some case names."""
    return {name for case in cases for name in case.requirements}
