"""Rows about a clock that lies: behind or ahead, under load or at a start."""

import subprocess
import time
from datetime import timedelta
from pathlib import Path

from idbridge.clock import SystemClock
from idbridge.limits import LIMITS
from tests.chaos.bench import Bench
from tests.chaos.keeper import SERVE, Keeper, seamed
from tests.chaos.load import ask, loaded, until, until_accepted
from tests.chaos.oracle import Oracle, Question, always, never
from tests.chaos.rows import row

READY = 2.0  # seconds promised from start to ready (P5)
_PATIENCE = 90.0
_HOUR, _TEN_YEARS = 3_600, 315_360_000
_UNREADY = 503


def _with_clock(bench: Bench) -> tuple[Keeper, Path]:
    clock = bench.folder / "clock"
    clock.write_text("0")
    node = bench.node(bench.settings(plain=True), command=seamed(clock_file=clock))
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    return node, clock


def set_clock(clock: Path, seconds: float) -> None:
    draft = clock.with_suffix(".draft")
    draft.write_text(str(seconds))
    draft.replace(clock)


@row("the clock goes back: a second, a minute, an hour, ten years; what has expired stays expired")
def clock_back(bench: Bench) -> None:
    node, clock = _with_clock(bench)
    oracle = bench.oracle
    for back in (1, 60, _HOUR, _TEN_YEARS):
        expired = _made(bench, ago=timedelta(minutes=30))
        set_clock(clock, -back)
        with loaded(oracle, node.port, rate=20):
            time.sleep(1)
            for question in expired:
                ask(oracle, node.port, question)
        set_clock(clock, 0)
        bench.measure_recovery(
            "accepted after the clock was right again",
            lambda: until_accepted(oracle, node.port, within=_PATIENCE), promised=2.0,
        )  # fmt: skip


@row("the clock goes ahead: a second, a minute, an hour, ten years, and comes back; the log goes on each time")
def clock_ahead(bench: Bench) -> None:
    node, clock = _with_clock(bench)
    oracle = bench.oracle
    for ahead in (1, 60, _HOUR, _TEN_YEARS):
        set_clock(clock, ahead)
        oracle.untrue = always if ahead > _HOUR else _short_lived if ahead == _HOUR else never
        with loaded(oracle, node.port, rate=20):
            time.sleep(1)
            if (node.ready() == 200) is not (ahead <= LIMITS.log_clock_ahead.total_seconds()):
                bench.late.append(f"readiness says nothing of a clock that is {ahead} s ahead")
        oracle.untrue = never
        set_clock(clock, 0)
        bench.measure_recovery(
            "accepted after the clock was right again",
            lambda: until_accepted(oracle, node.port, within=_PATIENCE), promised=2.0,
        )  # fmt: skip


@row("a node is started on a clock ten years ahead, and then on one that is right; an operator lets its log go on")
def clock_ahead_at_start(bench: Bench) -> None:
    node, clock = _with_clock(bench)
    node.kill()
    set_clock(clock, _TEN_YEARS)
    node.start(waiting=False)
    until(lambda: node.ready() == _UNREADY, within=_PATIENCE, what="ready ten years ahead")
    bench.oracle.untrue = always
    ask(bench.oracle, node.port, bench.oracle.bad())
    node.kill()
    bench.oracle.untrue = never
    set_clock(clock, 0)
    node.start()
    if ask(bench.oracle, node.port, bench.oracle.good()):
        bench.late.append("a leaf stands before the last one")
    node.kill()
    folder, key = node.settings.log_dir, node.settings.log_key_file
    resumed = (*SERVE[:-1], "log", "resume", "--log", str(folder), "--signer", str(key), "--yes")
    subprocess.run(resumed, cwd=node.cwd, check=True, stdout=subprocess.DEVNULL, timeout=_PATIENCE)
    bench.deadline("ready on a clock that is right again", node.start(), promised=READY)
    bench.measure_recovery(
        "accepted after an operator let the log go on",
        lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE), promised=2.0,
    )  # fmt: skip


def _short_lived(question: Question) -> bool:
    """Tell whether a question has expired after an hour: an mdoc's answer to a nonce has no time of its own."""
    return question.name != "sg-mdoc-opens-account"


def _made(bench: Bench, *, ago: timedelta) -> list[Question]:
    """Questions that were good so long ago, and are no longer."""
    then = SystemClock().now() - ago
    minting = Oracle(bench.region, clock=lambda: then, trust_at=SystemClock().now())
    return [Question(one.minted, "expired") for one in (minting.good() for _ in range(12)) if _short_lived(one)]
