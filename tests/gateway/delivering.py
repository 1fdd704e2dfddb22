"""Workers of a node that tell a bank by webhooks over one store, and how a test lets time pass there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from redis import Redis

from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.net.calls import Answer, Call
from idbridge_gateway.deliveries import Deliveries, PostOffice
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_outbox import RedisOutbox
from idbridge_gateway.wallet.webhooks import Webhooks
from tests.gateway.asking import Node
from tests.gateway.redis_server import RedisServer
from tests.gateway.test_wallet_webhooks import ENDED, HANDLE

Value = TypeVar("Value")
KEY = generate("Ed25519")
SECRET = b"s" * 32
RANDOM = SystemRandomness()


@dataclass(repr=False)
class Worker:
    """One worker of a node that tells a bank at its address, which answers one after another what is in ``answers``."""

    node: Node
    url: str
    answers: list[int]
    secret: bytes = SECRET
    calls: list[Call] = field(default_factory=list)
    pauses: list[timedelta] = field(default_factory=list)
    paused: asyncio.Event = field(default_factory=asyncio.Event)
    on: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.engine = RedisEngine(self.url, prefix="idbridge:sandbox:TH")
        self.post = PostOffice(self.outbox)
        self.webhooks = Webhooks(
            signer=KEY,
            registry=self.node.app.state.parts.registry,
            callers=lambda _: self,
            clock=self.node.clock,
            randomness=RANDOM,
            post=self.post,
            pause=self.pause,
        )

    def outbox(self, kind: str, life: timedelta) -> RedisOutbox:
        return RedisOutbox(self.engine, RANDOM, secret=self.secret, kind=kind, life=life)

    @property
    def deliveries(self) -> Deliveries:
        return self.webhooks.deliveries

    def call(self, call: Call, *, max_bytes: int) -> Answer:
        assert max_bytes == LIMITS.webhook_answer_bytes
        self.calls.append(call)
        return Answer(self.answers.pop(0), {}, b"")

    async def pause(self, time: timedelta) -> None:
        self.pauses.append(time)
        self.paused.set()
        await self.on.wait()

    async def tell_in_vain(self) -> None:
        """Begin to tell, and fail once."""
        self.webhooks.settled(HANDLE, ENDED)
        await self.paused.wait()

    async def take_over(self) -> None:
        await self.deliveries.take_over()
        await self.deliveries.idle()


def at(*workers: Worker, work: Callable[[], Awaitable[Value]]) -> Value:
    async def worked() -> Value:
        try:
            return await work()
        finally:
            for worker in workers:
                await worker.post.close()
                await worker.engine.close()

    return asyncio.run(worked())


def let_pass(server: RedisServer, time: timedelta) -> None:
    """Let time pass for the server: what is due later is due earlier."""
    with Redis.from_url(server.url) as redis:
        for name in redis.keys("*:" + b"due".hex()):
            for member in redis.zrange(name, 0, -1):
                redis.zincrby(name, -time / timedelta(milliseconds=1), member)
