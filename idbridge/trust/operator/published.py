"""What a region has published, as an operator's tool looks at it: verified from the pinned root down, at no instant.

Decides who may sign what, and what stands now, from a tree in a directory or at an address. Whether any of it is
current or was rolled back, the two locks of a node decide: a signer compares digests, and a proposal that was made
against an older state of affairs is refused when it is published. A region that has published nothing yet is read
from the proposals of its root and its top level.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from tuf.api.metadata import Root, Snapshot, TargetFile, Targets, Timestamp

from idbridge.crypto.keys import JwkPublicKey
from idbridge.errors import FetchError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.net.source import AbsentDocumentError
from idbridge.trust import profile
from idbridge.trust.profile import TrustList
from idbridge.trust.tuf import entry, metadata, roles
from idbridge.trust.tuf.client import METADATA, TARGETS, Tree
from idbridge.trust.tuf.entry import ListEntry
from idbridge.trust.tuf.errors import broken, mismatched
from idbridge.trust.tuf.metadata import LIBRARY_ERRORS, MetadataFile, parse_unverified
from idbridge.trust.tuf.proposal import Proposal, Voters
from idbridge.trust.tuf.quorum import quorum_of, require_quorum, rooted
from idbridge.trust.tuf.writing import digest

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


_ANOTHER_FILE: Final = "trust.snapshot_mismatch"


@dataclass(frozen=True, slots=True)
class Published:
    """What stands in a region now. ``top`` is ``None`` before there is a top level.

    ``roles`` are the delegated ones that are in order; ``versions`` also knows the others, as after a change of keys.
    ``gaps`` are delegated roles whose file is missing, or is another one than the snapshot names: what stands there is
    not known, so nothing can follow it. ``began`` tells whether anything was published; without, root and top level
    are those that are proposed.
    """

    environment: Environment
    root: Root
    top: Targets | None
    roles: Mapping[str, MetadataFile[Targets]]
    versions: Mapping[str, int]
    tree: Tree | None
    began: bool
    gaps: frozenset[str] = frozenset()

    def version(self, role: str) -> int:
        """Return the version of a role that stands now, 0 before the first."""
        if not self.began:
            return 0
        if role == roles.ROOT:
            return self.root.version
        if role == roles.TARGETS:
            return self.top.version if self.top is not None else 0
        return self.versions.get(role, 0)

    def voters(self, role: str, *, proposed: Root | Targets | None = None) -> tuple[Voters, ...]:
        """Return who may sign ``role``; ``proposed`` is a new root, which its own keys sign as well.

        Raises:
            TrustError: ``trust.metadata_invalid``: the keys break our rules; ``trust.signer_unknown``: nobody may.
        """
        if role == roles.ROOT:
            roots = {one.version: one for one in (self.root, proposed) if isinstance(one, Root)}
            return tuple(Voters(quorum_of(one, roles.ROOT), one) for one in roots.values())
        if role == roles.TARGETS:
            return (Voters(quorum_of(self.root, roles.TARGETS), self.root),)
        if self.top is None or not self.is_delegated(role):
            raise TrustError("trust.signer_unknown", f"the region delegates {role} to nobody")
        return (Voters(quorum_of(self.top, role), self.top),)

    def is_delegated(self, role: str) -> bool:
        """Tell whether the top level delegates ``role`` to anybody."""
        delegations = self.top.delegations if self.top is not None else None
        return delegations is not None and role in (delegations.roles or {})

    def online_key(self) -> JwkPublicKey:
        """Return the key of the online role."""
        return next(iter(quorum_of(self.root, roles.TIMESTAMP).keys.values())).key

    def targets(self, role: str) -> Mapping[str, TargetFile]:
        """Return what a role lists now."""
        if role == roles.TARGETS:
            return self.top.targets if self.top is not None and self.began else {}
        return self.roles[role].signed.targets if role in self.roles else {}

    def target(self, role: str, path: str) -> bytes:
        """Return a file that ``role`` lists.

        Raises:
            FetchError: It cannot be had.
            TrustError: ``trust.snapshot_mismatch``: it is not the file that was named.
        """
        named = self.targets(role)[path]
        if self.tree is None:
            raise FetchError(f"{path} is nowhere")
        folder, _, name = path.rpartition("/")
        sha256 = named.hashes.get("sha256", "")
        octets = self.tree.read(f"{TARGETS}/{folder}/{sha256}.{name}", max_bytes=LIMITS.trust_list_bytes)
        if digest(octets) != sha256:
            raise mismatched(f"{path} is not the file that was named")
        return octets

    def files(self, role: str) -> dict[str, bytes]:
        """Return every file that ``role`` lists, by path.

        Raises:
            FetchError, TrustError: As ``target``.
        """
        return {path: self.target(role, path) for path in self.targets(role)}

    def entry(self, state: MemberState) -> ListEntry | None:
        """Return the entry under which the role of ``state`` lists its list; ``None`` if it lists none.

        Raises:
            TrustError: ``trust.metadata_invalid``.
        """
        named = self.targets(state.value).get(roles.list_path(state))
        return entry.read(named) if named is not None else None

    def list_of(self, state: MemberState) -> TrustList | None:
        """Return the list of ``state`` that stands now; ``None`` if there is none.

        Raises:
            FetchError, TrustError: It cannot be had, or is not in order.
        """
        named = self.entry(state)
        if named is None:
            return None
        octets = self.target(state.value, roles.list_path(state))
        return profile.parse(
            octets, state=state, environment=self.environment, keys=tuple(named.keys), distribution="tuf"
        )


def proposed(root: Proposal, top: Proposal | None) -> Published:
    """Return a region that has published nothing yet, as its ``root`` and ``top`` level are proposed."""
    signed = top.file.signed if top is not None else None
    return Published(root.environment, root.file.signed, signed, _NONE, _NONE, None, began=False)


def following(before: Published, found: Proposal) -> Published:
    """Return what will stand once ``found`` is published; whether it may be, is not asked here."""
    signed = found.file.signed
    if found.role == roles.ROOT:
        return replace(before, root=signed)
    if found.role == roles.TARGETS:
        held = _Over(before.tree, found) if before.tree is not None else None
        return replace(before, top=signed, tree=held)
    if before.tree is None:
        return before
    return replace(
        before,
        roles=MappingProxyType({**before.roles, found.role: found.file}),
        versions=MappingProxyType({**before.versions, found.role: found.file.version}),
        tree=_Over(before.tree, found),
    )


class _Over:
    """A tree with the files of a proposal that is not yet published."""

    def __init__(self, below: Tree, over: Proposal) -> None:
        self._below = below
        self._files = {digest(octets): octets for octets in over.targets.values()}

    def read(self, path: str, *, max_bytes: int) -> bytes:
        """Return the file at ``path``."""
        name = path.rpartition("/")[2].partition(".")[0]
        return self._files[name] if name in self._files else self._below.read(path, max_bytes=max_bytes)


def read(tree: Tree, pinned: bytes) -> Published:
    """Return what ``tree`` offers to who trusts the root ``pinned``.

    Raises:
        FetchError: It cannot be had.
        TrustError: ``trust.metadata_invalid``, ``trust.threshold_missing`` or ``trust.snapshot_mismatch``.
    """
    environment = _environment(pinned)
    root = _newest(tree, pinned, environment)
    timestamp = _online(tree, "timestamp.json", Timestamp, roles.TIMESTAMP, root, environment)
    named = timestamp.signed.snapshot_meta
    snapshot = _online(tree, f"{named.version}.{roles.SNAPSHOT}.json", Snapshot, roles.SNAPSHOT, root, environment)
    top = _role(tree, snapshot.signed, roles.TARGETS, root, environment)
    delegations = top.signed.delegations
    known = set(delegations.roles or {}) & set(roles.delegated()) if delegations is not None else set()
    versions = {name.removesuffix(".json"): meta.version for name, meta in snapshot.signed.meta.items()}
    found: dict[str, MetadataFile[Targets]] = {}
    gaps: set[str] = set()
    for name in sorted(known & versions.keys()):
        try:
            found[name] = _role(tree, snapshot.signed, name, top.signed, environment)
        except FetchError:
            gaps.add(name)
        except TrustError as unfit:  # one state's role that is gone or not in order holds up nobody else
            if unfit.code == _ANOTHER_FILE:
                gaps.add(name)
    return Published(
        environment, root, top.signed, MappingProxyType(found), MappingProxyType(versions), tree, began=True,
        gaps=frozenset(gaps),
    )  # fmt: skip


def _environment(pinned: bytes) -> Environment:
    try:
        return Environment(parse_unverified(pinned).unrecognized_fields[roles.ENVIRONMENT])
    except LIBRARY_ERRORS:
        raise broken("the pinned root cannot be read") from None


def _newest(tree: Tree, pinned: bytes, environment: Environment) -> Root:
    held = metadata.read(pinned, Root, role=roles.ROOT, environment=environment)
    require_quorum(held, rooted(held, environment), delegator=held.signed)
    for _ in range(LIMITS.root_rotations):
        try:
            octets = tree.read(f"{METADATA}/{held.version + 1}.{roles.ROOT}.json", max_bytes=LIMITS.metadata_bytes)
        except AbsentDocumentError:
            break
        following = metadata.read(octets, Root, role=roles.ROOT, environment=environment)
        if following.version != held.version + 1:
            raise mismatched(f"root {held.version} is followed by root {following.version}")
        for one in (held, following):
            require_quorum(following, rooted(one, environment), delegator=one.signed)
        held = following
    return held.signed


def _online(
    tree: Tree, name: str, kind: type[Any], role: str, root: Root, environment: Environment
) -> MetadataFile[Any]:
    octets = tree.read(f"{METADATA}/{name}", max_bytes=LIMITS.metadata_bytes)
    file = metadata.read(octets, kind, role=role, environment=environment)
    require_quorum(file, quorum_of(root, role), delegator=root)
    return file


def _role(
    tree: Tree, snapshot: Snapshot, name: str, delegator: Root | Targets, environment: Environment
) -> MetadataFile[Targets]:
    named = snapshot.meta.get(f"{name}.json")
    if named is None:
        raise mismatched(f"the snapshot does not name {name}")
    octets = tree.read(f"{METADATA}/{named.version}.{name}.json", max_bytes=LIMITS.metadata_bytes)
    file = metadata.read(octets, Targets, role=name, environment=environment)
    require_quorum(file, quorum_of(delegator, name), delegator=delegator)
    if file.version != named.version or (named.hashes or {}).get("sha256") != file.digest:
        raise mismatched(f"{name} is not the file that the snapshot names")
    return file
