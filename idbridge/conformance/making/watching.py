"""Watching the drill: at which instant, and at which tree, the node of a scene looks while an attack is carried out.

An attack is told by that if all of it went through the tree. One that also had its hand in the node's memory, or let
the node fetch from somewhere else, is not; it says so, and nobody takes it for a case.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from idbridge.errors import ConfigurationError
from idbridge.sandbox.distribution import ROOT_FILE
from idbridge.sandbox.drill.arena import Scene
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf.client import DirectoryTree, Tree
from idbridge.trust.tuf.repository import TufRepository


@dataclass(frozen=True, slots=True)
class Seen:
    """A tree as it stood when a node looked at it, ``files`` by path."""

    at: datetime
    files: Mapping[str, bytes]


@dataclass(slots=True)
class Watch:
    """What was seen of one attack, in order. ``memory`` is the node's memory as its last look left it, as a digest."""

    memory: str
    seen: list[Seen] = field(default_factory=list)

    def note(self, scene: Scene, *, at: datetime) -> None:
        """Take down a look that is about to begin.

        Raises:
            ConfigurationError: The node remembers something else than its last look left.
        """
        if digest_of(scene.memory) != self.memory:
            raise ConfigurationError("the attack changes what the node remembers, which no tree tells")
        self.seen.append(Seen(at, files_in(scene.tree)))

    def noted(self, scene: Scene) -> None:
        """Take down how the look left the node's memory."""
        self.memory = digest_of(scene.memory)


@dataclass(frozen=True, slots=True)
class WatchedScene(Scene):
    """A scene whose nodes are watched."""

    watch: Watch

    def node(self, tree: Tree | None = None) -> TufRepository:
        """Return the node as a process that has just started.

        Raises:
            ConfigurationError: It is to look elsewhere than at the tree of the scene.
        """
        if tree is not None:
            raise ConfigurationError("the attack is in what answers, and not in what the tree holds")
        return WatchedNode(self)


class WatchedNode(TufRepository):
    """A node whose first look is taken down; that it finds the same when it looks again, no case asks."""

    def __init__(self, scene: WatchedScene) -> None:
        super().__init__(DirectoryTree(scene.tree), scene.folder / ROOT_FILE, scene.memory)
        self._scene = scene
        self._has_looked = False

    def load(self, *, at: datetime) -> TrustSnapshot:
        """Look, and be seen to."""
        if not self._has_looked:
            self._has_looked = True
            self._scene.watch.note(self._scene, at=at)
        try:
            return super().load(at=at)
        finally:
            self._scene.watch.noted(self._scene)


def files_in(tree: Path) -> dict[str, bytes]:
    """Return the files of a tree that readers may ask for, by path; none if the tree is gone."""
    return {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in sorted(tree.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def digest_of(folder: Path) -> str:
    """Return a digest of what lies in ``folder``, names and octets."""
    digest = hashlib.sha256()
    for path, octets in files_in(folder).items():
        digest.update(f"{path} {len(octets)}\n".encode() + octets)
    return digest.hexdigest()
