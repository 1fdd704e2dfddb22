"""Quorums: who may sign a role, how many must, and who did.

TUF counts keyids. Here a key counts once however often it is named (``keys`` sees to that), and where the region
decides, each state counts once however many keys it has. A threshold is below the number of keys, so that one lost
key never ends a role.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from securesystemslib.exceptions import Error as LibraryError
from tuf.api.metadata import Key, Root, Targets

from idbridge.codec import jcs
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust import published_test_keys
from idbridge.trust.tuf import keys, roles
from idbridge.trust.tuf.errors import broken, unsigned
from idbridge.trust.tuf.keys import RoleKey
from idbridge.trust.tuf.metadata import LIBRARY_ERRORS, MetadataFile


@dataclass(frozen=True, slots=True)
class Quorum:
    """The keys of a role by thumbprint, and how many of them must sign; of distinct states for a ``regional`` role."""

    role: str
    keys: Mapping[str, RoleKey]
    threshold: int
    regional: bool = False

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) of what matters of a key set: which keys, and how many of them."""
        return jcs.digest_hex({"keys": sorted(self.keys), "threshold": self.threshold})

    @property
    def states(self) -> frozenset[MemberState]:
        """The states whose keys stand in the role."""
        return frozenset(key.state for key in self.keys.values() if key.state is not None)

    def count(self, signed: frozenset[str]) -> int:
        """Return how many of those who signed count: keys, or for a regional role states."""
        counted = [self.keys[thumbprint] for thumbprint in signed if thumbprint in self.keys]
        return len({key.state for key in counted}) if self.regional else len(counted)


def quorum_of(delegator: Root | Targets, role: str) -> Quorum:
    """Return who may sign ``role`` by the word of ``delegator``, if the keys are in order.

    Raises:
        TrustError: ``trust.metadata_invalid``: a key or a threshold breaks our rules.
    """
    named = delegator.get_delegated_role(role)
    if not 0 < len(named.keyids) <= LIMITS.role_keys:
        raise broken(f"{role} has no key, or too many")
    regional, online = role in (roles.ROOT, roles.TARGETS), role in (roles.SNAPSHOT, roles.TIMESTAMP)
    try:
        found = {keyid: keys.read(delegator.get_key(keyid)) for keyid in named.keyids}
    except ValueError:
        raise broken(f"{role} names a key that is not there") from None
    quorum = Quorum(role, MappingProxyType(found), named.threshold, regional)
    if online:
        _require_online(quorum)
    else:
        _require_offline(quorum)
    return quorum


def refuse_published(*quorums: Quorum, environment: Environment) -> None:
    """Return if no key of ``quorums`` is one that everybody can have, or the environment is not live.

    Raises:
        TrustError: ``trust.published_test_key``.
    """
    for quorum in quorums:
        published_test_keys.refuse(quorum.keys, environment=environment, where=f"the keys of {quorum.role}")


def rooted(root: MetadataFile[Root], environment: Environment) -> Quorum:
    """Return who may sign the root after ``root``: of a root on the way as well, or its keys could name any other.

    Raises:
        TrustError: ``trust.metadata_invalid``; ``trust.published_test_key``: anybody could sign for a key of it.
    """
    quorum = quorum_of(root.signed, roles.ROOT)
    refuse_published(quorum, environment=environment)
    return quorum


def _require_online(quorum: Quorum) -> None:
    if quorum.states:
        raise broken(f"the key of {quorum.role} belongs to the region and to no state")


def _require_offline(quorum: Quorum) -> None:
    if any(key.state is None for key in quorum.keys.values()):
        raise broken(f"a key of {quorum.role} does not say of which state it is")
    if quorum.threshold >= len(quorum.keys):
        raise broken(f"{quorum.role} needs every one of its keys: one lost key would end it")
    if quorum.regional and (len(quorum.states) < roles.LEAST_STATES or not 2 <= quorum.threshold < len(quorum.states)):
        raise broken(f"{quorum.role} has keys of {len(quorum.states)} states and a threshold of {quorum.threshold}")


def who_signed(file: MetadataFile[Any], *, delegator: Root | Targets) -> frozenset[str]:
    """Return the thumbprints of the keys of the role whose signature verifies.

    Raises:
        TrustError: ``trust.metadata_invalid``: a signature is there of a key that has no part in the role.
    """
    try:
        result = delegator.get_verification_result(file.role, file.payload, file.metadata.signatures)
    except (*LIBRARY_ERRORS, LibraryError):
        raise broken(f"the signatures of {file.role} cannot be read") from None
    signed: Mapping[str, Key] = result.signed
    return frozenset(signed)


def require_quorum(file: MetadataFile[Any], quorum: Quorum, *, delegator: Root | Targets) -> frozenset[str]:
    """Return who signed, if that is enough.

    Raises:
        TrustError: ``trust.threshold_missing``.
    """
    signed = who_signed(file, delegator=delegator)
    counted = quorum.count(signed)
    if counted < quorum.threshold:
        who = "states" if quorum.regional else "keys"
        raise unsigned(f"{file.role} was signed by {counted} of the {quorum.threshold} {who} needed")
    return signed


def refuse_shared_keys(quorums: tuple[Quorum, ...]) -> None:
    """Return if no key stands in the roles of two states, and no state's key is also an online key.

    Raises:
        TrustError: ``trust.metadata_invalid``.
    """
    owners: dict[str, MemberState | None] = {}
    for quorum in quorums:
        for thumbprint, key in quorum.keys.items():
            if owners.setdefault(thumbprint, key.state) is not key.state:
                raise broken("one key belongs to two states, or to a state and to the region")
            if quorum.role in MemberState.__members__ and key.state != quorum.role:
                raise broken(f"a key of {quorum.role} belongs to another state")
