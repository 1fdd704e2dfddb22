"""What of the attack catalogue no drill in one process can try, and why; never counted as a case."""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class NotHere:
    """A part of a catalogue entry that is tried elsewhere."""

    number: str
    what: str
    why: str

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"number": self.number, "what": self.what, "why": self.why}


_ELSEWHERE: Final = "It takes a node with Redis: tests/gateway/test_drill_workers.py tries it under this number."

NOT_HERE: Final = (
    NotHere("2", "the floors after Redis was wiped", _ELSEWHERE),
    NotHere("72", "Redis down", _ELSEWHERE),
    NotHere("72", "a worker on an old snapshot", _ELSEWHERE),
)
