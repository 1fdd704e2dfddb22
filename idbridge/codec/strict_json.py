"""JSON text to plain values, refusing every text that two parsers could read differently.

Decides whether bytes are one unambiguous JSON value (RFC 8259, I-JSON RFC 7493 sections 2.1 to 2.3): UTF-8 without
byte order mark, no member twice, no ``NaN`` or ``Infinity``, no number that overflows, no half of a surrogate pair,
nothing after the value, not too long and not too deep. It does not know what the value means.

The standard library's C scanner does the reading; what it lets pass is refused here. Its errors carry the whole text,
which may hold personal data, so ours are raised once they are handled, and not even in their context.
"""

import json
from collections.abc import Sequence
from itertools import chain
from math import isinf
from typing import Any, Final, NoReturn

from idbridge.errors import InputError
from idbridge.limits import LIMITS


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InputError("input.malformed", "a JSON object has a member twice")
    return members


def _constant(_: str) -> NoReturn:
    raise InputError("input.malformed", "NaN and Infinity are no JSON")


def _number(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise InputError("input.malformed", "a JSON number overflows")
    return value


_NOT_UTF8: Final = ("input.malformed", "not UTF-8")
_FEW_CHARACTERS: Final = LIMITS.json_values // 4  # too short for more containers than are allowed: `[]` takes two
_TOO_DEEP: Final = ("input.too_large", "JSON is nested too deeply")
_NOT_JSON: Final = ("input.malformed", "not one JSON value")
_DECODER: Final = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_constant, parse_float=_number)
_SCAN: Final = _DECODER.scan_once  # type: ignore[attr-defined] # the type stubs leave it out


def parse(
    text: bytes | str, *, max_bytes: int, max_depth: int = LIMITS.nesting_depth, max_values: int | None = None
) -> Any:
    """Return the one value that ``text`` holds; ``max_bytes`` counts UTF-8 octets, ``max_depth`` objects and arrays.

    ``max_values`` bounds the commas, and an eighth of it the objects and arrays; without it, it grows with the size.

    Raises:
        InputError: ``input.too_large`` for a text too long, too deep or of too many values, ``input.malformed`` for
            an ambiguous one.
    """
    try:
        characters = text.decode() if type(text) is bytes and len(text) <= max_bytes else _characters(text, max_bytes)
        if len(characters) > _FEW_CHARACTERS:
            refuse_crowd(characters, max_values or max(LIMITS.json_values, max_bytes // 4))
        value = _scanned(characters)
    except UnicodeError:
        fault = _NOT_UTF8
    except RecursionError:
        fault = _TOO_DEEP
    except ValueError:
        fault = _NOT_JSON
    else:
        # Counting brackets is cheap and bounds the depth from above; only a text that could be too deep is walked.
        if len(characters) > _FEW_CHARACTERS or characters.count("{") + characters.count("[") > max_depth:
            refuse_deeper(value, max_depth)
        if "\\" in characters and "\\u" in characters:  # one character is looked for much faster than two
            _refuse_surrogates(value)
        return value
    raise InputError(*fault)


def parse_object(text: bytes | str, *, max_bytes: int, max_depth: int = LIMITS.nesting_depth) -> dict[str, Any]:
    """Return the one object that ``text`` holds.

    Raises:
        InputError: As for ``parse``, and ``input.malformed`` for a value that is no object.
    """
    value = parse(text, max_bytes=max_bytes, max_depth=max_depth)
    if type(value) is not dict:
        raise InputError("input.malformed", "JSON is not an object")
    return value


def parse_arrays(texts: Sequence[bytes]) -> list[list[Any]] | None:
    """Return what ``parse`` makes of each of ``texts``, all of them arrays; ``None`` where only reading each can tell.

    Read at once, which costs half. An array ends where its bracket does, so none reads on into the next, and each has
    to end where its text does. What is refused, deep, long, escaped or not ASCII is left to ``parse``.
    """
    octets = b"".join(texts)
    if not octets.isascii() or len(octets) > _FEW_CHARACTERS or b"\\" in octets:
        return None
    characters = octets.decode("ascii")
    # Each array has one bracket at least, so no text has more of them than are left when every other had its own.
    if characters.count("{") + characters.count("[") - len(texts) >= LIMITS.nesting_depth:
        return None
    arrays, end = [], 0
    try:
        for text in texts:
            start, end = end, end + len(text)
            value, stop = _SCAN(characters, start)
            if stop != end or type(value) is not list:
                return None
            arrays.append(value)
    except (ValueError, StopIteration, RecursionError, InputError):
        return None
    return arrays


def _scanned(characters: str) -> Any:
    """Return the value of ``characters``; looking for white space around it takes longer than reading a short value.

    Raises:
        ValueError: It is no JSON value, or not one.
    """
    try:
        value, end = _SCAN(characters, 0)
    except StopIteration:  # what begins here is no value
        return _DECODER.decode(characters)
    return value if end == len(characters) else _DECODER.decode(characters)


def _characters(text: bytes | str, max_bytes: int) -> str:
    """Return ``text`` as characters, at most ``max_bytes`` octets of true UTF-8."""
    if isinstance(text, str):
        size = len(text) if text.isascii() else len(text.encode())
        characters = text
    else:
        size = len(text)
        characters = text.decode() if size <= max_bytes else ""
    if size > max_bytes:
        raise InputError("input.too_large", f"more than {max_bytes} octets of JSON")
    return characters


def refuse_crowd(characters: str, max_values: int) -> None:
    """Refuse a text of very many values before any is made: to count is a thousand times cheaper than to build.

    What stands within strings counts too. This also bounds every walk through the value later on.

    Raises:
        InputError: ``input.too_large``.
    """
    if characters.count(",") > max_values or characters.count("{") + characters.count("[") > max_values // 8:
        raise InputError("input.too_large", "JSON holds too many values")


def refuse_deeper(value: Any, max_depth: int) -> None:
    """Return if ``value`` has no more than ``max_depth`` objects and arrays within each other.

    Raises:
        InputError: ``input.too_large``.
    """
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(max_depth):
        inner = chain.from_iterable([one.values() if type(one) is dict else one for one in level])
        level = [one for one in inner if type(one) is dict or type(one) is list]
        if not level:
            return
    raise InputError("input.too_large", f"JSON is nested deeper than {max_depth}")


def _refuse_surrogates(value: Any) -> None:
    """Refuse half a surrogate pair, which only an escape can smuggle into a text that was true UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        pass
    else:
        return
    raise InputError("input.malformed", "JSON has half a surrogate pair")
