"""Load: requests of the oracle at a steady pace that no answer slows down (an open loop), from a thread of its own."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from tests.chaos.line import Answer, Line
from tests.chaos.oracle import Oracle, Question

PATIENCE = 30.0  # seconds that one answer may take before it counts as none


class Load:
    """Asks ``rate`` requests a second; what finds no connection free opens one more, up to ``most`` under way."""

    def __init__(
        self, oracle: Oracle, port: Callable[[], int], *, rate: float, patience: float = PATIENCE, most: int = 800
    ) -> None:
        self._oracle, self._port, self._rate, self._patience, self._most = oracle, port, rate, patience, most
        self._idle: list[Line] = []
        self._ending = False
        self._thread = Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        self._thread.join(self._patience + 10)

    async def _run(self) -> None:
        began, asked = time.monotonic(), 0
        tasks: set[asyncio.Task[None]] = set()
        while not self._ending:
            due = int((time.monotonic() - began) * self._rate)
            for _ in range(0 if len(tasks) >= self._most else min(due - asked, 64)):
                task = asyncio.create_task(self._one(self._oracle.some()))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                asked += 1
                if len(tasks) >= self._most:
                    break
            await asyncio.sleep(0.005)
        if tasks:
            await asyncio.wait(tasks)
        for line in self._idle:
            line.close()

    async def _one(self, question: Question) -> None:
        line = self._idle.pop() if self._idle else Line(self._port())
        began = time.monotonic()
        answer = await asked_of(line, question, seconds=self._patience)
        self._oracle.judge(question, answer, seconds=time.monotonic() - began)
        self._idle.append(line)


async def asked_of(line: Line, question: Question, *, seconds: float) -> Answer:
    """Put one request to a node."""
    minted = question.minted
    return await line.ask(minted.method, minted.path, headers=minted.headers, body=minted.body, seconds=seconds)


def ask(oracle: Oracle, port: int, question: Question, *, seconds: float = PATIENCE) -> bool:
    """Put one request over a connection of its own; tell whether it was accepted. The oracle counts it."""

    async def once() -> tuple[Answer, float]:
        line, began = Line(port), time.monotonic()
        try:
            return await asked_of(line, question, seconds=seconds), time.monotonic() - began
        finally:
            line.close()

    answer, took = asyncio.run(once())
    return oracle.judge(question, answer, seconds=took)


def get(port: int, path: str, *, seconds: float = PATIENCE) -> Answer:
    """Fetch something of a node that is no verification."""

    async def once() -> Answer:
        line = Line(port)
        try:
            return await line.ask("GET", path, headers={}, seconds=seconds)
        finally:
            line.close()

    return asyncio.run(once())


def until_accepted(oracle: Oracle, port: int, *, within: float, name: str | None = None) -> float:
    """Ask new good requests until one is accepted; return the seconds that it took.

    Raises:
        AssertionError: None was accepted in time.
    """
    began = time.monotonic()
    while time.monotonic() - began < within:
        if ask(oracle, port, oracle.good(name), seconds=within):
            return time.monotonic() - began
        time.sleep(0.02)
    raise AssertionError(f"nothing was accepted within {within:.0f} s")


def until(found: Callable[[], bool], *, within: float, what: str) -> float:
    """Wait until ``found`` tells so; return the seconds that it took."""
    began = time.monotonic()
    while time.monotonic() - began < within:
        with suppress(OSError):
            if found():
                return time.monotonic() - began
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {within:.0f} s")


@contextmanager
def loaded(oracle: Oracle, port: int, *, rate: float = 40, patience: float = PATIENCE) -> Iterator[Load]:
    """Ask meanwhile."""
    with Load(oracle, lambda: port, rate=rate, patience=patience) as load:
        yield load
