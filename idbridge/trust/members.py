"""The members of a trust list, read strictly: none unknown, none missing, nothing guessed.

Knows no meaning; ``lote``, ``extension`` and ``profile`` say what the members stand for. Stricter than the JSON schema
that comes with ETSI TS 119 602, which lets strings pass as dates and negative numbers as sequences.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from idbridge.limits import LIMITS
from idbridge.model.time import parse_instant
from idbridge.trust.errors import violation

Value = TypeVar("Value")
ADDRESS_SCHEMES: Final = frozenset({"https", "http", "urn", "mailto", "tel"})
_LANGUAGE_CHARACTERS: Final = 35  # RFC 5646 section 4.4.1
_IN_LANGUAGE: Final = frozenset({"lang", "value"})
_ADDRESS_IN_LANGUAGE: Final = frozenset({"lang", "uriValue"})
# Issuers of this form need no taking apart; what is not of it may still be one.
_PLAIN_ISSUER: Final = re.compile(r"https://[a-z0-9][a-z0-9.-]*(?:/[A-Za-z0-9._~/-]*)?", re.ASCII)
_REMEMBERED: Final = 1024  # addresses and instants: a list has few that differ, and says each of them very often
_parse_instant: Final = lru_cache(maxsize=_REMEMBERED)(parse_instant)


def table(
    value: Any, *, required: frozenset[str], optional: frozenset[str] = frozenset(), where: str
) -> dict[str, Any]:
    """Return ``value`` if it is an object with every member of ``required`` and no other than those of ``optional``.

    Raises:
        TrustError: It is no object, or a member is unknown or missing.
    """
    if type(value) is not dict:
        raise violation(f"{where} is not an object")
    names = value.keys()
    if names == required:
        return value
    if not required <= names:
        raise violation(f"{where} lacks {', '.join(sorted(required - names))}")
    if not names <= required | optional:
        raise violation(f"{where} has unknown members: {', '.join(sorted(names - required - optional))[:200]}")
    return value


def array(value: Any, read: Callable[[Any], Value], *, where: str, most: int | None = None) -> tuple[Value, ...]:
    """Return the entries of a list, each read by ``read``; a list that is there has at least one.

    Raises:
        TrustError: It is no list, it is empty, or it has more than ``most`` entries.
    """
    if type(value) is not list or not value:
        raise violation(f"{where} is not a list with entries")
    if most is not None and len(value) > most:
        raise violation(f"{where} has more than {most} entries")
    return tuple([read(entry) for entry in value])


def several(value: Any, read: Callable[[Any], Value], *, where: str) -> frozenset[Value]:
    """Return the entries of a list that may be empty, but names nothing twice.

    Raises:
        TrustError: It is no list, or an entry repeats.
    """
    if type(value) is not list:
        raise violation(f"{where} is not a list")
    entries = frozenset(read(entry) for entry in value)
    if len(entries) != len(value):
        raise violation(f"{where} names an entry twice")
    return entries


def text(value: Any, *, where: str) -> str:
    """Return ``value`` if it is a string that says something.

    Raises:
        TrustError: It is not.
    """
    if type(value) is not str or not value.strip() or len(value) > LIMITS.identifier_characters:
        raise violation(f"{where} is not a text")
    return value


def prose(value: Any, *, where: str) -> str:
    """Return ``value`` if it is a string that says something, of any length: it is shown to people, never compared.

    Raises:
        TrustError: It is not.
    """
    if type(value) is not str or not value.strip():
        raise violation(f"{where} is not a text")
    return value


def string(value: Any, *, where: str) -> str:
    """Return ``value`` if it is a string, of any length: the caller's bound is that of what it spells.

    Raises:
        TrustError: It is not.
    """
    if type(value) is not str:
        raise violation(f"{where} is not a string")
    return value


def address(value: Any, *, where: str) -> str:
    """Return ``value`` if it is an absolute address of a known scheme.

    Raises:
        TrustError: It is not.
    """
    uri = text(value, where=where)
    if not _is_address(uri):
        raise violation(f"{where} is not an address")
    return uri


@lru_cache(maxsize=_REMEMBERED)
def _is_address(uri: str) -> bool:
    scheme, colon, rest = uri.partition(":")
    return (
        bool(colon and rest) and scheme in ADDRESS_SCHEMES and uri.isprintable() and " " not in uri and "\\" not in uri
    )


def is_plain_issuer(value: str) -> bool:
    """Tell whether ``value`` can name an issuer, and in characters that JSON writes as they are."""
    return len(value) <= LIMITS.identifier_characters and _PLAIN_ISSUER.fullmatch(value) is not None


def issuer(value: Any, *, where: str) -> str:
    """Return ``value`` if it can name an issuer: an https address in lower case without query, fragment or user.

    The name is compared character by character, so that no two spellings may name one issuer.

    Raises:
        TrustError: It cannot.
    """
    if type(value) is str and is_plain_issuer(value):
        return value
    uri = address(value, where=where)
    try:
        parts = urlsplit(uri)
        plain = parts.scheme == "https" and parts.hostname is not None and parts.netloc == parts.netloc.lower()
        bare = not (parts.query or parts.fragment or parts.username or parts.password or "?" in uri or "#" in uri)
        port = parts.port
    except ValueError:
        raise violation(f"{where} is not an address") from None
    if not plain or not bare or "@" in uri or port == 443 or not uri.isascii():
        raise violation(f"{where} is not the one spelling of an https address")
    return uri


def count(value: Any, *, where: str, least: int, most: int) -> int:
    """Return ``value`` if it is a whole number between ``least`` and ``most``.

    Raises:
        TrustError: It is not; ``true``, ``"7"`` and ``1e3`` are no whole numbers.
    """
    if type(value) is not int or not least <= value <= most:
        raise violation(f"{where} is not a whole number from {least} to {most}")
    return value


def instant(value: Any, *, where: str) -> datetime:
    """Return ``value`` as a UTC instant.

    Raises:
        TrustError: It is not written as ``2026-01-01T00:00:00Z``.
    """
    try:
        return _parse_instant(text(value, where=where))
    except ValueError:
        raise violation(f"{where} is not an instant written as 2026-01-01T00:00:00Z") from None


def word(value: Any, vocabulary: Callable[[str], Value], *, where: str) -> Value:
    """Return ``value`` as a member of a closed vocabulary, such as ``MemberState``.

    Raises:
        TrustError: The vocabulary does not have it.
    """
    try:
        return vocabulary(text(value, where=where))
    except (ValueError, KeyError):
        raise violation(f"{where} is not a known word") from None


def by_language(value: Any, *, where: str) -> Mapping[str, str]:
    """Return a multilingual text by language tag.

    Raises:
        TrustError: An entry is malformed, or a language appears twice.
    """
    if type(value) is not list or not value:
        raise violation(f"{where} is not a list with entries")
    texts = dict([in_language(entry, where=where) for entry in value])
    if len(texts) != len(value):
        raise violation(f"{where} says something twice in one language")
    return MappingProxyType(texts)


def in_language(entry: Any, *, where: str) -> tuple[str, str]:
    """Return a language tag and the text in that language.

    Raises:
        TrustError: The entry is malformed.
    """
    read = table(entry, required=_IN_LANGUAGE, where=where)
    return language(read["lang"], where=where), text(read["value"], where=where)


def language(value: Any, *, where: str) -> str:
    """Return ``value`` if it can be a language tag.

    Raises:
        TrustError: It cannot.
    """
    tag = text(value, where=where)
    if not _is_language(tag):
        raise violation(f"{where} names no language")
    return tag


@lru_cache(maxsize=_REMEMBERED)
def _is_language(tag: str) -> bool:
    return len(tag) <= _LANGUAGE_CHARACTERS and tag.isascii() and tag.replace("-", "").isalnum()


def addresses(value: Any, *, where: str) -> tuple[str, ...]:
    """Return the addresses of a multilingual list, in its order; one language may have several.

    Raises:
        TrustError: An entry is malformed.
    """
    return array(value, lambda entry: _address_entry(entry, where=where), where=where)


def _address_entry(entry: Any, *, where: str) -> str:
    read = table(entry, required=_ADDRESS_IN_LANGUAGE, where=where)
    language(read["lang"], where=where)
    return address(read["uriValue"], where=where)
