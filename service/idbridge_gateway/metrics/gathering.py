"""Gathering: how the figures of several workers come to the process that began them, and what they are together.

Each worker tells its whole reading through a pipe of its own, again and again; what cannot be read is left out, and
the reading before it counts. JSON travels and nothing that could be run.
"""

from multiprocessing.connection import Connection
from threading import Event, Lock
from typing import Final

from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.metrics.catalogue import WORKERS
from idbridge_gateway.metrics.figures import Figures
from idbridge_gateway.metrics.reading import Reading, parse_reading, together

TELL_SECONDS: Final = 1.0


class Gathering:
    """What the workers of one node told, by number. The loop that looks at them writes, the port's thread reads."""

    def __init__(self, own: Figures) -> None:
        self._own = own
        self._lock = Lock()
        self._told: dict[int, Reading] = {}
        self._ended = Reading()

    def take(self, number: int, pipe: Connection) -> bool:
        """Take what a worker tells through ``pipe``; ``False`` once nothing more will come."""
        try:
            octets = pipe.recv_bytes(LIMITS.figures_bytes)
            self._put(number, parse_reading(octets))
        except InputError as error:
            JOURNAL.warning("figures of worker %d: %s", number, error.detail)
        except (EOFError, OSError):  # it ended, or told more than is taken
            return False
        return True

    def ended(self, number: int) -> None:
        """Keep what a worker counted that ended."""
        with self._lock:
            last = self._told.pop(number, None)
            if last is not None:
                self._ended = together((self._ended, last.counted()))

    def reading(self) -> Reading:
        """Return the figures of the node."""
        with self._lock:
            return together((self._ended, *self._told.values(), self._own.reading()))

    def _put(self, number: int, reading: Reading) -> None:
        with self._lock:
            self._told[number] = reading


def tell(pipe: Connection, figures: Figures, *, ended: Event, is_worker: bool = True) -> None:
    """Tell ``figures`` through ``pipe`` again and again until ``ended``, and once more then.

    The process that writes the log answers nobody, and is no worker.
    """
    counted: dict[tuple[str, ...], float] = {(WORKERS,): 1.0} if is_worker else {}
    while True:
        is_last = ended.wait(TELL_SECONDS)
        reading = figures.reading()
        try:
            pipe.send_bytes(Reading(reading.counts, reading.times, {**reading.gauges, **counted}).octets())
        except OSError:  # who gathers them is gone
            return
        if is_last:
            return
