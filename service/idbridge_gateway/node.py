"""A running node: the trust material in force, and what it was a moment ago."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from idbridge.clock import Clock
from idbridge.limits import LIMITS
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.verifier import Verifier

RETIRED_STATES: Final = 16


@dataclass(frozen=True, slots=True)
class NodeState:
    """A trust snapshot and the verifier that uses it. A request takes one and keeps it to its end."""

    snapshot: TrustSnapshot
    verifier: Verifier

    def usable_states(self, at: datetime) -> list[str]:
        """Return the states whose list can be relied on at ``at``: one is held, and its next update is not due."""
        lists = self.snapshot.lists
        return [state.value for state in sorted(lists) if at < self.snapshot.provenance(state).next_update]


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

    def held(self, snapshot_id: str) -> NodeState | None:
        """Return the state with this snapshot, if it is in force or was within the idempotency window."""
        since = self._clock.now() - LIMITS.idempotency_window
        recent: Iterable[NodeState] = (state for retired_at, state in self._retired if retired_at >= since)
        return next((state for state in (self._current, *recent) if state.snapshot.id == snapshot_id), None)
