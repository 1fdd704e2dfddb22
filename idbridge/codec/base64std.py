"""Padded base64 (RFC 4648 section 4), as ``x5c`` (RFC 7515 section 4.1.6) and PEM (RFC 7468) use it.

Strict both ways, for the same reason as ``base64url``: one text for each string of octets.
"""

import binascii

from idbridge.errors import InputError


def decode(text: str) -> bytes:
    """Return the octets that ``text`` spells, padding included.

    Raises:
        InputError: ``input.malformed``; another spelling of the same octets is refused like any nonsense.
    """
    try:
        octets = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except ValueError:  # binascii.Error, and UnicodeEncodeError, which holds the text and so may not be our context
        octets = None
    if octets is None:
        raise InputError("input.malformed", "not base64")
    if encode(octets) != text:
        raise InputError("input.malformed", "base64 in a second spelling")
    return octets


def encode(octets: bytes) -> str:
    """Return the one spelling of ``octets``, with padding and without line breaks."""
    return binascii.b2a_base64(octets, newline=False).decode("ascii")
