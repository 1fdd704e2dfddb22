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
from idbridge_gateway.admission import OUTSIDE, Turn
from idbridge_gateway.stores.relying_parties import KEY_PREFIXES

_SINGLE: Final = frozenset({
    b"authorization", b"content-type", b"content-length", b"content-encoding", b"idempotency-key",
    b"x-request-id", b"traceparent", b"dpop",
})  # fmt: skip
_REQUEST_ID: Final = re.compile(rb"(?!(?i:idb_))[A-Za-z0-9._-]{8,64}")  # an id, and never an API key of ours
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_KEY_PARAMETERS: Final = frozenset({b"accesstoken", b"apikey", b"xapikey", b"authorization", b"clientsecret"})
_SEPARATORS: Final = re.compile(rb"[&;]")  # of parameters: some readers still take the second for one
_JOINTS: Final = re.compile(rb"[-_.+\s]")  # between the words of a name, or around it
_KEY_BEGINNINGS: Final = tuple(prefix.encode() for prefix in KEY_PREFIXES.values())


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The fields that a request may use; ``None`` for one that is absent. ``turn`` is its place among those in work."""

    correlation_id: str
    authorization: bytes | None = None
    content_type: bytes | None = None
    content_length: bytes | None = None
    content_encoding: bytes | None = None
    idempotency_key: bytes | None = None
    dpop: bytes | None = field(default=None, repr=False)
    turn: Turn = field(default=OUTSIDE, repr=False, compare=False)


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


def read_head(headers: Iterable[tuple[bytes, bytes]], *, correlation_id: str, turn: Turn = OUTSIDE) -> RequestHead:
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
        turn,
    )


def refuse_key_in_query(query: bytes) -> None:
    """Return if ``query`` carries no access key: addresses end up in logs and histories (RFC 6750 section 5.3).

    What a key is called counts as a parameter's name alone: a provider may tell a browser of an authorization that
    failed, and chance may put three letters of a key into a code.

    Raises:
        RequestError: It does.
    """
    if not query:
        return
    names = {_plain(part.partition(b"=")[0]) for part in _SEPARATORS.split(query)}
    whole = unquote_to_bytes(query).lower()
    if names & _KEY_PARAMETERS or any(beginning in whole for beginning in _KEY_BEGINNINGS):
        raise RequestError("input.request_malformed", "an access key belongs into the Authorization header alone")


def _plain(name: bytes) -> bytes:
    """Return what a parameter is called however it is spelt: as one of several, in which case, joined by what."""
    return _JOINTS.sub(b"", unquote_to_bytes(name).lower()).strip(b"[]").partition(b"[")[0]
