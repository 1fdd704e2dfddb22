"""A region's distribution with every key in a file, and commands run in it as officers would run them."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idbridge.model.region import MemberState
from tests.cli.ended import Ended
from tests.trust.distribution.places import Place, begin
from tests.trust.operator.offices import folder_of

Run = Callable[..., Ended]
SG, TH, MY = MemberState.SG, MemberState.TH, MemberState.MY


@dataclass(frozen=True)
class Ceremony:
    """A place with the keys of everybody in files, and the folder of Singapore."""

    place: Place
    run: Run

    @property
    def folder(self) -> Path:
        return self.place.folder

    def key(self, name: str) -> str:
        return str(self.folder / "private" / f"{name}.pem")

    @property
    def tree(self) -> list[str]:
        return ["--from", str(self.place.tree.directory), "--root", str(self.place.root_file)]

    @property
    def online(self) -> list[str]:
        return [
            "--to", str(self.place.tree.directory), "--root", str(self.place.root_file),
            "--state", str(self.folder / "publisher"), "--online-key", self.key("role-online"),
        ]  # fmt: skip

    @property
    def office(self) -> list[str]:
        return ["--state-folder", str(self.folder / "SG"), "--list-key", self.key("list-SG")]

    def trust(self, *arguments: str) -> Ended:
        return self.run("trust", *arguments)

    def proposed(self, *arguments: str, name: str = "made", key: str = "role-SG-1") -> Path:
        """Run a verb that drafts, and return the proposal that it wrote."""
        out = self.folder / f"{name}.proposal.json"
        ended = self.trust(
            *arguments, *self.tree, "--key", self.key(key), "--reason", "a test", "--out", str(out)
        )  # fmt: skip
        assert ended.code == 0, ended.err
        return out

    def edition(self) -> Path:
        """The next edition of the list of Singapore, signed by one."""
        return self.proposed("propose", *self.office)

    def signed(self, made: Path, *keys: str) -> Path:
        """``made``, signed with further keys in the same file."""
        for key in keys:
            ended = self.trust(
                "sign", str(made), *self.tree, "--key", self.key(key), "--diff-digest", digest(made)
            )  # fmt: skip
            assert ended.code == 0, ended.err
        return made

    def publish(self, *made: Path) -> Ended:
        return self.trust("publish", *map(str, made), *self.online)

    def fetched(self, *arguments: str) -> Any:
        """What a node says of the tree."""
        ended = self.trust("fetch", *self.tree, "--state", str(self.place.memory), *arguments, "--json")
        return ended.json


def digest(made: Path) -> str:
    """The digest of the change that a proposal names."""
    return str(json.loads(made.read_text())["metadata"]["signed"]["x-idbridge-diff"])


def begun(folder: Path) -> Place:
    """A place in which everything was published once, with every key in a file and the folder of Singapore."""
    place = begin(folder)
    place.region.save(folder)
    folder_of(place.region, SG, folder / "SG")
    return place


def copied(place: Place, to: Path) -> Place:
    shutil.copytree(place.folder, to, symlinks=True)
    return Place(to, place.region)
