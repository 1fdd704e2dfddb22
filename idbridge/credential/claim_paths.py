"""Claims inside others: what a list calls ``$.entityInfo.CPEntID`` or ``$.sub.u``, read once into one flat mapping.

Decides only where a value stands. A path goes through objects by their names, and through a text like ``s=1,u=2`` where
the list says that the claim is one; whatever is not there, or cannot be read in one way, is absent. A claim that is
itself called like a path never counts as what the path leads to.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.trust import PATH, ClaimMap

_PAIR: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]{0,31})=([^,=]{1,255})", re.ASCII)
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def flattened(claims: Mapping[str, Any], claim_map: ClaimMap) -> Mapping[str, Any]:
    """Return ``claims`` with what the paths of ``claim_map`` lead to under the names of the paths."""
    if not claim_map.paths:
        return claims
    flat = {name: value for name, value in claims.items() if not name.startswith(PATH)}
    for path in claim_map.paths:
        value = _at(claims, path.removeprefix(PATH).split("."), key_values=claim_map.key_values)
        if value is not None:
            flat[path] = value
    return flat


def _at(claims: Mapping[str, Any], steps: list[str], *, key_values: frozenset[str]) -> Any:
    """Return the value at the end of ``steps``; ``None`` if there is none."""
    place: Any = claims
    for depth, step in enumerate(steps):
        if not isinstance(place, Mapping):
            return None
        place = place.get(step)
        if depth == 0 and step in key_values:
            place = pairs(place)
    return place


def pairs(text: Any) -> Mapping[str, str]:
    """Return the values of a text like ``s=S1234567D,u=0b1c,c=SG`` by their keys; none of them if any is in doubt."""
    if type(text) is not str or len(text) > LIMITS.identifier_characters:
        return _NOTHING
    parts = text.split(",", LIMITS.key_value_pairs)
    found = [_PAIR.fullmatch(part) for part in parts]
    if len(parts) > LIMITS.key_value_pairs or not all(found):
        return _NOTHING
    values = {pair[1]: pair[2] for pair in found if pair is not None}
    return values if len(values) == len(parts) else _NOTHING
