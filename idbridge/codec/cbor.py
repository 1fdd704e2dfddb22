"""CBOR octets (RFC 8949) to plain values and back, refusing every text that two decoders could read differently.

The rule, so that one value has one spelling but for the order of a map's keys: one data item with nothing after it;
lengths definite and, like integers, in the shortest head (section 4.2.1); integers of 64 bits at most; floating-point
numbers finite and in 64 bits; text in true UTF-8; map keys text or whole numbers, none twice; no ``undefined`` and no
simple value but ``false``, ``true`` and ``null``; only the tags that the caller names, and those never interpreted.
The order of keys is free, because signatures are over the octets as received and real documents do not sort them.

``cbor2`` does the reading. What it lets pass by itself is refused here: octets after the item, a key twice (``1`` and
``true`` are one key to a Python map), heads that are too long, tag 55799, which it drops, and tags that it turns into
big numbers, dates, regular expressions, sets, or references that make a few octets a structure without end.
"""

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import Any, Final

import cbor2

from idbridge.errors import InputError
from idbridge.limits import LIMITS

_NO_TAGS: Final = frozenset[int]()
_ARRAY: Final = 0x80  # the head of an array, with its length in the same octet while that is short
_SHORT: Final = 24
_EMBEDDED: Final = 24
_SECOND_SPELLING: Final = "CBOR in a second spelling, or with something after it"
GAP: Final = "here stands a list of embedded octets"  # in a value, where it is not to be spelled by the library
_GAP_SPELLED: Final = cbor2.dumps(GAP)
_OCTET: Final = 256
_EMBEDDED_AT: Final = {b"\x58": 4, b"\x59": 5, b"\x5a": 7}  # where octets begin under tag 24, by the head of them


# A value under a tag that the caller allowed; what the tag means is the caller's to say. The library's own type, which
# cannot be changed either, because it writes one of ours at three times the cost.
Tagged = cbor2.CBORTag


_KEYS: Final = frozenset[type]({str, int})
_PLAIN: Final = frozenset[type]({str, bytes, int, bool, type(None)})


def _keeping(tag: int) -> Callable[[Any, bool], Any]:
    return lambda value, _immutable: Tagged(tag, value)


# What the library is to make of a tag: nothing, although it has decoders of its own for many. Of tag 24, which holds
# octets, it makes the same by itself in a third of the time. What stands in an array or map under a tag that is missing
# here comes in a kind that ``account`` does not know, and is refused.
_DECODERS: Final = {
    tag: _keeping(tag) for tag in (*range(24), *range(25, 256), 256, 258, 260, 261, 1004, 1040, 43000, 55799)
}
# What the library raises; the last ones it raises never, as far as is known, and would be no reason to fall over.
_UNREADABLE: Final = (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError, MemoryError)


def decode(
    octets: bytes, *, max_bytes: int, max_depth: int = LIMITS.nesting_depth, tags: frozenset[int] = _NO_TAGS
) -> Any:
    """Return the one data item in ``octets`` as plain values, and as ``Tagged`` where an allowed tag stands.

    ``max_depth`` counts arrays, maps and tags within each other.

    Raises:
        InputError: ``input.too_large`` for one too long or too deep, ``input.malformed`` for another spelling.
    """
    value = read(octets, max_bytes=max_bytes, max_depth=max_depth)
    account(value, tags)
    return value


def read(octets: bytes, *, max_bytes: int, max_depth: int = LIMITS.nesting_depth) -> Any:
    """Return what ``decode`` does, of whatever kinds and with whatever tags: whoever calls looks at each part's kind.

    Raises:
        InputError: As for ``decode``, but for kinds and tags.
    """
    value = read_unproven(octets, max_bytes=max_bytes, max_depth=max_depth)
    if cbor2.dumps(value) != octets:
        raise InputError("input.malformed", _SECOND_SPELLING)
    return value


def read_unproven(octets: bytes, *, max_bytes: int, max_depth: int = LIMITS.nesting_depth) -> Any:
    """Return what ``read`` does, of octets that may be a second spelling: whoever calls has ``require_spelling`` ask.

    Raises:
        InputError: As for ``read``, but for spellings and for octets after the item.
    """
    if len(octets) > max_bytes:
        raise InputError("input.too_large", f"more than {max_bytes} octets of CBOR")
    return _read(octets, max_depth)


def require_spelling(octets: bytes, skeleton: Any, pieces: Sequence[bytes]) -> None:
    """Return if ``octets`` are the one spelling of ``skeleton`` in which each ``GAP`` is the next of ``pieces``.

    The library spells a list of tagged octets at ten times the cost of joining them, so they are put in by hand.

    Raises:
        InputError: ``input.malformed``: they are not, or ``GAP`` stands in the skeleton where nobody put it.
    """
    # Nothing but a whole gap begins where a gap is: its first octet occurs in it once, so that no two overlap.
    around = cbor2.dumps(skeleton).split(_GAP_SPELLED)
    if len(around) != len(pieces) + 1:
        raise InputError("input.malformed", "CBOR with a text that is kept for gaps")
    if b"".join([part for pair in zip(around, (*pieces, b""), strict=True) for part in pair]) != octets:
        raise InputError("input.malformed", _SECOND_SPELLING)


def read_each(several: Sequence[bytes], *, max_bytes: int, max_depth: int = LIMITS.nesting_depth - 1) -> list[Any]:
    """Return what ``decode`` makes of each of ``several``; read at once, which costs half of reading one by one.

    ``max_bytes`` bounds all of them together. Kinds are not looked at: whoever calls does so, or has ``account`` do it.

    Raises:
        InputError: As for ``decode``, but for kinds and tags.
    """
    if len(several) >= _OCTET * _OCTET or sum(map(len, several)) > max_bytes:
        raise InputError("input.too_large", f"more than {max_bytes} octets of CBOR")
    values = _read(array_of(several), max_depth + 1)
    # Each by itself: joined, the end of one could pass for the beginning of the next.
    if type(values) is not list or list(map(cbor2.dumps, values)) != list(several):
        raise InputError("input.malformed", _SECOND_SPELLING)
    return values


def encode(value: Any) -> bytes:
    """Return the spelling of ``value`` that ``decode`` reads; the keys of a map stay in their order."""
    return cbor2.dumps(value)


def embedded(octets: bytes) -> bytes:
    """Return CBOR ``octets`` as they stand in other CBOR: under tag 24 (RFC 8949, 3.4.5.1), in its one spelling."""
    length = len(octets)
    if _SHORT <= length < _OCTET:
        return b"".join((b"\xd8\x18\x58", length.to_bytes(1), octets))
    if _OCTET <= length < _OCTET * _OCTET:
        return b"".join((b"\xd8\x18\x59", length.to_bytes(2), octets))
    return cbor2.dumps(Tagged(_EMBEDDED, octets))


def inside(octets: bytes) -> bytes | None:
    """Return the octets that CBOR ``octets`` hold under tag 24, and nothing beside; ``None`` if they are not that."""
    held = octets[_EMBEDDED_AT.get(octets[2:3], 3) :]
    return held if embedded(held) == octets else None


def array_of(items: Sequence[bytes]) -> bytes:
    """Return the array of ``items``, fewer than 65536, each of which is CBOR already."""
    return b"".join((_array_head(len(items)), *items))


def _array_head(length: int) -> bytes:
    """Return the head of an array of ``length`` items, at most two octets long (RFC 8949 section 3)."""
    if length < _SHORT:
        return bytes((_ARRAY + length,))
    return (
        bytes((_ARRAY + _SHORT, length)) if length < _OCTET else bytes((_ARRAY + _SHORT + 1, *divmod(length, _OCTET)))
    )


def _read(octets: bytes, max_depth: int) -> Any:
    """Return what the library makes of ``octets``; its errors carry what was read, so ours are raised without them."""
    try:
        return cbor2.loads(
            octets,
            semantic_decoders=_DECODERS,
            max_depth=max_depth,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
    except _UNREADABLE as fault:
        too_deep = "nesting depth" in str(fault)
    if too_deep:
        raise InputError("input.too_large", f"CBOR is nested deeper than {max_depth}")
    raise InputError("input.malformed", "not one CBOR data item in the form that is read here")


def account(value: Any, tags: frozenset[int]) -> None:
    """Refuse every type of value that the rule does not name, and tags that are not among ``tags``.

    A tuple stands for several values. The kinds of everything in an array or map are looked at together, because nearly
    all are plain throughout.
    """
    waiting: list[Any] = [value if type(value) is tuple else [value]]
    while waiting:
        item = waiting.pop()
        if type(item) is dict:
            if not _KEYS.issuperset(map(type, item)):
                raise InputError("input.malformed", "a CBOR map with a key that is neither text nor a whole number")
            item = item.values()
        if not _PLAIN.issuperset(map(type, item)):
            _account_others(item, tags, waiting)


def _account_others(within: Iterable[Any], tags: frozenset[int], waiting: list[Any]) -> None:
    """Put what holds more in ``waiting``, what a tag is on by itself, and refuse what is not named."""
    for one in within:
        kind = type(one)
        if kind in _PLAIN:
            continue
        if kind is list or kind is dict:
            waiting.append(one)
        elif kind is Tagged:
            if one.tag not in tags:
                raise InputError("input.malformed", "CBOR with a tag that has no place here")
            if type(one.value) not in _PLAIN:
                waiting.append([one.value])
        elif kind is not float:
            raise InputError("input.malformed", "CBOR with a value of a kind that is not read here")
        elif not isfinite(one):
            raise InputError("input.malformed", "CBOR with a number that is none")
