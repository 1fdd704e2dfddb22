"""Turns: what stays the same from the beginning of one request to its end."""

from dataclasses import dataclass, replace
from datetime import datetime

from idbridge.clock import Clock
from idbridge.status.snapshot import StatusSnapshot
from idbridge_gateway.node import NodeState, TrustInForce
from idbridge_gateway.signing import Issuing, IssuingInForce


@dataclass(frozen=True, slots=True)
class Turn:
    """What stays the same from the beginning of one request to its end; ``proofs`` are its DPoP header fields."""

    state: NodeState
    issuing: Issuing
    at: datetime
    proofs: tuple[str, ...] = ()

    def with_status(self, status: StatusSnapshot) -> "Turn":
        """Return the turn in which ``status`` is what is known of revocation, beside the same trust."""
        return replace(self, state=self.state.with_status(status))


@dataclass(frozen=True, slots=True)
class Turns:
    """Where turns come from: what is in force at this node, and its clock."""

    trust: TrustInForce
    issuing: IssuingInForce
    clock: Clock

    def begin(self, *, proofs: tuple[str, ...] = ()) -> Turn:
        """Return a turn of this moment.

        Raises:
            RequestError: ``system.not_ready``.
        """
        return Turn(self.trust.current(), self.issuing.current(), self.clock.now(), proofs)
