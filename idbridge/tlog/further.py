"""What else an answer rests on than the key and the list that a leaf names in full: further keys and further lists.

A certificate leads to an authority, and a presentation may hold credentials of several states. When one of these turns
out to be bad, a recall has to find the answer as well. Each is told by the beginning of its digest, enough that nobody
can make another that begins alike; where they are more than a leaf has room for, it says so, and counts as resting on
anything. Nothing here is about a person. Clause: architecture D8.
"""

from collections.abc import Iterable
from typing import Final

from idbridge.limits import LIMITS

_CHARACTERS: Final = 22  # of base64url: 132 bits
_TOO_MANY: Final = "*"


def told(digests: Iterable[str]) -> str:
    """Return what a leaf says of ``digests``, SHA-256 in base64url each; empty for none."""
    beginnings = sorted({digest[:_CHARACTERS] for digest in digests})
    return " ".join(beginnings) if len(beginnings) <= LIMITS.leaf_further else _TOO_MANY


def may_name(said: str, digest: str) -> bool:
    """Tell whether what a leaf ``said`` is of ``digest``, or of more than it could name."""
    return said == _TOO_MANY or digest[:_CHARACTERS] in said.split(" ")
