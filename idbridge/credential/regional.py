"""National claims under their regional names (``ClaimMap``), each with a value of its own kind or not at all.

A provider's list entry says which of its claims is the region's ``birthdate`` or ``nationality``; everything that it
does not name stays behind. A value of another kind than the region's is left out: nobody downstream should have to
guess what a number in ``nationality`` means. Values are copied as they are, never converted.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.trust import ClaimMap

_MAX = LIMITS.identifier_characters
_MAX_VALUES: Final = 16
# ISO 8601-1 calendar date, also without day or month: not everybody's date of birth is known to the day.
_DATE: Final = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?", re.ASCII)


class RegionalClaims(Mapping[str, Any]):
    """What a credential states, by regional name. Each value is judged when it is asked for, because few ever are."""

    __slots__ = ("_names", "_national")

    def __init__(self, national: Mapping[str, Any], names: Mapping[str, str]) -> None:
        self._national = national
        self._names = names

    def __getitem__(self, regional: str) -> Any:
        """Return the claim that the listing names so, if it is there and of its own kind."""
        value = self._national.get(self._names[regional])
        if value is None or not _KINDS.get(regional, _is_text)(value):
            raise KeyError(regional)
        return value

    def __iter__(self) -> Iterator[str]:
        return (regional for regional in self._names if regional in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def regional_claims(claims: Mapping[str, Any], claim_map: ClaimMap) -> RegionalClaims:
    """Return by regional name what ``claims`` state and ``claim_map`` names."""
    return RegionalClaims(claims, claim_map.claims)


def _is_text(value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= _MAX


def _is_date(value: Any) -> bool:
    return type(value) is str and _DATE.fullmatch(value) is not None


def _is_truth(value: Any) -> bool:
    return type(value) is bool


def _is_texts(value: Any) -> bool:
    """Tell whether ``value`` is a text or a list of some, such as the nationalities of a person with two."""
    if isinstance(value, list):
        return 0 < len(value) <= _MAX_VALUES and all(map(_is_text, value))
    return _is_text(value)


def _is_address(value: Any) -> bool:
    """Tell whether ``value`` is an address in one text, or in parts (OpenID Connect Core 1.0, section 5.1.1)."""
    if type(value) is dict:
        return 0 < len(value) <= _MAX_VALUES and all(map(_is_text, value.values()))
    return _is_text(value)


_KINDS: Final[Mapping[str, Callable[[Any], bool]]] = MappingProxyType({
    "birthdate": _is_date,
    "nationality": _is_texts,
    "address": _is_address,
    **{f"age_over_{years}": _is_truth for years in range(1, 130)},
})  # fmt: skip
