"""Members of a registration that is written as JSON: each of its own kind, or refused by its name.

Sentences of errors name members, and never repeat a value: it may be a key that was pasted into the wrong place.
"""

from collections.abc import Mapping, Set
from datetime import datetime
from typing import Any, Final

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.shown_text import has_controls, is_visible
from idbridge.model.time import instant_text, parse_instant

_KEY_MARK: Final = "idb_"


def refused(sentence: str) -> RequestError:
    """Return what refuses a registration; ``sentence`` may be shown to whoever wrote it."""
    return RequestError("input.request_malformed", sentence)


def members(value: Any, name: str, *, required: Set[str], optional: Set[str] = frozenset()) -> Mapping[str, Any]:
    """Return ``value`` if it is an object with these members and no others.

    An unknown member is refused: a misspelt restriction would otherwise be no restriction.

    Raises:
        RequestError: ``input.request_malformed``, as for every function below.
    """
    if not isinstance(value, dict):
        raise refused(f"{name} is no object")
    missing = sorted(required - value.keys())
    if missing:
        raise refused(f"{name} lacks `{missing[0]}`")
    if not value.keys() <= required | optional:
        raise refused(f"{name} has a member that is unknown; there are {', '.join(sorted(required | optional))}")
    return value


def text(value: Any, name: str) -> str:
    """Return the text ``value``: not blank, no longer than an identifier, without characters that do not show."""
    if not isinstance(value, str) or not is_visible(value) or len(value) > LIMITS.identifier_characters:
        raise refused(f"`{name}` of a registration is not text of 1 to {LIMITS.identifier_characters} characters")
    if has_controls(value):
        raise refused(f"`{name}` of a registration has characters that do not show")
    if value.startswith(_KEY_MARK):
        raise refused(f"`{name}` of a registration is an API key; a key is written nowhere, and this one is to go")
    return value


def texts(value: Any, name: str) -> tuple[str, ...]:
    """Return the texts that the list ``value`` has, none of them twice."""
    if not isinstance(value, list) or len(value) > LIMITS.registered_entries:
        raise refused(f"`{name}` of a registration is not a list of at most {LIMITS.registered_entries} texts")
    found = tuple(text(one, name) for one in value)
    if len(set(found)) != len(found):
        raise refused(f"`{name}` of a registration names something twice")
    return found


def flag(value: Any, name: str) -> bool:
    """Return the flag ``value``."""
    if not isinstance(value, bool):
        raise refused(f"`{name}` of a registration is neither true nor false")
    return value


def whole(value: Any, name: str) -> int:
    """Return the whole number ``value``, from 1."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LIMITS.list_sequence:
        raise refused(f"`{name}` of a registration is a number from 1")
    return value


def instant(value: Any, name: str) -> datetime | None:
    """Return the instant that ``value`` writes, or ``None`` for null."""
    if value is None:
        return None
    try:
        return parse_instant(text(value, name))
    except ValueError:
        raise refused(f"`{name}` of a registration is not an instant like 2026-01-01T00:00:00Z") from None


def written(moment: datetime | None) -> str | None:
    """Return ``moment`` as it is written, ``None`` for one that is not known."""
    return None if moment is None else instant_text(moment)
