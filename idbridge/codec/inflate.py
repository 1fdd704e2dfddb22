"""zlib streams (RFC 1950) to octets, at most as many as the caller allows: what a few octets may swell into.

Decides whether the octets are one whole stream with a right checksum and nothing after it. It does not know what they
hold.
"""

import zlib

from idbridge.errors import InputError


def inflate(octets: bytes, *, max_bytes: int) -> bytes:
    """Return what the zlib stream in ``octets`` holds; no more than ``max_bytes`` and one octet are ever made.

    Raises:
        InputError: ``input.too_large``, or ``input.malformed`` for a stream that is cut, damaged or followed by more.
    """
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(octets, max_bytes + 1)
    except zlib.error:
        plain = None
    if plain is not None and len(plain) > max_bytes:
        raise InputError("input.too_large", f"a compressed text of more than {max_bytes} octets")
    if plain is None or not stream.eof or stream.unused_data:
        raise InputError("input.malformed", "not one whole zlib stream")
    return plain
