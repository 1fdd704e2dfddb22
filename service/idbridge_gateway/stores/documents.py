"""Sealed documents: how what is kept under a handle is read again by whoever is there by then.

What is kept outlives the program that kept it: after an update, a worker meets what an older one wrote, and beside one
that is updated last, what a newer one wrote. So a document is read strictly, by this one reader: what lacks a member,
has one more, or one of another type or value, reads as what is not there, and its handle opens nothing. Of a nested
value the members are its reader's to look at; what it cannot read is no document either. What the values mean, it does
not know.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from idbridge.errors import IdBridgeError

Value = TypeVar("Value")
Member = TypeVar("Member")

# What readers raise that meet another shape: `UnicodeError` is a `ValueError`, and instants overflow.
_ANOTHER_SHAPE: Final = (LookupError, TypeError, ValueError, OverflowError, OSError, AttributeError, IdBridgeError)


class Document:
    """The members of one document; each is asked for by its type, once."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._left = dict(members)

    def text(self, name: str) -> str:
        """Return the text ``name``."""
        return self._taken(name, str)

    def text_or_none(self, name: str) -> str | None:
        """Return the text ``name``, or ``None`` if it is null."""
        return self._or_none(name, self.text)

    def flag(self, name: str) -> bool:
        """Return the boolean ``name``."""
        return self._taken(name, bool)

    def instant(self, name: str) -> datetime:
        """Return the instant ``name``, which is kept in seconds since 1970."""
        return datetime.fromtimestamp(self._taken(name, float), UTC)

    def instant_or_none(self, name: str) -> datetime | None:
        """Return the instant ``name``, or ``None`` if it is null."""
        return self._or_none(name, self.instant)

    def members(self, name: str) -> Mapping[str, Any]:
        """Return the object ``name``; what it contains, its reader looks at."""
        return self._taken(name, dict)

    def members_or_none(self, name: str) -> Mapping[str, Any] | None:
        """Return the object ``name``, or ``None`` if it is null."""
        return self._or_none(name, self.members)

    def nested(self, name: str, read: Callable[["Document"], Value]) -> Value:
        """Return what ``read`` makes of the document ``name`` in this one."""
        return _whole(self._taken(name, dict), read)

    def texts_by_name(self, name: str) -> Mapping[str, str]:
        """Return the object ``name``, all of whose members are texts."""
        members = self.members(name)
        require_texts(members.values())
        return members

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the list ``name``, all of whose members are texts."""
        return require_texts(self._taken(name, list))

    def require_all_taken(self) -> None:
        """Return if the document has nothing else.

        Raises:
            ValueError: It has.
        """
        if self._left:
            raise ValueError("the document has another member")

    def _taken(self, name: str, type_: type[Member]) -> Member:
        return require_type(self._left.pop(name), type_)

    def _or_none(self, name: str, read: Callable[[str], Member]) -> Member | None:
        if self._left[name] is None:
            del self._left[name]
            return None
        return read(name)


def read_document(octets: bytes | None, read: Callable[[Document], Value]) -> Value | None:
    """Return what ``read`` makes of the document ``octets``; ``None`` if there is none, or one of another shape."""
    return read_kept(octets, lambda kept: _whole(require_type(kept, dict), read))


def read_kept(octets: bytes | None, read: Callable[[Any], Value]) -> Value | None:
    """Return what ``read`` makes of the JSON value ``octets``, which is no object; ``None`` likewise."""
    if octets is None:
        return None
    try:
        return read(json.loads(octets))
    except _ANOTHER_SHAPE:
        return None


def require_type(value: Any, type_: type[Member]) -> Member:
    """Return ``value`` if it is of ``type_`` itself: a boolean is no number.

    Raises:
        TypeError: It is not.
    """
    if type(value) is not type_:
        raise TypeError(f"a {type_.__name__} is expected")
    return value


def require_texts(values: Iterable[Any]) -> tuple[str, ...]:
    """Return ``values`` if all are texts.

    Raises:
        TypeError: One is not.
    """
    return tuple(require_type(value, str) for value in values)


def _whole(members: Mapping[str, Any], read: Callable[[Document], Value]) -> Value:
    document = Document(members)
    value = read(document)
    document.require_all_taken()
    return value
