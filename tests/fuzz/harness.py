"""A harness: one function that takes octets from anybody, the seeds to begin with, and how long an input may be.

It fails by any exception that is none of ours, by an input that takes longer than ``SLOWEST``, and by memory.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from idbridge.errors import IdBridgeError

SLOWEST: Final = 5  # seconds for one input, on a loaded machine; an honest one takes milliseconds
MEMORY_MB: Final = 1_024
Seeds = Callable[[], Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Harness:
    """``take`` is handed octets; ``seeds`` are made once, and are what good input looks like."""

    name: str
    take: Callable[[bytes], object]
    seeds: Seeds
    max_bytes: int

    def fed(self, octets: bytes) -> None:
        """Hand over ``octets``; a refusal is what is wanted, and anything else that is raised is a fault."""
        try:
            self.take(octets)
        except IdBridgeError as refused:
            if not getattr(refused, "code", ""):
                raise AssertionError("a refusal without a code") from refused
