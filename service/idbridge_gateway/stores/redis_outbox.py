"""What is yet to be told, in Redis: a delivery whose process ended is gone on with by any other of the node.

Each delivery is sealed under a secret that is derived from the node's pairwise key and never reaches the server: who
copies the server learns nothing of it, and who writes to it makes none up. Times are the server's own. Bounded in
number and in time; what is not taken is told from memory alone.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from idbridge.crypto import sealing
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.stores.documents import read_kept, require_texts, require_type
from idbridge_gateway.stores.outbox import Delivery
from idbridge_gateway.stores.redis_engine import RedisEngine

PURPOSE: Final = "outbox"
_OWNER_OCTETS: Final = 16
_NOBODY: Final = -1
_LOOKED_AT: Final = 16  # times as many as may be taken, for some are of somebody for whom enough wait
_NOW: Final = "local time = redis.call('TIME'); local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
_KEEP: Final = (
    _NOW
    + """
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[6]) then return 0 end
redis.call('HSET', KEYS[2], 'owner', ARGV[2], 'sealed', ARGV[3], 'to', ARGV[7])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
redis.call('ZADD', KEYS[1], now + ARGV[4], ARGV[1])
return 1
"""
)
_HOLD: Final = (
    _NOW
    + """
local owner = redis.call('HGET', KEYS[2], 'owner')
if not owner then return -1 end
if owner ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], 'sealed', ARGV[3])
redis.call('ZADD', KEYS[1], now + ARGV[4], ARGV[1])
return 1
"""
)
_DROP: Final = """
local owner = redis.call('HGET', KEYS[2], 'owner')
if owner and owner ~= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('DEL', KEYS[2])
"""
# Of what is named, that which this process still owns and which still waits.
_RENEW: Final = (
    _NOW
    + """
for number = 4, #ARGV do
  if redis.call('HGET', ARGV[3] .. ARGV[number], 'owner') == ARGV[1] then
    redis.call('ZADD', KEYS[1], 'XX', now + ARGV[2], ARGV[number])
  end
end
return 1
"""
)
# Those whose time is up, each with what is kept of it; one of which nothing is kept any more is forgotten. Those for
# somebody for whom enough wait here are left to other workers, and put off for a moment, so that they hide no others.
_CLAIM: Final = (
    _NOW
    + """
local claimed = {}
local most = tonumber(ARGV[3])
local waiting = {}
for number = 7, #ARGV, 2 do waiting[ARGV[number]] = tonumber(ARGV[number + 1]) end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[5])) do
  if #claimed >= 2 * most then break end
  local item = ARGV[4] .. id
  local kept = redis.call('HMGET', item, 'sealed', 'to')
  local to = kept[2] or ''
  if not kept[1] then
    redis.call('ZREM', KEYS[1], id)
  elseif (waiting[to] or 0) >= most then
    redis.call('ZADD', KEYS[1], now + ARGV[6], id)
  else
    waiting[to] = (waiting[to] or 0) + 1
    redis.call('HSET', item, 'owner', ARGV[1])
    redis.call('ZADD', KEYS[1], now + ARGV[2], id)
    table.insert(claimed, id)
    table.insert(claimed, kept[1])
  end
end
return claimed
"""
)


class RedisOutbox:
    """The deliveries of one ``kind`` of every process that uses one server and one ``secret``; kept for ``life``."""

    survives: Final = True

    def __init__(
        self, engine: RedisEngine, randomness: Randomness, *, secret: bytes, kind: str, life: timedelta
    ) -> None:
        self._engine = engine
        self._randomness = randomness
        self._secret = secret
        self._label = f"{PURPOSE}-{kind}"
        self._due = engine.name(self._label.encode(), b"due")
        self._owner = randomness.octets(_OWNER_OCTETS).hex()
        self._life = life

    async def keep(self, delivery: Delivery, *, ahead: timedelta) -> bool:
        """Keep a new delivery, held by this process for the time ``ahead``; tell whether it is kept."""
        most = LIMITS.deliveries_kept
        arguments = (
            _id(delivery),
            self._owner,
            self._sealed(delivery),
            _ms(ahead),
            _ms(self._life),
            most,
            self._to(delivery.to),
        )
        try:
            kept = await self._engine.batch.ask(("EVAL", _KEEP, 2, self._due, self._name(delivery), *arguments))
        except RequestError:  # it is in the journal
            return False
        if not kept:
            JOURNAL.warning("%s: %s is told from memory alone, too many are kept", self._label, delivery.id)
        return bool(kept)

    async def hold(self, delivery: Delivery, *, ahead: timedelta) -> bool:
        """Keep how far it has come, and hold it for the time ``ahead``; tell whether it is not another's by now."""
        arguments = (_id(delivery), self._owner, self._sealed(delivery), _ms(ahead))
        try:
            held = await self._engine.batch.ask(("EVAL", _HOLD, 2, self._due, self._name(delivery), *arguments))
        except RequestError:
            return True
        return held in {1, _NOBODY}

    async def drop(self, delivery: Delivery) -> None:
        """Forget a delivery that this process holds."""
        arguments = (_id(delivery), self._owner)
        try:
            await self._engine.batch.ask(("EVAL", _DROP, 2, self._due, self._name(delivery), *arguments))
        except RequestError:
            return  # another tells it once more, under the same id

    async def renew(self, deliveries: Sequence[Delivery], *, ahead: timedelta) -> None:
        """Hold for the time ``ahead`` what of ``deliveries`` is still this process's; how far each came is kept."""
        prefix = self._engine.name(self._label.encode(), b"")
        named = [_id(delivery) for delivery in deliveries]
        try:
            await self._engine.batch.ask(("EVAL", _RENEW, 1, self._due, self._owner, _ms(ahead), prefix, *named))
        except RequestError:
            return  # another goes on with them, under the same ids

    async def claim(self, *, most: int, ahead: timedelta, waiting: Mapping[str, int]) -> Sequence[Delivery]:
        """Return what nobody holds any more, and hold it for the time ``ahead``; to nobody more than ``most``."""
        prefix = self._engine.name(self._label.encode(), b"")
        bounds = most, prefix, most * _LOOKED_AT, _ms(LIMITS.delivery_margin)
        counts = [told for to, count in waiting.items() for told in (self._to(to), count)]
        try:
            claimed = await self._engine.batch.ask(
                ("EVAL", _CLAIM, 1, self._due, self._owner, _ms(ahead), *bounds, *counts)
            )
        except RequestError:
            return ()
        found = (self._opened(name, sealed) for name, sealed in zip(claimed[::2], claimed[1::2], strict=True))
        return tuple(one for one in found if one is not None)

    def _name(self, delivery: Delivery) -> bytes:
        return self._engine.name(self._label.encode(), delivery.id.encode())

    def _to(self, to: str) -> str:
        """Return what stands for ``to`` in the store, which tells nobody who that is."""
        return hmac.digest(self._secret, f"{self._label}:{to}".encode(), hashlib.sha256).hex()

    def _sealed(self, delivery: Delivery) -> bytes:
        text = json.dumps([delivery.id, delivery.to, delivery.body, delivery.attempts])
        return sealing.seal(self._secret, text.encode(), label=self._label, randomness=self._randomness)

    def _opened(self, name: bytes, sealed: bytes) -> Delivery | None:
        """Return the delivery that is kept under ``name``; ``None`` for what no worker of this node put there."""
        octets = sealing.unseal(self._secret, sealed, label=self._label)
        delivery = read_kept(octets, _delivery)
        return delivery if delivery is not None and _id(delivery).encode() == name else None


def _delivery(kept: Any) -> Delivery:
    delivery_id, to, body, attempts = require_type(kept, list)
    require_texts((delivery_id, to, body))
    return Delivery(delivery_id, to, body, require_type(attempts, int))


def _id(delivery: Delivery) -> str:
    return delivery.id.encode().hex()


def _ms(time: timedelta) -> int:
    return int(time / timedelta(milliseconds=1))
