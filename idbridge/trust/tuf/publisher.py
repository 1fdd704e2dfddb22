"""The online role: takes up what others have signed, and signs snapshot and timestamp over it.

It holds the one key that is always at hand, and so it decides as little as can be: it signs only what it would accept
itself, by both locks, under floors of its own, exactly as every node will. Nothing comes into sight before that. A
version follows the one before it; what is refused leaves the tree as it was. A role whose file is gone or spoiled on
this machine is named on, as the verified snapshot names it: its state alone is without it, and no other waits for it.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tuf.api.metadata import MetaFile, Root, Snapshot

from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.region import Environment, MemberState
from idbridge.trust.agreements import ARRANGEMENTS
from idbridge.trust.errors import RollbackError
from idbridge.trust.tuf import metadata, roles, writing
from idbridge.trust.tuf.acceptance import LISTS, Accepted
from idbridge.trust.tuf.client import METADATA, TARGETS, Tree
from idbridge.trust.tuf.errors import mismatched
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.metadata import LIBRARY_ERRORS, parse_unverified
from idbridge.trust.tuf.quorum import quorum_of, require_quorum
from idbridge.trust.tuf.repository import REGION, Look, TufRepository
from idbridge.trust.tuf.tree import Candidate, CandidateTree, Head, PublishedTree, RoleFile, targets_in
from idbridge.trust.tuf.writing import Issue

FIRST: Final = 1
_NONE: Final[Mapping[str, bytes]] = MappingProxyType({})
_NO_GAPS: Final[Mapping[str, MetaFile]] = MappingProxyType({})
_EMPTY: Final = RoleFile(0, b"")
_STATES: Final = frozenset(state.value for state in MemberState)
_ONLINE: Final = (roles.SNAPSHOT, roles.TIMESTAMP)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be published: new versions of roles by name, the targets that they name by path, and new roots."""

    roles: Mapping[str, bytes] = field(default_factory=lambda: _NONE)
    targets: Mapping[str, bytes] = field(default_factory=lambda: _NONE)
    roots: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Publication:
    """What came of publishing: the versions now in sight, and what a node accepts of it.

    ``due`` are the offline roles of which half of the usual life has passed, with the instant at which each ends.
    ``gaps`` are the roles whose file is not in the tree as the snapshot names it: who begins now is without them.
    """

    timestamp_version: int
    snapshot_version: int
    accepted: Accepted
    due: tuple[tuple[str, datetime], ...]
    gaps: tuple[str, ...] = ()


class Publisher:
    """Publishes to one tree, with the online key and a memory of its own in ``state_directory``."""

    def __init__(
        self,
        tree: PublishedTree,
        *,
        online: MetadataSigner,
        root_file: Path,
        state_directory: Path,
        environment: Environment,
    ) -> None:
        self._tree = tree
        self._online = online
        self._root_file = root_file
        self._memory = TufRepository(tree.reader, root_file, state_directory)
        self._environment = environment

    def publish(self, change: Change, *, at: datetime, dry_run: bool = False) -> Publication:
        """Bring ``change`` into sight, if everything in it would be accepted at ``at``; and a fresh timestamp with it.

        With ``dry_run`` nothing is written.

        Raises:
            ConfigurationError: The tree or the memory is not in order, or somebody else is publishing.
            TrustError: What is to be published would be refused; the code says why, and the tree is as it was.
        """
        with self._tree.locked():
            head = self._tree.head() if self._tree.is_begun() else None
            if head is not None:
                _refuse_vanished(head, change)
            candidate, versions = self._candidate(head, change, at=at)
            offered = CandidateTree(candidate, self._tree.reader)
            look = self._memory.look(offered, at=at)
            _refuse_unaccepted(change, look)
            if change.roles or change.roots:
                self._refuse_lost(offered, look, head=head, at=at)
            if not dry_run:
                self._tree.put(candidate)
                self._memory.load(at=at)
        gaps = tuple(sorted(head.gaps.keys() - change.roles.keys())) if head is not None else ()
        return Publication(*versions, accepted=look.accepted, due=_due(look, at=at), gaps=gaps)

    def refresh(self, *, at: datetime) -> Publication:
        """Sign a fresh timestamp over what is in sight, and a fresh snapshot once half of its life has passed.

        Raises:
            ConfigurationError, TrustError: As ``publish``.
        """
        return self.publish(Change(), at=at)

    def _refuse_lost(self, offered: CandidateTree, look: Look, *, head: Head | None, at: datetime) -> None:
        """Refuse a change after which a node, old or new, would refuse what it takes up without the change.

        Whoever exchanges a key would otherwise take from every later node what only that key vouched for: a list, a
        denial, a suspension, an arrangement. What is refused already holds up nobody.

        Raises:
            TrustError: The first such refusal.
        """
        refused = self._as_a_beginner(offered, at=at) | _refusals(look)
        if head is not None and refused:
            unchanged, _ = self._candidate(head, Change(), at=at)
            before = CandidateTree(unchanged, self._tree.reader)
            known = self._as_a_beginner(before, at=at) | _refusals(self._memory.look(before, at=at))
            refused = {subject: refusal for subject, refusal in refused.items() if subject not in known}
        for subject in sorted(refused, key=lambda one: (not one.startswith(LISTS), one)):
            leaving = look.view.withdrawn and subject.startswith(f"{ARRANGEMENTS}/")
            if not leaving:  # who leaves takes along what it signed, until the others have agreed anew
                raise refused[subject]

    def _as_a_beginner(self, tree: Tree, *, at: datetime) -> dict[str, TrustError]:
        """Return what a node that begins now refuses of ``tree``, by subject."""
        with tempfile.TemporaryDirectory() as folder:
            beginner = TufRepository(tree, self._root_file, Path(folder))
            beginner.initialise()
            try:
                look = beginner.look(tree, at=at)
            except TrustError as refusal:
                return {REGION: refusal}
        return _refusals(look)

    def _candidate(self, head: Head | None, change: Change, *, at: datetime) -> tuple[Candidate, tuple[int, int]]:
        """Return the tree as it would be, with the versions of timestamp and snapshot."""
        held = dict(head.roles) if head is not None else {}
        gaps = head.gaps if head is not None else _NO_GAPS
        new = _root_files(head, change) | _target_files(change)
        for name, octets in change.roles.items():
            before = held[name].version if name in held else gaps[name].version if name in gaps else FIRST - 1
            held[name] = _following(name, octets, before=before)
            new[f"{METADATA}/{held[name].version}.{name}.json"] = octets
        snapshot = head.snapshot if head is not None else _EMPTY
        # A new root may name another online key, and then the snapshot that stands is signed by nobody.
        if change.roles or change.roots or self._is_ageing(snapshot, at=at):
            issue = Issue(self._environment, snapshot.version + 1, at)
            carried = self._verified_gaps(head) if head is not None else _NO_GAPS
            files = {name: (file.version, file.octets) for name, file in held.items()}
            payload = writing.snapshot(issue, files=files, carried=carried)
            snapshot = RoleFile(issue.version, writing.signed(payload, (self._online,)))
            new[f"{METADATA}/{snapshot.version}.{roles.SNAPSHOT}.json"] = snapshot.octets
        issue = Issue(self._environment, (head.timestamp.version if head is not None else 0) + 1, at)
        stamp = writing.timestamp(issue, snapshot_version=snapshot.version, octets=snapshot.octets)
        timestamp = writing.signed(stamp, (self._online,))
        return Candidate(MappingProxyType(new), timestamp), (issue.version, snapshot.version)

    def _verified_gaps(self, head: Head) -> Mapping[str, MetaFile]:
        """Return what the snapshot in sight says of the gaps, if the online key signed it.

        Else whoever may write to the tree would let us name a spoiled file in the place of a role, or of a gap any
        version, past which no state could publish again. That it is the newest one and no older, the floors of our
        memory decide when we look at the candidate.

        Raises:
            TrustError: ``trust.threshold_missing``, ``trust.metadata_invalid``: nobody signed it.
        """
        root = metadata.read(head.roots[-1], Root, role=roles.ROOT, environment=self._environment).signed
        file = metadata.read(head.snapshot.octets, Snapshot, role=roles.SNAPSHOT, environment=self._environment)
        require_quorum(file, quorum_of(root, roles.SNAPSHOT), delegator=root)
        return MappingProxyType({name: file.signed.meta[f"{name}.json"] for name in head.gaps})

    @staticmethod
    def _is_ageing(snapshot: RoleFile, *, at: datetime) -> bool:
        """Tell whether half of the life of the snapshot has passed, or there is none."""
        if not snapshot.version:
            return True
        ends: datetime = parse_unverified(snapshot.octets).expires
        return ends - at < roles.terms(roles.SNAPSHOT).usual / 2


def _refusals(look: Look) -> dict[str, TrustError]:
    return {offer.subject: TrustError(offer.code, offer.detail) for offer in look.accepted.refused}


def _following(name: str, octets: bytes, *, before: int) -> RoleFile:
    """Return a role that is to be published, if its version follows the one before it."""
    version = targets_in(octets).version
    if version != before + 1:
        raise mismatched(f"version {version} of {name} does not follow {before}; propose it anew")
    return RoleFile(version, octets)


def _root_files(head: Head | None, change: Change) -> dict[str, bytes]:
    """Return the files of new roots; each follows the one before it."""
    number = len(head.roots) if head is not None else 0
    found: dict[str, bytes] = {}
    for octets in change.roots:
        number += 1
        try:
            signed = parse_unverified(octets)
        except LIBRARY_ERRORS as broken:
            raise ConfigurationError("a new root cannot be read") from broken
        if not isinstance(signed, Root) or signed.version != number:
            raise mismatched(f"the root that follows {number - 1} has another version; propose it anew")
        found[f"{METADATA}/{number}.{roles.ROOT}.json"] = octets
    return found


def _target_files(change: Change) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path, octets in change.targets.items():
        folder, _, name = path.rpartition("/")
        found[f"{TARGETS}/{folder}/{hashlib.sha256(octets).hexdigest()}.{name}"] = octets
    return found


def _refuse_unaccepted(change: Change, look: Look) -> None:
    """Refuse to publish what a node would refuse, of what is new; what others did wrong before holds up nobody.

    Raises:
        TrustError: The first such refusal.
    """
    for name in sorted(change.roles):
        if name in look.view.refused:
            raise look.view.refused[name]
    changed = {*change.targets, *(roles.list_path(MemberState(name)) for name in change.roles if name in _STATES)}
    if roles.DENY in change.roles:
        changed.add(roles.DENY_LIST)
    for offer in look.accepted.refused:
        if any(path == offer.subject or path.startswith(f"{offer.subject}/") for path in changed):
            raise TrustError(offer.code, offer.detail)


def _refuse_vanished(head: Head, change: Change) -> None:
    """Refuse agreements that lack a document which is in sight: a node that begins later would never know of it.

    Raises:
        RollbackError: There is one.
        ConfigurationError: Which documents are in sight is not known, because the role that lists them is a gap.
    """
    if roles.AGREEMENTS in head.gaps and roles.AGREEMENTS in change.roles:
        raise ConfigurationError("the role of the agreements is not in the tree as it was published; put it back first")
    before = head.targets_of(roles.AGREEMENTS)
    if before is None or roles.AGREEMENTS not in change.roles:
        return
    after = targets_in(change.roles[roles.AGREEMENTS])
    if not before.targets.keys() <= after.targets.keys():
        raise RollbackError(held=len(before.targets), offered=len(before.targets.keys() & after.targets.keys()))


def _due(look: Look, *, at: datetime) -> tuple[tuple[str, datetime], ...]:
    """Return the roles of which half of the usual life has passed, with the end of each; the next to end first."""
    dues = look.view.dues.items()
    found = [(role, end) for role, end in dues if role not in _ONLINE and end - at < roles.terms(role).usual / 2]
    return tuple(sorted(found, key=lambda one: one[1]))
