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

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Final

import cbor2

from idbridge.errors import InputError
from idbridge.limits import LIMITS

_NO_TAGS: Final = frozenset[int]()
_ARRAY: Final = 0x80  # the head of an array, with its length in the same octet while that is short
_SHORT: Final = 24
_OCTET: Final = 256


# A value under a tag that the caller allowed; what the tag means is the caller's to say. The library's own type, which
# cannot be changed either, because it writes one of ours at three times the cost.
Tagged = cbor2.CBORTag


class _EveryTag(dict[int, Any]):
    """What the library is to make of a tag, whichever it is: nothing. It has decoders of its own for many."""

    def __missing__(self, tag: int) -> Any:
        return lambda value, _immutable: Tagged(tag, value)


_DECODERS: Final = _EveryTag()
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
    if len(octets) > max_bytes:
        raise InputError("input.too_large", f"more than {max_bytes} octets of CBOR")
    value = _read(octets, max_depth)
    _account(value, tags)
    if encode(value) != octets:
        raise InputError("input.malformed", "CBOR in a second spelling, or with something after it")
    return value


def decode_each(
    several: Sequence[bytes],
    *,
    max_bytes: int,
    max_depth: int = LIMITS.nesting_depth - 1,
    tags: frozenset[int] = _NO_TAGS,
) -> list[Any]:
    """Return what ``decode`` makes of each of ``several``; read at once, which costs half of reading one by one.

    ``max_bytes`` bounds all of them together.

    Raises:
        InputError: As for ``decode``.
    """
    if len(several) >= _OCTET * _OCTET or sum(map(len, several)) > max_bytes:
        raise InputError("input.too_large", f"more than {max_bytes} octets of CBOR")
    values = _read(b"".join((_array_head(len(several)), *several)), max_depth + 1)
    _account(values, tags)
    # Each by itself: joined, the end of one could pass for the beginning of the next.
    if type(values) is not list or [cbor2.dumps(value) for value in values] != list(several):
        raise InputError("input.malformed", "CBOR in a second spelling, or with something after it")
    return values


def encode(value: Any) -> bytes:
    """Return the spelling of ``value`` that ``decode`` reads; the keys of a map stay in their order."""
    return cbor2.dumps(value)


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


def _account(value: Any, tags: frozenset[int]) -> None:
    """Refuse every type of value that the rule does not name."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind in (str, bytes, bool) or item is None:
            continue
        if kind is list:
            waiting.extend(item)
        elif kind is dict:
            _account_keys(item)
            waiting.extend(item.values())
        elif kind is Tagged:
            if item.tag not in tags:
                raise InputError("input.malformed", "CBOR with a tag that has no place here")
            waiting.append(item.value)
        elif not _is_number(item):
            raise InputError("input.malformed", "CBOR with a value of a kind that is not read here")


def _account_keys(item: Mapping[Any, Any]) -> None:
    if not all(type(key) is str or type(key) is int for key in item):
        raise InputError("input.malformed", "a CBOR map with a key that is neither text nor a whole number")


def _is_number(item: Any) -> bool:
    return type(item) is int or (type(item) is float and isfinite(item))
