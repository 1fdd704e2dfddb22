"""Making metadata past the publisher: roles, and a snapshot and timestamp over them, edited and signed as one likes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, Protocol

from tuf.api.metadata import Metadata

from idbridge.sandbox.drill.arena import Scene
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.client import METADATA, TARGETS
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.tree import Head, RoleFile
from idbridge.trust.tuf.writing import Issue

Edit = Callable[[Any], None]
Edits = Mapping[str, Edit]
Signers = Callable[[Scene, str], tuple[MetadataSigner, ...]]
Stamp = Callable[[str, bytes], bytes]
NO_EDITS: Final[Edits] = MappingProxyType({})


class How(Protocol):
    """How roles are made: ``edits`` by role before they are signed, ``signers`` of each, ``stamped`` the octets."""

    @property
    def edits(self) -> Edits:
        """What is changed before anybody signs, by role."""
        ...

    @property
    def signers(self) -> Signers:
        """Who signs which role."""
        ...

    @property
    def stamped(self) -> Stamp:
        """What becomes of the octets once they are signed."""
        ...


def properly(scene: Scene, role: str) -> tuple[MetadataSigner, ...]:
    """Return as many of the role's own keys as it needs."""
    return scene.region.keys.roles.signing(role)


def as_signed(_role: str, octets: bytes) -> bytes:
    """Change nothing."""
    return octets


def _unedited(_payload: Any) -> None:
    """Change nothing."""


def sealed_role(scene: Scene, role: str, payload: Any, *, how: How) -> RoleFile:
    """Return ``payload`` with the edits and signatures that ``how`` wants."""
    how.edits.get(role, _unedited)(payload)
    octets = writing.signed(payload, how.signers(scene, role))
    return RoleFile(payload.version, how.stamped(role, octets))


def listing_role(
    scene: Scene, head: Head, role: str, *, files: Mapping[str, bytes], custom: dict[str, Any] | None = None, how: How
) -> RoleFile:
    """Return the next version of ``role``, which lists ``files``, each with ``custom``."""
    issue = Issue(scene.region.environment, head.roles[role].version + 1, scene.at)
    payload = writing.carrier(issue, role, files=files)
    for target in payload.targets.values() if custom is not None else ():
        target.unrecognized_fields["custom"] = custom
    return sealed_role(scene, role, payload, how=how)


def next_version(scene: Scene, head: Head, role: str, *, how: How) -> RoleFile:
    """Return the next version of a role that lists what it listed before."""
    payload = Metadata.from_bytes(head.roles[role].octets).signed
    return sealed_role(scene, role, following(scene, role, payload), how=how)


def following(scene: Scene, role: str, payload: Any) -> Any:
    """Return what was signed as it is to be signed in the next version."""
    issue = Issue(scene.region.environment, payload.version + 1, scene.at)
    payload.version, payload.expires = issue.version, issue.expires(role)
    payload.unrecognized_fields = issue.members()
    return payload


def write_target(scene: Scene, path: str, octets: bytes) -> None:
    """Write a target under its hash."""
    folder, _, name = path.rpartition("/")
    scene.write(f"{TARGETS}/{folder}/{writing.digest(octets)}.{name}", octets)


def write_role(scene: Scene, role: str, file: RoleFile) -> None:
    """Write a role under its version."""
    scene.write(f"{METADATA}/{file.version}.{role}.json", file.octets)


def write_over(scene: Scene, head: Head, new: Mapping[str, RoleFile], *, how: How) -> None:
    """Write the roles in ``new``, and snapshot and timestamp over them and the others."""
    for role, file in new.items():
        write_role(scene, role, file)
    issue = Issue(scene.region.environment, head.snapshot.version + 1, scene.at)
    listed = {name: (file.version, file.octets) for name, file in {**head.roles, **new}.items()}
    snapshot = sealed_role(scene, roles.SNAPSHOT, writing.snapshot(issue, files=listed), how=how)
    write_role(scene, roles.SNAPSHOT, snapshot)
    stamp = writing.timestamp(
        replace(issue, version=head.timestamp.version + 1),
        snapshot_version=snapshot.version,
        octets=snapshot.octets,
    )
    scene.write(f"{METADATA}/timestamp.json", sealed_role(scene, roles.TIMESTAMP, stamp, how=how).octets)
