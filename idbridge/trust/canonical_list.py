"""A trust list in canonical form (RFC 8785), read from front to back, with the text of each of its entries.

Decides whether characters are one unambiguous list: the outer objects by their literal text, and what stands between
by proving that each value is what it is written as. Whatever is not so is left to the slow way (``payload``).

The services of one list mostly differ in their keys and issuer alone. Entries that are the same text but for these two
are *alike*: all else of them is read, proven and put into the model once. What follows from it may then be judged once
too; the key and the issuer of each entry are read and judged for every one.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any, Final

from idbridge.codec import canonical
from idbridge.errors import InputError
from idbridge.trust import digital_identity, extension, lote, members
from idbridge.trust.lote import Extension, ListOfTrustedEntities, ServiceEntry, TrustedEntity

_LIST: Final = '{"LoTE":{"ListAndSchemeInformation":'
_ENTITIES: Final = ',"TrustedEntitiesList":['
_ENTITY: Final = '{"TrustedEntityInformation":'
_SERVICES: Final = ',"TrustedEntityServices":['
_ENTRY: Final = (
    '{"ServiceInformation":{"ServiceDigitalIdentity":'  # without history, whose identity would have to agree
)
_NEXT_ENTRY: Final = f",{_ENTRY}"
_ISSUER: Final = '"issuer":"'
_MOST_FORMS: Final = 1024  # forms of entries that are remembered while one list is read
_NO_EXTENSION: Final = Extension("", None, critical=False)


@dataclass(frozen=True, slots=True)
class _Form:
    """An entry as a form: all but its identity and its issuer. ``rules`` are those of its extension, without issuer."""

    entry: ServiceEntry
    rules: dict[str, Any]
    critical: bool


def read(characters: str) -> tuple[ListOfTrustedEntities, tuple[str, ...]]:
    """Return the list that ``characters`` hold, and the SHA-256 (hex) of every service entry in the order of the list.

    Raises:
        InputError: They are not the canonical text of a list that has entries or an empty list of providers.
        TrustError: ``trust.profile_violation``: a part of it is not in the shape of the standard.
    """
    return _Reader(characters).read()


class _Reader:
    """One run over one text."""

    __slots__ = ("_at", "_digests", "_forms", "_text")

    def __init__(self, characters: str) -> None:
        self._text = characters
        self._at = 0
        self._digests: list[str] = []
        self._forms: dict[tuple[str, str], _Form] = {}

    def read(self) -> tuple[ListOfTrustedEntities, tuple[str, ...]]:
        self._require(_LIST)
        scheme = lote.scheme(self._value())
        self._require(_ENTITIES)
        entities = [self._entity()]
        while self._skip(","):
            entities.append(self._entity())
        self._require("]}}")
        if self._at != len(self._text):
            raise _other()
        return ListOfTrustedEntities(scheme, tuple(entities)), tuple(self._digests)

    def _entity(self) -> TrustedEntity:
        self._require(_ENTITY)
        about = self._value()
        self._require(_SERVICES)
        services = [self._entry()]
        while self._skip(","):
            services.append(self._entry())
        self._require("]}")
        return lote.entity(about, tuple(services))

    def _entry(self) -> ServiceEntry:
        start = self._at
        entry = self._alike() if self._forms and self._skip(_ENTRY) else None
        if entry is None:
            self._at = start
            entry = self._formed(lote.service(self._value()), start)
        self._digests.append(hashlib.sha256(self._text[start : self._at].encode()).hexdigest())
        return entry

    def _alike(self) -> ServiceEntry | None:
        """Return the entry whose identity stands here, if all that follows it is of a form that was read before."""
        identity = self._value()
        end = self._text.find(_NEXT_ENTRY, self._at)
        before, issuer, after = _taken_apart(self._text[self._at : end])
        form = self._forms.get((before, after))
        # An issuer in plain characters is written in one way only; any other is read as part of its entry.
        if end < 0 or form is None or not members.is_plain_issuer(issuer):
            return None
        self._at = end
        known = form.entry
        rules = Extension(extension.NAME, {**form.rules, "issuer": issuer}, form.critical)
        return ServiceEntry(
            known.names, known.service_type, digital_identity.parse(identity), known.status, (), (rules,), known.alike
        )  # fmt: skip

    def _formed(self, entry: ServiceEntry, start: int) -> ServiceEntry:
        """Return an entry that was read in full, from ``start`` up to here, with the number of its form, if it has one.

        The form is remembered for the entries after it.
        """
        text = self._text[start : self._at]
        own = entry.extensions[0] if len(entry.extensions) == 1 else _NO_EXTENSION
        if not text.startswith(_ENTRY) or own.name != extension.NAME or type(own.content) is not dict:
            return entry
        _, end = canonical.value_at(text, len(_ENTRY))
        before, issuer, after = _taken_apart(text[end:])
        # The one place of the text where the word stands is the member, and no other string has it in it.
        if _ISSUER in after or own.content.get("issuer") != issuer or not members.is_plain_issuer(issuer):
            return entry
        form = self._forms.get((before, after))
        if form is None:
            if len(self._forms) >= _MOST_FORMS:
                return entry
            rules = {name: member for name, member in own.content.items() if name != "issuer"}
            form = _Form(replace(entry, alike=len(self._forms)), rules, own.critical)
            self._forms[before, after] = form
        return replace(entry, alike=form.entry.alike)

    def _value(self) -> Any:
        value, self._at = canonical.value_at(self._text, self._at)
        return value

    def _require(self, literal: str) -> None:
        if not self._skip(literal):
            raise _other()

    def _skip(self, literal: str) -> bool:
        """Go past ``literal`` if it stands here, and tell whether it did."""
        found = self._text.startswith(literal, self._at)
        if found:
            self._at += len(literal)
        return found


def _taken_apart(text: str) -> tuple[str, str, str]:
    """Return what stands before the first issuer in ``text``, the issuer, and what stands after it."""
    before, _, rest = text.partition(_ISSUER)
    issuer, _, after = rest.partition('"')
    return before, issuer, after


def _other() -> InputError:
    return InputError("input.malformed", "not a list in canonical form")
