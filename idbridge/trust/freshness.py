"""How fresh the region's distribution is: what its signed timestamp said, when it said so, and until when it holds.

A list that is in date is stale all the same once the timestamp is: whoever keeps back newer timestamps would otherwise
keep back every withdrawal and denial (TUF calls it freeze). ``plain`` distribution has no timestamp.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.model.region import MemberState
from idbridge.model.time import instant_text

_NONE: Final[Mapping[MemberState, datetime]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RegionalFreshness:
    """The newest timestamp that was accepted, and what it was about.

    ``expires`` is the earliest end of timestamp, snapshot, top level and root. ``snapshot_digest`` is the SHA-256 (hex)
    of the snapshot metadata: two nodes that name one version and two digests were told two stories.

    Where newer agreements or denials are known and cannot be had, ``signed_at`` and ``expires`` stay those of the last
    distribution that was whole: to hide one file gains no more time than to hide them all. ``states_until`` says the
    same of each state: until its role ends, or if a newer one is known and not held, until the last whole one ended.
    """

    signed_at: datetime
    expires: datetime
    root_version: int
    timestamp_version: int
    snapshot_version: int
    snapshot_digest: str
    states_until: Mapping[MemberState, datetime] = field(default_factory=lambda: _NONE)

    def document(self) -> dict[str, Any]:
        """Return the facts as JSON values."""
        return {
            "signed_at": instant_text(self.signed_at),
            "expires": instant_text(self.expires),
            "root_version": self.root_version,
            "timestamp_version": self.timestamp_version,
            "snapshot_version": self.snapshot_version,
            "snapshot_digest": self.snapshot_digest,
            "states_until": {state.value: instant_text(until) for state, until in sorted(self.states_until.items())},
        }
