"""Recipes: how the input of a case is made, as plain values.

A recipe is two halves: what is shown (``Shown``, made by a *source*: a login, a presentation, an assertion) and how it
is put to the node (``Ask``). Each half is a frozen value whose fields have unique names, so that a refused case can be
written as its accepted twin with one field changed, and a test can prove that nothing else differs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Any, Protocol

from idbridge.sandbox.bench import Bench
from idbridge.sandbox.case import Exchange
from idbridge.sandbox.edits import Edits
from idbridge.sandbox.parties import Registration


@dataclass(frozen=True, slots=True)
class Shown:
    """What a relying party received, and the nonce that it had asked for; ``None`` if it asked for none.

    ``expected`` is what else it expects of it, because it asked so; ``beside`` are members of its request that came
    with it.
    """

    credential: str
    nonce: str | None
    expected: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """Where a credential comes from."""

    @property
    def service(self) -> str:
        """The service whose credential it is."""
        ...

    def shown(self, bench: Bench, *, to: Registration) -> Shown:
        """Make the credential at ``bench``, for the relying party ``to``."""
        ...


Before = Callable[[Exchange], tuple[Exchange, ...]]


class Nonce(Enum):
    """Which nonce the relying party expects."""

    SENT = "the one it sent"
    ANOTHER = "another one"
    NONE = "none"


def nothing(_exchange: Exchange) -> tuple[Exchange, ...]:
    """Send nothing else."""
    return ()


@dataclass(frozen=True, slots=True)
class Ask:
    """How the relying party puts the credential to the node.

    ``expected`` and ``body`` are edits to the request; ``claims`` are those it asks for; ``sent`` spoils the body's
    octets; ``request_headers`` are edits too; ``keyed`` asks under an idempotency key. ``before`` says what the node is
    sent first; ``fault`` names one that the node has meanwhile.
    """

    claims: tuple[str, ...] = ("name",)
    nonce: Nonce = Nonce.SENT
    expected: Edits = field(default_factory=dict)
    body: Edits = field(default_factory=dict)
    request_headers: Edits = field(default_factory=dict)
    method: str = "POST"
    path: str = "/v1/verify"
    sent: Callable[[bytes], bytes] = bytes
    keyed: bool = False
    before: Before = nothing
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the input of a case is made."""

    source: Source
    ask: Ask = field(default_factory=Ask)

    def changed(self, **changes: Any) -> "Recipe":
        """Return this recipe with some fields of its halves changed.

        Raises:
            LookupError: Neither half has such a field, or both have, and the change would be made twice.
        """
        asked = {field.name for field in fields(self.ask)}
        made = {field.name for field in fields(self.source)}  # type: ignore[arg-type]  # every source is a dataclass
        strange = (changes.keys() - asked - made) | (changes.keys() & asked & made)
        if strange:
            raise LookupError(f"no recipe has {', '.join(sorted(strange))} in one of its halves")
        return Recipe(
            replace(self.source, **{name: value for name, value in changes.items() if name in made}),  # type: ignore[type-var]  # as above
            replace(self.ask, **{name: value for name, value in changes.items() if name in asked}),
        )

    def differences(self, another: "Recipe") -> frozenset[str]:
        """Return the names of the fields in which two recipes differ, ``source`` if the sources are of two kinds."""
        if type(self.source) is not type(another.source):
            return frozenset({"source"})
        pairs = ((self.source, another.source), (self.ask, another.ask))
        return frozenset(
            field.name
            for one, other in pairs
            for field in fields(one)  # type: ignore[arg-type]  # every source is a dataclass
            if getattr(one, field.name) != getattr(other, field.name)
        )
