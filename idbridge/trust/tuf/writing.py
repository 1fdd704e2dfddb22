"""Metadata as it is written: each role from plain values, dated, and signed by whoever has its keys.

Whether what is written is acceptable, ``second_lock`` alone decides; the publisher asks it before anything goes out.
Expiry and version are fixed before the first signature, so that everybody signs the same octets.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Role,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from idbridge.model.region import Environment, MemberState
from idbridge.model.time import instant_text
from idbridge.trust.tuf import keys, roles
from idbridge.trust.tuf.entry import ListEntry
from idbridge.trust.tuf.keys import MetadataSigner

_HASH: Final = ["sha256"]
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_NOTHING: Final[Mapping[str, MetaFile]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Issue:
    """What every role says of itself. ``said`` are further members of ours, such as the digest of the change."""

    environment: Environment
    version: int
    at: datetime
    life: timedelta | None = None
    said: Mapping[str, str] = field(default_factory=lambda: _NONE)

    def members(self) -> dict[str, Any]:
        """Return the signed members that TUF has no word for."""
        at = self.at.replace(microsecond=0)
        return {roles.SIGNED_AT: instant_text(at), roles.ENVIRONMENT: self.environment.value, **self.said}

    def expires(self, role: str) -> datetime:
        """Return when the metadata ends: after the usual life of its role unless another was given."""
        return self.at.replace(microsecond=0) + (self.life if self.life is not None else roles.terms(role).usual)


@dataclass(frozen=True, slots=True)
class Holder:
    """A public key of a role with the state whose it is; ``None`` for the online key."""

    jwk: Mapping[str, Any]
    state: MemberState | None


@dataclass(frozen=True, slots=True)
class Group:
    """Who may sign a role, and how many must."""

    holders: tuple[Holder, ...]
    threshold: int


@dataclass(frozen=True, slots=True)
class Delegation:
    """Who may sign a delegated role. ``key_set`` is the number of a state's key set."""

    group: Group
    key_set: int | None = None


def root(issue: Issue, *, region: Group, targets: Group, online: Group) -> Root:
    """Return a root that names who signs it, the top level, snapshot and timestamp."""
    groups = {roles.ROOT: region, roles.TARGETS: targets, roles.SNAPSHOT: online, roles.TIMESTAMP: online}
    written = {role: _keys(group) for role, group in groups.items()}
    return Root(
        version=issue.version,
        expires=issue.expires(roles.ROOT),
        keys={key.keyid: key for group in written.values() for key in group},
        roles={role: Role([key.keyid for key in written[role]], groups[role].threshold) for role in groups},
        consistent_snapshot=True,
        unrecognized_fields=issue.members(),
    )


def _keys(group: Group) -> list[Any]:
    return [keys.written(holder.jwk, state=holder.state) for holder in group.holders]


def targets(issue: Issue, *, delegations: Mapping[str, Delegation], handovers: Mapping[str, bytes]) -> Targets:
    """Return the top level: who speaks for which state, and how their keys were handed over."""
    ordered = [name for name in roles.delegated() if name in delegations]
    groups = {name: _keys(delegations[name].group) for name in ordered}
    return Targets(
        version=issue.version,
        expires=issue.expires(roles.TARGETS),
        targets={path: _target(path, octets) for path, octets in handovers.items()},
        delegations=Delegations(
            keys={key.keyid: key for group in groups.values() for key in group},
            roles={name: _delegated(name, delegations[name], groups[name]) for name in ordered},
        ),
        unrecognized_fields=issue.members(),
    )


def _delegated(name: str, delegation: Delegation, group: list[Any]) -> DelegatedRole:
    own = {roles.KEY_SET: delegation.key_set} if delegation.key_set is not None else {}
    return DelegatedRole(
        name,
        [key.keyid for key in group],
        delegation.group.threshold,
        terminating=True,
        paths=list(roles.paths(name)),
        unrecognized_fields=own,
    )


def _target(path: str, octets: bytes, custom: Mapping[str, Any] | None = None) -> TargetFile:
    target = TargetFile.from_data(path, octets, _HASH)
    if custom is not None:
        target.unrecognized_fields["custom"] = dict(custom)
    return target


def digest(octets: bytes) -> str:
    """Return the hash under which metadata names a target."""
    return hashlib.sha256(octets).hexdigest()


def state_role(issue: Issue, state: MemberState, *, octets: bytes | None, entry: ListEntry | None) -> Targets:
    """Return the role of ``state`` that lists its list; without one, the state withdraws it."""
    path = roles.list_path(state)
    listed = {path: _target(path, octets, entry.custom())} if octets is not None and entry is not None else {}
    return Targets(
        version=issue.version,
        expires=issue.expires(state.value),
        targets=listed,
        unrecognized_fields=issue.members(),
    )


def carrier(issue: Issue, role: str, *, files: Mapping[str, bytes]) -> Targets:
    """Return the role that carries the agreements or the deny list, with files by path."""
    return Targets(
        version=issue.version,
        expires=issue.expires(role),
        targets={path: _target(path, octets) for path, octets in files.items()},
        unrecognized_fields=issue.members(),
    )


def snapshot(
    issue: Issue, *, files: Mapping[str, tuple[int, bytes]], carried: Mapping[str, MetaFile] = _NOTHING
) -> Snapshot:
    """Return the snapshot of the roles in ``files``, by version and octets; each with length and hash (trap T2).

    ``carried`` are roles of which a verified snapshot says what this one is to say again, without a look at the file.
    """
    named = {role: MetaFile.from_data(version, octets, _HASH) for role, (version, octets) in files.items()}
    return Snapshot(
        version=issue.version,
        expires=issue.expires(roles.SNAPSHOT),
        meta={f"{role}.json": meta for role, meta in {**carried, **named}.items()},
        unrecognized_fields=issue.members(),
    )


def timestamp(issue: Issue, *, snapshot_version: int, octets: bytes) -> Timestamp:
    """Return the timestamp over the snapshot in ``octets``."""
    return Timestamp(
        version=issue.version,
        expires=issue.expires(roles.TIMESTAMP),
        snapshot_meta=MetaFile.from_data(snapshot_version, octets, _HASH),
        unrecognized_fields=issue.members(),
    )


def signed(payload: Root | Targets | Snapshot | Timestamp, signers: Sequence[MetadataSigner]) -> bytes:
    """Return ``payload`` with the signature of each of ``signers``: the octets to publish, and no others."""
    metadata: Metadata[Any] = Metadata(payload)
    for signer in signers:
        metadata.sign(signer, append=True)
    return octets_of(metadata)


def octets_of(metadata: Metadata[Any]) -> bytes:
    """Return the one form in which metadata is written here."""
    return metadata.to_bytes(JSONSerializer(compact=True))
