"""Patience with somebody under test: a whole answer within one deadline, however slowly its octets come.

A time-out of a library starts anew with every octet. The work is done beside, and left behind when time is up.
"""

from collections.abc import Callable
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

Answer = TypeVar("Answer")


class OutOfPatienceError(Exception):
    """There was no whole answer in time."""


def within(patience: timedelta, work: Callable[[Event], Answer]) -> Answer:
    """Return what ``work`` returns, or raise what it raises; it is given what is set once nobody waits any more.

    Raises:
        OutOfPatienceError: It is not done by then.
    """
    over = Event()
    done: SimpleQueue[tuple[Answer, None] | tuple[None, BaseException]] = SimpleQueue()

    def beside() -> None:
        try:
            done.put((work(over), None))
        except BaseException as odd:  # noqa: BLE001 - whatever it is, it is raised where somebody waits
            done.put((None, odd))

    Thread(target=beside, name="idbridge-suite-asking", daemon=True).start()
    try:
        came = done.get(timeout=patience.total_seconds())
    except Empty:
        over.set()
        raise OutOfPatienceError from None
    if came[1] is not None:
        raise came[1]
    return came[0]
