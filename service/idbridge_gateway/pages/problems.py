"""A problem as a page: what happened, what to do, whether to try again, and the number for those who ask for help."""

from typing import Final

from fastapi import Request, Response

from idbridge.errors import RequestError
from idbridge.reasons import reason
from idbridge_gateway.oidc.begun_sign_ins import NotAsBegunError
from idbridge_gateway.pages.catalogue import LANGUAGES
from idbridge_gateway.pages.rendering import Pages

_ADVISED: Final = frozenset(
    {401, 403, 404, 405, 413, 415, 500, 503}
)  # statuses for which there is a sentence of their own
_MINUTE: Final = 60


def problem_page(
    pages: Pages, request: Request, broken: RequestError, *, correlation_id: str, headers: dict[str, str]
) -> Response:
    """Return the page of ``broken`` with the status of its problem; nothing of what was sent stands on it."""
    why = reason(broken.code)
    status = why.http_status or 500
    begun = isinstance(broken, NotAsBegunError)
    seconds = int(why.retry_after.total_seconds()) if why.retry_after is not None else None
    response = pages.page(
        request,
        "problem.html",
        status=status,
        offered=LANGUAGES,
        why=why,
        what="refusal.begun_what" if begun else None,
        advice="refusal.begun_do" if begun else f"refusal.do_{status}" if status in _ADVISED else "refusal.do_other",
        seconds=seconds,
        minutes=seconds // _MINUTE if seconds is not None and seconds >= _MINUTE else None,
        correlation_id=correlation_id,
    )
    response.headers.update(headers)
    if seconds is not None:
        response.headers["retry-after"] = str(seconds)
    return response
