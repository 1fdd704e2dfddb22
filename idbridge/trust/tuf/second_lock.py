"""The second lock: whether what the TUF library accepted is accepted here too, at an injected instant, with no I/O.

The library checks signatures, versions and hashes against a cache that forgets. Here the same octets are judged again
against floors that do not forget, and by rules that TUF has none for: regional quorums of distinct states, one key
counting once, states bound to their own paths and keys, bounded lifetimes. What is wrong with the region refuses
everything; what is wrong with one state, the agreements or the deny list refuses that alone.
Clauses: TUF specification 5.3 to 5.6; architecture D1.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import DelegatedRole, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust import published_test_keys
from idbridge.trust.tuf import entry, handover, metadata, roles
from idbridge.trust.tuf.entry import ListEntry
from idbridge.trust.tuf.errors import broken, mismatched, refusing_surprises
from idbridge.trust.tuf.floors import DistributionFloors
from idbridge.trust.tuf.metadata import MetadataFile
from idbridge.trust.tuf.quorum import Quorum, quorum_of, refuse_published, refuse_shared_keys, require_quorum, rooted

_PART: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,79}")
_ONLINE_ROLES: Final = (roles.TIMESTAMP, roles.SNAPSHOT)


@dataclass(frozen=True, slots=True)
class Fetched:
    """Octets as the first lock left them: nothing of them is believed yet.

    ``roots`` are every root from the pinned one on, in order. ``roles`` are the delegated roles by name, ``files`` the
    targets by path. ``role_faults`` and ``faults`` say for a role or a path why it could not be had, by its code.
    """

    roots: tuple[bytes, ...]
    timestamp: bytes
    snapshot: bytes
    targets: bytes
    roles: Mapping[str, bytes]
    files: Mapping[str, bytes]
    role_faults: Mapping[str, str]
    faults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StateRole:
    """A state's role that passed: its list with the entry that names it. ``spare`` is how many signed beyond need."""

    version: int
    expires: datetime
    quorum: Quorum
    entry: ListEntry
    octets: bytes
    spare: int


@dataclass(frozen=True, slots=True)
class CarrierRole:
    """The agreements or the deny list, as far as the role that carries them goes: octets by path.

    ``faulty`` are the files that are not as the role names them, or could not be had.
    """

    version: int
    expires: datetime
    files: Mapping[str, bytes]
    faulty: Mapping[str, TrustError]


@dataclass(frozen=True, slots=True)
class RegionalView:
    """What the distribution offers, after both locks.

    ``states`` are the roles that passed; ``withdrawn`` the states of which it is certain that they list nothing;
    ``refused`` why a role or state was not accepted. ``quorums`` are all quorums by role.
    """

    environment: Environment
    signed_at: datetime
    expires: datetime
    versions: Mapping[str, int]
    snapshot_digest: str
    quorums: Mapping[str, Quorum]
    states: Mapping[MemberState, StateRole]
    withdrawn: frozenset[MemberState]
    agreements: CarrierRole | None
    deny: CarrierRole | None
    refused: Mapping[str, TrustError]
    dues: Mapping[str, datetime]
    floors: DistributionFloors


@dataclass(frozen=True, slots=True)
class _Region:
    """The top of the tree, verified."""

    root: MetadataFile[Root]
    timestamp: MetadataFile[Timestamp]
    snapshot: MetadataFile[Snapshot]
    targets: MetadataFile[Targets]
    quorums: Mapping[str, Quorum]
    floors: DistributionFloors

    @property
    def files(self) -> tuple[MetadataFile[Any], ...]:
        """The four files of the top."""
        return (self.root, self.timestamp, self.snapshot, self.targets)


def examine(fetched: Fetched, *, bootstrap: bytes, floors: DistributionFloors, at: datetime) -> RegionalView:
    """Return what of ``fetched`` is accepted at ``at`` by who trusts the root ``bootstrap`` and holds ``floors``.

    Raises:
        TrustError: The top of the tree is not acceptable, and so nothing is; what was held stays in force.
    """
    with refusing_surprises("the region"):
        region = _top(fetched, bootstrap=bootstrap, floors=floors, at=at)
        judged = _Judgement(fetched, region, at=at)
        for delegated in _delegations(region.targets.signed):
            judged.take(delegated)
        return judged.view()


def _top(fetched: Fetched, *, bootstrap: bytes, floors: DistributionFloors, at: datetime) -> _Region:
    root, floors = _roots(fetched, bootstrap=bootstrap, floors=floors, at=at)
    environment = floors.environment
    timestamp = metadata.read(fetched.timestamp, Timestamp, role=roles.TIMESTAMP, environment=environment)
    snapshot = metadata.read(fetched.snapshot, Snapshot, role=roles.SNAPSHOT, environment=environment)
    targets = metadata.read(fetched.targets, Targets, role=roles.TARGETS, environment=environment)
    top: tuple[MetadataFile[Any], ...] = (timestamp, snapshot, targets)
    quorums = {role: quorum_of(root.signed, role) for role in (roles.ROOT, roles.TARGETS, *_ONLINE_ROLES)}
    refuse_published(*quorums.values(), environment=environment)
    for file in top:
        require_quorum(file, quorums[file.role], delegator=root.signed)
    _require_file(timestamp.signed.snapshot_meta, snapshot)
    _require_file(_listed(snapshot.signed, roles.TARGETS), targets)
    for file in top:
        metadata.require_current(file, at=at)
        floors.admits(file.role, file.version, file.digest)
        floors = floors.raised(file.role, file.version, file.digest, signed_at=file.signed_at)
    return _Region(root, timestamp, snapshot, targets, MappingProxyType(quorums), floors)


def _roots(
    fetched: Fetched, *, bootstrap: bytes, floors: DistributionFloors, at: datetime
) -> tuple[MetadataFile[Root], DistributionFloors]:
    """Walk the roots from the pinned one to the newest, each signed by the one before it and by itself."""
    if not fetched.roots or fetched.roots[0] != bootstrap or len(fetched.roots) > LIMITS.root_rotations:
        raise broken("the roots do not begin with the pinned one, or never end")
    environment = floors.environment
    held = metadata.read(bootstrap, Root, role=roles.ROOT, environment=environment)
    require_quorum(held, rooted(held, environment), delegator=held.signed)
    for octets in fetched.roots[1:]:
        following = metadata.read(octets, Root, role=roles.ROOT, environment=environment)
        if following.version != held.version + 1:
            raise mismatched(f"root {held.version} is followed by root {following.version}")
        for one in (held, following):
            require_quorum(following, rooted(one, environment), delegator=one.signed)
        held = following
    if not held.signed.consistent_snapshot:
        raise broken("the region publishes consistent snapshots and nothing else")
    metadata.require_current(held, at=at)
    floors.admits(roles.ROOT, held.version, held.digest)
    online = frozenset(keyid for role in _ONLINE_ROLES for keyid in held.signed.roles[role].keyids)
    floors = floors.for_online(online, dropped=_ONLINE_ROLES)
    return held, floors.raised(roles.ROOT, held.version, held.digest, signed_at=held.signed_at)


def _listed(snapshot: Snapshot, role: str) -> MetaFile:
    found = snapshot.meta.get(f"{role}.json")
    if found is None:
        raise mismatched(f"the snapshot does not name {role}")
    return found


def _require_file(named: MetaFile, file: MetadataFile[Any]) -> None:
    """Return if ``file`` is the very file that ``named`` names: by version, length and hash."""
    if named.length is None or set(named.hashes or {}) != {"sha256"}:
        raise broken(f"{file.role} is named without length and hash")
    try:
        named.verify_length_and_hashes(file.octets)
    except LengthOrHashMismatchError:
        raise mismatched(f"{file.role} is not the file that was named") from None
    if named.version != file.version:
        raise mismatched(f"{file.role} is of version {file.version}, and {named.version} was named")


def _delegations(targets: Targets) -> tuple[DelegatedRole, ...]:
    """Return the delegated roles, if each is one of ours with its own paths.

    Raises:
        TrustError: ``trust.metadata_invalid``.
    """
    delegations = targets.delegations
    if delegations is None or delegations.roles is None or delegations.succinct_roles is not None:
        raise broken("the top level delegates to named roles")
    for name, delegated in delegations.roles.items():
        if name not in roles.delegated() or delegated.path_hash_prefixes is not None:
            raise broken(f"the top level delegates to {name[:40]!a}")
        if tuple(delegated.paths or ()) != roles.paths(name) or not delegated.terminating:
            raise broken(f"{name} has other paths than its own, or does not end the search")
    if not set(delegations.roles) >= {roles.AGREEMENTS, roles.DENY}:
        raise broken("the top level delegates agreements and the deny list")
    known = {keyid for role in delegations.roles.values() for keyid in role.keyids}
    if known != set(delegations.keys):
        raise broken("the delegations hold a key that no role uses, or lack one")
    return tuple(delegations.roles.values())


class _Judgement:
    """The delegated roles, judged one by one. A refusal of one is written down and touches no other."""

    def __init__(self, fetched: Fetched, region: _Region, *, at: datetime) -> None:
        self._fetched = fetched
        self._region = region
        self._at = at
        self._floors = region.floors
        self._quorums = dict(region.quorums)
        self._states: dict[MemberState, StateRole] = {}
        self._withdrawn = set(MemberState)
        self._carriers: dict[str, CarrierRole] = {}
        self._refused: dict[str, TrustError] = {}
        self._dues = {
            file.role: file.expires for file in (region.root, region.timestamp, region.snapshot, region.targets)
        }
        for delegated in _delegations(region.targets.signed):
            self._quorums[delegated.name] = quorum_of(region.targets.signed, delegated.name)
        refuse_shared_keys(tuple(self._quorums.values()))
        self._refuse_targets()

    def take(self, delegated: DelegatedRole) -> None:
        """Judge one delegated role."""
        name = delegated.name
        floors = self._floors
        if name in MemberState.__members__:
            self._withdrawn.discard(MemberState(name))
        try:
            with refusing_surprises(name):
                refuse_published(self._quorums[name], environment=self._floors.environment)
                if name in MemberState.__members__:
                    self._take_state(delegated, MemberState(name))
                else:
                    self._carriers[name] = self._carrier(name)
        except TrustError as refusal:
            self._floors = floors
            self._refused[name] = refusal

    def _take_state(self, delegated: DelegatedRole, state: MemberState) -> None:
        quorum = self._quorums[state.value]
        key_set = handover.accepted(
            quorum,
            number=handover.number_of(delegated),
            held=self._floors.key_sets.get(state),
            environment=self._floors.environment,
            document=lambda number: self._target(self._region.targets.signed, roles.handover_path(state, number)),
        )
        if self._never_published(state):
            self._withdrawn.add(state)
            self._floors = self._floors.with_key_set(state, key_set)
            return
        file, signed = self._role(state.value)
        path = roles.list_path(state)
        if not file.signed.targets.keys() <= {path}:
            raise broken(f"{state} lists more than its one list")
        if path not in file.signed.targets:
            self._refuse_hasty(state, quorum, signed)
            self._withdrawn.add(state)
        else:
            self._states[state] = StateRole(
                version=file.version,
                expires=file.expires,
                quorum=quorum,
                entry=self._entry(file.signed.targets[path], state),
                octets=self._target(file.signed, path),
                spare=quorum.count(signed) - quorum.threshold,
            )
        self._floors = self._floors.with_key_set(state, key_set)

    def _entry(self, listed: TargetFile, state: MemberState) -> ListEntry:
        found = entry.read(listed)
        keys = (key.thumbprint for key in (*found.keys, *found.document_keys))
        published_test_keys.refuse(keys, environment=self._floors.environment, where=f"the list keys of {state}")
        return found

    def _never_published(self, state: MemberState) -> bool:
        """Tell whether a state has keys and no list yet: the snapshot names no role of it, and never did."""
        return f"{state}.json" not in self._region.snapshot.signed.meta and state.value not in self._floors.roles

    def _refuse_hasty(self, state: MemberState, quorum: Quorum, signed: frozenset[str]) -> None:
        """Refuse to end a whole list with the usual signatures: it ends more than a fifth of it."""
        known = state.value in self._region.floors.roles
        if known and quorum.count(signed) <= quorum.threshold:
            raise TrustError("trust.shrink_unconfirmed", f"{state} withdraws its whole list")

    def _carrier(self, name: str) -> CarrierRole:
        file, _ = self._role(name)
        octets: dict[str, bytes] = {}
        faulty: dict[str, TrustError] = {}
        for path in sorted(file.signed.targets):
            try:
                octets[path] = self._target(file.signed, path)
            except TrustError as refusal:
                faulty[path] = refusal
        return CarrierRole(file.version, file.expires, MappingProxyType(octets), MappingProxyType(faulty))

    def _role(self, name: str) -> tuple[MetadataFile[Targets], frozenset[str]]:
        """Return a delegated role that passed, and who signed it; the floors rise with it."""
        if name in self._fetched.role_faults:
            raise TrustError(self._fetched.role_faults[name], f"the metadata of {name} could not be had")
        if name not in self._fetched.roles:
            raise TrustError("trust.unreachable", f"the metadata of {name} was not offered")
        environment = self._floors.environment
        file = metadata.read(self._fetched.roles[name], Targets, role=name, environment=environment)
        _require_file(_listed(self._region.snapshot.signed, name), file)
        signed = require_quorum(file, self._quorums[name], delegator=self._region.targets.signed)
        self._refuse_reach(file)
        self._dues[name] = file.expires
        self._floors.admits(name, file.version, file.digest)
        metadata.require_current(file, at=self._at)
        self._floors = self._floors.raised(name, file.version, file.digest, signed_at=file.signed_at)
        return file, signed

    def _refuse_reach(self, file: MetadataFile[Targets]) -> None:
        """Refuse a role that delegates further, or lists what is not its own (traps T2 and T3)."""
        delegations = self._region.targets.signed.delegations
        if file.signed.delegations is not None or len(file.signed.targets) > LIMITS.target_files:
            raise broken(f"{file.role} delegates further, or lists too many files")
        if delegations is None or delegations.roles is None:  # asked before; for the type checker
            raise broken("the top level delegates to named roles")
        own = delegations.roles[file.role]
        for path in file.signed.targets:
            if not own.is_delegated_path(path) or not _plain(path):
                raise TrustError("trust.territory_mismatch", f"{file.role} lists {path[:80]!a}")
        if file.role == roles.DENY and not file.signed.targets.keys() <= {roles.DENY_LIST}:
            raise broken("the deny role lists more than its one list")

    def _refuse_targets(self) -> None:
        """Refuse a top level that lists anything but handovers."""
        for path in self._region.targets.signed.targets:
            if not path.startswith("handovers/") or not _plain(path):
                raise broken(f"the top level lists {path[:80]!a}")

    def _target(self, listing: Targets, path: str) -> bytes:
        """Return the octets of a target, if they are the ones that ``listing`` names."""
        named: TargetFile | None = listing.targets.get(path)
        if named is None:
            raise TrustError("trust.reanchored", f"{path} is not there")
        if path in self._fetched.faults:
            raise TrustError(self._fetched.faults[path], f"{path} could not be had")
        octets = self._fetched.files.get(path)
        if octets is None:
            raise TrustError("trust.unreachable", f"{path} was not offered")
        if set(named.hashes) != {"sha256"}:
            raise broken(f"{path} is named by another hash than SHA-256")
        if len(octets) != named.length or hashlib.sha256(octets).hexdigest() != named.hashes["sha256"]:
            raise mismatched(f"{path} is not the file that was named")
        return octets

    def view(self) -> RegionalView:
        """Return what came of it."""
        region = self._region
        return RegionalView(
            environment=self._floors.environment,
            signed_at=region.timestamp.signed_at,
            expires=min(file.expires for file in region.files),
            versions=MappingProxyType({file.role: file.version for file in region.files}),
            snapshot_digest=region.snapshot.digest,
            quorums=MappingProxyType(self._quorums),
            states=MappingProxyType(self._states),
            withdrawn=frozenset(self._withdrawn),
            agreements=self._carriers.get(roles.AGREEMENTS),
            deny=self._carriers.get(roles.DENY),
            refused=MappingProxyType(self._refused),
            dues=MappingProxyType(self._dues),
            floors=self._floors,
        )


def _plain(path: str) -> bool:
    """Tell whether ``path`` is one that every file system reads as the same one."""
    return all(_PART.fullmatch(part) is not None for part in path.split("/"))
