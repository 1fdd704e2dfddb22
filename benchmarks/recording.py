"""What it costs an answer to be written down: its one-time values spent, its leaf on a disk, its receipt in the answer.

As the answers of one batch are: all of them wait at once, and the writer takes whoever is there. CPU time of the whole
process, and so of the writer's thread and of the kernel on its behalf; that of the disk itself is not in it.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.corpus import Corpus
from benchmarks.evidence import PATIENCE, SIGNER
from benchmarks.harness import Cost, Subject
from idbridge.clock import FixedClock, SystemClock
from idbridge.evidence.day_keys import DayKeys
from idbridge.evidence.writer import LogWriter, create_log
from idbridge.model.randomness import SystemRandomness
from idbridge.model.request import Detail
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.evidence.line import OwnLine
from idbridge_gateway.evidence.records import LoggedRecords
from idbridge_gateway.stores.one_time import MemoryOneTime

RECORDED: Final = "an answer written down, and its one-time values spent"
TARGETS: Final = {RECORDED: 0.3}
_WITH: Final = "a batch of answers, written down"
_WITHOUT: Final = "a batch of answers"
_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class _Node:
    """What writes down: a log on the disk of temporary files, and the values that were spent."""

    records: LoggedRecords
    one_time: MemoryOneTime


@contextmanager
def recording(
    corpus: Corpus, verifier: Verifier, *, at: datetime, distinct: int
) -> Iterator[tuple[tuple[Subject, ...], Callable[[Sequence[Cost]], Cost]]]:
    """Yield two subjects, and what makes of their costs that of writing an answer down."""
    reports = [verifier.verify(question.request, at=at) for question in corpus.id_tokens(distinct, algorithm="ES256")]
    with TemporaryDirectory() as top, asyncio.Runner() as runner:
        folder, days = Path(top, "log"), Path(top, "days")
        days.mkdir(mode=0o700)
        create_log(folder, signer=SIGNER)
        line = OwnLine(lambda: LogWriter.open(folder, signer=SIGNER, clock=SystemClock(), wait=PATIENCE))
        line.begin()
        keys = DayKeys(days, SystemRandomness())
        records = LoggedRecords(line, origin=SIGNER.key.name, days=keys, clock=FixedClock(at))

        def turn(node: _Node | None) -> None:
            runner.run(_answered(reports, node))

        yield (
            (
                Subject(_WITHOUT, distinct, lambda: turn(None)),
                Subject(_WITH, distinct, lambda: turn(_Node(records, MemoryOneTime(FixedClock(at))))),
            ),
            _difference,
        )
        line.end()


def _difference(costs: Sequence[Cost]) -> Cost:
    by_name = {cost.name: cost for cost in costs}
    more, less = by_name[_WITH], by_name[_WITHOUT]
    return Cost(RECORDED, more.least - less.least, more.middle - less.middle)


async def _answered(reports: Sequence[Report], node: _Node | None) -> None:
    """Answer as ``POST /v1/verify/batch`` does, without the verification."""
    for start in range(0, len(reports), _BATCH):
        async with asyncio.TaskGroup() as group:
            for number, report in enumerate(reports[start : start + _BATCH], start):
                group.create_task(_one(report, node, number=number))
                await asyncio.sleep(0)


async def _one(kept: Report, node: _Node | None, *, number: int) -> bytes:
    report = replace(kept)  # each turn anew, so that nothing is remembered of the turn before
    report_id = f"rep_{number:032x}"
    receipt: dict[str, Any] | None = None
    if node is not None:
        for value in report.one_time:
            if not await node.one_time.claim(value.key, until=value.until):
                raise ValueError("a value was spent before")
        receipt = (await node.records.answered(report, report_id=report_id)).document()
    return json_octets(report.render(Detail.SIMPLE, report_id=report_id, receipt=receipt))
