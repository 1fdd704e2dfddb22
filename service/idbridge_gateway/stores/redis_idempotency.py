"""Repeated requests in Redis: what one worker answered, any other answers alike.

The workers share a secret that is derived from the node's pairwise key and never reaches the server. From it come the
name of a question, the digest of its body, and the key under which its answers are sealed: whoever copies the server
learns nothing, and whoever writes to it makes up no answer. What is older than the window is not believed either.
"""

from datetime import datetime
from typing import Final

from idbridge.crypto import sealing
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge_gateway.stores.idempotency import (
    MARK_OCTETS,
    Remembered,
    Repetition,
    body_digest,
    digest_of,
    require_key,
)
from idbridge_gateway.stores.redis_engine import RedisEngine, kept_for

PURPOSE: Final = "idempotency"
_KIND: Final = b"again"
_BODY: Final = b"body"
_MARK: Final = b"mark"
_ROOM: Final = b"room"
_ACCEPTED: Final = "accepted"
_REFUSED: Final = "refused"
# Begin a question unless there is one that is not too old, and return it whole; nothing, if its relying party has no
# room left. All in one step. What a party has taken is counted beside the questions that take it, as the score of
# `room` below zero, where no instant is.
_BEGIN: Final = """
local since = redis.call('HGET', KEYS[1], 'since')
if since and tonumber(since) < tonumber(ARGV[4]) then redis.call('DEL', KEYS[1]); since = false end
if not since then
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(0', '(' .. ARGV[4])) do
    redis.call('ZREM', KEYS[2], old)
    redis.call('ZINCRBY', KEYS[2], string.match(old, '^%d+'), 'room')
  end
  local taken = -tonumber(redis.call('ZSCORE', KEYS[2], 'room') or '0')
  if taken + tonumber(ARGV[6]) > tonumber(ARGV[7]) then return false end
  if redis.call('ZADD', KEYS[2], ARGV[3], ARGV[6] .. ':' .. KEYS[1]) == 1 then
    redis.call('ZINCRBY', KEYS[2], -tonumber(ARGV[6]), 'room')
  end
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
  redis.call('HSET', KEYS[1], 'since', ARGV[3], 'body', ARGV[1], 'mark', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return redis.call('HGETALL', KEYS[1])
"""
# An answer belongs to a question that is still there, and still the same: nothing is kept that would not end.
_REMEMBER: Final = """
if redis.call('HGET', KEYS[1], 'mark') ~= ARGV[3] then return false end
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
return redis.call('HGET', KEYS[1], ARGV[1])
"""


class RedisIdempotency:
    """The questions of a node of several processes that share one server and one ``secret``.

    No relying party takes more than its share of the room (``max_each``), at whichever worker it asks.
    """

    def __init__(
        self,
        engine: RedisEngine,
        randomness: Randomness,
        *,
        secret: bytes,
        max_each: int = LIMITS.idempotency_entries_each,
    ) -> None:
        self._engine = engine
        self._randomness = randomness
        self._secret = secret
        self._max_each = max_each

    async def begin(self, key: bytes, *, relying_party: str, body: bytes, items: int, at: datetime) -> Repetition:
        """Return this request with what was answered before, if it may be answered.

        Raises:
            RequestError: The key has another form, or was used with another body; ``system.overloaded``: the server
                does not answer, or is full, or the relying party has no room left.
        """
        require_key(key)
        digest = digest_of(self._secret, key, relying_party=relying_party)
        of_body, mark = body_digest(self._secret, body, under=digest), self._randomness.octets(MARK_OCTETS)
        oldest = at - LIMITS.idempotency_window
        times = at.timestamp(), oldest.timestamp(), kept_for(LIMITS.idempotency_window)
        room = items + 1, self._max_each
        names = self._name(digest), self._room(relying_party)
        told = await self._engine.batch.ask(("EVAL", _BEGIN, 2, *names, of_body, mark, *map(str, (*times, *room))))
        if told is None:
            raise RequestError("system.overloaded", "too many repeatable requests are being remembered")
        fields = dict(zip(told[::2], told[1::2], strict=True))
        if fields.get(_BODY) != of_body:
            raise RequestError("input.idempotency_conflict")
        found = {number: self._opened(digest, number, fields.get(_field(number)), at=at) for number in range(items)}
        return Repetition(
            digest, fields.get(_MARK, mark), {number: first for number, first in found.items() if first is not None}
        )

    async def remember(self, repetition: Repetition, *, item: int, first: Remembered) -> Remembered:
        """Keep how a question was answered, and return what is kept: the first answer stays the first.

        Where the server does not take it, or has another question by now, the answer goes out as it is.
        """
        verdict = _ACCEPTED if first.accepted else _REFUSED
        text = "\n".join((first.instant.isoformat(), first.report_id, first.snapshot, verdict))
        sealed = sealing.seal(repetition.key, text.encode(), label=_label(item), randomness=self._randomness)
        name = self._name(repetition.key)
        try:
            kept = await self._engine.batch.ask(("EVAL", _REMEMBER, 1, name, _field(item), sealed, repetition.mark))
        except RequestError:  # it is in the journal
            return first
        return self._opened(repetition.key, item, kept, at=first.instant) or first

    def _name(self, digest: bytes) -> bytes:
        return self._engine.name(_KIND, sealing.name_of(digest, label=PURPOSE))

    def _room(self, relying_party: str) -> bytes:
        """Return under which name it is counted what ``relying_party`` takes; no key of a question is so short."""
        owner = digest_of(self._secret, _ROOM, relying_party=relying_party)
        return self._engine.name(_KIND, sealing.name_of(owner, label=PURPOSE))

    def _opened(self, digest: bytes, item: int, sealed: bytes | None, *, at: datetime) -> Remembered | None:
        octets = None if sealed is None else sealing.unseal(digest, sealed, label=_label(item))
        first = _remembered(octets) if octets is not None else None
        return first if first is not None and at - LIMITS.idempotency_window <= first.instant else None


def _remembered(octets: bytes) -> Remembered | None:
    """Return the answer that is kept as ``octets``; ``None`` for what another version kept in another shape."""
    try:
        instant, report_id, snapshot, verdict = octets.decode().split("\n")
        first = Remembered(report_id, snapshot, datetime.fromisoformat(instant), accepted=verdict == _ACCEPTED)
    except ValueError:
        return None
    return first if first.instant.tzinfo is not None else None


def _field(item: int) -> bytes:
    return b"%d" % item


def _label(item: int) -> str:
    return f"{PURPOSE}-{item}"
