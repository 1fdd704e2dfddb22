"""A running node: the trust material in force, and what it was a moment ago."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from idbridge.clock import Clock
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf.mirror import NOTHING
from idbridge.verify.verifier import Verifier

RETIRED_STATES: Final = 16


@dataclass(frozen=True, slots=True)
class NodeState:
    """A trust snapshot and the verifier that uses it. A request takes one and keeps it to its end.

    ``tree`` is the distribution that the snapshot was taken from, by path, for others to read.
    """

    snapshot: TrustSnapshot
    verifier: Verifier
    tree: Mapping[str, bytes] = field(default_factory=lambda: NOTHING)

    def usable_states(self, at: datetime) -> list[str]:
        """Return the states whose list can be relied on at ``at``: one is held, and it is not out of date."""
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
            RequestError: ``system.not_ready``, no list of any state is usable. (The sandbox can bring it about.)
        """
        return self._current

    @property
    def in_force(self) -> NodeState:
        """What is held, whether or not it can be reached."""
        return self._current

    def exchange(self, state: NodeState) -> bool:
        """Put ``state`` in force; tell whether that changed anything. The same snapshot again keeps its caches."""
        if state.snapshot.id == self._current.snapshot.id:
            return False
        self._retired.append((self._clock.now(), self._current))
        self._current = state
        return True

    def file_of_tree(self, path: str) -> bytes | None:
        """Return a file of the tree in force, or of one that was a moment ago: its readers are not done yet."""
        recent = (state.tree for state in self._recent())
        return next((tree[path] for tree in (self._current.tree, *recent) if path in tree), None)

    def held(self, snapshot_id: str) -> NodeState | None:
        """Return the state with this snapshot, if it is in force or was within the idempotency window."""
        return next((state for state in (self._current, *self._recent()) if state.snapshot.id == snapshot_id), None)

    def _recent(self) -> Iterator[NodeState]:
        """Yield what was in force within the idempotency window, the last first."""
        since = self._clock.now() - LIMITS.idempotency_window
        return (state for retired_at, state in reversed(self._retired) if retired_at >= since)
