"""The items of an mdoc, by column: what an issuer signed of each element (ISO 18013-5, 8.3.2.1.2.2).

Decides whether octets are items with their four members, each of its kind, in the one spelling of CBOR, and whether
the dates in their values are texts. It does not know whether an issuer signed them: ``mso`` tells, from their digests.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple, NoReturn

from idbridge.codec import cbor
from idbridge.errors import InputError
from idbridge.limits import LIMITS

DATE_TIME: Final = 0
FULL_DATE: Final = 1004  # RFC 8943
VALUES: Final = frozenset({DATE_TIME, FULL_DATE})
_Columns = tuple[tuple[int, ...], tuple[bytes, ...], tuple[str, ...], tuple[Any, ...]]
_NAMES: Final = ("digestID", "random", "elementIdentifier", "elementValue")
_members_of: Final = itemgetter(*_NAMES)
_COUNT: Final = frozenset({len(_NAMES)})
_MAPS: Final = frozenset[type]({dict})
_WHOLE: Final = frozenset[type]({int})
_OCTETS: Final = frozenset[type]({bytes})
_TEXTS: Final = frozenset[type]({str})
_HOLDING: Final = frozenset[type]({cbor.Tagged, list, dict})

# An item as most issuers spell it, in the order of the standard, up to its value: a map of four; a number and a text
# whose heads are one octet, and a random value whose head is two.
_USUAL: Final = b"\xa4%b%%c%b\x58%%c%%b%b%%c%%b%b" % tuple(map(cbor.encode, _NAMES))
_DIGEST_ID_AT: Final = 10
_RANDOM_SIZE_AT: Final = 19
_IDENTIFIER_NAME: Final = len(cbor.encode(_NAMES[2]))
_VALUE_NAME: Final = len(cbor.encode(_NAMES[3]))
_SHORT: Final = 24  # from here on a head is longer than one octet
_TEXT: Final = 0x60  # the head of a text, with its length in the same octet while that is short


class Items(NamedTuple):
    """The elements of one namespace, a column for each member: one place in all of them is one item.

    ``octets`` are those that the digests are made over. Columns, because what is asked of items is asked of all of
    them, and an object for each costs as much as its digest.
    """

    octets: tuple[bytes, ...]
    digest_ids: tuple[int, ...]
    randoms: tuple[bytes, ...]
    identifiers: tuple[str, ...]
    values: tuple[Any, ...]

    def between(self, begin: int, end: int) -> "Items":
        """Return the items at the places from ``begin`` to before ``end``."""
        part = slice(begin, end)
        return Items(
            self.octets[part], self.digest_ids[part], self.randoms[part], self.identifiers[part], self.values[part]
        )

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


def read_items(several: Sequence[bytes]) -> Items:
    """Return what ``several`` items say, at least one, which stand in their document as embedded octets.

    Raises:
        InputError: ``input.malformed`` or ``input.too_large``.
    """
    leading = list(map(_leading, several))
    columns = _in_any_order(several) if None in leading else _in_usual_order(leading)
    cbor.account(columns[3], VALUES)
    _require_texts_under_tags(columns[3])
    return Items(tuple(map(cbor.embedded, several)), *columns)


def _leading(octets: bytes) -> tuple[int, bytes, str, bytes] | None:
    """Return digest id, random value, identifier and, as octets, the value of an item that is spelled as usual.

    Its parts are taken from where they would stand and spelled again, so whatever is not this spelling gives ``None``.
    """
    try:
        digest_id, size = octets[_DIGEST_ID_AT], octets[_RANDOM_SIZE_AT]
        end = _RANDOM_SIZE_AT + 1 + size
        random = octets[_RANDOM_SIZE_AT + 1 : end]
        head = octets[end + _IDENTIFIER_NAME]
        begin = end + _IDENTIFIER_NAME + 1
        end = begin + head - _TEXT
        identifier = octets[begin:end]
        if not (digest_id < _SHORT <= size and _TEXT <= head < _TEXT + _SHORT):
            return None
        if not octets.startswith(_USUAL % (digest_id, size, random, head, identifier)):
            return None
        return digest_id, random, identifier.decode(), octets[end + _VALUE_NAME :]
    except (IndexError, UnicodeDecodeError):
        return None


def _in_usual_order(leading: Sequence[Any]) -> _Columns:
    """Return the columns of items whose leading members were read; what follows them is their value and no more."""
    digest_ids, randoms, identifiers, spelled = zip(*leading, strict=True)
    values = cbor.read_each(spelled, max_bytes=LIMITS.token_bytes, max_depth=LIMITS.nesting_depth - 2)
    return digest_ids, randoms, identifiers, tuple(values)


def _in_any_order(several: Sequence[bytes]) -> _Columns:
    """Return the columns of items whose members stand in any order, or are spelled with longer heads."""
    maps = cbor.read_each(several, max_bytes=LIMITS.token_bytes)
    if not _MAPS.issuperset(map(type, maps)) or set(map(len, maps)) != _COUNT:
        _malformed("an item has four members and no other")
    try:
        digest_ids, randoms, identifiers, values = zip(*map(_members_of, maps), strict=True)
    except KeyError:
        _malformed("an item has four members and no other")
    if not (
        _WHOLE.issuperset(map(type, digest_ids))
        and _OCTETS.issuperset(map(type, randoms))
        and _TEXTS.issuperset(map(type, identifiers))
    ):
        _malformed("a member of an item has the wrong type")
    if min(digest_ids) < 0:
        _malformed("a digest id is no negative number")
    return digest_ids, randoms, identifiers, values


def _require_texts_under_tags(values: Iterable[Any]) -> None:
    """Refuse a date that is no text, wherever in a value it stands (RFC 8949, section 3.4.1; RFC 8943)."""
    waiting = [value for value in values if type(value) in _HOLDING]
    while waiting:
        value = waiting.pop()
        if type(value) is cbor.Tagged:
            if type(value.value) is not str:
                _malformed("a date is a text under its tag")
        else:
            within = value.values() if type(value) is dict else value
            waiting += [one for one in within if type(one) in _HOLDING]


def _malformed(why: str) -> NoReturn:
    raise InputError("input.malformed", why)
