"""``/log/...`` and ``/v1/receipts/...``: the log for whoever examines it, receipts for whom they are about.

Checkpoint and hash tiles are public, in the layout of C2SP tlog-tiles. Entries say who verified what when, and are for
operators and auditors who prove to be such; a single one is for its relying party. To check a receipt nobody has to say
who they are, and nothing of it is kept.
"""

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, FastAPI, Query, Request, Response

from idbridge.codec import base64url
from idbridge.errors import EvidenceError, InputError, RequestError
from idbridge.evidence import places, write_ahead
from idbridge.evidence.errors import LogError
from idbridge.limits import LIMITS
from idbridge.tlog import tile
from idbridge.tlog.tile import WIDTH, Bundle, Tile
from idbridge_gateway.admin.desk import OperatorsDesk
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.body import bound_of, read_body, refuse_media
from idbridge_gateway.api.callers import Callers
from idbridge_gateway.api.head import read_head
from idbridge_gateway.api.log_contract import (
    OCTETS_MEDIA,
    TEXT_MEDIA,
    check_operation,
    octets_answers,
    receipt_operation,
    tile_operation,
)
from idbridge_gateway.api.schemas import answers
from idbridge_gateway.evidence.checking import checked, read_check
from idbridge_gateway.evidence.cosigned import COSIGNED
from idbridge_gateway.evidence.lookup import Found, find_receipt, read_cosigned
from idbridge_gateway.evidence.opening import Evidence
from idbridge_gateway.evidence.records import Receipt
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.parts import Parts

SCHEMA: Final = "idbridge-receipt-1"
_REPORT_ID: Final = re.compile(r"rep_[0-9a-f]{32}")
_IMMUTABLE: Final = {"cache-control": "public, max-age=31536000, immutable"}
_FRESH: Final = {"cache-control": "public, no-cache"}
_PRIVATE: Final = {"cache-control": "no-store"}
Result = TypeVar("Result")
AssertionDigest = Annotated[
    str | None,
    Query(description="SHA-256 of the assertion, base64url: it opens a leaf about one.", min_length=43, max_length=43),
]


class LogDesk:
    """What one node shows of its log."""

    def __init__(self, parts: Parts, callers: Callers, operators: OperatorsDesk) -> None:
        self._parts = parts
        self._evidence: Evidence = parts.evidence
        self._callers = callers
        self._operators = operators
        self._searching = asyncio.Semaphore(1)  # one search at a time: each reads many files
        self._searches: Counter[str] = Counter()  # of each relying party, those that wait as well

    async def checkpoint(self) -> Response:
        """Return the newest checkpoint that is published.

        Raises:
            RequestError: ``input.not_found``: the node has no log, or nothing in it is published yet;
                ``system.not_ready``: what is there cannot be read.
        """
        octets = await _unharmed(places.read, self._folder(), places.CHECKPOINT, max_bytes=LIMITS.note_bytes)
        if octets is None:
            raise RequestError("input.not_found")
        return Response(octets, media_type=TEXT_MEDIA, headers=_FRESH)

    async def tile(self, request: Request, path: str) -> Response:
        """Return a tile of hashes, or to an operator a bundle of entries.

        Raises:
            RequestError: ``input.not_found``, ``policy.unauthenticated`` or ``policy.operator_required``;
                ``system.not_ready``: it is damaged, and whoever kept it would keep that.
        """
        folder = self._folder()
        try:
            named = tile.parse_path(f"{places.TILES}/{path}")
        except EvidenceError:
            raise RequestError("input.not_found") from None
        if isinstance(named, Bundle):
            head = read_head(request.scope["headers"], correlation_id=request.state.correlation_id)
            await self._operators.authenticate(head.authorization)
        octets = await _unharmed(_read, folder, named)
        if octets is None:
            raise RequestError("input.not_found")
        headers = _PRIVATE if isinstance(named, Bundle) else _IMMUTABLE if named.width == WIDTH else _FRESH
        return Response(octets, media_type=OCTETS_MEDIA, headers=headers)

    async def receipt(self, request: Request, report_id: str, digest: str | None) -> Response:
        """Return the receipt of an answer to whom it was given.

        Raises:
            RequestError: ``policy.*``; ``input.not_found``: there is none of the caller, whoever else has one;
                ``system.overloaded``: as many are looked for already for the caller as may be.
        """
        head = read_head(request.scope["headers"], correlation_id=request.state.correlation_id)
        caller = await self._callers.identified(head, method="GET", path=request.scope["path"])
        await self._parts.shared_rates.take(caller.relying_party.id)
        found = await self._found(report_id, caller.relying_party.id, _digest(digest))
        origin = self._evidence.records.origin
        if found is None or origin is None:
            raise RequestError("input.not_found", "there is no receipt of yours under this report id")
        told = Receipt(origin, found.index, found.proof.octets().decode("utf-8"), found.opening)
        document = {
            "schema": SCHEMA,
            "environment": self._parts.settings.environment.value,
            "report_id": report_id,
            "receipt": told.document(),
        }
        headers = {**caller.told, **_PRIVATE}
        return Response(json_octets(document), media_type="application/json", headers=headers)

    async def check(self, request: Request) -> Response:
        """Return what a receipt proves.

        Raises:
            RequestError: The request is broken.
        """
        head = read_head(request.scope["headers"], correlation_id=request.state.correlation_id)
        refuse_media(head)
        most = LIMITS.receipt_check_bytes
        asked = read_check(await read_body(request.receive, max_bytes=bound_of(head, max_bytes=most)))
        turn = self._parts.turns.begin()
        document = checked(asked, turn.state.snapshot, at=turn.at)
        return Response(json_octets(document), media_type="application/json", headers=_PRIVATE)

    async def _found(self, report_id: str, party: str, digest: bytes | None) -> Found | None:
        folder, days = self._evidence.folder, self._evidence.days
        if folder is None or days is None or _REPORT_ID.fullmatch(report_id) is None:
            return None
        with self._place(party):
            async with self._searching:
                return await _unharmed(self._search, folder, report_id, party, digest)

    @contextmanager
    def _place(self, party: str) -> Iterator[None]:
        """Have one of the places that a relying party has among those who wait, so that none keeps others waiting."""
        if self._searches[party] >= LIMITS.receipt_searches_each:
            raise RequestError("system.overloaded", "too many receipts are being looked for for this relying party")
        self._searches[party] += 1
        try:
            yield
        finally:
            self._searches[party] -= 1
            if not self._searches[party]:
                del self._searches[party]

    def _search(self, folder: Path, report_id: str, party: str, digest: bytes | None) -> Found | None:
        days = self._evidence.days
        if days is None:
            return None
        cosigned = read_cosigned(self._parts.settings.state_dir, COSIGNED, folder)
        return find_receipt(folder, days, report_id=report_id, party=party, assertion_digest=digest, cosigned=cosigned)

    def _folder(self) -> Path:
        if self._evidence.folder is None:
            raise RequestError("input.not_found", "this node has no log")
        return self._evidence.folder


def _digest(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        octets = base64url.decode(text)
    except InputError:
        octets = b""
    if len(octets) != hashlib.sha256().digest_size:
        raise RequestError("input.request_malformed", "`assertion_digest` is a SHA-256 in base64url")
    return octets


def _read(folder: Path, named: Tile | Bundle) -> bytes | None:
    """Return what stands at this very path: a reader of the log falls back to the wider tile by itself."""
    if isinstance(named, Bundle):
        octets = places.read_bundle(folder, named)
        if octets is not None:
            write_ahead.leaf_bundle(octets, width=named.width)
        return octets
    octets = places.read(folder, named.path, max_bytes=named.octets)
    if octets is not None and len(octets) != named.octets:
        raise LogError(f"{named.path} is cut off")
    return octets


async def _unharmed(read: Callable[..., Result], *where: Any, **bounds: Any) -> Result:
    """Return what ``read`` gives, in a thread.

    Raises:
        RequestError: ``system.not_ready``: what is there cannot be read, or is damaged.
    """
    try:
        return await asyncio.to_thread(read, *where, **bounds)
    except LogError as unreadable:
        JOURNAL.error("the log cannot be read: %s", unreadable)
        raise RequestError("system.not_ready", "the log cannot be read") from None


def install_log(app: FastAPI, parts: Parts, callers: Callers, operators: OperatorsDesk) -> None:
    """Show the log of the node at ``app``."""
    app.include_router(log_router(LogDesk(parts, callers, operators)))


def log_router(desk: LogDesk) -> APIRouter:
    """Return the routes of the log and of receipts."""
    router = APIRouter(tags=["log"])

    @router.get(
        "/log/checkpoint",
        summary="The newest signed checkpoint of this node's log",
        response_class=Response,
        responses=octets_answers(TEXT_MEDIA, 404, 503),
    )
    async def checkpoint() -> Response:
        return await desk.checkpoint()

    @router.get(
        "/log/tile/{path:path}",
        summary="A tile of hashes; below `entries`, for operators alone, a bundle of leaves",
        response_class=Response,
        responses=octets_answers(OCTETS_MEDIA, 401, 403, 404, 503),
        openapi_extra=tile_operation(),
    )
    async def tiles(request: Request, path: str) -> Response:
        return await desk.tile(request, path)

    @router.get(
        "/v1/receipts/{report_id}",
        summary="The receipt of an answer, for the relying party that got it",
        response_class=Response,
        responses=answers("Receipt", 400, 401, 403, 404, 429, 503),
        openapi_extra=receipt_operation(),
    )
    async def receipt(request: Request, report_id: str, assertion_digest: AssertionDigest = None) -> Response:
        return await desk.receipt(request, report_id, assertion_digest)

    @router.post(
        "/v1/receipts/check",
        summary="What a receipt proves, for anybody; nothing of it is kept",
        response_class=Response,
        responses=answers("ReceiptCheck", 400, 413, 415, 503),
        openapi_extra=check_operation(),
    )
    async def check(request: Request) -> Response:
        return await desk.check(request)

    return router
