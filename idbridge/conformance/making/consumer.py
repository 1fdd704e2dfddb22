"""Making the cases of the trust-list consumer: attacks of the drill, told as looks of one node at one changing tree.

Each attack is carried out once and watched; the trees that were looked at are kept as their difference to the tree of
the material. What must come of each look, and what the node holds after it, is found by putting the looks to a new node
that knows of nothing else; where that is not what the drill found, the attack cannot be told so, and the making stops.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from idbridge.conformance import list_node
from idbridge.conformance.answer import Verdict
from idbridge.conformance.case import NEGATIVE
from idbridge.conformance.looks import BLOBS, ROOT_FILE, TREE, Look, laid_out
from idbridge.conformance.making.consumer_more import MORE
from idbridge.conformance.making.left_out import left_out
from idbridge.conformance.making.mapping import requirements_of
from idbridge.conformance.making.watching import Seen, Watch, WatchedScene, digest_of, files_in
from idbridge.conformance.making.writing import WrittenCase
from idbridge.conformance.material import MATERIAL_FILE, Material
from idbridge.conformance.node import write_object
from idbridge.conformance.profiles import Profile
from idbridge.conformance.seed import CORPUS_INSTANT, corpus_randomness
from idbridge.crypto.seeded_keys import KeyMaker
from idbridge.errors import ConfigurationError
from idbridge.model.time import instant_text
from idbridge.reasons import Indication
from idbridge.sandbox.catalogue import attacks
from idbridge.sandbox.drill.arena import HOUR, Arena, prepare
from idbridge.sandbox.drill.attack import Attack
from idbridge.sandbox.drill.run import Row

MATERIAL: Final = "tree"
SCHEMA: Final = "idbridge-conformance-material-1"
_MEMORY: Final = "node"
_NOTHING: Final = Verdict(Indication.PASSED, None)
_WHY: Final = (
    "The tree that a region of eleven states publishes, and the root that is pinned: what every look begins with. "
    "Under `blobs` lie the files that other trees have in place of these, each under its SHA-256."
)


def make_consumer(keys: KeyMaker, material: Path) -> list[WrittenCase]:
    """Return all cases, and write the tree and the files that they name to ``material``, which is replaced.

    Raises:
        ConfigurationError: An attack cannot be told by trees and is not said to be left out, or proves no requirement.
    """
    with arena_of(keys) as arena:
        maker = Maker.of(arena, material)
        return [maker.case(attack, requirements) for attack, requirements in told()]


@contextmanager
def arena_of(keys: KeyMaker) -> Iterator[Arena]:
    """Give the arena of the drill at the instant of the corpus, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="idbridge-arena-") as folder:
        yield prepare(Path(folder), at=CORPUS_INSTANT, keys=keys, randomness=corpus_randomness("drill"))


def told() -> Iterator[tuple[Attack, tuple[str, ...]]]:
    """Yield the attacks that become cases with the requirements that they prove: of the drill, then more of the kind.

    Raises:
        ConfigurationError: One proves no requirement.
    """
    kept_back = left_out()
    for attack in attacks().values():
        if attack.case.name not in kept_back:
            yield attack, requirements_of(attack.case)
    for more in MORE:
        yield more.attack, more.requirements


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes cases of attacks on ``arena``; the folder ``material`` is begun anew, and grows by the files of cases.

    ``base`` is the tree of the material, which every look is told as the difference to.

    Raises:
        ConfigurationError: The folder cannot be written.
    """

    arena: Arena
    material: Path
    base: Mapping[str, bytes]

    @classmethod
    def of(cls, arena: Arena, material: Path) -> "Maker":
        """Return the maker whose material is the tree of ``arena``."""
        return cls(arena, material, files_in(arena.folder / TREE))

    def __post_init__(self) -> None:
        try:
            shutil.rmtree(self.material, ignore_errors=True)
            (self.material / BLOBS).mkdir(parents=True)
            for path, octets in self.base.items():
                place = self.material / TREE / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(octets)
            shutil.copyfile(self.arena.folder / ROOT_FILE, self.material / ROOT_FILE)
            about = {"schema": SCHEMA, "kind": "tuf", "at": instant_text(self.arena.at), "why": _WHY}
            write_object(self.material / MATERIAL_FILE, about)
        except OSError as unwritable:
            raise ConfigurationError("the material of trees cannot be written") from unwritable

    def case(self, attack: Attack, requirements: tuple[str, ...]) -> WrittenCase:
        """Return ``attack`` as a case, and write the files of its trees.

        Raises:
            ConfigurationError: It does not come out as it says, or cannot be told by trees.
        """
        case, expect = attack.case, Verdict(attack.case.indication, attack.case.code)
        looks = self._replayed(self._seen(attack), name=case.name)
        if looks[-1].expect != expect:
            told_by = ", ".join(str(look.expect) for look in looks)
            raise ConfigurationError(f"{case.name} cannot be told by trees: its looks come to {told_by}")
        return WrittenCase(
            id=case.name,
            profile=Profile.TRUST_LIST_CONSUMER,
            tags=_tags(case.name, negative=case.code is not None),
            title=case.title,
            why=case.why,
            requirements=requirements,
            expect=expect,
            twin=case.twin,
            input={"looks": [look.document() for look in looks]},
            material=MATERIAL,
            at=instant_text(looks[-1].at),
            state=looks[-1].state,
        )

    def _seen(self, attack: Attack) -> list[Seen]:
        """Carry ``attack`` out, and return what was looked at, the honest tree of an hour ago first."""
        watch = Watch(digest_of(self.arena.folder / _MEMORY))
        with tempfile.TemporaryDirectory(prefix="scene-", dir=self.arena.folder) as folder:
            scene = WatchedScene(self.arena, Path(folder), self.arena.at, watch)
            row = Row(attack, attack.act.struck(scene))
        if not row.ok or not watch.seen:
            raise ConfigurationError(f"{attack.case.name} is no attack by a tree: {row.finding}")
        return [Seen(self.arena.at - HOUR, self.base), *watch.seen]

    def _replayed(self, seen: list[Seen], *, name: str) -> list[Look]:
        """Return the looks with what comes of them at a node that begins with the first."""
        made, material = [], Material(name, self.material)
        with tempfile.TemporaryDirectory(prefix="idbridge-replay-") as folder:
            node = Path(folder) / "state"
            node.mkdir()
            for number, one in enumerate(seen):
                look = self._look(one, expect=_NOTHING, state={})
                laid = laid_out(material, look, Path(folder) / f"look-{number}")
                expect = list_node.looked(laid, node, at=one.at)
                made.append(self._look(one, expect=expect, state=list_node.held(node)))
        return made

    def _look(self, seen: Seen, *, expect: Verdict, state: Mapping[str, Any]) -> Look:
        changed = {path: octets for path, octets in seen.files.items() if self.base.get(path) != octets}
        files = {path: self._kept(octets) for path, octets in changed.items()}
        return Look(seen.at, files, tuple(sorted(self.base.keys() - seen.files.keys())), expect, state)

    def _kept(self, octets: bytes) -> str:
        """Write a file under its digest, unless it is there, and return that."""
        digest = hashlib.sha256(octets).hexdigest()
        place = self.material / BLOBS / digest
        if not place.exists():
            place.write_bytes(octets)
        return digest


def _tags(name: str, *, negative: bool) -> tuple[str, ...]:
    """Return what a case can be chosen by: what it is about, and whether it has to be refused."""
    about = next((tag for mark, tag in _ABOUT if mark in name), "list")
    return (about, NEGATIVE) if negative else (about,)


_ABOUT: Final = (
    ("rollback", "rollback"), ("rolls-back", "rollback"), ("rolled-back", "rollback"), ("freeze", "freeze"),
    ("mix-and-match", "mix-and-match"), ("lift", "lift"), ("deny", "deny"), ("denial", "deny"), ("ratif", "deny"),
    ("key-set", "rotation"), ("key-exchange", "rotation"), ("root", "rotation"), ("list-key", "rotation"),
    ("recovery", "rotation"), ("officer", "rotation"), ("agreement", "agreement"), ("clock", "clock"),
)  # fmt: skip
