"""What somebody under test sends to a port of the suite: taken within bounds, or refused.

Decides only about length; what is in a body is for whoever asked for it.
"""

from http.server import BaseHTTPRequestHandler
from typing import Final

from idbridge.limits import LIMITS

SECONDS: Final = LIMITS.fetch_total.total_seconds()  # for a connection that says nothing
_DIGITS: Final = 15


def body_of(window: BaseHTTPRequestHandler) -> bytes | None:
    """Return the body of a request, or answer that it has no usable length or too great a one, and return ``None``."""
    told = window.headers.get("content-length") or "0"
    if not (told.isascii() and told.isdigit()) or len(told) > _DIGITS:
        _refuse(window, 400)
        return None
    if int(told) > LIMITS.body_bytes:
        _refuse(window, 413)
        return None
    body = window.rfile.read(int(told))
    if len(body) < int(told):
        window.close_connection = True
        return None
    return body


def _refuse(window: BaseHTTPRequestHandler, status: int) -> None:
    window.close_connection = True
    window.send_response(status)
    window.send_header("Content-Length", "0")
    window.end_headers()
