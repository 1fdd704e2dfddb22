"""Claims in plain words: what a claim is called, and its value as a text that a person can compare with their ID."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_NAMED: Final = frozenset({
    "name", "birthdate", "nationality", "address", "sex", "position", "institution", "email", "phone_number",
})  # fmt: skip
_AGE: Final = "age_over_"


@dataclass(frozen=True, slots=True)
class ClaimWords:
    """One claim: the ``key`` of its name in the catalogue, empty if it has none, and what it says."""

    name: str
    key: str
    values: dict[str, object]
    text: str | bool = ""


def claim_words(name: str, value: Any) -> ClaimWords:
    """Return the words for the claim ``name`` with this JSON value."""
    if name.startswith(_AGE):
        return ClaimWords(name, "claim.age_over", {"age": name.removeprefix(_AGE)}, _text(value))
    return ClaimWords(name, f"claim.{name}" if name in _NAMED else "", {}, _text(value))


def _text(value: Any) -> str | bool:
    """Return a claim as text: of a name what is displayed, of other objects what stands in them, in their order."""
    if type(value) is bool:
        return value
    if isinstance(value, Mapping):
        return _name(value) if "display" in value else _joined(value.values())
    return _joined(value) if isinstance(value, list) else str(value)


def _name(name: Mapping[str, Any]) -> str:
    """Return a name as it is displayed, and in Latin letters if it is released in these too."""
    shown, latin = str(name["display"]), name.get("latin")
    return f"{shown} ({latin})" if latin and latin != shown else shown


def _joined(values: Iterable[Any]) -> str:
    return ", ".join(str(_text(value)) for value in values)
