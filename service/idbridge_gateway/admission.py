"""Admission: whether a request is worked on now, or refused at the door before it costs anything.

What is refused gets 503 ``system.overloaded`` at once, with a ``Retry-After`` that is drawn by chance, so that those
who were refused together do not come back together. Health comes before verifications, and those before everything
else; what operators do comes last. Bounds: how many requests are in work, how many of one relying party, how long one
waited for its turn (a loop that is busy shows in nothing else), and how full the disk is. A request that anybody may
send is not in work while the rest of it is on its way. Counted here is one worker.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import IntEnum
from typing import Final, Protocol

from idbridge.errors import LaterError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness

_HEALTH_PATHS: Final = frozenset({"/healthz", "/readyz", "/.well-known/jwks.json"})
_OPERATOR_PATHS: Final = ("/admin/", "/console")
_DRAWN: Final = 256
QUEUE: Final = "queue"
AT_ONCE: Final = "at-once"
PARTY: Final = "party"
DISK: Final = "disk"
BYTES: Final = "bytes"


class Rank(IntEnum):
    """Who is let in before whom."""

    HEALTH = 0
    VERIFY = 1
    OTHER = 2
    OPERATOR = 3


_SHARES: Final = {
    Rank.VERIFY: 1.0, Rank.OTHER: LIMITS.admission_other, Rank.OPERATOR: LIMITS.admission_operator,
}  # fmt: skip
_MOST: Final = {rank: int(LIMITS.requests_at_once * share) for rank, share in _SHARES.items()}
_LONGEST: Final = {rank: LIMITS.queue_wait.total_seconds() * share for rank, share in _SHARES.items()}


def rank_of(path: str, *, is_front: bool) -> Rank:
    """Return the rank of a request by its path; ``is_front`` tells that it is a verification."""
    if is_front:
        return Rank.VERIFY
    if path in _HEALTH_PATHS:
        return Rank.HEALTH
    return Rank.OPERATOR if path.startswith(_OPERATOR_PATHS) else Rank.OTHER


class Disk(Protocol):
    """What knows whether there is room to write down what is decided."""

    @property
    def is_full(self) -> bool:
        """Tell whether nothing may be decided because it might not be written down."""
        ...


class Admission:
    """The door of one worker. ``note`` is told why somebody was refused."""

    def __init__(self, *, disk: Disk, randomness: Randomness, note: Callable[[str], None]) -> None:
        self._disk = disk
        self._randomness = randomness
        self._note = note
        self._at_once = 0
        self._each: dict[str, int] = {}

    def enter(self, rank: Rank, *, waited: float = 0.0) -> "Turn":
        """Let a request in that ``waited`` so many seconds for its turn; it leaves by ``Turn.leave``.

        Raises:
            LaterError: ``system.overloaded``.
        """
        if rank is Rank.HEALTH:
            return OUTSIDE
        if self._disk.is_full:
            raise self.refusal(DISK, "there is no room to write down what is decided")
        if waited > _LONGEST[rank]:
            raise self.refusal(QUEUE, "it waited too long for its turn")
        if self._at_once >= _MOST[rank]:
            raise self.refusal(AT_ONCE, "too much is being worked on at once")
        self._at_once += 1
        return Turn(self, rank)

    def come_back(self, rank: Rank) -> None:
        """Let a request in again that was let in and has waited for its own rest.

        Raises:
            LaterError: ``system.overloaded``, others have taken its room.
        """
        if self._at_once >= _MOST[rank]:
            raise self.refusal(AT_ONCE, "too much is being worked on at once")
        self._at_once += 1

    def go_out(self) -> None:
        """Note that a request is not worked on."""
        self._at_once -= 1

    def refusal(self, why: str, detail: str) -> LaterError:
        """Return what refuses a request, and tell of it."""
        self._note(why)
        whole = int(LIMITS.overload_pause.total_seconds())
        pause = 1 + self._randomness.octets(1)[0] * whole // _DRAWN
        return LaterError("system.overloaded", detail, retry_after=timedelta(seconds=pause))

    def count(self, party: str) -> None:
        """Count a verification of ``party``.

        Raises:
            LaterError: ``system.overloaded``, as many as may be at once are in work for it.
        """
        count = self._each.get(party, 0)
        if count >= LIMITS.requests_at_once_each:
            raise self.refusal(PARTY, "too much is being worked on for this relying party")
        self._each[party] = count + 1

    def left(self, party: str) -> None:
        """Note that a verification of ``party`` is over."""
        if self._each[party] == 1:
            del self._each[party]
        else:
            self._each[party] -= 1


class Turn:
    """One request in work, until it leaves. One that never entered (``OUTSIDE``) counts for nothing."""

    __slots__ = ("_admission", "_is_out", "_party", "_rank")

    def __init__(self, admission: Admission | None, rank: Rank = Rank.HEALTH) -> None:
        self._admission = admission
        self._rank = rank
        self._party: str | None = None
        self._is_out = False

    def belongs_to(self, party: str) -> None:
        """Say which relying party asks, once that is known.

        Raises:
            LaterError: ``system.overloaded``, as many as may be at once are in work for it.
        """
        if self._admission is not None and self._party is None:
            self._admission.count(party)
            self._party = party

    def refusal(self, why: str, detail: str) -> RequestError:
        """Return what refuses this request, which was let in, and tell of it."""
        if self._admission is None:
            return RequestError("system.overloaded", detail)
        return self._admission.refusal(why, detail)

    def pause(self) -> None:
        """Make room for as long as the rest of the request is on its way: who sends it slowly keeps nobody out."""
        if self._admission is not None and not self._is_out:
            self._is_out = True
            self._admission.go_out()

    def resume(self) -> None:
        """Come back in; whose turn is over stays out.

        Raises:
            LaterError: ``system.overloaded``, others have taken the room.
        """
        if self._admission is not None and self._is_out:
            self._admission.come_back(self._rank)
            self._is_out = False

    def leave(self) -> None:
        """Make room; once more changes nothing."""
        self.pause()
        admission, self._admission = self._admission, None
        if admission is not None and self._party is not None:
            admission.left(self._party)


class Arriving:
    """The octets of bodies that are arriving at one worker: of all together, and of each relying party its share.

    A body that arrives slowly holds its room for as long, so without a share one party could keep out all others.
    """

    def __init__(self) -> None:
        self._all = 0
        self._each: dict[str, int] = {}

    @contextmanager
    def room(self, octets: int, *, party: str, turn: Turn) -> Iterator[None]:
        """Hold room for a body of ``party``, which is ``octets`` long at most, from ``with`` to its end.

        Raises:
            RequestError: ``system.overloaded``, there is none.
        """
        its_own = self._each.get(party, 0)
        if self._all + octets > LIMITS.arriving_bytes or its_own + octets > LIMITS.arriving_bytes_each:
            raise turn.refusal(BYTES, "too much is arriving at once")
        self._all += octets
        self._each[party] = its_own + octets
        try:
            yield
        finally:
            self._all -= octets
            left = self._each.pop(party, 0) - octets
            if left > 0:
                self._each[party] = left


OUTSIDE: Final = Turn(None)
