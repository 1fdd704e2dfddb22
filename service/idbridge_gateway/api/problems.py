"""Problems: what answers a broken request (RFC 9457). A completed verification is never one.

``type`` points at the code's page in the reason catalogue, relative to this node. Nothing that the caller sent is
repeated, save the correlation id.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from idbridge.errors import LaterError, RequestError
from idbridge.reasons import reason
from idbridge_gateway.api.answer import Answer, Header

MEDIA_TYPE: Final = b"application/problem+json"
_KEY_WANTED: Final[tuple[Header, ...]] = ((b"www-authenticate", b'Bearer realm="idbridge"'),)


class ChallengedError(RequestError):
    """Who asks did not prove it by a token: ``policy.unauthenticated``. ``headers`` say what is wrong and wanted."""

    def __init__(self, detail: str, headers: Mapping[str, str]) -> None:
        super().__init__("policy.unauthenticated", detail)
        self.headers = tuple((name.lower().encode("ascii"), text.encode("ascii")) for name, text in headers.items())


def problem(broken: RequestError, *, correlation_id: str) -> dict[str, Any]:
    """Return the problem document of ``broken``."""
    why = reason(broken.code)
    document: dict[str, Any] = {
        "type": f"/v1/reasons/{why.code}",
        "title": why.developer,
        "status": why.http_status,
        "detail": broken.detail or why.developer,
        "code": why.code,
        "clause": why.clause,
        "remedy": why.remedy,
        "retryable": why.retryable,
        "correlation_id": correlation_id,
    }
    retry_after = broken.retry_after if isinstance(broken, LaterError) else why.retry_after
    if retry_after is not None:
        document["retry_after_s"] = int(retry_after.total_seconds())
    return document


def problem_answer(
    broken: RequestError, *, correlation_id: str, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> Answer:
    """Return the HTTP answer to ``broken``; ``headers`` are added to those that the status demands."""
    document = problem(broken, correlation_id=correlation_id)
    status = document["status"]
    if status == HTTPStatus.UNAUTHORIZED:
        headers = (*headers, *(broken.headers if isinstance(broken, ChallengedError) else _KEY_WANTED))
    if "retry_after_s" in document:
        headers = (*headers, (b"retry-after", str(document["retry_after_s"]).encode()))
    return Answer(status, json.dumps(document, separators=(",", ":")).encode(), MEDIA_TYPE, headers)
