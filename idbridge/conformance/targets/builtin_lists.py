"""The built-in trust-list consumer: this project's own node, in this process, with a new folder for each case.

Every case begins with a look at the honest tree. What a node that knows of nothing makes of one tree at one instant is
the same each time, so it is made once, and each case gets a copy of what that left in the folder.
"""

import hashlib
import shutil
import tempfile
import weakref
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from idbridge.conformance import list_node
from idbridge.conformance.answer import Fault, FaultKind, Observation, Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.list_node import Opened
from idbridge.conformance.looks import State
from idbridge.conformance.target import Description
from idbridge.conformance.targets.looking import observed
from idbridge.trust.tuf.repository import TufRepository

NAME: Final = "idbridge"


class BuiltinLists:
    """Answers the cases of the trust-list consumer. ``opened`` is what a broken target puts another in the place of."""

    def __init__(self, corpus: Corpus, *, opened: Opened = TufRepository) -> None:
        self._corpus = corpus
        self._beginnings = _Beginnings(opened)

    def describe(self) -> Description:
        """Return the name and version of this installation."""
        return Description(NAME, version(NAME))

    def answer(self, case: ConformanceCase) -> Observation:
        """Put the looks of ``case`` to a node that remembers nothing yet.

        Raises:
            ConfigurationError: The case or its material is not in order.
        """
        with tempfile.TemporaryDirectory(prefix="idbridge-node-") as folder:
            return observed(case, self._corpus, _Node(Path(folder), self._beginnings))


class _Beginnings:
    """First looks of nodes: what came of each, and the folder as it left it, by tree and instant."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self._folder = Path(tempfile.mkdtemp(prefix="idbridge-beginnings-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._made: dict[str, tuple[Verdict, State]] = {}

    def begin(self, material: Path, folder: Path, *, at: datetime) -> tuple[Verdict, State]:
        """Let a node that remembers in the empty ``folder`` look for the first time."""
        name = _digest(material, at=at)
        kept = self._folder / name
        if name not in self._made:
            kept.mkdir()
            self._made[name] = (list_node.looked(material, kept, at=at, opened=self.opened), list_node.held(kept))
        shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
        return self._made[name]


def _digest(material: Path, *, at: datetime) -> str:
    digest = hashlib.sha256(at.isoformat().encode())
    for path in sorted(material.rglob("*")):
        octets = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.relative_to(material).as_posix()} {len(octets)}\n".encode() + octets)
    return digest.hexdigest()


class _Node:
    """A node in ``folder``. Whatever it raises instead of a refusal is a crash of what is under test."""

    def __init__(self, folder: Path, beginnings: _Beginnings) -> None:
        self._folder = folder
        self._beginnings = beginnings
        self._begun: State | None = None  # what is held after a first look, until there is another

    def look(self, material: Path, *, at: datetime) -> Verdict | Fault:
        """Let the node look; see ``Consumer``."""
        try:
            if not any(self._folder.iterdir()):
                verdict, self._begun = self._beginnings.begin(material, self._folder, at=at)
                return verdict
            self._begun = None
            return list_node.looked(material, self._folder, at=at, opened=self._beginnings.opened)
        except Exception as crash:  # noqa: BLE001 - whatever is under test may raise anything, and that is no verdict
            return Fault(FaultKind.CRASH, f"{type(crash).__name__}: {crash}")

    def state(self) -> State | Fault:
        """Return what the node holds; see ``Consumer``."""
        try:
            return self._begun if self._begun is not None else list_node.held(self._folder)
        except Exception as crash:  # noqa: BLE001 - as above
            return Fault(FaultKind.CRASH, f"{type(crash).__name__}: {crash}")
