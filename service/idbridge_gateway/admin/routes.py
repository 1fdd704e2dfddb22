"""The addresses of the admin API, and who may use them: whoever proves to be an operator, before anything is read."""

from typing import Annotated, Final

from fastapi import APIRouter, FastAPI, Path, Request, Response

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.admin.contract import body, if_match, operation
from idbridge_gateway.admin.desk import OperatorsDesk, operators_of
from idbridge_gateway.admin.operators import Operator
from idbridge_gateway.admin.relying_parties import Changed, RelyingPartiesDesk
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.body import bound_of, read_body, refuse_media
from idbridge_gateway.api.head import RequestHead, read_head
from idbridge_gateway.parts import Parts
from idbridge_gateway.registry.chosen import Begun

PATH: Final = "/admin/v1/relying-parties"
PartyId = Annotated[str, Path(min_length=1, max_length=LIMITS.identifier_characters)]


def install_admin(app: FastAPI, parts: Parts, registry: Begun) -> None:
    """Let operators change the registry of ``app`` over HTTP; without an issuer in the settings, nobody is one."""
    operators = operators_of(parts)
    app.state.operators = operators
    app.include_router(admin_router(RelyingPartiesDesk(parts, registry), operators))


def admin_router(desk: RelyingPartiesDesk, operators: OperatorsDesk) -> APIRouter:
    """Return the routes of the admin API."""
    router = APIRouter(tags=["admin"])

    async def entered(request: Request) -> tuple[RequestHead, Operator]:
        head = read_head(request.scope["headers"], correlation_id=request.state.correlation_id)
        return head, await operators.authenticate(head.authorization)

    @router.get(
        PATH,
        summary="Who is registered",
        response_class=Response,
        openapi_extra=operation("Registrations", tagged=False),
    )
    async def everybody(request: Request) -> Response:
        await entered(request)
        return Response(json_octets(await desk.all()), media_type="application/json", headers=_FRESH)

    @router.post(
        PATH,
        summary="Register a relying party; its API key is told once",
        status_code=201,
        response_class=Response,
        openapi_extra={**operation("Registration", 400, 409, 413, 415, status=201), **body("RegistrationRequest")},
    )
    async def add(request: Request) -> Response:
        head, operator = await entered(request)
        made = await desk.add(await _body(request, head), operator)
        return _answer(made, status=201, location=f"{PATH}/{made.registration.id}")

    @router.get(
        f"{PATH}/{{party_id}}",
        summary="One registration, with the version of it",
        response_class=Response,
        openapi_extra=operation("Registration", 400, 404),
    )
    async def one(request: Request, party_id: PartyId) -> Response:
        await entered(request)
        return _answer(await desk.one(party_id))

    @router.patch(
        f"{PATH}/{{party_id}}",
        summary="Change a registration by a merge patch, switch it off, or rotate its API key",
        response_class=Response,
        openapi_extra={
            **operation("Registration", 400, 404, 409, 412, 413, 415, 428),
            **body("RegistrationPatch"),
            "parameters": [if_match()],
        },
    )
    async def change(request: Request, party_id: PartyId) -> Response:
        head, operator = await entered(request)
        patch = await _body(request, head)
        return _answer(await desk.change(party_id, patch, operator, if_match=request.headers.getlist("if-match")))

    return router


_FRESH: Final = {"cache-control": "no-store"}


def _answer(changed: Changed, *, status: int = 200, location: str | None = None) -> Response:
    headers = {**_FRESH, "etag": f'"{changed.registration.version}"'}
    if location is not None:
        headers["location"] = location
    return Response(json_octets(changed.document), status, media_type="application/json", headers=headers)


async def _body(request: Request, head: RequestHead) -> bytes:
    """Return the body, which is JSON and no longer than a registration may be."""
    refuse_media(head)
    if request.scope["query_string"]:
        raise RequestError("input.request_malformed", "this address takes no query")
    return await read_body(request.receive, max_bytes=bound_of(head, max_bytes=LIMITS.registration_bytes))
