"""``python -m benchmarks``: what a verification, a trust list and the log cost. Prints tables and gates nothing.

``--short`` takes fewer credentials and rounds, for a first look. ``--no-http`` leaves out the servers, ``--evidence``
everything but the log.
"""

import argparse
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.corpus import Corpus
from benchmarks.evidence import Figure, evidence_figures
from benchmarks.harness import Cost, measure
from benchmarks.http import HttpCost, http_costs
from benchmarks.mdocs import TARGETS as MDOC_TARGETS
from benchmarks.mdocs import mdocs
from benchmarks.peers import peers
from benchmarks.recording import TARGETS as RECORDING_TARGETS
from benchmarks.recording import recording
from benchmarks.subjects import ID_TOKEN, REPEATED, UNIT, WIDE, Bench, everything, unit
from benchmarks.trust import FIND, FIND_KEY, LARGE, RESTART, START, trust_subjects
from benchmarks.watching import TARGETS as WATCHING_TARGETS
from benchmarks.watching import watching
from idbridge.crypto.signature import VerifiedSignatures
from idbridge.sandbox.region import Region
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.verifier import Verifier

AT: Final = datetime(2026, 11, 24, 8, tzinfo=UTC)
TARGETS: Final = {
    ID_TOKEN: 1.3, WIDE: 3.3, REPEATED: 2.2, "X.509 path, hit": 0.1, **MDOC_TARGETS, **WATCHING_TARGETS,
    **RECORDING_TARGETS,
}  # fmt: skip
TRUST_TARGETS: Final = {START: 150.0, RESTART: 150.0, LARGE: 120.0, FIND: 0.02, FIND_KEY: 0.02}  # milliseconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer credentials and rounds")
    parser.add_argument("--no-http", action="store_true", help="leave out the servers")
    parser.add_argument("--evidence", action="store_true", help="measure the log alone")
    wanted = parser.parse_args()
    console = Console()
    if not wanted.evidence:
        _verification(console, short=wanted.short, http=not wanted.no_http)
    console.print(_of_evidence(evidence_figures(short=wanted.short)))


def _verification(console: Console, *, short: bool, http: bool) -> None:
    region = Region.generate(at=AT)
    signatures = VerifiedSignatures()
    verifier = Verifier(trust=region.snapshot(at=AT), status=EMPTY_STATUS, signatures=signatures)
    corpus = Corpus(region=region, verifier=verifier, at=AT)
    distinct, rounds = (200, 3) if short else (1_100, 7)
    with (
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
        recording(corpus, verifier, at=AT, distinct=distinct) as (recorded, of_recording),
    ):
        task = progress.add_task("measuring", total=rounds)
        costs = measure(
            (
                *everything(corpus, Bench(verifier, signatures), at=AT, distinct=distinct),
                *peers(corpus, region, distinct=distinct),
                *mdocs(at=AT, distinct=distinct),
                *watching(corpus, verifier, at=AT),
                *recorded,
            ),
            rounds=rounds,
            after=lambda: progress.advance(task),
        )
        costs = (*costs, of_recording(costs))
    console.print(_in_process(costs, distinct=distinct, rounds=rounds))
    with trust_subjects(region, at=AT, rounds=rounds) as subjects:
        console.print(_of_trust(measure((unit(distinct), *subjects), rounds=rounds), rounds=rounds))
    if http:
        spent = next(cost.least for cost in costs if cost.name == UNIT)
        console.print(_over_http(http_costs(short=short), unit=spent))


def _in_process(costs: tuple[Cost, ...], *, distinct: int, rounds: int) -> Table:
    unit = next(cost for cost in costs if cost.name == UNIT)
    table = _table(f"One process, CPU time; {distinct} distinct credentials each, {rounds} rounds in turn")
    for heading in ("us", "x P-256", "median", "target"):
        table.add_column(heading, justify="right")
    for cost in costs:
        table.add_row(
            cost.name,
            f"{cost.least:.1f}",
            f"{cost.least / unit.least:.2f}",
            f"{cost.middle / unit.middle:.2f}",
            f"{TARGETS[cost.name]}" if cost.name in TARGETS else "",
        )
    table.caption = "us and x P-256: the best round; median: the median round, in the same unit"
    return table


def _of_trust(costs: tuple[Cost, ...], *, rounds: int) -> Table:
    spent = next(cost for cost in costs if cost.name == UNIT)
    table = _table(f"Trust lists, CPU time without garbage collection; keys of their own, {rounds} rounds in turn")
    for heading in ("ms", "x P-256", "median ms", "target ms"):
        table.add_column(heading, justify="right")
    for cost in costs:
        table.add_row(
            cost.name,
            f"{cost.least / 1000:.4g}",
            f"{cost.least / spent.least:.4g}",
            f"{cost.middle / 1000:.4g}",
            f"{TRUST_TARGETS[cost.name]:g}" if cost.name in TRUST_TARGETS else "",
        )
    table.caption = "from a directory with its floors; nothing of an earlier run is in memory"
    return table


def _over_http(costs: tuple[HttpCost, ...], *, unit: float) -> Table:
    table = _table("Over HTTP: CPU time of one server process for each credential, one connection")
    for heading in ("us", "x P-256", "each second"):
        table.add_column(heading, justify="right")
    for cost in costs:
        table.add_row(
            f"{cost.server}: {cost.request}", f"{cost.cpu_us:.0f}", f"{cost.cpu_us / unit:.2f}", f"{cost.rate:.0f}"
        )
    return table


def _of_evidence(figures: Iterable[Figure]) -> Table:
    table = _table("Evidence, by the wall clock, on the disk of temporary files")
    for heading in ("measured", "wanted"):
        table.add_column(heading, justify="right")
    for figure in figures:
        table.add_row(figure.name, figure.measured, figure.wanted)
    table.caption = "the best round; an idle disk and two idle cores are meant, and whatever else runs is in it"
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("what")
    return table


if __name__ == "__main__":
    main()
