"""References: to which lists a credential points for its status, and at which index. Point 1 of the checklist.

Decides the form alone. Two shapes are read: ``status`` of the Token Status List, as JWTs, CWTs and mdocs carry it, and
``credentialStatus`` of W3C credentials, one entry or several. Whoever names several mechanisms means all of them, so
one that is not read here leaves the answer open. Clauses: Token Status List section 6; Bitstring Status List v1.0
section 2.1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from idbridge.errors import StatusError
from idbridge.limits import LIMITS
from idbridge.status.status_list import Mechanism

W3C_MEMBER: Final = "credentialStatus"
_LARGEST_ENTRY: Final = 8
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,11}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """One place where a credential's status stands. ``purpose`` and ``size`` are those that a W3C entry names."""

    mechanism: Mechanism
    address: str
    index: int
    purpose: str = ""
    size: int = 1


def read_references(status: Any) -> tuple[Reference, ...]:
    """Return the references in ``status``, at least one: the ``status`` member, or a W3C ``credentialStatus``.

    Raises:
        StatusError: ``status.reference_invalid``, or ``status.unavailable`` for a mechanism that is not read here.
    """
    if isinstance(status, Mapping) and W3C_MEMBER in status:
        status = status[W3C_MEMBER]
    if isinstance(status, Mapping) and "type" not in status:
        named = _bounded(list(status.items()))
        return tuple(_token(name, value) for name, value in named)
    entries = _bounded(list(status) if isinstance(status, list | tuple) else [status])
    return tuple(_bitstring(entry) for entry in entries)


def _bounded(found: list[Any]) -> list[Any]:
    if not 0 < len(found) <= LIMITS.status_mechanisms:
        _invalid(f"a credential names between one and {LIMITS.status_mechanisms} mechanisms")
    return found


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
    if entry["type"] != Mechanism.BITSTRING:
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
