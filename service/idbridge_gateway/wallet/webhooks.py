"""Webhooks: a relying party is told by its registered address that a request of its own was answered, and nothing else.

Signed as Standard Webhooks 1.0 says (``v1a``: Ed25519 over id, timestamp and body), so that nobody else can tell it so.
What is told is the id; who wants to know more asks with its own key. An address that does not answer is tried again a
few times, more slowly each time, and never in the way of anybody's request or of what another party is told; an address
that is gone is left alone. Each attempt goes where the party is registered at that moment. Webhooks are hints: one may
come twice under one id, or not at all, and ``GET /v1/presentations/{id}`` is what counts.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Response

from idbridge.clock import Clock
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, FetchError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment
from idbridge.model.time import instant_text
from idbridge.net.calls import Answer, Call, Caller, Method
from idbridge.net.guarded import GuardedClient
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.schemas import answers
from idbridge_gateway.deliveries import PostOffice
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.stores.outbox import Delivery
from idbridge_gateway.wallet.parties import still_asks
from idbridge_gateway.wallet.pauses import Pause, system_pause
from idbridge_gateway.wallet.records import Presentation

# Between one attempt and the next: within the time for which an answer is kept.
DELAYS: Final = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
KEYS_PATH: Final = "/.well-known/webhook-keys.json"
_CACHED: Final = {"cache-control": "public, max-age=300, must-revalidate"}
_ID_OCTETS: Final = 16
_OK: Final = range(200, 300)
_GONE: Final = 410
Callers = Callable[[str], Caller]


def signed_call(delivery: Delivery, signer: Signer, *, address: str, at: datetime) -> Call:
    """Return the request that tells ``delivery`` to ``address`` at ``at``."""
    timestamp, body = str(int(at.timestamp())), delivery.body.encode()
    signed = b".".join((delivery.id.encode("ascii"), timestamp.encode("ascii"), body))
    head = {
        "Content-Type": "application/json",
        "webhook-id": delivery.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1a,{b64encode(signer.sign(signed)).decode('ascii')}",
    }
    return Call(Method.POST, address, head, body)


def guarded_callers(environment: Environment) -> Callers:
    """Return what calls an address: its own host and no other, one on this machine in a sandbox only."""

    def caller(address: str) -> Caller:
        return GuardedClient(
            frozenset({urlsplit(address).netloc.lower()}),
            environment,
            allow_loopback=environment is Environment.SANDBOX,
            total=LIMITS.webhook_wait,
        )

    return caller


class Webhooks:
    """The webhooks of one worker. Without a ``signer`` nobody is told anything."""

    kind: Final = "webhook"
    delays: Final[Sequence[timedelta]] = DELAYS
    each: Final = LIMITS.webhook_calls_each

    def __init__(
        self,
        *,
        signer: Signer | None,
        registry: RegistryInForce,
        callers: Callers,
        clock: Clock,
        randomness: Randomness,
        post: PostOffice,
        pause: Pause = system_pause,
    ) -> None:
        self._signer = signer
        self._registry = registry
        self._callers = callers
        self._clock = clock
        self._randomness = randomness
        self._threads = ThreadPoolExecutor(LIMITS.webhook_calls, thread_name_prefix="idbridge-webhook")
        self.deliveries: Final = post.opened(self, life=LIMITS.webhook_life, pause=pause)

    def settled(self, handle: str, presentation: Presentation) -> None:
        """Let the owner of ``presentation`` be told that it has come to an end; returns at once."""
        if self._signer is None or self._address(presentation.owner) is None:
            return
        if self.deliveries.waiting[presentation.owner] >= LIMITS.webhooks_waiting:
            JOURNAL.warning("webhook to %s: dropped, too many are under way", presentation.owner)
            return
        message = f"msg_{self._randomness.octets(_ID_OCTETS).hex()}"
        body = _body(handle, presentation, at=self._clock.now())
        self.deliveries.begin(Delivery(message, presentation.owner, body))

    async def attempt(self, delivery: Delivery) -> bool:
        """Tell whether nothing more is to be done: it was heard, or nobody will ever hear it there."""
        try:
            answer = await self._answer(delivery)
        except FetchError as failed:
            JOURNAL.warning("webhook %s to %s: %s", delivery.id, delivery.to, failed)
            return False
        except ConfigurationError as broken:  # an address that nothing may call, or a key that does not sign
            JOURNAL.error("webhook %s to %s: %s", delivery.id, delivery.to, broken)
            return True
        if answer is None or answer.status in _OK:
            return True
        JOURNAL.warning("webhook %s to %s: answered %d", delivery.id, delivery.to, answer.status)
        return answer.status == _GONE

    def given_up(self, delivery: Delivery) -> None:
        """Say nothing more: each attempt is in the journal."""

    async def _answer(self, delivery: Delivery) -> Answer | None:
        """Tell ``delivery`` at the address of this moment; ``None`` if its party has none any more."""
        address, at = self._address(delivery.to), self._clock.now()
        if address is None or self._signer is None:
            return None
        call, caller = signed_call(delivery, self._signer, address=address, at=at), self._callers(address)
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: caller.call(call, max_bytes=LIMITS.webhook_answer_bytes)
        )

    def _address(self, party: str) -> str | None:
        """Return where ``party`` is told; ``None`` if nowhere, or if it is switched off or gone."""
        if not still_asks(self._registry, party, at=self._clock.now()):
            return None
        return self._registry.registration(party).webhook


def webhook_router(signer: Signer | None) -> APIRouter:
    """Return the route of the key under which webhooks are signed, apart from those of assertions."""
    router = APIRouter(tags=["presentations"])
    keys = [dict(signer.public_jwk)] if signer is not None else []

    @router.get(KEYS_PATH, summary="The key of webhooks", response_class=Response, responses=answers("Jwks"))
    async def key_set() -> Response:
        return Response(json_octets({"keys": keys}), media_type="application/json", headers=_CACHED)

    return router


def _body(handle: str, presentation: Presentation, *, at: datetime) -> str:
    document: Mapping[str, Any] = {
        "type": f"presentation.{presentation.outcome.value}",
        "timestamp": instant_text(at),
        "data": {"id": handle, "relying_party": presentation.owner},
    }
    return json.dumps(document, separators=(",", ":"))
