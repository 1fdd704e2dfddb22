"""A login that cannot go on, as a page: what happened and what to do, for somebody who never heard of OAuth.

Which words: those of a login that is over, of a form that is not ours, of trouble on our side, or else of a service
that asked for something that cannot be. What a client's developer needs is folded below. Nothing of what was sent
stands on the page, and it leads nowhere.
"""

from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response

from idbridge.limits import LIMITS
from idbridge.oidc.errors import OAuthError, OAuthErrorCode
from idbridge.reasons import reason
from idbridge_gateway.oidc.addresses import NAME
from idbridge_gateway.oidc.transaction import LoginOverError
from idbridge_gateway.pages.catalogue import LANGUAGES
from idbridge_gateway.pages.forgery import ForgedFormError
from idbridge_gateway.pages.rendering import Pages

_MINUTE: Final = 60
_UNAVAILABLE: Final = 503
_BROKEN: Final = 500


@dataclass(frozen=True, slots=True)
class RefusalWords:
    """The sentences of one kind of refusal, by their keys."""

    title: str
    what: str
    todo: str


_OVER: Final = RefusalWords("refusal.over", "refusal.over_what", "refusal.over_do")
_FORGED: Final = RefusalWords("refusal.forged", "refusal.forged_what", "refusal.forged_do")
_BUSY: Final = RefusalWords("refusal.title", "refusal.unwell_what", "refusal.do_503")
_UNWELL: Final = RefusalWords("refusal.title", "refusal.unwell_what", "refusal.do_500")
_SERVICE: Final = RefusalWords("refusal.service", "refusal.service_what", "refusal.service_do")


def refusal_words(error: OAuthError) -> RefusalWords:
    """Return the words for ``error``."""
    if isinstance(error, ForgedFormError):
        return _FORGED
    if isinstance(error, LoginOverError) or error.error is OAuthErrorCode.INVALID_REQUEST_URI:
        return _OVER
    return {_UNAVAILABLE: _BUSY, _BROKEN: _UNWELL}.get(error.status, _SERVICE)


def refusal_page(pages: Pages, request: Request, error: OAuthError, *, shown_again: bool) -> Response:
    """Return the page of ``error``; ``shown_again`` tells that its address is one of a page, in any language."""
    why = reason(error.code)
    retry = why.retry_after if error.status in (_UNAVAILABLE, _BROKEN) else None
    seconds = int(retry.total_seconds()) if retry is not None else None
    names = request.query_params.getlist(NAME)
    response = pages.page(
        request,
        "refusal.html",
        status=error.status,
        offered=LANGUAGES,
        kept=({NAME: names[0]} if len(names) == 1 else {}) if shown_again else None,
        words=refusal_words(error),
        lifetime=int(LIMITS.login_transaction.total_seconds()) // _MINUTE,
        seconds=seconds,
        minutes=seconds // _MINUTE if seconds is not None and seconds >= _MINUTE else None,
        why=why,
        error=error,
        correlation_id=request.state.correlation_id,
    )
    if seconds is not None:
        response.headers["retry-after"] = str(seconds)
    return response
