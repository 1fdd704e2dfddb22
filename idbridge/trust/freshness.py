"""How fresh the region's distribution is: what its signed timestamp said, when it said so, and until when it holds.

A list that is in date is stale all the same once the timestamp is: whoever keeps back newer timestamps would otherwise
keep back every withdrawal and denial (TUF calls it freeze). ``plain`` distribution has no timestamp.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.trust import members
from idbridge.trust.errors import violation

_MEMBERS: Final = frozenset({
    "signed_at", "expires", "root_version", "timestamp_version", "snapshot_version", "snapshot_digest", "states_until",
})  # fmt: skip
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


def parse(value: Any) -> RegionalFreshness:
    """Return that of which ``RegionalFreshness.document`` made ``value``.

    Raises:
        TrustError: It is in another form.
    """
    said = members.table(value, required=_MEMBERS, where="regional")
    until = said["states_until"]
    if type(until) is not dict:
        raise violation("states_until is not an object")

    def version(name: str) -> int:
        return members.count(said[name], where=name, least=1, most=LIMITS.metadata_version)

    return RegionalFreshness(
        signed_at=members.instant(said["signed_at"], where="signed_at"),
        expires=members.instant(said["expires"], where="expires"),
        root_version=version("root_version"),
        timestamp_version=version("timestamp_version"),
        snapshot_version=version("snapshot_version"),
        snapshot_digest=members.text(said["snapshot_digest"], where="snapshot_digest"),
        states_until=MappingProxyType({
            members.word(state, MemberState, where="a state"): members.instant(end, where="states_until")
            for state, end in until.items()
        }),
    )  # fmt: skip
