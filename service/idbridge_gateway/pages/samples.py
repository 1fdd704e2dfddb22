"""Examples for people who have no ID at hand: a seam that only a sandbox fills."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from idbridge.model.region import MemberState
from idbridge.model.request import RelyingParty


@dataclass(frozen=True, slots=True)
class Sample:
    """One example: what it is, and what is asked of it; ``good`` tells whether it will be accepted."""

    name: str
    title: str
    format: str
    purpose: str
    by: MemberState
    good: bool


class Samples(Protocol):
    """Where examples come from, and the relying party for which they are made."""

    @property
    def party(self) -> RelyingParty:
        """The registration under which the page asks."""
        ...

    @property
    def offered(self) -> tuple[Sample, ...]:
        """What there is to choose from."""
        ...

    def question(self, sample: Sample, *, at: datetime) -> dict[str, Any]:
        """Return a new question (the members of a verification request) that puts ``sample`` before the node."""
        ...
