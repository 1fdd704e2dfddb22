"""References: to which lists a credential points for its status, and at which index. Point 1 of the checklist.

Decides the form alone. Two shapes are read: ``status`` of the Token Status List, as JWTs, CWTs and mdocs carry it, and
``credentialStatus`` of W3C credentials, one entry or several, which the caller hands over under that name and nothing
beside it; or both, from a credential that has both. Whoever names several mechanisms means all of them, so each is
told, also one that is not read here: no member is ever left out because another was understood. Clauses: Token Status
List section 6; Bitstring Status List v1.0 section 2.1.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NoReturn

from idbridge.errors import StatusError
from idbridge.limits import LIMITS
from idbridge.model.credential import StatusClaims
from idbridge.status.status_list import Mechanism

W3C_MEMBER: Final = "credentialStatus"
_LARGEST_ENTRY: Final = 8
# What an entry says of itself; any other member beside it, where it stands in `status`, is a mechanism of its own.
_ENTRY: Final = frozenset({
    "id", "type", "statusPurpose", "statusListIndex", "statusListCredential", "statusSize", "statusMessage",
    "statusReference",
})  # fmt: skip
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,11}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """One place where a credential's status stands. ``purpose`` and ``size`` are those that a W3C entry names."""

    mechanism: Mechanism
    address: str
    index: int
    purpose: str = ""
    size: int = 1


@dataclass(frozen=True, slots=True)
class Unread:
    """A mechanism that a credential names and that says nothing: of no form, or not read here."""

    code: str
    detail: str


Named = Reference | Unread


def read_references(status: Any) -> tuple[Named, ...]:
    """Return every mechanism that ``status`` names, at least one: the ``status`` member, or a W3C ``credentialStatus``.

    The latter stands under its own name, and alone; a list outside of it holds one status or entry after the other.

    Raises:
        StatusError: ``status.reference_invalid``: it names none, or more than are looked up.
    """
    if isinstance(status, StatusClaims):
        return _bounded([*_of_status(status.status), *_of_entries(status.entries)])
    if isinstance(status, Mapping) and status.keys() == {W3C_MEMBER}:
        return _bounded(_of_entries(status[W3C_MEMBER]))
    return _bounded(_of_status(status))


def _of_status(status: Any) -> list[Named]:
    return [named for one in _several(status) for named in _mechanisms(one)]


def _of_entries(entries: Any) -> list[Named]:
    """Return the entries of a ``credentialStatus``; one that is empty names nothing, and is no entry."""
    return [_read(_bitstring, entry) for entry in _several(entries) or [None]]


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _mechanisms(status: Any) -> list[Named]:
    """Return what one ``status`` names, at least one: a W3C entry where it is one, else a mechanism for each member."""
    if not isinstance(status, Mapping) or not status:
        return [_read(_bitstring, status)]
    if "type" in status and Mechanism.TOKEN not in status:
        beside = [name for name in status if name not in _ENTRY]
        return [_read(_bitstring, status), *(_read(partial(_token, name), status[name]) for name in beside)]
    return [_read(partial(_token, name), value) for name, value in status.items()]


def _read(reader: Callable[[Any], Reference], value: Any) -> Named:
    try:
        return reader(value)
    except StatusError as refusal:
        return Unread(refusal.code, refusal.detail)


def _bounded(found: list[Named]) -> tuple[Named, ...]:
    if not 0 < len(found) <= LIMITS.status_mechanisms:
        _invalid(f"a credential names between one and {LIMITS.status_mechanisms} mechanisms")
    return tuple(found)


def _token(name: Any, value: Any) -> Reference:
    if name != Mechanism.TOKEN:
        raise StatusError("status.unavailable", "a status mechanism that is not read here")
    if not isinstance(value, Mapping):
        _invalid("`status_list` is no object")
    index = value.get("idx")
    if type(index) is not int or index < 0:
        _invalid("`idx` is no whole number from zero")
    return Reference(Mechanism.TOKEN, _address(value.get("uri"), "uri"), index)


def _bitstring(entry: Any) -> Reference:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("type"), str):
        _invalid("an entry of `credentialStatus` is an object with a type")
    if entry["type"] != Mechanism.BITSTRING or Mechanism.TOKEN in entry:
        raise StatusError("status.unavailable", "a status mechanism that is not read here")
    purpose, size = entry.get("statusPurpose"), entry.get("statusSize", 1)
    if not isinstance(purpose, str) or not purpose:
        _invalid("`statusPurpose` is missing")
    if type(size) is not int or not 0 < size <= _LARGEST_ENTRY:
        _invalid(f"`statusSize` is between 1 and {_LARGEST_ENTRY}")
    address = _address(entry.get("statusListCredential"), "statusListCredential")
    return Reference(Mechanism.BITSTRING, address, _index(entry.get("statusListIndex")), purpose, size)


def _index(value: Any) -> int:
    """Return the index, which this standard writes as a text of digits; a whole number is as clear."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or _INDEX.fullmatch(text) is None:
        _invalid("`statusListIndex` is no whole number from zero")
    return int(text)


def _address(value: Any, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LIMITS.identifier_characters:
        _invalid(f"`{name}` is no address")
    return value


def _invalid(why: str) -> NoReturn:
    raise StatusError("status.reference_invalid", why)
