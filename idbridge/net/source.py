"""The seam to documents that come from elsewhere."""

from typing import Protocol

from idbridge.errors import FetchError


class AbsentDocumentError(FetchError):
    """The source answered that there is no such document (404, or 403 as some stores say it)."""


class Source(Protocol):
    """Where bytes come from. Implementations return bytes and judge nothing."""

    def fetch(self, url: str, *, max_bytes: int) -> bytes:
        """Return the current document, at most ``max_bytes`` octets long.

        Raises:
            FetchError: The document is unreachable or longer than ``max_bytes``.
        """
        ...
