"""A region's distribution in memory: every file as its owner would write it, each of which a test may exchange."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

from tuf.api.metadata import Metadata, Targets

from idbridge.model.region import Environment, MemberState
from idbridge.sandbox import distribution
from idbridge.sandbox.region import Region
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.floors import DistributionFloors
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.second_lock import Fetched, RegionalView, examine
from idbridge.trust.tuf.writing import Issue

AT = datetime(2026, 11, 28, 9, tzinfo=UTC)
SANDBOX = Environment.SANDBOX
FLOORS = DistributionFloors(SANDBOX)
HOUR = timedelta(hours=1)


@cache
def region() -> Region:
    """One region for all tests that change nothing of it."""
    return Region.generate(at=AT)


@cache
def first_change() -> Any:
    made = region()
    return distribution.change(
        None,
        made.published,
        purposes_version=made.sources.purposes["version"],
        keys=made.keys,
        environment=SANDBOX,
        at=AT,
    )


def unchanged(signed: Any) -> None:
    """Change nothing."""


def signers(role: str) -> tuple[MetadataSigner, ...]:
    return region().keys.roles.signing(role)


def issue(version: int = 1, *, at: datetime = AT, life: timedelta | None = None) -> Issue:
    return Issue(SANDBOX, version, at, life)


def altered(octets: bytes, change: Callable[[Any], None], role: str, *, by: Any = None) -> bytes:
    """Return metadata that was changed and signed again, by the role's own keys unless others are given."""
    metadata = Metadata.from_bytes(octets)
    change(metadata.signed)
    return writing.signed(metadata.signed, signers(role) if by is None else by)


@dataclass(frozen=True)
class World:
    """The files of one publication. ``version`` is that of snapshot and timestamp."""

    roots: tuple[bytes, ...] = field(default_factory=lambda: first_change().roots)
    files: Mapping[str, bytes] = field(default_factory=lambda: first_change().roles)
    targets: Mapping[str, bytes] = field(default_factory=lambda: first_change().targets)
    version: int = 1
    at: datetime = AT
    faults: Mapping[str, str] = field(default_factory=dict)
    role_faults: Mapping[str, str] = field(default_factory=dict)
    snapshot: Callable[[Any], None] = unchanged
    timestamp: Callable[[Any], None] = unchanged

    def with_role(self, role: str, octets: bytes, **targets: bytes) -> "World":
        return replace(
            self,
            files=MappingProxyType({**self.files, role: octets}),
            targets=MappingProxyType({**self.targets, **targets}),
        )

    def with_altered(self, role: str, change: Callable[[Any], None], *, by: Any = None) -> "World":
        """Return the world in which a role's file was changed and signed again."""
        return self.with_role(role, altered(self.files[role], change, role, by=by))

    def later(self, hours: int = 1) -> "World":
        return replace(self, version=self.version + 1, at=self.at + hours * HOUR)

    def snapshot_octets(self) -> bytes:
        listed = {name: (Metadata.from_bytes(octets).signed.version, octets) for name, octets in self.files.items()}
        payload = writing.snapshot(issue(self.version, at=self.at), files=listed)
        self.snapshot(payload)
        return writing.signed(payload, signers(roles.SNAPSHOT))

    def fetched(self) -> Fetched:
        snapshot = self.snapshot_octets()
        stamp = writing.timestamp(issue(self.version, at=self.at), snapshot_version=self.version, octets=snapshot)
        self.timestamp(stamp)
        return Fetched(
            roots=self.roots,
            timestamp=writing.signed(stamp, signers(roles.TIMESTAMP)),
            snapshot=snapshot,
            targets=self.files[roles.TARGETS],
            roles=MappingProxyType({name: one for name, one in self.files.items() if name != roles.TARGETS}),
            files=self.targets,
            role_faults=self.role_faults,
            faults=self.faults,
        )

    def examined(self, *, floors: DistributionFloors = FLOORS, at: datetime | None = None) -> RegionalView:
        return examine(self.fetched(), bootstrap=self.roots[0], floors=floors, at=at or self.at)


def role_with_list(state: MemberState, version: int, *, at: datetime = AT, by: Any = None) -> bytes:
    """Return a further version of a state's role, about the same list."""
    octets = first_change().targets[roles.list_path(state)]
    if by is None:
        return distribution.state_role(state, octets, keys=region().keys, issue=issue(version, at=at))
    listed = Metadata.from_bytes(
        distribution.state_role(state, octets, keys=region().keys, issue=issue(version, at=at))
    )
    return writing.signed(listed.signed, by)


def targets_of(octets: bytes) -> Targets:
    signed = Metadata.from_bytes(octets).signed
    assert isinstance(signed, Targets)
    return signed
