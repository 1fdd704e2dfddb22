"""The arena of the drill: a throwaway region with a published tree, and a node that holds its honest state of affairs.

Built once; each attack gets a copy of its own, in which the attacker may write whatever they like to the tree and
nothing to the node. The arrangements of the tree are few, so that an attack takes a tenth of a second; a node with all
of them is held in memory, for attacks by credential.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

from idbridge.crypto.seeded_keys import RANDOM, KeyMaker
from idbridge.crypto.signer import FileSigner
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox import distribution
from idbridge.sandbox.region import Region
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.store import CURRENT
from idbridge.trust.tuf.client import DirectoryTree, Tree
from idbridge.trust.tuf.repository import STORE, TufRepository
from idbridge.trust.tuf.tree import Head, PublishedTree

SG, TH, MY = MemberState.SG, MemberState.TH, MemberState.MY
HOUR: Final = timedelta(hours=1)
_FIRST: Final = 3 * HOUR  # before the drill the region was founded
_SECOND: Final = 2 * HOUR  # and Singapore published its second edition
_ARRANGEMENTS: Final = ("SG-TH",)
_YESTERDAY: Final = "yesterday"
_NODE: Final = "node"
SPARES: Final = ("role-1", "role-2", "role-3", "list", "officer", "online")


@dataclass(frozen=True, slots=True)
class Scene:
    """One copy of the arena, for one attack. ``at`` is the instant of the attack.

    The copy is made when somebody first asks for the tree or the node's memory; some attacks touch neither.
    """

    arena: "Arena"
    folder: Path
    at: datetime

    @property
    def region(self) -> Region:
        """The region with all its private keys; an attack uses those that its case grants."""
        return self.arena.region

    @property
    def published(self) -> PublishedTree:
        """The tree as its publisher sees it."""
        return PublishedTree(self.tree)

    @property
    def tree(self) -> Path:
        """The folder of the tree, as mirrors serve it."""
        return self._copied() / distribution.TREE

    @property
    def memory(self) -> Path:
        """The state directory of the node."""
        return self._copied() / _NODE

    def _copied(self) -> Path:
        if not (self.folder / distribution.ROOT_FILE).exists():
            for name in (distribution.TREE, _NODE):
                shutil.copytree(self.arena.folder / name, self.folder / name, symlinks=True)
            shutil.copy2(self.arena.folder / distribution.ROOT_FILE, self.folder / distribution.ROOT_FILE)
        return self.folder

    def head(self) -> Head:
        """Return what the tree offers now."""
        return self.published.head()

    def write(self, path: str, octets: bytes) -> None:
        """Write a file to the tree, as whoever holds a mirror can."""
        place = self.tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(octets)

    def read(self, path: str) -> bytes:
        """Return a file of the tree."""
        return (self.tree / path).read_bytes()

    def read_yesterday(self, path: str) -> bytes:
        """Return a file of the tree that was served before Singapore's second edition."""
        return (self.arena.folder / _YESTERDAY / path).read_bytes()

    def serve_yesterday(self) -> None:
        """Put the tree in place that the region had before its second edition; every file of it is genuine."""
        shutil.rmtree(self.tree)
        shutil.copytree(self.arena.folder / _YESTERDAY, self.tree)

    def current(self) -> bytes:
        """Return the name of the snapshot that the node has in force on disk; an empty one if there is none."""
        untouched = not (self.folder / distribution.ROOT_FILE).exists()
        folder = self.arena.folder if untouched else self.folder
        place = folder / _NODE / STORE / CURRENT
        return place.read_bytes() if place.exists() else b""

    def node(self, tree: Tree | None = None) -> TufRepository:
        """Return the node as a process that has just started."""
        return TufRepository(tree or DirectoryTree(self.tree), self.folder / distribution.ROOT_FILE, self.memory)


@dataclass(frozen=True, slots=True)
class Arena:
    """What every scene begins with. ``held`` is what the node of a scene trusts.

    ``whole`` is the region with all arrangements, and ``full`` what a node of it trusts.
    ``spare`` are keys that nobody has listed yet, by name: what a state changes to, or what an attacker made.
    """

    region: Region
    folder: Path
    at: datetime
    held: TrustSnapshot
    whole: Region
    full: TrustSnapshot
    spare: Mapping[str, FileSigner] = field(repr=False)

    @contextmanager
    def scene(self) -> Iterator[Scene]:
        """Give a scene of its own to one attack, and remove it afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="scene-", dir=self.folder))
        try:
            yield Scene(self, folder, self.at)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def prepare(
    folder: Path,
    *,
    at: datetime,
    environment: Environment = Environment.SANDBOX,
    keys: KeyMaker = RANDOM,
    randomness: Randomness | None = None,
) -> Arena:
    """Return the arena, built in the empty ``folder`` for attacks at ``at``, the present of this machine.

    ``keys`` makes the keys of its region, and those that nobody has listed; for ``randomness`` see ``Region.generate``.

    Raises:
        ConfigurationError: The folder cannot be written to.
        TrustError: The honest region is refused; then nothing can be said of any attack.
    """
    at = at.replace(microsecond=0)
    whole = Region.generate(at=at - _FIRST, environment=environment, keys=keys, randomness=randomness)
    region = _with_few_arrangements(whole)
    region.distribute(folder, at=at - _FIRST)
    shutil.copytree(folder / distribution.TREE, folder / _YESTERDAY)
    region = region.reissued(SG, at=at - _SECOND)
    region.distribute(folder, at=at - _SECOND)
    (folder / _NODE).mkdir(mode=0o700)
    node = TufRepository(DirectoryTree(folder / distribution.TREE), folder / distribution.ROOT_FILE, folder / _NODE)
    node.initialise()
    held = node.load(at=at - HOUR)
    spare = MappingProxyType({name: keys.make("ES256", name=f"spare/{name}") for name in SPARES})
    return Arena(region, folder, at, held, whole, whole.snapshot(at=at), spare)


def _with_few_arrangements(region: Region) -> Region:
    kept = {name: region.published.arrangements[name] for name in _ARRANGEMENTS}
    return replace(region, published=replace(region.published, arrangements=MappingProxyType(kept)))
