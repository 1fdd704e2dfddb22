"""A publication under test, and the look of a careful consumer at it: every file read again, from the pinned root down.

Two ways to publish are known: a tree distributed by TUF under a pinned root, and plain lists under pinned keys. Both
end in the same view. The judgement is that of the product's own locks (``trust``); nothing of them is repeated here.
Unlike a node, the consumer holds nothing, so that one bad thing is told apart from the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tuf.api.metadata import MetaFile

from idbridge.errors import FetchError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import parse_instant
from idbridge.net.source import AbsentDocumentError
from idbridge.trust import agreements, files
from idbridge.trust.floors import Floors
from idbridge.trust.pins import Pins
from idbridge.trust.shelf import DirectoryShelf
from idbridge.trust.snapshot import RefusedOffer
from idbridge.trust.trusted_set import TrustedSet
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.acceptance import accept
from idbridge.trust.tuf.client import METADATA, TARGETS, Tree
from idbridge.trust.tuf.floors import DistributionFloors
from idbridge.trust.tuf.metadata import LIBRARY_ERRORS, parse_unverified
from idbridge.trust.tuf.second_lock import Fetched, RegionalView, examine

TIMESTAMP_PATH: Final = f"{METADATA}/timestamp.json"
REGION: Final = "region"
_NONE: Final[Mapping[Any, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Publication:
    """Where something is published, and what is pinned: a root (TUF) or the keys of states (plain).

    ``folder`` is where it lies on this machine, ``None`` if it is elsewhere. ``previous`` is an older copy of it.

    Raises:
        ValueError: Both are pinned or neither, or plain lists are not in a folder.
    """

    tree: Tree
    root: bytes | None = None
    pins: Pins | None = None
    folder: Path | None = None
    previous: "Publication | None" = None

    def __post_init__(self) -> None:
        if (self.root is None) is (self.pins is None):
            raise ValueError("either a root is pinned, or keys are")
        if self.pins is not None and self.folder is None:
            raise ValueError("plain lists are looked at in a folder")


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one instant. ``blocked`` is what kept the consumer from looking further.

    ``offers`` are the octets of the lists by state, ``keys`` the keys of the states that may sign one.
    """

    at: datetime
    environment: Environment
    trusted: TrustedSet | None
    refused: tuple[RefusedOffer, ...]
    blocked: TrustError | None
    offers: Mapping[MemberState, bytes]
    keys: Mapping[MemberState, tuple[PublicKey, ...]]
    fetched: Fetched | None = None
    view: RegionalView | None = None


def look(publication: Publication, *, at: datetime) -> Look:
    """Return what a consumer sees who comes at ``at`` and holds nothing.

    Raises:
        FetchError: Nothing can be had at all.
        TrustError: What is there is no publication.
    """
    return _tuf_look(publication, at=at) if publication.root is not None else _plain_look(publication, at=at)


def environment_of(root: bytes) -> Environment:
    """Return the environment that a root names.

    Raises:
        TrustError: ``trust.metadata_invalid``: it is no root of ours.
    """
    try:
        return Environment(parse_unverified(root).unrecognized_fields[roles.ENVIRONMENT])
    except LIBRARY_ERRORS:
        raise TrustError("trust.metadata_invalid", "the pinned root is none") from None


def fetched(tree: Tree, bootstrap: bytes) -> Fetched:
    """Return every file of the tree that a consumer asks for; nothing of it is judged.

    Raises:
        TrustError: ``trust.unreachable`` or ``trust.metadata_invalid``: the top of the tree cannot be had or read.
    """
    try:
        timestamp = tree.read(TIMESTAMP_PATH, max_bytes=LIMITS.timestamp_bytes)
        snapshot = _role(tree, roles.SNAPSHOT, parse_unverified(timestamp).snapshot_meta)
        named: Mapping[str, MetaFile] = parse_unverified(snapshot).meta
        targets = _role(tree, roles.TARGETS, named[f"{roles.TARGETS}.json"])
        found = _Found(tree)
        found.take_targets(targets)
        for role in roles.delegated():
            if f"{role}.json" in named:
                found.take_role(role, named[f"{role}.json"])
        roots = _roots(tree, bootstrap)
    except FetchError as gone:
        raise TrustError("trust.unreachable", str(gone)) from gone
    except LIBRARY_ERRORS:
        raise TrustError("trust.metadata_invalid", "the top of the tree cannot be read") from None
    return Fetched(roots, timestamp, snapshot, targets, found.roles, found.files, found.role_faults, found.faults)


def _role(tree: Tree, role: str, named: MetaFile) -> bytes:
    return tree.read(f"{METADATA}/{named.version}.{role}.json", max_bytes=LIMITS.metadata_bytes)


def _roots(tree: Tree, bootstrap: bytes) -> tuple[bytes, ...]:
    found = [bootstrap]
    number = int(parse_unverified(bootstrap).version)
    while len(found) <= LIMITS.root_rotations:
        number += 1
        try:
            found.append(tree.read(f"{METADATA}/{number}.{roles.ROOT}.json", max_bytes=LIMITS.metadata_bytes))
        except AbsentDocumentError:
            break
    return tuple(found)


class _Found:
    """The delegated roles and targets that could be had, and the codes of the faults of the others."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.roles: dict[str, bytes] = {}
        self.files: dict[str, bytes] = {}
        self.role_faults: dict[str, str] = {}
        self.faults: dict[str, str] = {}

    def take_role(self, role: str, named: MetaFile) -> None:
        """Read a delegated role and what it lists."""
        try:
            octets = _role(self._tree, role, named)
            self.take_targets(octets)
        except FetchError:
            self.role_faults[role] = "trust.unreachable"
        except LIBRARY_ERRORS:
            self.role_faults[role] = "trust.metadata_invalid"
        else:
            self.roles[role] = octets

    def take_targets(self, octets: bytes) -> None:
        """Read the files that a role lists, each under its hash."""
        listed = parse_unverified(octets).targets
        for path in sorted(listed)[: LIMITS.target_files]:
            folder, _, name = path.rpartition("/")
            place = f"{TARGETS}/{folder}/{listed[path].hashes['sha256']}.{name}"
            try:
                self.files[path] = self._tree.read(place, max_bytes=LIMITS.trust_list_bytes)
            except FetchError:
                self.faults[path] = "trust.unreachable"


def _tuf_look(publication: Publication, *, at: datetime) -> Look:
    bootstrap = publication.root or b""
    environment = environment_of(bootstrap)
    try:
        got = fetched(publication.tree, bootstrap)
    except TrustError as refusal:
        return Look(at, environment, None, (), refusal, _NONE, _NONE)
    try:
        view = examine(got, bootstrap=bootstrap, floors=DistributionFloors(environment), at=at)
    except TrustError as refusal:
        return Look(at, environment, None, (), refusal, _NONE, _NONE, got)
    paths = {state: roles.list_path(state) for state in MemberState}
    offers = {state: got.files[path] for state, path in paths.items() if path in got.files}
    keys = {state: (*role.entry.keys,) for state, role in view.states.items()}
    trusted, refused, blocked = _taken_up(view, environment, at=at)
    return Look(at, environment, trusted, refused, blocked, offers, keys, got, view)


def _taken_up(
    view: RegionalView, environment: Environment, *, at: datetime
) -> tuple[TrustedSet | None, tuple[RefusedOffer, ...], TrustError | None]:
    """Return what is taken up; where the agreements alone keep a newcomer out, everything else is."""
    empty = Floors(environment)
    try:
        accepted = accept(view, None, floors=empty, at=at)
    except TrustError as refusal:
        try:
            without = accept(replace(view, agreements=None), None, floors=empty, at=at)
        except TrustError:
            return None, (), refusal
        fault = RefusedOffer(roles.AGREEMENTS, refusal.code, refusal.detail)
        return without.trusted, (*without.refused, fault), None
    return accepted.trusted, accepted.refused, None


def _plain_look(publication: Publication, *, at: datetime) -> Look:
    pins, folder = publication.pins, publication.folder
    if pins is None or folder is None:  # asked when it was made; for the type checker
        raise ValueError("plain lists are looked at in a folder, under pinned keys")
    trusted = TrustedSet(pins.environment, pins.keys)
    refused: list[RefusedOffer] = []
    offers: dict[MemberState, bytes] = {}
    for state in pins.keys:
        try:
            offers[state] = files.read(folder / "lists", f"{state}.jws", max_bytes=LIMITS.trust_list_bytes)
            trusted = trusted.with_list(offers[state], state=state, at=at)
        except (FetchError, InputError) as unreadable:
            refused.append(RefusedOffer(f"lists/{state}", "trust.unreachable", str(unreadable)))
        except TrustError as refusal:
            refused.append(RefusedOffer(f"lists/{state}", refusal.code, refusal.detail))
    try:
        trusted, more = agreements.read(DirectoryShelf(folder), trusted)
        refused += more
    except TrustError as refusal:
        refused.append(RefusedOffer(roles.AGREEMENTS, refusal.code, refusal.detail))
    return Look(at, pins.environment, trusted, tuple(refused), None, offers, pins.keys)


def metadata_files(look: Look) -> Mapping[str, Any]:
    """Return what each role of the tree says, unverified, by name; empty for plain lists, or if nothing can be read."""
    got = look.fetched
    if got is None:
        return _NONE
    top = {roles.ROOT: got.roots[-1], roles.TIMESTAMP: got.timestamp, roles.SNAPSHOT: got.snapshot}
    named = {**top, roles.TARGETS: got.targets, **got.roles}
    return MappingProxyType({role: parse_unverified(octets) for role, octets in named.items()})


def signed_at(got: Fetched) -> datetime:
    """Return when the timestamp of ``got`` was signed, by its own word.

    Raises:
        TrustError: ``trust.metadata_invalid``: it does not say so.
    """
    try:
        return parse_instant(parse_unverified(got.timestamp).unrecognized_fields[roles.SIGNED_AT])
    except LIBRARY_ERRORS:
        raise TrustError("trust.metadata_invalid", "the timestamp does not say when it was signed") from None
