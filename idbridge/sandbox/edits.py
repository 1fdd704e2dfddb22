"""Edits to an object of JSON or CBOR: the one detail in which a bad case differs from its good twin.

An edit names a member and its new value. ``ABSENT`` takes the member away, ``Within`` edits an object inside, and
``After`` and ``datetime`` become seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

Edits = Mapping[Any, Any]  # by name, or by the label that COSE gives a member


class Absence(Enum):
    """The edit that takes a member away."""

    ABSENT = "absent"


ABSENT: Final = Absence.ABSENT


@dataclass(frozen=True, slots=True)
class After:
    """An instant so many seconds after the instant of minting; negative for before."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Within:
    """Edits to the object that the member holds."""

    edits: Edits


def edited(table: Mapping[Any, Any], edits: Edits, *, at: datetime) -> dict[Any, Any]:
    """Return ``table`` with ``edits`` made at the instant ``at``; members keep their order, new ones come last."""
    result = {**table, **{name: _value(edit, table.get(name), at=at) for name, edit in edits.items()}}
    return {name: value for name, value in result.items() if value is not ABSENT}


def _value(edit: Any, held: Any, *, at: datetime) -> Any:
    if isinstance(edit, Within):
        return edited(held, edit.edits, at=at)
    if isinstance(edit, After):
        return int(at.timestamp()) + edit.seconds
    return int(edit.timestamp()) if isinstance(edit, datetime) else edit
