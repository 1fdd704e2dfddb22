"""Unpadded base64url (RFC 7515 section 2, RFC 4648 section 5), one text for each string of octets and back.

Refuses padding, white space, the other alphabet and a last character with bits that belong to no octet: with any of
them, two texts would mean the same octets, and a token would have a second spelling that its digest does not know.
"""

import binascii
from typing import Final

from idbridge.errors import InputError

# `+`, `/` and `=` become a character of no alphabet, so that the strict decoder refuses them.
_TO_STANDARD: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_FROM_STANDARD: Final = bytes.maketrans(b"+/", b"-_")
_PADDING: Final = (b"", b"", b"==", b"=")
# Last characters without surplus bits, by the length of the text modulo 4: two characters carry four, three carry two.
_LAST: Final = (frozenset[str](), frozenset[str](), frozenset("AQgw"), frozenset("AEIMQUYcgkosw048"))


def decode(text: str) -> bytes:
    """Return the octets that ``text`` spells.

    Raises:
        InputError: ``input.malformed``; another spelling of the same octets is refused like any nonsense.
    """
    rest = len(text) & 3
    if rest and text[-1] not in _LAST[rest]:
        raise InputError("input.malformed", "base64url with surplus bits or a cut end")
    try:
        return binascii.a2b_base64(text.encode("ascii").translate(_TO_STANDARD) + _PADDING[rest], strict_mode=True)
    except ValueError:  # binascii.Error, and UnicodeEncodeError, which holds the text and so may not be our context
        pass
    raise InputError("input.malformed", "not base64url")


def encode(octets: bytes) -> str:
    """Return the one spelling of ``octets``, without padding."""
    return binascii.b2a_base64(octets, newline=False).translate(_FROM_STANDARD).rstrip(b"=").decode("ascii")
