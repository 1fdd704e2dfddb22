"""The bench at which inputs are made: one region, one instant, one source of randomness, and nothing else.

What is made is a function of these three, save for signatures of algorithms that are randomised themselves.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from idbridge.codec import base64url
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment
from idbridge.sandbox.people import Population, population
from idbridge.sandbox.region import Region
from idbridge.sandbox.services import Service
from idbridge.trust.snapshot import TrustSnapshot

_NONCE_OCTETS: Final = 16


@dataclass(frozen=True, slots=True)
class Bench:
    """Where inputs are made.

    ``trust`` is the region's snapshot, from whoever makes many inputs and has it; it is made anew without.
    ``everybody`` are those about whom something is said, by the ids that they always have.
    """

    region: Region
    at: datetime
    randomness: Randomness
    trust: TrustSnapshot | None = None
    everybody: Population = field(default_factory=population)

    def snapshot(self) -> TrustSnapshot:
        """Return what the nodes of the region trust."""
        return self.trust or self.region.snapshot(at=self.at)

    def nonce(self) -> str:
        """Return a nonce that no other presentation answers."""
        return base64url.encode(self.randomness.octets(_NONCE_OCTETS))

    def service(self, service_id: str, *, made_in: Environment | None) -> Service:
        """Return a service of the region, or its double ``made_in`` the other environment."""
        if made_in in (None, self.region.environment):
            return self.region.service(service_id)
        return self.region.double(service_id, environment=made_in, at=self.at)
