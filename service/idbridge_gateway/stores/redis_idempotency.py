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
_ACCEPTED: Final = "accepted"
_REFUSED: Final = "refused"
# Begin a question unless there is one that is not too old, and return it whole; all in one step.
_BEGIN: Final = """
local since = redis.call('HGET', KEYS[1], 'since')
if since and tonumber(since) < tonumber(ARGV[4]) then redis.call('DEL', KEYS[1]); since = false end
if not since then
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
    """The questions of a node of several processes that share one server and one ``secret``."""

    def __init__(self, engine: RedisEngine, randomness: Randomness, *, secret: bytes) -> None:
        self._engine = engine
        self._randomness = randomness
        self._secret = secret

    async def begin(self, key: bytes, *, relying_party: str, body: bytes, items: int, at: datetime) -> Repetition:
        """Return this request with what was answered before, if it may be answered.

        Raises:
            RequestError: The key has another form, or was used with another body; ``system.overloaded``: the server
                does not answer, or is full.
        """
        require_key(key)
        digest = digest_of(self._secret, key, relying_party=relying_party)
        of_body, mark = body_digest(self._secret, body, under=digest), self._randomness.octets(MARK_OCTETS)
        oldest = at - LIMITS.idempotency_window
        times = at.timestamp(), oldest.timestamp(), kept_for(LIMITS.idempotency_window)
        told = await self._engine.batch.ask(("EVAL", _BEGIN, 1, self._name(digest), of_body, mark, *map(str, times)))
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

    def _opened(self, digest: bytes, item: int, sealed: bytes | None, *, at: datetime) -> Remembered | None:
        octets = None if sealed is None else sealing.unseal(digest, sealed, label=_label(item))
        if octets is None:
            return None
        instant, report_id, snapshot, verdict = octets.decode().split("\n")
        first = Remembered(report_id, snapshot, datetime.fromisoformat(instant), accepted=verdict == _ACCEPTED)
        return first if at - LIMITS.idempotency_window <= first.instant else None


def _field(item: int) -> bytes:
    return b"%d" % item


def _label(item: int) -> str:
    return f"{PURPOSE}-{item}"
