"""Canonical JSON (RFC 8785): the bytes that digests and signatures of our own documents are made of."""

import hashlib
from typing import Any

import rfc8785


def canonicalize(value: Any) -> bytes:
    """Return the canonical octets of a JSON value.

    Raises:
        ValueError: The value has no canonical form (a number out of range, a lone surrogate, a foreign type).
    """
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from error


def digest_hex(value: Any) -> str:
    """Return the SHA-256 digest (hex) of the canonical octets of ``value``; errors as ``canonicalize``."""
    return hashlib.sha256(canonicalize(value)).hexdigest()
