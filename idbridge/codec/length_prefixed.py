"""Several fields in one string of octets that no other fields give: what goes into a hash or an HMAC.

Without the lengths, ``("ab", "c")`` and ``("a", "bc")`` would be one input, and whoever chooses the fields could make
two things count as the same.
"""

from typing import Final

_LENGTH_OCTETS: Final = 4


def encode(*fields: str | bytes) -> bytes:
    """Return each field, text as UTF-8, behind its length in four octets, big-endian."""
    octets = [field.encode() if isinstance(field, str) else field for field in fields]
    return b"".join([len(part).to_bytes(_LENGTH_OCTETS, "big") + part for part in octets])
