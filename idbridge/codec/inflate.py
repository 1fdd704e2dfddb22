"""zlib and gzip streams (RFC 1950, RFC 1952) to octets, at most as many as the caller allows, whatever they swell to.

Decides whether the octets are one whole stream with a right checksum and nothing after it. It does not know what they
hold.
"""

import zlib
from typing import Final

from idbridge.errors import InputError

_GZIP: Final = 16  # zlib's own mark for a gzip header instead of a zlib one


def inflate(octets: bytes, *, max_bytes: int) -> bytes:
    """Return what the zlib stream in ``octets`` holds; no more than ``max_bytes`` and one octet are ever made.

    Raises:
        InputError: ``input.too_large``, or ``input.malformed`` for a stream that is cut, damaged or followed by more.
    """
    return _plain(octets, zlib.MAX_WBITS, max_bytes=max_bytes)


def gunzip(octets: bytes, *, max_bytes: int) -> bytes:
    """Return what the one member of the gzip file in ``octets`` holds; no more than ``max_bytes`` and one are made.

    Raises:
        InputError: As for ``inflate``; a second member counts as something that follows.
    """
    return _plain(octets, zlib.MAX_WBITS | _GZIP, max_bytes=max_bytes)


def _plain(octets: bytes, window: int, *, max_bytes: int) -> bytes:
    stream = zlib.decompressobj(window)
    try:
        plain = stream.decompress(octets, max_bytes + 1)
    except zlib.error:
        plain = None
    if plain is not None and len(plain) > max_bytes:
        raise InputError("input.too_large", f"a compressed text of more than {max_bytes} octets")
    if plain is None or not stream.eof or stream.unused_data:
        raise InputError("input.malformed", "not one whole compressed stream")
    return plain
