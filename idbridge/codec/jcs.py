"""One canonical text for one plain value (RFC 8785), so that a digest of a value means something."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import rfc8785

from idbridge.errors import InputError

_LARGEST: Final = 2**53 - 1
# For values without floats and with ASCII member names the standard library's encoder, in C, writes the same octets.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def canonicalize(value: Any) -> bytes:
    """Return the canonical JSON of ``value``: mappings with text keys, sequences, text, numbers, booleans, ``None``.

    Raises:
        InputError: ``input.malformed`` for what I-JSON cannot carry, such as an integer past 2**53 or half a surrogate
            pair; ``input.too_large`` for a value that is nested too deeply.
    """
    try:
        if _is_simple(value):
            return _ENCODER.encode(value).encode()
        return rfc8785.dumps(_plain(value))
    except RecursionError:
        raise InputError("input.too_large", "a value is nested too deeply") from None
    except ValueError:
        raise InputError("input.malformed", "a value has no canonical JSON") from None


def digest_hex(value: Any) -> str:
    """Return the SHA-256, in hexadecimal, of the canonical JSON of ``value``.

    Raises:
        InputError: As for ``canonicalize``.
    """
    return hashlib.sha256(canonicalize(value)).hexdigest()


def _is_simple(value: Any) -> bool:
    """Tell whether ``value`` leaves a canonicaliser no choice: exact types, small numbers, names that sort alike."""
    kind = type(value)
    if kind is dict:
        return all(type(name) is str and name.isascii() and _is_simple(member) for name, member in value.items())
    if kind is list or kind is tuple:
        return all(_is_simple(member) for member in value)
    if kind is int:
        return bool(-_LARGEST <= value <= _LARGEST)
    return value is None or kind is str or kind is bool


def _plain(value: Any) -> Any:
    """Turn read-only mappings into the plain ones that the canonicaliser knows."""
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return value
