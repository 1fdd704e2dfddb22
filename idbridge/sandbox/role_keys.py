"""The keys with which the pretend region distributes its lists: of the region, of each state, and the online key.

Held as the states of the real one would hold them: three keys for each state's role, of which two must sign; a key on
call; officers of five states for root and top level, of whom three must sign. Where a state has too few people, one
of two is enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from idbridge.crypto.seeded_keys import RANDOM, KeyMaker
from idbridge.crypto.signer import FileSigner
from idbridge.model.region import MemberState
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.writing import Delegation, Group, Holder

ALGORITHM: Final = "ES256"
OFFICERS: Final = (MemberState.ID, MemberState.MY, MemberState.SG, MemberState.TH, MemberState.VN)
OFFICERS_NEEDED: Final = 3
_SMALL: Final = frozenset({MemberState.BN, MemberState.TL})  # one of two is enough
ONLINE: Final = "online"


def role_threshold(state: MemberState) -> int:
    """Return how many keys of a state sign its role."""
    return 1 if state in _SMALL else 2


def role_size(state: MemberState) -> int:
    """Return how many keys a state's role has: one more than must sign."""
    return role_threshold(state) + 1


@dataclass(frozen=True, slots=True)
class RoleKeys:
    """Every private key of the distribution, by name: ``SG-1``, ``SG-on-call``, ``root-SG``, ``online``."""

    signers: Mapping[str, FileSigner]

    @classmethod
    def generate(cls, maker: KeyMaker = RANDOM) -> "RoleKeys":
        """Return the keys that ``maker`` makes for everybody."""
        return cls(MappingProxyType({name: maker.make(ALGORITHM, name=f"role/{name}") for name in names()}))

    def of_state(self, state: MemberState) -> tuple[FileSigner, ...]:
        """Return the keys of a state's role."""
        return tuple(self.signers[f"{state}-{number}"] for number in range(1, role_size(state) + 1))

    def on_call(self, state: MemberState) -> FileSigner:
        """Return the key of a state's officer on call."""
        return self.signers[f"{state}-on-call"]

    def officers(self, role: str) -> tuple[tuple[MemberState, FileSigner], ...]:
        """Return the keys of ``root`` or ``targets`` with their states."""
        return tuple((state, self.signers[f"{role}-{state}"]) for state in OFFICERS)

    @property
    def online(self) -> FileSigner:
        """The key of snapshot and timestamp."""
        return self.signers[ONLINE]

    def group(self, role: str) -> Group:
        """Return the public keys of a role with its threshold."""
        if role in (roles.ROOT, roles.TARGETS):
            return Group(tuple(Holder(key.public_jwk, state) for state, key in self.officers(role)), OFFICERS_NEEDED)
        if role in (roles.AGREEMENTS, roles.DENY):
            return Group(tuple(Holder(self.on_call(state).public_jwk, state) for state in MemberState), 1)
        if role in (roles.SNAPSHOT, roles.TIMESTAMP):
            return Group((Holder(self.online.public_jwk, None),), 1)
        state = MemberState(role)
        return Group(tuple(Holder(key.public_jwk, state) for key in self.of_state(state)), role_threshold(state))

    def delegations(self) -> dict[str, Delegation]:
        """Return every delegation of the top level."""
        return {
            role: Delegation(self.group(role), 1 if role in MemberState.__members__ else None)
            for role in roles.delegated()
        }

    def signing(self, role: str) -> tuple[MetadataSigner, ...]:
        """Return as many signers of a role as it needs."""
        group = self.group(role)
        if role in (roles.ROOT, roles.TARGETS):
            return tuple(MetadataSigner(key, state=state) for state, key in self.officers(role)[: group.threshold])
        if role in (roles.AGREEMENTS, roles.DENY):
            return (MetadataSigner(self.on_call(MemberState.SG), state=MemberState.SG),)
        if role in (roles.SNAPSHOT, roles.TIMESTAMP):
            return (self.online_signer,)
        state = MemberState(role)
        return tuple(MetadataSigner(key, state=state) for key in self.of_state(state)[: group.threshold])

    @property
    def online_signer(self) -> MetadataSigner:
        """The signer of snapshot and timestamp."""
        return MetadataSigner(self.online, state=None)


def names() -> tuple[str, ...]:
    """Return the names of all keys."""
    return (
        ONLINE,
        *(f"{role}-{state}" for role in (roles.ROOT, roles.TARGETS) for state in OFFICERS),
        *(f"{state}-on-call" for state in MemberState),
        *(f"{state}-{number}" for state in MemberState for number in range(1, role_size(state) + 1)),
    )
