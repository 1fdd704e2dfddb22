"""Style and script of the pages, served under names that carry their digest, so that a copy is good for ever."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter, Response

from idbridge.errors import RequestError

PREFIX: Final = "/static/"
_TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_KEPT: Final = {"cache-control": "public, max-age=31536000, immutable"}
_DIGEST_CHARACTERS: Final = 16


@cache
def static_files() -> Mapping[str, bytes]:
    """Return the octets of each file, by the name under which it is served."""
    folder = resources.files("idbridge_gateway.pages").joinpath("static")
    return MappingProxyType({
        _served(file.name, octets): octets for file in folder.iterdir() for octets in [file.read_bytes()]
    })  # fmt: skip


@cache
def static_path(name: str) -> str:
    """Return the address of the file ``name``.

    Raises:
        LookupError: There is none.
    """
    stem, _, ending = name.rpartition(".")
    for served in static_files():
        if served.startswith(f"{stem}.") and served.endswith(f".{ending}"):
            return PREFIX + served
    raise LookupError(f"no static file is called {name}")


def _served(name: str, octets: bytes) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(octets).hexdigest()[:_DIGEST_CHARACTERS]}.{ending}"


def static_router() -> APIRouter:
    """Return the route of the files; a name that is not one of them names nothing."""
    router = APIRouter()

    @router.get(PREFIX + "{name}", include_in_schema=False)
    async def file(name: str) -> Response:
        octets = static_files().get(name)
        if octets is None:
            raise RequestError("input.not_found")
        return Response(octets, headers={"content-type": _TYPES[name.rpartition(".")[2]], **_KEPT})

    return router
