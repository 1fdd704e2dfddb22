"""Repeated requests in Redis: what one worker answered, any other answers alike.

The workers share a secret that is derived from the node's pairwise key and never reaches the server. From it come the
name of a question, the digest of its body, and the key under which its answers are sealed: whoever copies the server
learns nothing, and whoever writes to it makes up no answer. What is older than the window is not believed either.
"""

from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.crypto import sealing
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge_gateway.stores.idempotency import (
    SECRET_OCTETS,
    Remembered,
    Repetition,
    body_digest,
    digest_of,
    require_key,
)
from idbridge_gateway.stores.redis_engine import RedisEngine, kept_for

_KIND: Final = b"again"
_BODY: Final = b"body"
# Begin a question unless there is one that is not too old, and return it whole; all in one step.
_BEGIN: Final = """
local since = redis.call('HGET', KEYS[1], 'since')
if since and tonumber(since) < tonumber(ARGV[3]) then redis.call('DEL', KEYS[1]); since = false end
if not since then
  redis.call('HSET', KEYS[1], 'since', ARGV[2], 'body', ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return redis.call('HGETALL', KEYS[1])
"""
# An answer belongs to a question that is still there: nothing is kept that would not end.
_REMEMBER: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
return redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
"""


def secret_of(pairwise_key: PairwiseKey) -> bytes:
    """Return the secret that all workers of one node have, and that tells nothing about its pairwise key."""
    derivation = HKDF(hashes.SHA256(), length=SECRET_OCTETS, salt=None, info=b"idbridge-idempotency-1")
    return derivation.derive(pairwise_key.octets)


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
        digest, of_body = digest_of(self._secret, key, relying_party=relying_party), body_digest(self._secret, body)
        oldest = at - LIMITS.idempotency_window
        times = at.timestamp(), oldest.timestamp(), kept_for(LIMITS.idempotency_window)
        told = await self._engine.batch.ask(("EVAL", _BEGIN, 1, self._name(digest), of_body, *map(str, times)))
        fields = dict(zip(told[::2], told[1::2], strict=True))
        if fields.get(_BODY) != of_body:
            raise RequestError("input.idempotency_conflict")
        found = {number: self._opened(digest, number, fields.get(_field(number)), at=at) for number in range(items)}
        return Repetition(digest, {number: first for number, first in found.items() if first is not None})

    async def remember(self, repetition: Repetition, *, item: int, first: Remembered) -> None:
        """Keep how a question was answered; the first answer stays the first.

        The answer is on its way by now. Where the server does not take it, the same question is a new one next time,
        and its one-time values are spent.
        """
        text = "\n".join((first.instant.isoformat(), first.report_id, first.snapshot))
        sealed = sealing.seal(repetition.key, text.encode(), label=_label(item), randomness=self._randomness)
        try:
            await self._engine.batch.ask(("EVAL", _REMEMBER, 1, self._name(repetition.key), _field(item), sealed))
        except RequestError:  # it is in the journal
            return

    def _name(self, digest: bytes) -> bytes:
        return self._engine.name(_KIND, sealing.name_of(digest, label="idempotency"))

    def _opened(self, digest: bytes, item: int, sealed: bytes | None, *, at: datetime) -> Remembered | None:
        octets = None if sealed is None else sealing.unseal(digest, sealed, label=_label(item))
        if octets is None:
            return None
        instant, report_id, snapshot = octets.decode().split("\n")
        first = Remembered(report_id, snapshot, datetime.fromisoformat(instant))
        return first if at - LIMITS.idempotency_window <= first.instant else None


def _field(item: int) -> bytes:
    return b"%d" % item


def _label(item: int) -> str:
    return f"idempotency-{item}"
