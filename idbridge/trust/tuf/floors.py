"""Floors of the distribution: which metadata a node has accepted, so that it never goes back (traps T4, T5, T8).

The library's cache is its only memory, and an empty or damaged cache silently starts anew. These floors are a file of
their own beside those of the lists. A missing or damaged file is an error, never an empty one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import instant_text
from idbridge.trust import files, members, memory
from idbridge.trust.errors import EquivocationError, RollbackError, SequenceJumpError

SCHEMA: Final = "idbridge-distribution-floors-1"
FILE: Final = "distribution.json"
_MEMBERS: Final = frozenset({"schema", "environment", "online", "signed_at", "roles", "key_sets"})
_NONE: Final[Mapping[Any, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class VersionFloor:
    """The newest version of a role that was accepted, and the SHA-256 (hex) of its octets."""

    version: int
    digest: str

    def admits(self, version: int, digest: str) -> bool:
        """Tell whether the offer is newer; ``False`` means that it is the very one on which this stands.

        Raises:
            RollbackError, EquivocationError, SequenceJumpError: It is older, another of one version, or far ahead.
        """
        if version < self.version:
            raise RollbackError(held=self.version, offered=version)
        if version > self.version + LIMITS.metadata_version_step:
            raise SequenceJumpError(held=self.version, offered=version)
        if version == self.version and digest != self.digest:
            raise EquivocationError(sequence=version, held=self.digest, offered=digest)
        return version > self.version


@dataclass(frozen=True, slots=True)
class KeySet:
    """The key set of a state's role that was accepted: its number, and its keys by thumbprint with the threshold."""

    number: int
    keys: frozenset[str]
    threshold: int


@dataclass(frozen=True, slots=True)
class DistributionFloors:
    """What a node has accepted of the region's distribution.

    ``online`` are the keyids of the online keys: the floors of timestamp and snapshot count for these keys, and are
    dropped when a new root exchanges them, or nobody could recover from versions that a thief ran ahead.
    ``signed_at`` is the youngest instant at which accepted metadata was signed; no true clock shows an earlier one.
    """

    environment: Environment
    online: frozenset[str] = frozenset()
    signed_at: datetime | None = None
    roles: Mapping[str, VersionFloor] = field(default_factory=lambda: _NONE)
    key_sets: Mapping[MemberState, KeySet] = field(default_factory=lambda: _NONE)

    def admits(self, role: str, version: int, digest: str) -> bool:
        """Tell whether this version of ``role`` is newer than the floor; also ``True`` if there is no floor.

        Raises:
            RollbackError, EquivocationError, SequenceJumpError: As ``VersionFloor.admits``.
        """
        floor = self.roles.get(role)
        return True if floor is None else floor.admits(version, digest)

    def raised(self, role: str, version: int, digest: str, *, signed_at: datetime) -> "DistributionFloors":
        """Return floors that stand on this version of ``role``."""
        latest = max(self.signed_at, signed_at) if self.signed_at is not None else signed_at
        grown = MappingProxyType({**self.roles, role: VersionFloor(version, digest)})
        return replace(self, roles=grown, signed_at=latest)

    def for_online(self, online: frozenset[str], *, dropped: tuple[str, ...]) -> "DistributionFloors":
        """Return floors for these online keys: without those in ``dropped`` if none of the keys before is left."""
        if self.online & online:
            return replace(self, online=online)
        kept = {role: floor for role, floor in self.roles.items() if role not in dropped}
        return replace(self, online=online, roles=MappingProxyType(kept))

    def with_key_set(self, state: MemberState, held: KeySet) -> "DistributionFloors":
        """Return floors in which this is the key set of ``state``."""
        return replace(self, key_sets=MappingProxyType({**self.key_sets, state: held}))


def initialise(folder: Path, environment: Environment) -> None:
    """Write the file of a node that never accepted anything.

    Raises:
        ConfigurationError: There is one already, or it cannot be written.
    """
    memory.require_absent(folder, FILE)
    write(folder, DistributionFloors(environment))


def read(folder: Path, environment: Environment) -> DistributionFloors:
    """Return the floors that are written in ``folder``.

    Raises:
        ConfigurationError: The file is missing, damaged, or of another environment.
    """
    return memory.read(folder, FILE, _parse, environment=environment)


def write(folder: Path, floors: DistributionFloors) -> None:
    """Write ``floors`` to ``folder``, wholly or not at all, and past a power failure.

    Raises:
        ConfigurationError: It cannot be written.
    """
    files.write(folder, FILE, json.dumps(_render(floors), sort_keys=True).encode("ascii"), mode=0o600)


def _render(floors: DistributionFloors) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "environment": floors.environment.value,
        "online": sorted(floors.online),
        "signed_at": instant_text(floors.signed_at) if floors.signed_at is not None else None,
        "roles": {role: {"version": one.version, "digest": one.digest} for role, one in floors.roles.items()},
        "key_sets": {
            state.value: {"number": one.number, "keys": sorted(one.keys), "threshold": one.threshold}
            for state, one in floors.key_sets.items()
        },
    }


def _parse(content: Any) -> DistributionFloors:
    read_ = members.table(content, required=_MEMBERS, where="the floors of the distribution")
    if read_["schema"] != SCHEMA or type(read_["roles"]) is not dict or type(read_["key_sets"]) is not dict:
        raise ValueError("another schema")
    signed_at = read_["signed_at"]
    return DistributionFloors(
        environment=members.word(read_["environment"], Environment, where="environment"),
        online=members.several(read_["online"], lambda one: members.text(one, where="online"), where="online"),
        signed_at=members.instant(signed_at, where="signed_at") if signed_at is not None else None,
        roles=MappingProxyType({role: _version_floor(one) for role, one in read_["roles"].items()}),
        key_sets=MappingProxyType({
            members.word(state, MemberState, where="a state"): _key_set(one)
            for state, one in read_["key_sets"].items()
        }),
    )  # fmt: skip


def _version_floor(value: Any) -> VersionFloor:
    read_ = members.table(value, required=frozenset({"version", "digest"}), where="a floor")
    version = members.count(read_["version"], where="version", least=1, most=LIMITS.metadata_version)
    return VersionFloor(version, members.text(read_["digest"], where="digest"))


def _key_set(value: Any) -> KeySet:
    read_ = members.table(value, required=frozenset({"number", "keys", "threshold"}), where="a key set")
    return KeySet(
        members.count(read_["number"], where="number", least=1, most=LIMITS.metadata_version),
        members.several(read_["keys"], lambda one: members.text(one, where="a key"), where="keys"),
        members.count(read_["threshold"], where="threshold", least=1, most=LIMITS.role_keys),
    )
