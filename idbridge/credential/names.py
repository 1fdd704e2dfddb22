"""A person's name, as the source gives it (interface page: a verified name is ``{display, native, latin, parts[]}``).

Copies what the signed list says is a part of the name, in the order of the list: a mononym has one part and no family
name is made up, a patronymic stays one, and every script stays as it is. Latin forms are copied from the source, never
transliterated. Knows no language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idbridge.limits import LIMITS
from idbridge.model.credential import NamePartValue, PersonName
from idbridge.model.trust import ClaimMap

_MAX = LIMITS.identifier_characters


@dataclass(frozen=True, slots=True, repr=False)
class NationalName:
    """A name that nobody has asked for yet: the claims that state it, and what the listing calls its parts."""

    claims: Mapping[str, Any]
    claim_map: ClaimMap

    def __call__(self) -> PersonName | None:
        """Return the name; ``None`` as for ``person_name``."""
        return person_name(self.claims, self.claim_map)


def person_name(claims: Mapping[str, Any], claim_map: ClaimMap) -> PersonName | None:
    """Return the name that ``claims`` state; ``None`` if they state none, or only in Latin letters beside a script."""
    parts = []
    latin_parts = []
    for listed in claim_map.name_parts:
        native = _text(claims.get(listed.native))
        if native is not None:
            latin = _text(claims.get(listed.latin)) if listed.latin is not None else None
            parts.append(NamePartValue(listed.kind, native, latin))
            latin_parts.append(latin)
    whole = _text(claims.get(claim_map.display)) if claim_map.display is not None else None
    if whole is None:
        if not parts:
            return None
        whole = " ".join([part.native for part in parts])
    latin_whole = _text(claims.get(claim_map.display_latin)) if claim_map.display_latin is not None else None
    if latin_whole is None and latin_parts:
        known = [latin for latin in latin_parts if latin is not None]
        latin_whole = " ".join(known) if len(known) == len(parts) else None
    return PersonName(whole, whole, latin_whole, tuple(parts))


def _text(value: Any) -> str | None:
    """Return ``value`` if it is a text that says something."""
    return value if type(value) is str and 0 < len(value) <= _MAX and not value.isspace() else None
