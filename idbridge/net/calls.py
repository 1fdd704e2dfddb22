"""Calls: one HTTP request with a body of ours, and the answer to it, whatever its status.

Where a document is only fetched, ``source`` is enough. A protocol between two servers asks by POST, and reads the
answer to a refusal too. Decides that nothing of ours breaks the head of a request (RFC 9110 section 5.5); where a call
may go, ``guarded`` says.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z-]*")
_VALUE: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_OURS: Final = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "user-agent"})


class Method(StrEnum):
    """How is asked."""

    GET = "GET"
    POST = "POST"


@dataclass(frozen=True, slots=True)
class Call:
    """One request. ``head`` are its header fields beside those that the client itself writes.

    Raises:
        ValueError: A field that would break the head of the request, or is the client's own; a programming error.
    """

    method: Method
    url: str
    head: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        for name, value in self.head.items():
            if _NAME.fullmatch(name) is None or name.lower() in _OURS or _VALUE.fullmatch(value) is None:
                raise ValueError("a header field of a call is a name and printable ASCII, and none of the client's own")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the header fields that came once, by their names in lower case, and the body."""

    status: int
    head: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Caller(Protocol):
    """Who makes calls. Judges nothing of an answer; a redirect is no answer."""

    def call(self, call: Call, *, max_bytes: int) -> Answer:
        """Return the answer to ``call``, with a body of at most ``max_bytes`` octets.

        Raises:
            FetchError: The address is none that may be called, or there was no whole answer in time.
        """
        ...


def head_of(fields: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Return the header fields of an answer that came once; what came twice says nothing."""
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return MappingProxyType({name: values[0] for name, values in found.items() if len(values) == 1})
