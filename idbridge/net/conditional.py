"""Asking whether a document is still the one that is held (RFC 9110 section 13.1.2).

The entity tag is the source's word and decides nothing: it saves octets, and who is told "the same" goes on with what
was judged before and grows stale by its own dates.
"""

import re
from dataclasses import dataclass
from typing import Final, Protocol

_TAG: Final = re.compile(r'(?:W/)?"[!#-~]{1,128}"')


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it came, and the tag under which it can be asked for again, if the source gave one."""

    octets: bytes
    tag: str | None


class ConditionalSource(Protocol):
    """Where documents come from that are asked for again and again."""

    def fetch_changed(self, url: str, *, max_bytes: int, tag: str | None) -> Document | None:
        """Return the current document, or ``None`` if it is the one that came with ``tag``.

        Raises:
            FetchError: The document is unreachable or longer than ``max_bytes``.
        """
        ...


def tag_of(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Return the one entity tag of an answer; what is no tag could do harm when it is sent back, and is forgotten."""
    found = [value.decode("latin-1") for name, value in headers if name.lower() == b"etag"]
    return found[0] if len(found) == 1 and _TAG.fullmatch(found[0]) is not None else None
