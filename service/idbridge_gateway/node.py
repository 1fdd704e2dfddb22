"""A running node: the trust material in force, and what it was a moment ago."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from idbridge.clock import Clock
from idbridge.errors import RequestError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.status.snapshot import StatusSnapshot
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf.mirror import NOTHING
from idbridge.verify.verifier import Verifier

RETIRED_STATES: Final = 16


@dataclass(frozen=True, slots=True)
class NodeState:
    """A trust snapshot and the verifier that uses it, with a status snapshot. A request keeps one to its end.

    ``tree`` is the distribution that the snapshot was taken from, by path, for others to read.
    """

    snapshot: TrustSnapshot
    verifier: Verifier
    tree: Mapping[str, bytes] = field(default_factory=lambda: NOTHING)

    def clock_is_behind(self, at: datetime) -> bool:
        """Tell whether ``at`` is earlier than what was signed already: what has expired since would come back."""
        regional = self.snapshot.regional
        return regional is not None and at + LIMITS.list_issue_skew < regional.signed_at

    @property
    def id(self) -> str:
        """Names both snapshots: an answer that is given again rests on the same two."""
        return f"{self.snapshot.id}.{self.verifier.status.id}"

    def with_status(self, status: StatusSnapshot) -> "NodeState":
        """Return the state of the same trust in which ``status`` is what is known of revocation."""
        return replace(self, verifier=self.verifier.with_status(status))

    def usable_states(self, at: datetime) -> list[str]:
        """Return the states whose list can be relied on at ``at``: one is held, and it is not out of date."""
        if self.clock_is_behind(at):
            return []
        return [state.value for state in sorted(self.snapshot.lists) if self._is_current(state, at=at)]

    def _is_current(self, state: MemberState, *, at: datetime) -> bool:
        try:
            self.snapshot.require_current(state, at=at)
        except TrustError:
            return False
        return True


class TrustInForce:
    """The one reference to the trust material in force; it is exchanged whole and never changed."""

    def __init__(self, state: NodeState, *, clock: Clock) -> None:
        self._clock = clock
        self._current = state
        self._retired: deque[tuple[datetime, NodeState]] = deque(maxlen=RETIRED_STATES)

    def current(self) -> NodeState:
        """Return what is in force now.

        Raises:
            RequestError: ``system.not_ready``: the clock of this machine was set back behind what is in force. (The
                sandbox can bring it about otherwise.)
        """
        if self._current.clock_is_behind(self._clock.now()):
            raise RequestError("system.not_ready")
        return self._current

    @property
    def in_force(self) -> NodeState:
        """What is held, whether or not it can be reached."""
        return self._current

    def exchange(self, state: NodeState) -> bool:
        """Put the trust material of ``state`` in force; tell whether that changed anything.

        The same trust snapshot again keeps its caches. What is known of revocation stays: it was signed by authorities,
        and says nothing of any other.
        """
        if state.snapshot.id == self._current.snapshot.id:
            return False
        self._put(state.with_status(self._current.verifier.status))
        return True

    def exchange_status(self, status: StatusSnapshot) -> bool:
        """Let ``status`` be what is known of revocation, beside the same trust; tell whether that changed anything."""
        if status.id == self._current.verifier.status.id:
            return False
        self._put(self._current.with_status(status))
        return True

    def _put(self, state: NodeState) -> None:
        self._retired.append((self._clock.now(), self._current))
        self._current = state

    def file_of_tree(self, path: str) -> bytes | None:
        """Return a file of the tree in force, or of one that was a moment ago: its readers are not done yet."""
        recent = (state.tree for state in self._recent())
        return next((tree[path] for tree in (self._current.tree, *recent) if path in tree), None)

    def held(self, state_id: str) -> NodeState | None:
        """Return the state of this name, if it is in force or was within the idempotency window."""
        return next((state for state in (self._current, *self._recent()) if state.id == state_id), None)

    def _recent(self) -> Iterator[NodeState]:
        """Yield what was in force within the idempotency window, the last first."""
        since = self._clock.now() - LIMITS.idempotency_window
        return (state for retired_at, state in reversed(self._retired) if retired_at >= since)
