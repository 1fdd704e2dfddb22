"""Claims path pointers: which values of a credential does a path select? (OpenID4VP 1.0, section 7)

Decides by the processed claims alone. An index counts as the issuer signed it: of an array with withheld elements the
others keep the indices they had.
"""

from collections.abc import Mapping
from typing import Any, Final

from idbridge.model.query import ArrayWithGaps, ClaimPath, PathStep, Value

_ABSENT: Final = object()


def select(path: ClaimPath, claims: Mapping[str, Any]) -> list[Any]:
    """Return the values that ``path`` selects, none where the standard says to stop with an error."""
    selected: list[Any] = [claims]
    for step in path:
        found: list[Any] = []
        for value in selected:
            if not _fits(step, value):
                return []
            _take(step, value, found)
        selected = found
    return selected


def same(value: Any) -> Value | None:
    """Return ``value`` as it compares with the values of a query, ``None`` for one that equals none of them."""
    kind = type(value)
    return (kind, value) if kind is str or kind is int or kind is bool else None


def _fits(step: PathStep, value: Any) -> bool:
    """Tell whether ``value`` has what ``step`` selects from: members for a name, elements for an index or null."""
    return isinstance(value, Mapping) if isinstance(step, str) else isinstance(value, list | tuple)


def _take(step: PathStep, value: Any, found: list[Any]) -> None:
    if step is None:
        found.extend(value)
    elif isinstance(step, str):
        member = value.get(step, _ABSENT)
        if member is not _ABSENT:
            found.append(member)
    else:
        place = _place(step, value)
        if place is not None:
            found.append(value[place])


def _place(index: int, array: Any) -> int | None:
    """Return where the element stands that was signed at ``index``; ``None`` if it is withheld or was never there."""
    if isinstance(array, ArrayWithGaps):
        return array.indices.index(index) if index in array.indices else None
    return index if index < len(array) else None
