"""Answers of the OAuth endpoints: JSON that nobody keeps, and errors in the one form that clients read (RFC 6749, 5.2).

Beside ``error`` stands ``code``, the reason in our catalogue, and the correlation id: a developer looks up one, and
asks for help with the other.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from fastapi import Request, Response

from idbridge.errors import RateExceededError, RequestError
from idbridge.oidc.errors import OAuthError
from idbridge.reasons import reason
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.body import ClientGone
from idbridge_gateway.journal import note_unexpected

NO_STORE: Final[Mapping[str, str]] = {"cache-control": "no-store", "pragma": "no-cache"}
_TOO_LARGE: Final = 413
_TOO_OFTEN: Final = 429
_UNAVAILABLE: Final = 503


def token_answer(document: Mapping[str, Any], *, status: int = 200) -> Response:
    """Return what was granted."""
    return Response(json_octets(dict(document)), status, media_type="application/json", headers=dict(NO_STORE))


def error_answer(error: OAuthError, *, correlation_id: str) -> Response:
    """Return why nothing was granted."""
    why = reason(error.code)
    document = {
        **error.document(), "code": error.code, "retryable": why.retryable, "correlation_id": correlation_id,
    }  # fmt: skip
    headers = {**NO_STORE, **error.headers}
    if error.status == _UNAVAILABLE and why.retry_after is not None:
        headers["retry-after"] = str(int(why.retry_after.total_seconds()))
    return Response(json_octets(document), error.status, media_type="application/json", headers=headers)


def oauth_error(broken: RequestError) -> OAuthError:
    """Return what the OAuth endpoints say of a request that the node itself refuses."""
    if isinstance(broken, RateExceededError):
        later = {"retry-after": str(int(broken.retry_after.total_seconds()))}
        sentence = "the relying party asks more often than it may"
        return OAuthError("temporarily_unavailable", sentence, cause=broken.code, status=_TOO_OFTEN, headers=later)
    status = reason(broken.code).http_status
    if status == _UNAVAILABLE:
        return OAuthError("temporarily_unavailable", "this node cannot answer now", cause=broken.code)
    if broken.code == "system.internal":
        return OAuthError("server_error", "something went wrong on our side", cause=broken.code)
    if status == _TOO_LARGE:
        return OAuthError("invalid_request", "the request is too long", cause=broken.code, status=_TOO_LARGE)
    return OAuthError("invalid_request", "the request is not in order", cause=broken.code)


async def answered(request: Request, act: Callable[[Request], Awaitable[Response]]) -> Response:
    """Return what ``act`` answers, or an error in the form of RFC 6749, whatever happened."""
    correlation_id: str = request.state.correlation_id
    try:
        return await act(request)
    except OAuthError as error:
        request.state.refused = error.code  # for the edge, which tells of it
        return error_answer(error, correlation_id=correlation_id)
    except RequestError as broken:
        request.state.refused = broken.code
        return error_answer(oauth_error(broken), correlation_id=correlation_id)
    except ClientGone:
        raise  # nobody is there to be answered
    except Exception as error:  # noqa: BLE001 - the edge: whatever happened, a client gets an error it can read
        note_unexpected(error, correlation_id=correlation_id)
        return error_answer(oauth_error(RequestError("system.internal")), correlation_id=correlation_id)
