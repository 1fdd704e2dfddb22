"""``GET /trust/...``: the static TUF tree, as this node verified it, for clients and for nodes behind it.

A path is looked up among the files that both locks let through, and nowhere else: no path leads to a disk. What is
named by version or hash never changes; the timestamp is always asked for again, and the absence of the next root is
believed for a minute at most, because it means "this root is the newest". In plain mode there is no tree.
"""

import hashlib
import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request, Response

from idbridge.errors import RequestError
from idbridge.trust.tuf.client import METADATA, TARGETS
from idbridge.trust.tuf.mirror import TIMESTAMP_PATH
from idbridge_gateway.api.answer import JSON
from idbridge_gateway.api.errors import response_of
from idbridge_gateway.api.problems import problem_answer
from idbridge_gateway.api.schemas import answers
from idbridge_gateway.api.trust import tags_in
from idbridge_gateway.node import TrustInForce

PREFIX: Final = "/trust"
OCTETS_MEDIA: Final = "application/octet-stream"
_ROOT: Final = re.compile(rf"{METADATA}/[1-9][0-9]{{0,9}}\.root\.json")
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_ALWAYS_ASKED: Final = "public, no-cache"
_BRIEFLY: Final = (b"cache-control", b"public, max-age=60")
_CURRENT: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "The copy that the caller holds is current."}}
IfNoneMatch = Annotated[str | None, Header(description="The entity tag of the copy that the caller holds.")]


def tree_router(trust: TrustInForce) -> APIRouter:
    """Return the routes of the static tree."""
    router = APIRouter(tags=["trust"], prefix=PREFIX)

    @router.get(
        f"/{METADATA}/{{name}}",
        summary="Metadata of the TUF tree that this node verified",
        response_class=Response,
        responses={**answers("TufMetadata", 404), **_CURRENT},
    )
    async def metadata(request: Request, name: str, if_none_match: IfNoneMatch = None) -> Response:
        return _file(trust, f"{METADATA}/{name}", request, held=if_none_match, media=JSON.decode())

    @router.get(
        f"/{TARGETS}/{{path:path}}",
        summary="Signed documents of the TUF tree that this node verified",
        response_class=Response,
        responses=_octets(),
    )
    async def target(request: Request, path: str, if_none_match: IfNoneMatch = None) -> Response:
        return _file(trust, f"{TARGETS}/{path}", request, held=if_none_match, media=OCTETS_MEDIA)

    return router


def _octets() -> dict[int | str, dict[str, Any]]:
    content = {OCTETS_MEDIA: {"schema": {"type": "string", "format": "binary"}}}
    return {**answers("TufMetadata", 404), 200: {"description": "The octets.", "content": content}, **_CURRENT}


def _file(trust: TrustInForce, path: str, request: Request, *, held: str | None, media: str) -> Response:
    octets = trust.file_of_tree(path)
    if octets is None:
        return _absent(path, request)
    tag = f'"{hashlib.sha256(octets).hexdigest()}"'
    headers = {"etag": tag, "cache-control": _ALWAYS_ASKED if path == TIMESTAMP_PATH else _IMMUTABLE}
    if tags_in(held) & {tag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(octets, media_type=media, headers=headers)


def _absent(path: str, request: Request) -> Response:
    if _ROOT.fullmatch(path) is None:
        raise RequestError("input.not_found")
    correlation_id = request.state.correlation_id
    return response_of(
        problem_answer(RequestError("input.not_found"), correlation_id=correlation_id, headers=(_BRIEFLY,))
    )
