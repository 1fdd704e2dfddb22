"""PEM text (RFC 7468, the strict form) to DER octets and back.

Refuses another label than the one asked for, text around the blocks, headers inside them, and any second spelling of
the base64: a file that holds a private key where a certificate belongs is a mistake that nobody should read past.
"""

import re
from typing import Final

from idbridge.codec import base64std
from idbridge.errors import InputError

CERTIFICATE: Final = "CERTIFICATE"
PUBLIC_KEY: Final = "PUBLIC KEY"

_COLUMNS: Final = 64
_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----\r?\n((?:[A-Za-z0-9+/=]{1,64}\r?\n)+)-----END \1-----")


def decode(text: str, *, label: str) -> tuple[bytes, ...]:
    """Return the DER octets of each block in ``text``, at least one, all with ``label``.

    Raises:
        InputError: ``input.malformed``.
    """
    blocks = []
    position = 0
    for match in _BLOCK.finditer(text):
        if text[position : match.start()].strip() or match[1] != label:
            raise InputError("input.malformed", f"PEM with something else than {label}")
        blocks.append(base64std.decode("".join(match[2].split())))
        position = match.end()
    if not blocks or text[position:].strip():
        raise InputError("input.malformed", f"PEM without {label}, or with something after it")
    return tuple(blocks)


def encode(der: bytes, *, label: str) -> str:
    """Return one PEM block with ``der``, in lines of 64 characters."""
    text = base64std.encode(der)
    lines = [text[start : start + _COLUMNS] for start in range(0, len(text), _COLUMNS)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
