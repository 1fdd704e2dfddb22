"""A mandate as a provider states it: ``entity {scheme, value, name?}, scope[], valid_from?, valid_until?``.

Decides only whether the statement can be read. One that cannot, in whole or in part, is no mandate at all: to drop a
bound that is badly written would widen it. Whether a mandate is in force and serves a purpose, step V7 decides.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeGuard

from idbridge.limits import LIMITS
from idbridge.model.credential import Mandate
from idbridge.model.time import parse_instant

_MEMBERS: Final = frozenset({"entity", "scope", "valid_from", "valid_until"})
_ENTITY: Final = frozenset({"scheme", "value", "name"})
_MAX_SCOPES: Final = 32


def read_mandate(statement: Any) -> Mandate | None:
    """Return the mandate that ``statement`` spells out; ``None`` if it is none, or has a member that is not known."""
    if not isinstance(statement, Mapping) or not statement.keys() <= _MEMBERS:
        return None
    entity, scope = statement.get("entity"), statement.get("scope")
    if not isinstance(entity, Mapping) or not entity.keys() <= _ENTITY:
        return None
    if not isinstance(scope, list) or not 0 < len(scope) <= _MAX_SCOPES or not all(map(_is_text, scope)):
        return None
    scheme, value, name = entity.get("scheme"), entity.get("value"), entity.get("name")
    if not _is_text(scheme) or not _is_text(value) or not (name is None or _is_text(name)):
        return None
    try:
        start, end = _instant(statement, "valid_from"), _instant(statement, "valid_until")
    except ValueError:
        return None
    if start is not None and end is not None and end <= start:
        return None
    return Mandate(scheme, value, name, frozenset(scope), start, end)


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= LIMITS.identifier_characters


def _instant(statement: Mapping[str, Any], name: str) -> datetime | None:
    """Return a bound of the mandate, ``None`` only where there is none.

    Raises:
        ValueError: It is not an instant as signed documents write them.
    """
    if name not in statement:
        return None
    value = statement[name]
    return parse_instant(value if isinstance(value, str) else "")
