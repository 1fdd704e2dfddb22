"""The members of a signed recognition document, read strictly: none unknown, none missing, nothing guessed.

Knows no meaning; ``rule``, ``arrangement`` and ``purpose`` say what the members stand for.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.time import parse_instant

Value = TypeVar("Value")
MAX_VERSION: Final = 2**31 - 1
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)


class NotAgreedError(TrustError):
    """A document that can be read in full and lacks a signature that it needs. Nothing is lost with it."""

    def __init__(self, detail: str) -> None:
        super().__init__("trust.arrangement_invalid", detail)


class UnknownSignerError(NotAgreedError):
    """A document that a state signed of which no key is known, so that nobody can tell what it agreed to."""


def invalid(detail: str) -> TrustError:
    """Return the one error that a recognition document can cause, with what is wrong in it."""
    return TrustError("trust.arrangement_invalid", detail)


def exactly(value: Any, names: frozenset[str], *, where: str) -> Mapping[str, Any]:
    """Return ``value`` if it is an object with exactly the members ``names``.

    Raises:
        TrustError: It is no object, or a member is unknown or missing.
    """
    if not isinstance(value, Mapping):
        raise invalid(f"{where} is not an object")
    if value.keys() != names:
        odd = ", ".join(sorted(value.keys() ^ names))
        raise invalid(f"{where} has unknown or missing members: {odd}")
    return value


def text(value: Any, *, where: str) -> str:
    """Return ``value`` if it is a string that says something.

    Raises:
        TrustError: It is not.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > LIMITS.identifier_characters:
        raise invalid(f"{where} is not a text")
    return value


def string(value: Any, *, where: str) -> str:
    """Return ``value`` if it is a string, of any length: the caller's bound is that of the document.

    Raises:
        TrustError: It is not.
    """
    if not isinstance(value, str):
        raise invalid(f"{where} is not a string")
    return value


def code(value: Any, *, where: str) -> str:
    """Return ``value`` if it can serve as an identifier: letters, digits and ``._:-``.

    Raises:
        TrustError: It cannot.
    """
    if not isinstance(value, str) or _CODE.fullmatch(value) is None:
        raise invalid(f"{where} is not an identifier")
    return value


def count(value: Any, *, where: str, least: int, most: int) -> int:
    """Return ``value`` if it is a whole number between ``least`` and ``most``.

    Raises:
        TrustError: It is not; ``true`` is no number.
    """
    if type(value) is not int or not least <= value <= most:
        raise invalid(f"{where} is not a whole number from {least} to {most}")
    return value


def word(value: Any, vocabulary: Callable[[str], Value], *, where: str) -> Value:
    """Return ``value`` as a member of a closed vocabulary, such as ``MemberState``.

    Raises:
        TrustError: The vocabulary does not have it.
    """
    if not isinstance(value, str):
        raise invalid(f"{where} is not a word")
    try:
        return vocabulary(value)
    except (ValueError, KeyError):
        raise invalid(f"{where} is not a known word") from None


def several(value: Any, read: Callable[[Any], Value], *, where: str, empty: bool = False) -> frozenset[Value]:
    """Return the entries of a list without repetition, each read by ``read``; ``empty`` allows none at all.

    Raises:
        TrustError: It is no list, an entry repeats, or it is empty and must not be.
    """
    if not isinstance(value, list) or not (value or empty):
        raise invalid(f"{where} is not a list with entries")
    entries = frozenset(read(entry) for entry in value)
    if len(entries) != len(value):
        raise invalid(f"{where} names an entry twice")
    return entries


def instant(value: Any, *, where: str) -> datetime:
    """Return ``value`` as a UTC instant.

    Raises:
        TrustError: It is not written as ``2026-01-01T00:00:00Z``.
    """
    try:
        return parse_instant(text(value, where=where))
    except ValueError:
        raise invalid(f"{where} is not an instant written as 2026-01-01T00:00:00Z") from None
