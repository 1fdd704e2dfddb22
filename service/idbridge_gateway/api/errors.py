"""What FastAPI refuses, as problems: the same documents, codes and header fields as the front's.

At the address of a page a person reads the answer, and gets the same problem as a page.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from idbridge.errors import RequestError
from idbridge_gateway.api.answer import Answer
from idbridge_gateway.api.body import ClientGone
from idbridge_gateway.api.problems import problem_answer

_CODES: Final = {404: "input.not_found"}
_ALLOW: Final = "allow"


def install(app: FastAPI) -> None:
    """Make ``app`` answer everything that it refuses by a problem."""
    app.add_exception_handler(HTTPException, _of_framework)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(RequestError, _of_request)
    app.add_exception_handler(ClientGone, _of_nobody)
    app.add_exception_handler(Exception, _of_anything)


def response_of(answer: Answer) -> Response:
    """Return ``answer`` as FastAPI sends it."""
    response = Response(answer.octets, answer.status, media_type=answer.media_type.decode())
    for name, value in answer.headers:
        response.headers[name.decode()] = value.decode()
    return response


def _problem(request: Request, broken: RequestError, *headers: tuple[bytes, bytes]) -> Response:
    request.state.refused = broken.code  # for the edge, which tells of it
    site = getattr(request.app.state, "site", None)
    if site is not None and site.serves(request.scope["path"]):
        page: Response = site.problem(request, broken, headers={name.decode(): text.decode() for name, text in headers})
        return page
    answer = problem_answer(broken, correlation_id=request.state.correlation_id, headers=headers)
    response = response_of(answer)
    response.headers["cache-control"] = "no-store"
    return response


async def _of_framework(request: Request, error: Any) -> Response:
    """Answer what has no route. An address that is there answers OPTIONS, which has no route of its own, by `Allow`."""
    if error.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        return _problem(request, RequestError(_CODES.get(error.status_code, "input.request_malformed")))
    allowed = _allowed(error.headers or {})
    if request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={_ALLOW: allowed})
    return _problem(request, RequestError("input.method_not_allowed"), (_ALLOW.encode(), allowed.encode()))


def _allowed(headers: Mapping[str, str]) -> str:
    named = next((value for name, value in headers.items() if name.lower() == _ALLOW), "")
    methods = {method.strip() for method in named.split(",") if method.strip()} | {"OPTIONS"}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


async def _of_validation(request: Request, error: Any) -> Response:
    """Name the parameters that are wrong; they are ours, unlike what stands in them."""
    names = sorted({str(fault["loc"][-1]) for fault in error.errors() if fault["loc"][0] in ("query", "path")})
    detail = f"missing or not of its kind: {', '.join(f'`{name}`' for name in names)}" if names else ""
    return _problem(request, RequestError("input.request_malformed", detail))


async def _of_request(request: Request, error: Any) -> Response:
    return _problem(request, error)


async def _of_nobody(request: Request, error: Any) -> Response:  # noqa: ARG001 - there is nothing in it
    """Count a request that never came to its end as one that is broken; nobody is there to be answered."""
    return _problem(request, RequestError("input.request_malformed"))


async def _of_anything(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the journal notes it
    return _problem(request, RequestError("system.internal"))
