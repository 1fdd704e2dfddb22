"""The body of a request: JSON by its media type, read no further than its bound.

How long a client may take is bounded one layer below, in ``transport.py``.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from idbridge.errors import RequestError
from idbridge_gateway.api.head import RequestHead

_LENGTH_DIGITS: Final = 12

Receive = Callable[[], Awaitable[Any]]


class ClientGone(Exception):
    """The client went away before its request was complete; nobody is left to answer."""


def refuse_media(head: RequestHead) -> None:
    """Return if the body is announced as plain JSON.

    Raises:
        RequestError: Another media type, another character set, or a content coding (which would hide its size).
    """
    if head.content_type == b"application/json" and head.content_encoding is None:
        return
    essence, _, parameters = (head.content_type or b"").partition(b";")
    encoded = head.content_encoding is not None and head.content_encoding.strip().lower() != b"identity"
    plain = parameters.replace(b" ", b"").replace(b'"', b"").lower() in (b"", b"charset=utf-8")
    if essence.strip().lower() != b"application/json" or not plain or encoded:
        raise RequestError("input.media_type")


def bound_of(head: RequestHead, *, max_bytes: int) -> int:
    """Return how long the body can be: as long as it announces, else ``max_bytes``.

    Raises:
        RequestError: It announces more than ``max_bytes``, or no number.
    """
    announced = head.content_length
    if announced is None:
        return max_bytes
    if not announced.isdigit():
        raise RequestError("input.request_malformed", "`Content-Length` is not a number")
    if len(announced) > _LENGTH_DIGITS or int(announced) > max_bytes:
        raise RequestError("input.body_too_large")
    return int(announced)


async def read_body(receive: Receive, *, max_bytes: int) -> bytes:
    """Return the body, at most ``max_bytes`` octets long.

    Raises:
        RequestError: It is longer; what is past the bound is not kept.
        ClientGone: The connection ended first.
    """
    octets = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        piece: bytes = message.get("body", b"")
        octets += piece
        if len(octets) > max_bytes:
            raise RequestError("input.body_too_large")
        if not message.get("more_body", False):
            return octets
