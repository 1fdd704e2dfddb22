"""How fresh the region's distribution is: what its signed timestamp said, when it said so, and until when it holds.

A list that is in date is stale all the same once the timestamp is: whoever keeps back newer timestamps would otherwise
keep back every withdrawal and denial (TUF calls it freeze). ``plain`` distribution has no timestamp.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from idbridge.model.time import instant_text


@dataclass(frozen=True, slots=True)
class RegionalFreshness:
    """The newest timestamp that was accepted, and what it was about.

    ``expires`` is the earliest end of timestamp, snapshot, top level and root. ``snapshot_digest`` is the SHA-256 (hex)
    of the snapshot metadata: two nodes that name one version and two digests were told two stories.
    """

    signed_at: datetime
    expires: datetime
    root_version: int
    timestamp_version: int
    snapshot_version: int
    snapshot_digest: str

    def document(self) -> dict[str, Any]:
        """Return the facts as JSON values."""
        return {
            "signed_at": instant_text(self.signed_at),
            "expires": instant_text(self.expires),
            "root_version": self.root_version,
            "timestamp_version": self.timestamp_version,
            "snapshot_version": self.snapshot_version,
            "snapshot_digest": self.snapshot_digest,
        }
