"""Differences as values: what changed from one edition to the next, with one canonical text that signers sign.

Decides nothing. ``Diff.document`` depends on the two editions alone, so that two signers on two machines who look at
the same editions sign the same digest (RFC 8785), and none of them can be shown something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from idbridge.codec import jcs

SCHEMA: Final = "idbridge-trust-diff-1"
Value = str | int | tuple[str, ...] | None  # what a change is from and to; ``None`` for nothing


class Mark(StrEnum):
    """What became of an item."""

    ADDED = "+"
    DROPPED = "-"
    CHANGED = "~"


class Kind(StrEnum):
    """What two editions are editions of."""

    LIST = "list"
    ARRANGEMENT = "arrangement"
    DELEGATIONS = "delegations"
    DENIALS = "denials"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs. ``widens`` unless what is new can be shown to reach no further than what was."""

    what: str
    before: Value
    after: Value
    widens: bool = False

    def document(self) -> dict[str, Any]:
        """Return the change as plain JSON values."""
        return {"what": self.what, "before": _plain(self.before), "after": _plain(self.after), "widens": self.widens}


@dataclass(frozen=True, slots=True)
class Item:
    """One service, pair of states or role that was added, dropped or changed. ``where`` says which one it is."""

    mark: Mark
    name: str
    where: Mapping[str, str]
    changes: tuple[Change, ...]
    widens: bool = False

    def document(self) -> dict[str, Any]:
        """Return the item as plain JSON values."""
        return {
            "mark": self.mark.value,
            "name": self.name,
            "where": dict(self.where),
            "widens": self.widens,
            "changes": [change.document() for change in self.changes],
        }


@dataclass(frozen=True, slots=True)
class Diff:
    """Everything that differs between two editions of one thing.

    ``before`` and ``after`` are the SHA-256 (hex) of the editions' contents, ``before`` is ``None`` for a first one.
    ``effect`` says in one word what comes of it. ``held`` is how many services were granted, pairs recognised or roles
    delegated, and ``ended`` how many of them come to an end, be it announced for later.
    """

    kind: Kind
    subject: str
    before: str | None
    after: str
    effect: str
    facts: tuple[Change, ...]
    items: tuple[Item, ...]
    held: int
    ended: int

    @property
    def differs(self) -> bool:
        """Tell whether there is any difference."""
        return bool(self.facts or self.items)

    @property
    def widens(self) -> bool:
        """Tell whether anything reaches further than before."""
        return any(change.widens for change in self.facts) or any(item.widens for item in self.items)

    @property
    def share_removed(self) -> float:
        """The share of what was held that comes to an end; none of nothing."""
        return self.ended / self.held if self.held else 0.0

    def document(self) -> dict[str, Any]:
        """Return the difference as plain JSON values: what every signer of the edition looks at."""
        return {
            "schema": SCHEMA,
            "kind": self.kind.value,
            "subject": self.subject,
            "before": self.before,
            "after": self.after,
            "effect": self.effect,
            "widens": self.widens,
            "held": self.held,
            "ended": self.ended,
            "facts": [change.document() for change in self.facts],
            "items": [item.document() for item in self.items],
        }

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) of the canonical JSON of ``document``: what a signer signs along."""
        return jcs.digest_hex(self.document())


def compared(what: str, before: Value, after: Value, *, widens: bool = False) -> tuple[Change, ...]:
    """Return the one change from ``before`` to ``after``, none if they are equal."""
    return (Change(what, before, after, widens=widens),) if before != after else ()


def _plain(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value
