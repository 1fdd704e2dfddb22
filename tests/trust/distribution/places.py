"""A region's tree on disk and a node that reads it, for tests: an attacker may write to the tree, not to the node."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tuf.api.metadata import Metadata

from idbridge.model.region import Environment, MemberState
from idbridge.sandbox import distribution
from idbridge.sandbox.region import Region
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.client import Tree
from idbridge.trust.tuf.publisher import Change, Publication, Publisher
from idbridge.trust.tuf.repository import TufRepository
from idbridge.trust.tuf.tree import PublishedTree
from idbridge.trust.tuf.writing import Issue

NOW = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - any instant would do; this one has no history
SECOND = timedelta(seconds=1)
SANDBOX = Environment.SANDBOX


@dataclass(frozen=True)
class Place:
    """A region whose tree is below ``folder``, and one node with its memory in ``node``."""

    folder: Path
    region: Region

    @property
    def tree(self) -> PublishedTree:
        return PublishedTree(self.folder / distribution.TREE)

    @property
    def root_file(self) -> Path:
        return self.folder / distribution.ROOT_FILE

    @property
    def memory(self) -> Path:
        return self.folder / "node"

    def repository(self, tree: Tree | None = None) -> TufRepository:
        """A node's process: each has its own."""
        return TufRepository(tree or self.tree.reader, self.root_file, self.memory)

    def load(self, *, at: datetime = NOW, tree: Tree | None = None) -> TrustSnapshot:
        """What a process that has just started trusts."""
        return self.repository(tree).load(at=at)

    def publisher(self) -> Publisher:
        return distribution.publisher(self.folder, role_keys=self.region.keys.roles, environment=SANDBOX)

    def publish(self, change: Change, *, at: datetime) -> Publication:
        return self.publisher().publish(change, at=at)

    def role(self, name: str) -> Any:
        """The signed part of a role that is in sight, to be changed."""
        return Metadata.from_bytes(self.tree.head().roles[name].octets).signed

    def next_role(self, name: str, change: Callable[[Any], None], *, at: datetime, by: Any = None) -> bytes:
        """The version of a role that follows, changed and signed by the role's own keys unless others are given."""
        signed = self.role(name)
        issue = Issue(SANDBOX, signed.version + 1, at)
        signed.version, signed.expires = issue.version, issue.expires(name)
        signed.unrecognized_fields = issue.members()
        change(signed)
        return writing.signed(signed, self.region.keys.roles.signing(name) if by is None else by)

    def reissued(self, state: MemberState, *, at: datetime) -> "Place":
        """The place after ``state`` published its list again."""
        region = self.region.reissued(state, at=at)
        region.distribute(self.folder, at=at)
        return Place(self.folder, region)

    def copied(self, to: Path) -> "Place":
        shutil.copytree(self.folder, to, symlinks=True)
        return Place(to, self.region)


def begin(folder: Path, *, at: datetime = NOW) -> Place:
    """Return a place in which everything was published once and the node knows of nothing yet."""
    region = Region.generate(at=at)
    region.distribute(folder, at=at)
    place = Place(folder, region)
    place.memory.mkdir(mode=0o700)
    place.repository().initialise()
    return place


def force(place: Place, files: dict[str, bytes], *, at: datetime, timestamp: int = 1) -> None:
    """Put role files into the tree with a snapshot and timestamp over them, past the publisher: a stolen online key."""
    head = place.tree.head()
    listed = {name: (held.version, held.octets) for name, held in head.roles.items()}
    listed |= {name: (Metadata.from_bytes(octets).signed.version, octets) for name, octets in files.items()}
    online = place.region.keys.roles.signing(roles.SNAPSHOT)
    issue = Issue(SANDBOX, head.snapshot.version + 1, at)
    snapshot = writing.signed(writing.snapshot(issue, files=listed), online)
    stamp_issue = Issue(SANDBOX, head.timestamp.version + timestamp, at)
    stamp = writing.timestamp(stamp_issue, snapshot_version=issue.version, octets=snapshot)
    metadata = place.tree.directory / "metadata"
    for name, octets in files.items():
        (metadata / f"{listed[name][0]}.{name}.json").write_bytes(octets)
    (metadata / f"{issue.version}.snapshot.json").write_bytes(snapshot)
    (metadata / "timestamp.json").write_bytes(writing.signed(stamp, online))
