"""The head of a request: the few header fields that matter, each at most once, and the id that correlates.

A field that stands twice is refused rather than chosen from (request smuggling starts with such a choice; RFC 9110
section 5.3). ``X-Request-ID`` and ``traceparent`` (W3C Trace Context 1, section 3.2) are taken up only in the form
that cannot carry anything but an id, and nothing that begins like an access key; otherwise a random id is made.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from idbridge.errors import RequestError
from idbridge.model.randomness import Randomness

_SINGLE: Final = frozenset({
    b"authorization", b"content-type", b"content-length", b"content-encoding", b"idempotency-key",
    b"x-request-id", b"traceparent", b"dpop",
})  # fmt: skip
_REQUEST_ID: Final = re.compile(rb"(?!(?i:idb_))[A-Za-z0-9._-]{8,64}")  # an id, and never an API key of ours
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_CREDENTIAL_MARKS: Final = (b"idb_", b"access_token", b"api_key", b"authorization")


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The fields that a request may use; ``None`` for one that is absent."""

    correlation_id: str
    authorization: bytes | None = None
    content_type: bytes | None = None
    content_length: bytes | None = None
    content_encoding: bytes | None = None
    idempotency_key: bytes | None = None
    dpop: bytes | None = field(default=None, repr=False)


def correlate(headers: Iterable[tuple[bytes, bytes]], *, randomness: Randomness) -> str:
    """Return the id under which this request is spoken of: the caller's if it is an id, else a new one."""
    trace: str | None = None
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode("ascii")
        if name == b"traceparent" and trace is None:
            match = _TRACEPARENT.fullmatch(value)
            trace = match[1].decode("ascii") if match else None
    return trace or randomness.octets(16).hex()


def read_head(headers: Iterable[tuple[bytes, bytes]], *, correlation_id: str) -> RequestHead:
    """Return the fields that matter.

    Raises:
        RequestError: One of them stands twice.
    """
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _SINGLE:
            if name in found:
                raise RequestError("input.request_malformed", f"the header field `{name.decode()}` stands twice")
            found[name] = value
    return RequestHead(
        correlation_id,
        found.get(b"authorization"),
        found.get(b"content-type"),
        found.get(b"content-length"),
        found.get(b"content-encoding"),
        found.get(b"idempotency-key"),
        found.get(b"dpop"),
    )


def refuse_key_in_query(query: bytes) -> None:
    """Return if ``query`` carries no access key: addresses end up in logs and histories (RFC 6750 section 5.3).

    Raises:
        RequestError: It does.
    """
    if query and any(mark in unquote_to_bytes(query).lower() for mark in _CREDENTIAL_MARKS):
        raise RequestError("input.request_malformed", "an access key belongs into the Authorization header alone")
