"""``POST /v1/verify`` and ``/v1/verify/batch``: a thin ASGI front, so that a verdict costs little more than its checks.

Who asks is settled before a single octet of the body is read. One request takes one trust snapshot and one instant and
keeps them to its end; the items of a batch share them, keep their order, and none can fail another. Each item begins
after the one before it and waits for nothing but its own one-time values: of two that spend the same one, the first
counts. Between two items whoever else has something to do gets the loop.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from idbridge.clock import Clock
from idbridge.codec import strict_json
from idbridge.crypto.jwe import DecryptionKey
from idbridge.errors import InputError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.request import RelyingParty, VerifyRequest
from idbridge_gateway.admission import Arriving
from idbridge_gateway.api.answer import Answer, json_octets
from idbridge_gateway.api.body import Receive, bound_of, read_body, refuse_media
from idbridge_gateway.api.callers import Caller, Callers
from idbridge_gateway.api.head import RequestHead
from idbridge_gateway.api.problems import problem
from idbridge_gateway.api.request import read_request
from idbridge_gateway.journal import note_unexpected
from idbridge_gateway.node import NodeState, TrustInForce
from idbridge_gateway.registry.rates import Rates
from idbridge_gateway.signing import Issuing, IssuingInForce
from idbridge_gateway.stores.idempotency import Idempotency, Remembered, Repetition
from idbridge_gateway.stores.one_time import NOBODY
from idbridge_gateway.verdict import Released, Verdicts

VERIFY_PATH: Final = "/v1/verify"
BATCH_PATH: Final = "/v1/verify/batch"
_BATCH_MEMBERS: Final = frozenset({"items"})


@dataclass(frozen=True, slots=True)
class Round:
    """What is fixed for one request: who asks, by which material and keys, when, and under which idempotency key."""

    relying_party: RelyingParty
    state: NodeState
    issuing: Issuing
    at: datetime
    correlation_id: str
    repetition: Repetition | None = None


class VerifyFront:
    """Answers verification requests, one or many at a time."""

    def __init__(
        self,
        *,
        verdicts: Verdicts,
        trust: TrustInForce,
        issuing: IssuingInForce,
        callers: Callers,
        rates: Rates,
        idempotency: Idempotency,
        clock: Clock,
        node_audiences: frozenset[str],
        decryption_keys: tuple[DecryptionKey, ...] = (),
    ) -> None:
        self._verdicts = verdicts
        self._trust = trust
        self._issuing = issuing
        self._callers = callers
        self._rates = rates
        self._idempotency = idempotency
        self._clock = clock
        self._node_audiences = node_audiences
        self._decryption_keys = decryption_keys
        self._arriving = Arriving()

    async def single(self, head: RequestHead, receive: Receive) -> Answer:
        """Answer ``POST /v1/verify``.

        Raises:
            RequestError: The request is broken, or this node cannot take it now.
            ClientGone: Nobody is left to answer.
        """
        caller, body = await self._body(head, receive, path=VERIFY_PATH, max_bytes=LIMITS.body_bytes)
        members = _parsed(body, max_bytes=LIMITS.body_bytes)
        told = self._rates.take(caller.relying_party.id)
        turn = await self._round(head, caller.relying_party, body=body, items=1)
        report = json_octets(await self._item(members, turn, number=0))
        return Answer(200, report, headers=(*told, *caller.headers))

    async def batch(self, head: RequestHead, receive: Receive) -> Answer:
        """Answer ``POST /v1/verify/batch``: a report or a problem for each item, in the order of the items.

        Raises:
            RequestError: The request as a whole is broken, or this node cannot take it now.
            ClientGone: Nobody is left to answer.
        """
        caller, body = await self._body(head, receive, path=BATCH_PATH, max_bytes=LIMITS.batch_body_bytes)
        items = _items(_parsed(body, max_bytes=LIMITS.batch_body_bytes))
        told = self._rates.take(caller.relying_party.id, cost=len(items))
        turn = await self._round(head, caller.relying_party, body=body, items=len(items))
        async with asyncio.TaskGroup() as group:
            tasks: list[asyncio.Task[bytes]] = []
            for number, members in enumerate(items):
                tasks.append(group.create_task(self._written(members, turn, number=number)))
                await asyncio.sleep(0)  # it goes as far as it can by itself; others have the loop before the next one
        return Answer(200, _joined(task.result() for task in tasks), headers=(*told, *caller.headers))

    async def _body(self, head: RequestHead, receive: Receive, *, path: str, max_bytes: int) -> tuple[Caller, bytes]:
        caller = await self._callers.identified(head, method="POST", path=path)
        head.turn.belongs_to(caller.relying_party.id)
        self._rates.require_any(caller.relying_party.id)
        refuse_media(head)
        bound = bound_of(head, max_bytes=max_bytes)
        with self._arriving.room(bound, party=caller.relying_party.id, turn=head.turn):
            return caller, await read_body(receive, max_bytes=bound)

    async def _round(self, head: RequestHead, relying_party: RelyingParty, *, body: bytes, items: int) -> Round:
        """Fix what stays the same to the end of this request."""
        at = self._clock.now()
        state, issuing = self._trust.current(), self._issuing.current()
        repetition: Repetition | None = None
        if head.idempotency_key is not None:
            repetition = await self._idempotency.begin(
                head.idempotency_key, relying_party=relying_party.id, body=body, items=items, at=at
            )
        return Round(relying_party, state, issuing, at, head.correlation_id, repetition)

    async def _written(self, members: Any, turn: Round, *, number: int) -> bytes:
        """Return the answer to one item, as it stands in the answer to the batch."""
        return json_octets(await self._contained(members, turn, number=number))

    async def _contained(self, members: Any, turn: Round, *, number: int) -> dict[str, Any]:
        """Return the report on one item of a batch, or the problem with it."""
        try:
            return await self._item(members, turn, number=number)
        except RequestError as broken:
            return problem(broken, correlation_id=turn.correlation_id)
        except Exception as error:  # noqa: BLE001 - one item never fails the others
            note_unexpected(error, correlation_id=turn.correlation_id)
            return problem(RequestError("system.internal"), correlation_id=turn.correlation_id)

    async def _item(self, members: Any, turn: Round, *, number: int) -> dict[str, Any]:
        request = read_request(
            members,
            relying_party=turn.relying_party,
            node_audiences=self._node_audiences,
            decryption_keys=self._decryption_keys,
        )
        repetition = turn.repetition
        if repetition is None:
            return (await self._first(request, turn)).document()
        return (await self._repeatable(request, turn, repetition, number=number)).document()

    async def _first(self, request: VerifyRequest, turn: Round, *, by: bytes = NOBODY) -> Released:
        return await self._verdicts.first(request, state=turn.state, issuing=turn.issuing, at=turn.at, by=by)

    async def _repeatable(
        self, request: VerifyRequest, turn: Round, repetition: Repetition, *, number: int
    ) -> Released:
        """Return the answer to a question that may have been answered before, or be asked elsewhere at this moment."""
        earlier = repetition.earlier.get(number)
        if earlier is None:
            released = await self._first(request, turn, by=repetition.spender(number))
            if not released.settled:
                return released
            accepted = released.report.accepted
            mine = Remembered(released.report_id, turn.state.id, turn.at, accepted=accepted)
            earlier = await self._idempotency.remember(repetition, item=number, first=mine)
            if earlier == mine:
                return released
        return await self._again(request, turn, earlier, by=repetition.spender(number))

    async def _again(self, request: VerifyRequest, turn: Round, earlier: Remembered, *, by: bytes) -> Released:
        """Return the answer to a question that was answered before."""
        then, verdicts = self._trust.held(earlier.snapshot), self._verdicts
        current, issuing, at = turn.state, turn.issuing, turn.at
        if then is None:
            return await verdicts.anew(request, earlier=earlier, current=current, issuing=issuing, at=at, by=by)
        return await verdicts.again(request, earlier=earlier, then=then, current=current, issuing=issuing, at=at, by=by)


def _parsed(body: bytes, *, max_bytes: int) -> Any:
    try:
        return strict_json.parse(body, max_bytes=max_bytes, max_values=LIMITS.json_values)
    except InputError as error:
        raise RequestError("input.request_malformed", f"the body is not strict JSON: {error.detail}") from None


def _items(members: Any) -> list[Any]:
    if type(members) is not dict or members.keys() != _BATCH_MEMBERS or type(members["items"]) is not list:
        raise RequestError("input.request_malformed", "a batch is an object with the list `items` and nothing else")
    items: list[Any] = members["items"]
    if not items:
        raise RequestError("input.request_malformed", "a batch has at least one item")
    if len(items) > LIMITS.batch_items:
        raise RequestError("input.body_too_large", f"a batch has at most {LIMITS.batch_items} items")
    return items


def _joined(written: Iterable[bytes]) -> bytes:
    return b'{"items":[%b]}' % b",".join(written)
