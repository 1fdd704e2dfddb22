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


NOT_HERE: Final = (
    NotHere("2", "the floors after Redis was wiped", "Floors are files here; Redis comes with the gateway."),
    NotHere("72", "Redis down", "The library has no Redis; it comes with the gateway."),
    NotHere("72", "a worker on an old snapshot", "One process has one snapshot; workers come with the gateway."),
)
