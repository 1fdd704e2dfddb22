"""Exchanges of keys: roots that follow each other, officers who sign the top level, and key sets of one state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from tuf.api.metadata import Metadata

from idbridge.crypto.signer import FileSigner
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.sandbox.drill.arena import MY, SG, TH, Scene
from idbridge.sandbox.drill.finding import Finding
from idbridge.sandbox.drill.making import (
    NO_EDITS,
    Edits,
    Signers,
    Stamp,
    as_signed,
    following,
    listing_role,
    next_version,
    properly,
    sealed_role,
    write_over,
    write_role,
    write_target,
)
from idbridge.sandbox.drill.publication import Publication, in_force, looked
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf import handover, roles, writing
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.quorum import quorum_of
from idbridge.trust.tuf.tree import RoleFile, targets_in
from idbridge.trust.tuf.writing import Delegation, Group, Holder, Issue

Roots = Mapping[int, bytes]
NEW_KEY_SET: Final = ("role-1", "role-2", "role-3")
NEXT: Final = 2  # the number of the root, or key set, after the first


def as_made(roots: Roots) -> Roots:
    """Change nothing."""
    return roots


def by_officers(scene: Scene, _number: int) -> tuple[MetadataSigner, ...]:
    """Return as many officers as a root needs, all of whom stand in the root before it."""
    return scene.region.keys.roles.signing(roles.ROOT)


def by_nobody_known(scene: Scene, _number: int) -> tuple[MetadataSigner, ...]:
    """Return signers of whom no root has ever heard."""
    return tuple(
        MetadataSigner(scene.arena.spare[name], state=state)
        for name, state in zip(NEW_KEY_SET, (SG, TH, MY), strict=True)
    )


@dataclass(frozen=True, slots=True)
class Rotation:
    """Roots that follow the first one, of which the last may exchange the online key, and a publication under it.

    ``length`` is how many follow, ``signed`` by whom each is signed, ``served`` under which numbers they are served.
    ``begun`` is what happened to the node before, ``spoiled`` what to the tree afterwards.
    """

    length: int = NEXT
    exchanges: bool = True
    signed: Callable[[Scene, int], tuple[MetadataSigner, ...]] = by_officers
    served: Callable[[Roots], Roots] = as_made
    begun: Callable[[Scene], object] = id
    edits: Edits = field(default_factory=lambda: NO_EDITS)
    stamped: Stamp = as_signed

    def struck(self, scene: Scene) -> Finding:
        """Publish the roots and what stands under them, and let the node look."""
        self.begun(scene)
        self.published(scene)
        newest = self.length + 1
        return looked(scene, scene.arena.held, took=lambda after: root_of(after) == newest)

    def published(self, scene: Scene) -> None:
        """Write the roots, and a snapshot and timestamp by the new online key."""
        made = {1: scene.head().roots[0]}
        for number in range(NEXT, self.length + NEXT):
            payload = following(scene, roles.ROOT, Metadata.from_bytes(made[number - 1]).signed)
            if self.exchanges and number == self.length + 1:
                _exchange_online(payload, self.signers(scene, roles.TIMESTAMP)[0])
            self.edits.get(roles.ROOT, id)(payload)
            made[number] = writing.signed(payload, self.signed(scene, number))
        for number, octets in self.served(made).items():
            write_role(scene, roles.ROOT, RoleFile(number, octets))
        write_over(scene, scene.head(), {}, how=self)

    @property
    def signers(self) -> Signers:
        """The new online key for what is signed online, if there is one."""

        def of_role(scene: Scene, role: str) -> tuple[MetadataSigner, ...]:
            if self.exchanges and role in (roles.SNAPSHOT, roles.TIMESTAMP):
                return (MetadataSigner(scene.arena.spare["online"], state=None),)
            return properly(scene, role)

        return of_role


def root_of(after: TrustSnapshot) -> int:
    """Return the version of the root under which a node stands; none is 0."""
    return after.regional.root_version if after.regional is not None else 0


def _exchange_online(payload: Any, online: MetadataSigner) -> None:
    for role in (roles.SNAPSHOT, roles.TIMESTAMP):
        for keyid in list(payload.roles[role].keyids):
            payload.revoke_key(keyid, role)
        payload.add_key(online.public_key, role)


def withheld(number: int) -> Callable[[Roots], Roots]:
    """Return what keeps back the root of this number."""
    return lambda made: {one: octets for one, octets in made.items() if one != number}


def skipped(made: Roots) -> Roots:
    """Serve the newest root as if it were the one after the first."""
    return {1: made[1], NEXT: made[max(made)]}


TOO_MANY_ROOTS: Final = LIMITS.root_rotations


@dataclass(frozen=True, slots=True)
class SecondOfficer:
    """A root that gives Singapore a second officer's key for the top level, and a top level signed by ``officers``.

    A name is that of a state, whose officer signs; ``SG again`` is Singapore's second key.
    """

    officers: tuple[str, ...] = ("SG", "TH", "MY")
    edits: Edits = field(default_factory=lambda: NO_EDITS)
    stamped: Stamp = as_signed

    def struck(self, scene: Scene) -> Finding:
        """Publish root and top level, and let the node look."""
        head = scene.head()
        payload = following(scene, roles.ROOT, Metadata.from_bytes(head.roots[0]).signed)
        payload.add_key(self._second(scene).public_key, roles.TARGETS)
        write_role(scene, roles.ROOT, RoleFile(NEXT, writing.signed(payload, by_officers(scene, NEXT))))
        top = next_version(scene, head, roles.TARGETS, how=self)
        write_over(scene, head, {roles.TARGETS: top}, how=self)
        return looked(scene, scene.arena.held, took=lambda after: root_of(after) == NEXT)

    @staticmethod
    def _second(scene: Scene) -> MetadataSigner:
        return MetadataSigner(scene.arena.spare["officer"], state=SG)

    @property
    def signers(self) -> Signers:
        """The named officers for the top level."""

        def of_role(scene: Scene, role: str) -> tuple[MetadataSigner, ...]:
            if role != roles.TARGETS:
                return properly(scene, role)
            known = scene.region.keys.roles.officers(role)
            named = {state.value: MetadataSigner(key, state=state) for state, key in known}
            return tuple({**named, "SG again": self._second(scene)}[name] for name in self.officers)

        return of_role


def two_outgoing(scene: Scene) -> Sequence[FileSigner]:
    """Return as many keys of Singapore's present key set as it needs."""
    return scene.region.keys.roles.of_state(SG)[:NEXT]


def one_outgoing(scene: Scene) -> Sequence[FileSigner]:
    """Return a single key of Singapore's present key set."""
    return scene.region.keys.roles.of_state(SG)[:1]


def incoming(scene: Scene) -> Sequence[FileSigner]:
    """Return keys of the new key set, which vouch for themselves."""
    return tuple(scene.arena.spare[name] for name in NEW_KEY_SET[:NEXT])


def only_once(documents: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Change nothing."""
    return documents


def none_at_all(_documents: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Leave the handover out."""
    return {}


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """The region delegates Singapore's role to a new key set, which signs Singapore's next list.

    ``countersigned`` are the keys that hand over to it, ``listed`` what the top level lists of that.
    """

    countersigned: Callable[[Scene], Sequence[FileSigner]] = two_outgoing
    listed: Callable[[Mapping[str, bytes]], Mapping[str, bytes]] = only_once
    edits: Edits = field(default_factory=lambda: NO_EDITS)
    stamped: Stamp = as_signed

    def struck(self, scene: Scene) -> Finding:
        """Publish the new delegation with the list, and let the node look."""
        head, path = scene.head(), roles.list_path(SG)
        offered = Publication().offered(scene)
        documents = self.listed(self._handover(scene))
        role = listing_role(scene, head, "SG", files={path: offered.octets}, custom=offered.custom, how=self)
        issue = Issue(scene.region.environment, head.roles[roles.TARGETS].version + 1, scene.at)
        delegations = {**scene.region.keys.roles.delegations(), "SG": Delegation(_new_group(scene), NEXT)}
        payload = writing.targets(issue, delegations=delegations, handovers=documents)
        top = sealed_role(scene, roles.TARGETS, payload, how=self)
        for name, octets in {path: offered.octets, **documents}.items():
            write_target(scene, name, octets)
        write_over(scene, head, {"SG": role, roles.TARGETS: top}, how=self)
        return looked(scene, scene.arena.held, took=lambda after: in_force(offered, after))

    def _handover(self, scene: Scene) -> Mapping[str, bytes]:
        present = targets_in(scene.head().roles[roles.TARGETS].octets)
        issue = Issue(scene.region.environment, 1, scene.at)
        delegations = {**scene.region.keys.roles.delegations(), "SG": Delegation(_new_group(scene), NEXT)}
        planned = writing.targets(issue, delegations=delegations, handovers={})
        octets = handover.written(
            quorum_of(planned, "SG"),
            quorum_of(present, "SG"),
            self.countersigned(scene),
            number=NEXT,
            environment=scene.region.environment,
        )
        return MappingProxyType({roles.handover_path(SG, NEXT): octets})

    @property
    def signers(self) -> Signers:
        """The new key set for Singapore's role."""

        def of_role(scene: Scene, role: str) -> tuple[MetadataSigner, ...]:
            if role != MemberState.SG.value:
                return properly(scene, role)
            return tuple(MetadataSigner(key, state=SG) for key in incoming(scene))

        return of_role


def _new_group(scene: Scene) -> Group:
    return Group(tuple(Holder(scene.arena.spare[name].public_jwk, SG) for name in NEW_KEY_SET), NEXT)
