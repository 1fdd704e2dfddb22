"""An answer on its way out, and the header fields that every answer carries."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

Send = Callable[[Any], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON: Final = b"application/json"
# Verdicts are about people: nothing on the way may keep them (RFC 9111 section 5.2.2.5).
NO_STORE: Final = (b"cache-control", b"no-store")
PROTECTION: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, octets and header fields of one answer."""

    status: int
    octets: bytes
    media_type: bytes = JSON
    headers: tuple[Header, ...] = ()


def json_octets(document: Any) -> bytes:
    """Return ``document`` as JSON on one line, names of people in their own scripts."""
    return _ENCODER.encode(document).encode()


async def send_answer(answer: Answer, send: Send, *, correlation_id: str) -> None:
    """Send ``answer``; it is not kept by anybody."""
    headers = [
        *_content(answer),
        (b"x-request-id", correlation_id.encode("ascii")),
        NO_STORE,
        *PROTECTION,
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.octets})


def _content(answer: Answer) -> tuple[Header, ...]:
    """Return what describes the content; without any there is nothing to describe (RFC 9110 section 8.6)."""
    if answer.status == HTTPStatus.NO_CONTENT:
        return ()
    return (b"content-type", answer.media_type), (b"content-length", b"%d" % len(answer.octets))


# What is written here is made here, as a tree; looking for circles would cost a fifth.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)
