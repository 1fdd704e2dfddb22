"""A person's name, as the source gives it (interface page: a verified name is ``{display, native, latin, parts[]}``).

Copies what the signed list says is a part of the name, in the order of the list: a mononym has one part and no family
name is made up, a patronymic stays one, and every script stays as it is. Latin forms are copied from the source, never
transliterated. Knows no language.

Half a name never looks like a whole one: where the presentation hides claims, and the list names a part that is not
shown, no name is made of the other parts, and no Latin one either. Only the issuer's own full name stands then; without
it the name is absent. A person who has no such part is named all the same as long as nothing is hidden.
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
    hides: bool

    def __call__(self) -> PersonName | None:
        """Return the name; ``None`` as for ``person_name``."""
        return person_name(self.claims, self.claim_map, hides=self.hides)


def person_name(claims: Mapping[str, Any], claim_map: ClaimMap, *, hides: bool) -> PersonName | None:
    """Return the name that ``claims`` state; ``None`` if they state none, or only in Latin letters beside a script.

    ``hides`` tells whether the holder may have withheld a claim; then the parts are a name only if all are there.
    """
    parts = []
    latin_parts = []
    for listed in claim_map.name_parts:
        native = _text(claims.get(listed.native))
        if native is not None:
            latin = _text(claims.get(listed.latin)) if listed.latin is not None else None
            parts.append(NamePartValue(listed.kind, native, latin))
            latin_parts.append(latin)
    whole = _text(claims.get(claim_map.display)) if claim_map.display is not None else None
    partial = hides and len(parts) < len(claim_map.name_parts)
    if whole is None:
        if partial or not parts:
            return None
        whole = " ".join([part.native for part in parts])
    latin_whole = _text(claims.get(claim_map.display_latin)) if claim_map.display_latin is not None else None
    if latin_whole is None and latin_parts and not partial:
        known = [latin for latin in latin_parts if latin is not None]
        latin_whole = " ".join(known) if len(known) == len(parts) else None
    return PersonName(whole, whole, latin_whole, tuple(parts))


def _text(value: Any) -> str | None:
    """Return ``value`` if it is a text that says something."""
    return value if type(value) is str and 0 < len(value) <= _MAX and not value.isspace() else None
