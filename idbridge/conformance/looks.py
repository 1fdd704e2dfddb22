"""Looks: a case of a trust-list consumer is one node that looks at one tree, again and again, as others change it.

The last look is the judged one; those before bring the node into the state of affairs that the attack needs. Each tree
is told as the difference to the tree of the material: files by the SHA-256 of their octets, and files that are gone.
Reads that form and lays trees out; what a node makes of them is for targets.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from idbridge.conformance import schemas
from idbridge.conformance.answer import Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.material import Material
from idbridge.errors import ConfigurationError, FetchError, InputError
from idbridge.model.time import instant_text, parse_instant
from idbridge.reasons import Indication
from idbridge.trust.tuf.client import parts

BLOBS: Final = "blobs"
ROOT_FILE: Final = "root.json"
TREE: Final = "tree"
_IN_TREE: Final = f"{TREE}/"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """One look of a node that has just started, at the tree as it stands then.

    ``files`` are added to the tree of the material or changed in it: the SHA-256 (hex) of their octets by path;
    ``removed`` are gone from it. ``expect`` is what must come of the look, and ``state`` what the node holds after it.

    Raises:
        ValueError: A path leads out of the tree, a digest is none, or a file is both there and gone.
    """

    at: datetime
    files: Mapping[str, str]
    removed: tuple[str, ...]
    expect: Verdict
    state: State

    def __post_init__(self) -> None:
        try:
            for path in (*self.files, *self.removed):
                parts(path)
        except FetchError as strange:
            raise ValueError(f"{path} is no path of a tree") from strange
        if not all(_DIGEST.fullmatch(digest) for digest in self.files.values()):
            raise ValueError("a file of the tree is named by no SHA-256")
        if not self.files.keys().isdisjoint(self.removed):
            raise ValueError("a file of the tree is both there and gone")

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "at": instant_text(self.at),
            "tree": {"files": dict(sorted(self.files.items())), "removed": sorted(self.removed)},
            "expect": {"indication": self.expect.indication.value, "code": self.expect.code},
            "state": dict(self.state),
        }


def looks_of(case: ConformanceCase) -> tuple[Look, ...]:
    """Return the looks of ``case``, the judged one last.

    Raises:
        ConfigurationError: They are not in order, or the last one says something else than the case.
    """
    try:
        return _looks(case)
    except (ValueError, InputError) as malformed:
        raise ConfigurationError(f"the looks of case {case.id} are not in order: {malformed}") from malformed


def _looks(case: ConformanceCase) -> tuple[Look, ...]:
    if wrong := schemas.fault(dict(case.input), schemas.LOOKS):
        raise ValueError(wrong)
    looks = tuple(map(_look, case.input["looks"]))
    last = looks[-1]
    if (last.at, last.expect, last.state) != (case.at, case.expect, case.state):
        raise ValueError("its last look says something else than the case itself")
    return looks


def _look(document: Mapping[str, Any]) -> Look:
    expect = Verdict(Indication(document["expect"]["indication"]), document["expect"]["code"])
    tree = document["tree"]
    return Look(parse_instant(document["at"]), tree["files"], tuple(tree["removed"]), expect, document["state"])


def laid_out(material: Material, look: Look, to: Path) -> Path:
    """Lay out what a node sees at ``look``: the pinned root, and the tree beside it, in ``to``, which does not exist.

    Raises:
        ConfigurationError: A file is missing or is another one than the look names.
    """
    try:
        files = _as_it_was(material)
        for path in look.removed:
            del files[f"{TREE}/{path}"]
        files |= {f"{TREE}/{PurePosixPath(path)}": _blob(material, digest) for path, digest in look.files.items()}
        to.mkdir(parents=True)
        for path, octets in sorted(files.items()):  # an order of its own would tell which of them are changed
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            (to / path).write_bytes(octets)
    except (OSError, KeyError) as unusable:
        raise ConfigurationError(f"a tree of the material {material.name} cannot be laid out: {unusable}") from unusable
    return to


def _as_it_was(material: Material) -> dict[str, bytes]:
    """Return the pinned root and the tree of ``material`` by their paths."""
    if material.held is not None:
        return {
            path: octets for path, octets in material.held.items() if path == ROOT_FILE or path.startswith(_IN_TREE)
        }
    tree = {one.relative_to(material.folder).as_posix(): one for one in (material.folder / TREE).rglob("*")}
    files = {path: one.read_bytes() for path, one in tree.items() if one.is_file()}
    return {**files, ROOT_FILE: (material.folder / ROOT_FILE).read_bytes()}


def _blob(material: Material, digest: str) -> bytes:
    name = f"{BLOBS}/{digest}"
    octets = (material.folder / name).read_bytes() if material.held is None else material.held[name]
    if hashlib.sha256(octets).hexdigest() != digest:
        raise ConfigurationError(f"the file {digest} of the material {material.name} is damaged")
    return octets
