"""``/wallet/request/{id}`` and ``/wallet/response/{id}``: what a wallet fetches, and where it sends its answer.

A wallet is told nothing but whether its answer counts: one refusal, the same octets whatever was wrong, whether the
name is known, and whether somebody was earlier. Why, the relying party reads in its report. What is no answer to this
very request spends nothing; of those that are one, the first counts. The answer is verified as at ``/v1/verify``, with
what this request fixed. Clauses: OpenID4VP 1.0 sections 5.10, 8.2, 8.3, 14.1 and 14.2; HAIP 1.0 section 5.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from idbridge.codec import length_prefixed
from idbridge.errors import ConfigurationError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.request import VerifyRequest
from idbridge.oidc.errors import OAuthError
from idbridge.presentation.request_object import MEDIA, RequestParameters, signed_request
from idbridge.presentation.response_parameters import NoAnswerError, WalletAnswer, WalletRefusal, read_response
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.oidc.forms import read_form
from idbridge_gateway.oidc.turns import Turn, Turns
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.stores.idempotency import MARK_OCTETS, Remembered
from idbridge_gateway.stores.one_time import OneTime
from idbridge_gateway.verdict import Verdicts
from idbridge_gateway.wallet.asker import REQUEST_PATH, RESPONSE_PATH, Asker
from idbridge_gateway.wallet.contract import request_operation, response_operation
from idbridge_gateway.wallet.held import HeldAnswers
from idbridge_gateway.wallet.parties import party_now, still_asks
from idbridge_gateway.wallet.presentations import Presentations
from idbridge_gateway.wallet.question import kept_report, question_of
from idbridge_gateway.wallet.records import Device, HeldAnswer, Outcome, WalletRequest

_NO_STORE: Final = {"cache-control": "no-store"}
_NONCE: Final = "wallet_nonce"
_REFUSAL: Final = {"error": "invalid_request", "error_description": "this is no answer to a request that is open here"}


class RefusedError(Exception):
    """The wallet is refused. It says no more, because the wallet is told no more."""


class WalletSide:
    """Answers wallets."""

    def __init__(
        self,
        *,
        asker: Asker,
        presentations: Presentations,
        held: HeldAnswers,
        registry: RegistryInForce,
        verdicts: Verdicts,
        one_time: OneTime,
        turns: Turns,
    ) -> None:
        self._asker = asker
        self._presentations = presentations
        self._held = held
        self._registry = registry
        self._verdicts = verdicts
        self._one_time = one_time
        self._turns = turns

    async def request(self, request: Request, name: str) -> Response:
        """Answer with the request object under ``name``, or refuse."""
        try:
            compact = await self._signed(name, wallet_nonce=await _wallet_nonce(request))
        except (RefusedError, OAuthError):
            return refusal()
        return Response(compact, media_type=MEDIA, headers=_NO_STORE)

    async def response(self, request: Request, name: str) -> Response:
        """Take the answer to the request under ``name``, or refuse."""
        try:
            parameters = (await read_form(request)).values
            found = await self._open(name)
            told = read_response(parameters, state=found.state, key=found.key)
            if isinstance(told, WalletRefusal):
                document = await self._declined(found, told)
            else:
                document = await self._answered(found, name, told)
        except (RefusedError, NoAnswerError, OAuthError):
            return refusal()
        return Response(json_octets(document), media_type="application/json", headers=_NO_STORE)

    async def _open(self, name: str) -> WalletRequest:
        found = await self._presentations.request(name)
        if found is None:
            raise RefusedError
        return found

    async def _signed(self, name: str, *, wallet_nonce: str | None) -> str:
        found = await self._open(name)
        at = self._turns.clock.now()
        if not still_asks(self._registry, found.party, at=at):
            raise RefusedError
        certificate = self._asker.require_certificate(at=at)
        await self._count_fetch(name, found)
        parameters = RequestParameters(
            client_id=found.client_id,
            response_uri=self._asker.response_uri(name),
            mode=found.mode,
            nonce=found.nonce,
            state=found.state,
            query=found.question["dcql"],
            transactions=tuple(found.question.get("transaction_data", ())),
            key=found.key,
            name=found.name,
        )
        at = self._turns.clock.now()
        try:
            return signed_request(parameters, certificate, at=at, until=found.ends_at, wallet_nonce=wallet_nonce)
        except ConfigurationError as broken:  # a token that was taken out, or locked itself
            JOURNAL.error("the access key does not sign: %s", broken)
            raise RequestError("system.not_ready", "the key of this node does not sign") from None

    async def _count_fetch(self, name: str, found: WalletRequest) -> None:
        """Count one fetch more. A name that was scanned everywhere is no way to make this node sign without end."""
        for number in range(LIMITS.wallet_request_fetches):
            key = hashlib.sha256(length_prefixed.encode("wallet-request-fetch", name, str(number))).digest()
            if await self._one_time.claim(key, until=found.ends_at):
                return
        raise RefusedError

    async def _declined(self, found: WalletRequest, told: WalletRefusal) -> dict[str, Any]:
        if not await self._presentations.take_turn(found):
            raise RefusedError
        async with self._turn_returned(found):
            await self._presentations.end(
                found, outcome=Outcome.REFUSED, device=found.device, wallet_error=told.error.value
            )
        return {"redirect_uri": self._asker.page_uri(found.page)} if found.device is Device.SAME else {}

    async def _answered(self, found: WalletRequest, name: str, told: WalletAnswer) -> dict[str, Any]:
        """Verify the answer, tell the relying party, and tell the wallet where its person goes on to."""
        turn = self._turns.begin()
        question = self._question(found, name, told, turn)
        if not await self._presentations.take_turn(found):
            raise RefusedError
        async with self._turn_returned(found):
            return await self._judged(found, name, told, question, turn)

    async def _judged(
        self, found: WalletRequest, name: str, told: WalletAnswer, question: VerifyRequest, turn: Turn
    ) -> dict[str, Any]:
        mark = mark_of(found, name)
        released = await self._verdicts.first(question, state=turn.state, issuing=turn.issuing, at=turn.at, by=mark)
        report = kept_report(released)
        if not released.report.accepted:
            await self._presentations.end(found, outcome=Outcome.ANSWERED, device=found.device, report=report)
            raise RefusedError
        if found.device is Device.CROSS:
            if not await self._presentations.end(found, outcome=Outcome.ANSWERED, device=found.device, report=report):
                raise RefusedError
            return {}
        earlier = Remembered(released.report_id, turn.state.id, turn.at, accepted=True)
        code = await self._held.hold(HeldAnswer(found, name, earlier, mark), told)
        return {"redirect_uri": f"{self._asker.page_uri(found.page)}?response_code={code}"}

    @asynccontextmanager
    async def _turn_returned(self, found: WalletRequest) -> AsyncIterator[None]:
        """Give the turn back where what has it fails: nothing came of it, so the wallet may come again, and is told so.

        A refusal is a decision, and gives nothing back.
        """
        try:
            yield
        except RefusedError:
            raise
        except Exception:
            await self._presentations.return_turn(found)
            raise

    def _question(self, found: WalletRequest, name: str, told: WalletAnswer, turn: Turn) -> VerifyRequest:
        """Return the answer as one question, for the relying party as it is registered now."""
        if len(told.unverified_vp_token.encode()) > LIMITS.sealed_value_bytes:  # it may have to be held
            raise RefusedError
        try:
            party = party_now(self._registry, found.party, at=turn.at)
            return question_of(found, told, response_uri=self._asker.response_uri(name), party=party)
        except RequestError:
            raise RefusedError from None


def mark_of(found: WalletRequest, name: str) -> bytes:
    """Return what answers to the request under ``name`` spend their one-time values by.

    It is the same for whoever sends an answer again, because the first may have spent them and failed after that. No
    two answers count by it: one at a time has the turn, which nobody gives back once something came of it.
    """
    secret = length_prefixed.encode("wallet-answer", found.presentation, name)
    return hashlib.sha256(secret).digest()[:MARK_OCTETS]


def refusal() -> Response:
    """Return the one refusal that a wallet ever sees."""
    return Response(json_octets(_REFUSAL), HTTPStatus.BAD_REQUEST, media_type="application/json", headers=_NO_STORE)


async def _wallet_nonce(request: Request) -> str | None:
    """Return the nonce by which the wallet tells a fresh request object from an old one; only a POST can have one.

    What it says of itself beside that is not needed: the request asks in every format that is served here.
    """
    if request.method != "POST":
        return None
    nonce = (await read_form(request)).text(_NONCE)
    if nonce is not None and len(nonce) > LIMITS.opaque_characters:
        raise RefusedError
    return nonce


def wallet_router(side: WalletSide) -> APIRouter:
    """Return the routes for wallets."""
    router = APIRouter(tags=["wallets"])
    path, asked = REQUEST_PATH + "{id}", request_operation()

    @router.get(path, summary="The signed request", response_class=Response, openapi_extra=asked)
    @router.post(path, summary="The signed request", response_class=Response, openapi_extra=asked)
    async def fetch(request: Request) -> Response:
        return await side.request(request, request.path_params["id"])

    @router.post(
        RESPONSE_PATH + "{id}",
        summary="The answer of a wallet",
        response_class=Response,
        openapi_extra=response_operation(),
    )
    async def answer(request: Request) -> Response:
        return await side.response(request, request.path_params["id"])

    return router
