"""Whether a store still remembers what it was told: it has a name of its own, and counts what is spent there.

Decides that a store which came back empty, older than it was, or as another one, is not used: what was spent there
could be spent once more (architecture D7). Each process knows the name and the highest count that any process of its
node saw, and the node keeps both in files, so that a restart of everything at once is noticed too. A store counts each
batch together with what the batch spends, so that there is nothing between a look and a claim. A store whose clock was
set ahead forgot as well, whatever it counts: it keeps each value until an instant by that clock. It does not know what
was lost: only an operator can say that nothing of it could be accepted any longer. Clauses: fault matrix, Redis
failover and eviction.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from idbridge.clock import BootStopwatch, Stopwatch
from idbridge.errors import ConfigurationError, FetchError, InputError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness, SystemRandomness
from idbridge.trust import files
from idbridge_gateway.stores.redis_server import UnfitServerError
from idbridge_gateway.stores.store_count import SharedCount

SEEN: Final = "store-seen"  # the file of a node's state directory
FORGOT: Final = (
    "the server that IDBRIDGE_REDIS_URL names does not know what was spent; once none of that can be accepted any "
    "longer, `idbridge serve --release-store` lets it count again"
)
SET_AHEAD: Final = (
    "the clock of the server that IDBRIDGE_REDIS_URL names was set ahead, so that it forgot too early what was spent; "
    "once none of that can be accepted any longer, `idbridge serve --release-store` lets it count again"
)
CLOCK: Final = ("TIME",)  # the command that goes with every batch, behind what it spends
_NO_TIME: Final = "the server that IDBRIDGE_REDIS_URL names does not say what time it is"
_SEEN_BYTES: Final = 128
_NAME_OCTETS: Final = 16
_NOBODY: Final = ("", 0)
_NOTHING: Final = ("", 0, 0.0, 0.0)
_TOLD: Final = 4
_TIME_PARTS: Final = 2  # seconds and microseconds
_ALL: Final = 2**53 - 1  # the count of a store that forgot by its clock: more than any counts

# KEYS[1] holds the store's name under `now`, its count under that name, and `-` under each name it had before. What
# lost its name, or counts less than somebody saw, has forgotten, and says so to everybody from then on: it keeps the
# counts that it has, by which it is told from a store that nobody ever used.
_RECALL: Final = """
local now, known, least, way = redis.call('HGET', KEYS[1], 'now'), ARGV[1], tonumber(ARGV[2]), ARGV[5]
if now and known == now and (tonumber(redis.call('HGET', KEYS[1], now)) or 0) < least then
  if way == 'look' then return {'', '0', '0', '0'} end
  redis.call('HDEL', KEYS[1], 'now')
  now = false
end
if not now then
  local lost = known ~= '' or redis.call('EXISTS', KEYS[1]) == 1
  if way == 'look' then return {lost and '' or '-', '0', '0', '0'} end
  if lost and way ~= 'release' then return {'', '0', '0', '0'} end
  now = ARGV[3]
  redis.call('HSET', KEYS[1], 'now', now, now, '1')
end
if known ~= '' and known ~= now and redis.call('HGET', KEYS[1], known) ~= '-' then
  if way ~= 'release' then return {'', '0', '0', '0'} end
  redis.call('HSET', KEYS[1], known, '-')
end
return {now, redis.call('HGET', KEYS[1], now), redis.call('TIME')[1], ARGV[4]}
"""


class Way(StrEnum):
    """Why a store is asked: to look and change nothing, to use it, or to use it though it forgot."""

    LOOK = "look"
    USE = "use"
    RELEASE = "release"


@dataclass(slots=True)
class StoreMemory:
    """What one process knows of the store that keeps its name and count under ``key``.

    ``directory`` is where the node keeps that as well; ``None`` for who keeps nothing.
    """

    key: bytes
    directory: Path | None = None
    way: Way = Way.USE
    randomness: Randomness = field(default_factory=SystemRandomness)
    stopwatch: Stopwatch = field(default_factory=BootStopwatch)
    _ahead: float | None = None  # at most what the store's clock showed beyond the stopwatch when it was heard last
    _known: tuple[str, int] = _NOBODY
    _kept: tuple[str, int] = _NOBODY
    _shared: SharedCount | None = None

    def __post_init__(self) -> None:
        if self.directory is not None:
            self._known = self._kept = _read(self.directory)
            if self._known != _NOBODY and self.way is not Way.LOOK:
                self._shared = SharedCount(self.directory)

    def question(self) -> tuple[bytes | str | int, ...]:
        """Return the command by which a store says on a new connection what it remembers."""
        name, count = self._known = self._highest()
        if count == _ALL and self.way is not Way.RELEASE:
            count = 0  # that it forgot is known here; whether it was released, it says by another name
        offered = self.randomness.octets(_NAME_OCTETS).hex()
        asked = f"{self.stopwatch.seconds():.3f}"  # comes back with the answer, which may be that to another question
        return ("EVAL", _RECALL, 1, self.key, name, count, offered, asked, self.way.value)

    def counting(self) -> tuple[bytes | str | int, ...]:
        """Return the command that goes with every batch."""
        return ("HINCRBY", self.key, self._known[0], 1)

    def hear(self, answer: Any) -> None:
        """Take the answer to ``question``.

        Raises:
            UnfitServerError: The store has forgotten, or its clock was set ahead.
            ConfigurationError: It is a new one, and what would tell whether it forgot cannot be written down.
        """
        name, count, seconds, asked = _told(answer)
        if not name:
            raise UnfitServerError(FORGOT)
        if name == self._known[0] and self._known[1] == _ALL:
            raise UnfitServerError(SET_AHEAD)
        if name == "-" or self.way is Way.LOOK:
            return  # it was never used, or is only looked at
        is_new = name != self._known[0]
        known = (name, count if is_new else max(count, self._known[1]))
        if is_new:
            self._keep(known)
        self._known = known
        self._share()
        self._hear_clock(seconds, asked=asked)

    def _hear_clock(self, seconds: float, *, asked: float) -> None:
        """Take what the store's clock showed when it was ``asked`` or later.

        Raises:
            UnfitServerError: Since it was heard last it went ahead by more than is left alone of the time that passed.
        """
        before, self._ahead = self._ahead, seconds - asked
        self._require_slewed(seconds, before)

    def hear_time(self, answer: Any) -> None:
        """Take the answer to ``CLOCK``: what a batch found unspent, a store may have forgotten by its clock before it.

        It is held against the last look, so that small steps between two looks add up.

        Raises:
            UnfitServerError: The clock was set ahead since, or the store does not tell its time.
        """
        seconds = answer[0] if type(answer) is list and len(answer) == _TIME_PARTS else b""
        if not isinstance(seconds, bytes) or not seconds.isdigit():
            raise UnfitServerError(_NO_TIME)
        self._require_slewed(float(seconds), self._ahead)

    def _require_slewed(self, seconds: float, before: float | None) -> None:
        if before is None or seconds - self.stopwatch.seconds() - before <= LIMITS.store_clock_ahead.total_seconds():
            return
        self._known = (self._known[0], _ALL)
        self._share()
        self.keep()
        raise UnfitServerError(SET_AHEAD)

    @property
    def count(self) -> int:
        """How much the store had counted when it was last heard."""
        return self._known[1]

    def hear_count(self, answer: Any, *, since: int) -> None:
        """Take the answer to ``counting``, which was asked when the count was ``since``.

        Raises:
            UnfitServerError: The store has forgotten since the last batch.
        """
        if type(answer) is not int or answer <= since:
            raise UnfitServerError(FORGOT)
        self._known = (self._known[0], max(self._known[1], answer))
        self._share()

    def _highest(self) -> tuple[str, int]:
        """Return name and count as any process of this node saw them."""
        name, count = self._known
        return (name, max(count, self._shared.highest(name))) if self._shared is not None else (name, count)

    def _share(self) -> None:
        """Let the other processes of this node know what this one knows.

        Raises:
            ConfigurationError: They share no page of memory.
        """
        if self.directory is not None:
            self._shared = self._shared or SharedCount(self.directory)
            self._shared.tell(*self._known)

    def keep(self) -> None:
        """Write down what is known, if it changed. It blocks.

        Raises:
            ConfigurationError: The file cannot be written.
        """
        self._keep(self._known)

    def _keep(self, known: tuple[str, int]) -> None:
        if self.directory is None or known == self._kept:
            return
        name, count = _read(self.directory)
        if name != known[0] or count < known[1]:  # another worker of this node may have seen more
            files.write(self.directory, SEEN, f"{known[0]} {known[1]}\n".encode(), mode=0o600)
        self._kept = known


def _told(answer: Any) -> tuple[str, int, float, float]:
    """Return name, count, clock and when it was asked, as a store says them; nothing if it says anything else."""
    if isinstance(answer, list) and len(answer) == _TOLD and all(isinstance(part, bytes) for part in answer):
        name, count, seconds, asked = answer
        try:
            if name.isalnum() or name == b"-":
                told = int(count) if count.isdigit() else 0
                return name.decode("ascii", "replace"), told, float(seconds), float(asked)
        except ValueError:
            return _NOTHING
    return _NOTHING


def _read(directory: Path) -> tuple[str, int]:
    """Return what the node kept.

    Raises:
        ConfigurationError: The file cannot be read, or holds something else.
    """
    try:
        octets = files.read(directory, SEEN, max_bytes=_SEEN_BYTES)
    except files.AbsentError:
        return _NOBODY
    except (FetchError, InputError) as unreadable:
        raise ConfigurationError(f"{SEEN} cannot be read") from unreadable
    name, _, count = octets.decode("ascii", "replace").strip().partition(" ")
    if not (name.isalnum() and count.isdecimal()):
        raise ConfigurationError(f"{SEEN} does not hold what a node writes there")
    return name, int(count)
