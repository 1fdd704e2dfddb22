"""The names under which an operator may know a key or a provider, and whether an entry of a list has one of them.

Decides nothing about trust. Addresses and key ids are compared character by character, as a verification compares
them; names of providers and services are searched, because nobody knows them by heart.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from idbridge.codec import base64std, base64url
from idbridge.crypto.certificate_facts import certificate_facts
from idbridge.errors import InputError
from idbridge.trust.profile import Entry, ListedKey

_HEX = re.compile(r"(?:0[xX])?((?:[0-9A-Fa-f]{2}[: ]?)*[0-9A-Fa-f]{1,2})", re.ASCII)
_DECIMAL = re.compile(r"\d{1,64}", re.ASCII)
_LEAST_OF_A_NAME: Final = 3  # fewer characters than that are part of every name
_LONGEST: Final = 512


@dataclass(frozen=True, slots=True)
class Names:
    """What was asked, as each kind of name that it can be read as."""

    text: str
    octets: frozenset[bytes]
    numbers: frozenset[int]

    def of(self, entry: Entry) -> tuple[tuple[str, ...], tuple[ListedKey, ...]]:
        """Return by which names ``entry`` was meant, and which of its keys, if a key was."""
        keyed = [(kind, key) for key in entry.keys for kind in self._of_key(key)]
        keyed += [(kind, key) for key, der in certified(entry) for kind in self._of_certificate(der)]
        kinds = dict.fromkeys((*(kind for kind, _ in keyed), *self._of_provider(entry)))
        return tuple(kinds), tuple(dict.fromkeys(key for _, key in keyed))

    def _of_key(self, key: ListedKey) -> Iterator[str]:
        if key.thumbprint == self.text:
            yield "thumbprint"
        elif key.kid == self.text:
            yield "key id"
        if key.key_identifier is not None and key.key_identifier in self.octets:
            yield "subject key identifier"

    def _of_certificate(self, der: bytes) -> Iterator[str]:
        if certificate_facts(der).serial in self.numbers:
            yield "certificate serial"
        if hashlib.sha256(der).digest() in self.octets:
            yield "certificate digest"

    def _of_provider(self, entry: Entry) -> Iterator[str]:
        if entry.issuer == self.text:
            yield "issuer"
        service = entry.service or entry.withheld
        sought = self.text.casefold()
        if len(sought) >= _LEAST_OF_A_NAME:
            if sought in entry.name.casefold():
                yield "name of the service"
            if service is not None and sought in service.provider.casefold():
                yield "name of the provider"


def certified(entry: Entry) -> Iterator[tuple[ListedKey, bytes]]:
    """Yield the keys of an entry that are listed by certificate, with the certificate (DER)."""
    service = entry.service or entry.withheld
    if service is not None:
        yield from zip(entry.keys[len(service.keys) :], service.anchors, strict=True)


def read_names(asked: str) -> Names:
    """Return what ``asked`` can be read as."""
    text = asked.strip()[:_LONGEST]
    return Names(text, frozenset(_octets(text)), frozenset(_numbers(text)))


def _octets(text: str) -> Iterator[bytes]:
    digits = _digits(text)
    if digits is not None and len(digits) % 2 == 0:
        yield bytes.fromhex(digits)
    for decode in (base64std.decode, base64url.decode):
        try:
            yield decode(text)
        except InputError:
            continue


def _numbers(text: str) -> Iterator[int]:
    if _DECIMAL.fullmatch(text) is not None:
        yield int(text)
    digits = _digits(text)
    if digits is not None:
        yield int(digits, 16)


def _digits(text: str) -> str | None:
    """Return the hexadecimal digits of ``text``, which may stand in pairs with colons or blanks between them."""
    found = _HEX.fullmatch(text)
    return found[1].replace(":", "").replace(" ", "") if found is not None else None
