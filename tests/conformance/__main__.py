"""``make conformance``: the whole suite against our own implementation of every profile; a line each, the sum last."""

import sys
import warnings
from typing import Final

from rich.console import Console
from rich.progress import track
from rich.table import Table

from idbridge.conformance.corpus import damaged_files, shipped
from idbridge.conformance.coverage import gaps, untested_codes
from idbridge.conformance.judge import GOOD, Outcome, Result
from idbridge.conformance.run import run
from tests.conformance.clean import CLEAN, Clean

_WIDTH: Final = 140


def main() -> int:
    """Run everything; return 1 if a case fails or errs, or the corpus does not pass its gates, else 0."""
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    corpus = shipped()
    told = [f"damaged: {path}" for path in damaged_files(corpus.folder)]
    told += [str(gap) for gap in gaps(corpus, untested_codes=untested_codes())]
    table = Table("TARGET", "PROFILE", *(outcome.value.upper() for outcome in Outcome), box=None)
    results: list[Result] = []
    for clean in track(CLEAN, description="profiles", console=console, transient=True, disable=not console.is_terminal):
        found = _results(clean)
        results += found
        outcomes = [result.outcome for result in found]
        table.add_row(clean.name, clean.profile.value, *(str(outcomes.count(one) or "") for one in Outcome))
        told += [f"{clean.name}: {one.case.id}: {one.detail}" for one in found if one.outcome not in GOOD]
    console.print(table)
    for line in told:
        console.print(line, style="red", markup=False, soft_wrap=True)
    passed = sum(result.outcome is Outcome.PASSED for result in results)
    failed = sum(result.outcome not in GOOD for result in results)
    console.print(f"{len(corpus.cases)} cases in the corpus, {passed} passed, {failed} failed, {len(told)} complaints")
    return 1 if told or not passed else 0


def _results(clean: Clean) -> list[Result]:
    with clean.opened(shipped()) as target, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the libraries' own words about what they are shown here on purpose
        return list(run(clean.cases(shipped()), target, description=target.describe()))


if __name__ == "__main__":
    sys.exit(main())
