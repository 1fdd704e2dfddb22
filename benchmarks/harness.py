"""Interleaved CPU-time measurement: every subject takes its turn in each round, so drift hits all alike."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time_ns


@dataclass(frozen=True, slots=True)
class Subject:
    """Something to measure. ``turn`` performs ``operations`` of it and returns nothing."""

    name: str
    operations: int
    turn: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU time of one operation over all rounds, in microseconds."""

    name: str
    least: float
    middle: float


def measure(subjects: Sequence[Subject], *, rounds: int, after: Callable[[], None] = lambda: None) -> tuple[Cost, ...]:
    """Return the cost of each subject: CPU time of this process, garbage collection switched off during a turn.

    ``after`` is called at the end of each round.
    """
    samples: list[list[float]] = [[] for _ in subjects]
    for _ in range(rounds):
        for subject, values in zip(subjects, samples, strict=True):
            values.append(_one_turn(subject))
        after()
    return tuple(
        Cost(subject.name, min(values), median(values)) for subject, values in zip(subjects, samples, strict=True)
    )


def _one_turn(subject: Subject) -> float:
    gc.collect()
    gc.disable()
    try:
        begun = process_time_ns()
        subject.turn()
        spent = process_time_ns() - begun
    finally:
        gc.enable()
    return spent / subject.operations / 1000
