"""Whether new trust material is accepted: decided from octets and an instant, with no I/O.

Every method returns a new set or raises a ``TrustError``; the set it was called on never changes, so that a refused
offer leaves in force what was held. The order of the checks on a list: signature and profile (``profile``), time,
sequence against the floor, history against the ledger. Rules and their reasons: ``docs/adr/0003-list-acceptance.md``.
Clauses: architecture D1; ETSI TS 119 602 (LoTESequenceNumber, ListIssueDateTime, NextUpdate).
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.denial import DenyEntry
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.recognition.arrangement import ArrangementIndex, ArrangementVersion, parse_version
from idbridge.recognition.members import NotAgreedError, UnknownSignerError, invalid
from idbridge.recognition.purpose import PurposeRegister, parse_register
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, PURPOSES_TYPE, open_signed, payload_digest
from idbridge.trust import denials, ledger, profile, published_test_keys
from idbridge.trust.deny import Authorities, DenyBook
from idbridge.trust.errors import EquivocationError, RollbackError
from idbridge.trust.floor import Floor
from idbridge.trust.profile import TrustList

_NONE: Final[Mapping[Any, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TrustedSet:
    """The trust material of one environment that was accepted, and the floors below which nothing is.

    ``pins`` are the list signing keys of each state; ``document_keys`` are retired ones, which sign no list any more
    and still vouch for the arrangements and registers that they signed. ``floors`` may know states of which no list is
    held, as after a restart. ``arrangement_floors`` are by arrangement id; each digest covers all versions up to its
    number. ``distribution`` is how the material came, and is named in every report. ``denials`` are held like floors.

    ``began`` are the floors with which this reading of all lists began, ``floors`` themselves at first. An issuer stays
    with the state that spoke for it then. Of those who name it later, none is ahead of the others: the order in which
    lists are read, or the alphabet, would otherwise give away a neighbour's issuer.

    Raises:
        ValueError: No state has a key, a state's keys are empty, or one key is pinned twice.
        TrustError: ``trust.published_test_key``: a key is pinned in the live environment that everybody can have.
    """

    environment: Environment
    pins: Mapping[MemberState, tuple[PublicKey, ...]]
    floors: Mapping[MemberState, Floor] = field(default_factory=lambda: _NONE)
    lists: Mapping[MemberState, TrustList] = field(default_factory=lambda: _NONE)
    arrangement_index: ArrangementIndex | None = None
    purpose_register: PurposeRegister | None = None
    arrangement_floors: Mapping[str, Floor] = field(default_factory=lambda: _NONE)
    purposes_floor: Floor | None = None
    distribution: str = "plain"
    began: Mapping[MemberState, Floor] | None = None
    document_keys: Mapping[MemberState, tuple[PublicKey, ...]] = field(default_factory=lambda: _NONE)
    denials: DenyBook = field(default_factory=DenyBook)

    def __post_init__(self) -> None:
        known = (*self.pins.values(), *self.document_keys.values())
        thumbprints = [key.thumbprint for keys in known for key in keys]
        if not thumbprints or not all(self.pins.values()):
            raise ValueError("every state in the pins has a key, and there is at least one state")
        if len(set(thumbprints)) != len(thumbprints):
            raise ValueError("one key is pinned twice: a key signs for one state, once")
        published_test_keys.refuse(thumbprints, environment=self.environment, where="the pins")

    def with_list(self, offered: bytes, *, state: MemberState, at: datetime) -> "TrustedSet":
        """Return a set in which ``offered`` is the list of ``state``; the same list again changes nothing.

        Raises:
            TrustError: ``trust.signer_unknown`` (also for a state without pinned key), ``trust.signature_invalid``,
                ``trust.profile_violation``, ``trust.territory_mismatch``, ``trust.environment_mismatch``,
                ``trust.lifetime_too_long``, ``trust.status_order``, ``trust.published_test_key``,
                ``trust.issued_in_future``, ``trust.expired``.
            RollbackError, EquivocationError, SequenceJumpError: Its number does not follow the floor.
            HistoryRewrittenError: It tells another past than the editions before it.
        """
        held = self.lists.get(state)
        if held is not None and self._signer_pinned(held) and _digest(offered) == held.provenance.digest:
            _require_current(held, at=at)  # these very octets were verified and judged when they were accepted
            return self
        listed = profile.parse(
            offered,
            state=state,
            environment=self.environment,
            keys=self.pins.get(state, ()),
            distribution=self.distribution,
        )
        _require_current(listed, at=at)
        floor = self.floors.get(state)
        newer = floor is None or floor.admits(listed.provenance.sequence, listed.content)
        if not newer and state in self.lists:
            return self
        began = self.began if self.began is not None else self.floors
        foreign = _issuers_of_others(state, began) - (floor.issuers if floor is not None else frozenset())
        if floor is not None and not newer:  # read again after a restart: it speaks for no more than it did before
            foreign |= listed.issuers - floor.issuers
        listed = profile.without_foreign_issuers(listed, foreign=foreign)
        raised = _floor(listed, floor, foreign=foreign, at=at)
        floors = MappingProxyType({**self.floors, state: raised})
        return replace(self, lists=_undisputed({**self.lists, state: listed}, floors), floors=floors, began=began)

    def with_stored_list(self, stored: bytes, *, state: MemberState) -> "TrustedSet":
        """Return a set that holds again what was accepted before and kept; however old, it is the edition on the floor.

        Raises:
            TrustError: As ``with_list``, and ``trust.rollback`` if it is not that edition.
        """
        listed = profile.parse(
            stored,
            state=state,
            environment=self.environment,
            keys=self.pins.get(state, ()),
            distribution=self.distribution,
        )
        floor = self.floors.get(state)
        if floor is None or (floor.sequence, floor.digest) != (listed.provenance.sequence, listed.content):
            raise RollbackError(held=floor.sequence if floor is not None else 0, offered=listed.provenance.sequence)
        listed = profile.without_foreign_issuers(listed, foreign=listed.issuers - floor.issuers)
        return replace(self, lists=_undisputed({**self.lists, state: listed}, self.floors))

    def without_list(self, state: MemberState) -> "TrustedSet":
        """Return a set that holds no list of ``state``, as when the state has withdrawn it; its floor stays."""
        lists = {other: listed for other, listed in self.lists.items() if other is not state}
        return self if state not in self.lists else replace(self, lists=_undisputed(lists, self.floors))

    @property
    def signing_keys(self) -> Mapping[MemberState, tuple[PublicKey, ...]]:
        """The keys with which each state signs documents that others sign too."""
        if not self.document_keys:
            return self.pins
        return MappingProxyType(
            {
                state: (*self.pins.get(state, ()), *self.document_keys.get(state, ()))
                for state in {*self.pins, *self.document_keys}
            }
        )

    def with_arrangement(self, offered: bytes, *, named: tuple[str, int] | None = None) -> "TrustedSet":
        """Return a set that also holds this version of an arrangement; a version already held changes nothing.

        ``named`` is the id and version under which it was found, where it was found under a name.

        Raises:
            TrustError: ``trust.published_test_key``; ``trust.arrangement_invalid``: it is not what its name says, or
                as ``ArrangementIndex.with_arrangement`` says.
            EquivocationError: Another text under a version that is held or on the floor.
        """
        if named is not None and self._holds_version(offered, *named):
            return self
        published_test_keys.refuse_signers(offered, environment=self.environment, where="an arrangement")
        document = open_signed(offered, typ=ARRANGEMENT_TYPE, keys=self.signing_keys)
        version = parse_version(document)
        if named is not None and named != (version.id, version.version):
            raise invalid(f"version {named[1]} of arrangement {named[0]} was named, and it is another")
        held = self.arrangements.histories.get(version.id)
        if held is not None and version.version <= len(held.versions):
            _require_same(version.version, held=held.versions[version.version - 1].digest, offered=version.digest)
        try:
            grown = self.arrangements.with_arrangement(offered, keys=self.signing_keys)
        except NotAgreedError as refusal:
            if not document.unknown:
                raise
            # What a state signed whose keys nobody knows may be a suspension: it is not merely not agreed.
            raise UnknownSignerError(
                f"{refusal.detail}; no key of {', '.join(sorted(document.unknown))} is known"
            ) from None
        versions = grown.histories[version.id].versions
        floor = self.arrangement_floors.get(version.id)
        if floor is not None and len(versions) == floor.sequence:
            _require_same(floor.sequence, held=floor.digest, offered=_chain(versions))
        raised = Floor(len(versions), _chain(versions))
        floors = {**self.arrangement_floors, version.id: floor.highest(raised) if floor is not None else raised}
        return replace(self, arrangement_index=grown, arrangement_floors=MappingProxyType(floors))

    def _holds_version(self, offered: bytes, name: str, version: int) -> bool:
        """Tell whether this very text was accepted; it stays so when a key of those who signed it is exchanged."""
        held = self.arrangements.histories.get(name)
        if held is None or not 0 < version <= len(held.versions):
            return False
        return payload_digest(offered) == held.versions[version - 1].digest

    def with_purposes(self, offered: bytes) -> "TrustedSet":
        """Return a set in which ``offered`` is the purpose register; the same register again changes nothing.

        Raises:
            TrustError: ``trust.published_test_key``; ``trust.arrangement_invalid``: as
                ``PurposeRegister.with_register`` says.
            RollbackError, EquivocationError, SequenceJumpError: Its version does not follow the floor.
        """
        held = self.purpose_register
        if held is not None and payload_digest(offered) == held.digest:
            return self
        published_test_keys.refuse_signers(offered, environment=self.environment, where="the purpose register")
        register = parse_register(open_signed(offered, typ=PURPOSES_TYPE, keys=self.signing_keys))
        raised = Floor(register.version, register.digest)
        if self.purposes_floor is not None:
            self.purposes_floor.admits(register.version, register.digest)
        accepted = self.purposes.with_register(offered, keys=self.signing_keys)
        return replace(self, purpose_register=accepted, purposes_floor=raised)

    def with_deny_list(self, offered: bytes, *, authorities: Authorities, at: datetime) -> "TrustedSet":
        """Return a set in which ``offered`` is the deny list; ``authorities`` say who may deny, ratify and lift.

        Raises:
            TrustError: As ``DenyBook.with_list`` says; no entry that is held is lost by a refusal.
        """
        grown = self.denials.with_list(
            offered,
            authorities=authorities,
            environment=self.environment,
            at=at,
            ended=lambda entry: self._ended(entry, at=at),
        )
        return replace(self, denials=grown)

    def _ended(self, entry: DenyEntry, *, at: datetime) -> bool:
        """Tell whether a list of the state that is newer than ``entry`` no longer grants what it denies."""
        floor = self.floors.get(entry.state)
        if floor is None or floor.issued_at is None or floor.issued_at <= entry.issued_at:
            return False
        signing = {key.thumbprint for key in self.pins.get(entry.state, ())}
        return entry.target.thumbprint not in signing and denials.ended(floor.ledger, entry, at=at)

    def holding(self, held: "TrustedSet") -> "TrustedSet":
        """Return this set with what ``held`` accepted, as far as the pins and floors of this one stand behind it."""
        if held.environment is not self.environment:
            return self
        lists = {
            state: listed for state, listed in held.lists.items()
            if self._signer_pinned(listed) and state in self.floors and self.floors[state].digest == listed.content
        }  # fmt: skip
        standing = [
            name for name, history in held.arrangements.histories.items()
            if _stands_on(self.arrangement_floors.get(name), len(history.versions), _chain(history.versions))
        ]  # fmt: skip
        register = held.purposes
        kept = _stands_on(self.purposes_floor, register.version, register.digest)
        return replace(
            self,
            lists=_undisputed(lists, self.floors),
            arrangement_index=held.arrangements.only(standing),
            purpose_register=register if kept else None,
            denials=max(self.denials, held.denials, key=lambda book: book.number),
        )

    def _signer_pinned(self, listed: TrustList) -> bool:
        about = listed.provenance
        return about.signer in {key.thumbprint for key in self.pins.get(about.member_state, ())}

    def lags(self, name: str) -> bool:
        """Tell whether less of an arrangement is held than was accepted before."""
        held, floor = self.arrangements.histories.get(name), self.arrangement_floors.get(name)
        return floor is not None and (held is None or len(held.versions) < floor.sequence)

    def require_whole(self) -> "TrustedSet":
        """Return this set if nothing that was agreed before is missing from it.

        Whoever takes a suspension out of the distribution would otherwise bring the arrangement back to life.

        Raises:
            RollbackError: An arrangement or the purpose register is older than its floor, or is not there.
        """
        histories = self.arrangements.histories
        for name, floor in self.arrangement_floors.items():
            held = len(histories[name].versions) if name in histories else 0
            if held < floor.sequence:
                raise RollbackError(held=floor.sequence, offered=held)
        if self.purposes_floor is not None and self.purposes.version < self.purposes_floor.sequence:
            raise RollbackError(held=self.purposes_floor.sequence, offered=self.purposes.version)
        return self

    @property
    def arrangements(self) -> ArrangementIndex:
        """The arrangements held; before the first, nothing foreign is recognised."""
        held = self.arrangement_index
        return held if held is not None else ArrangementIndex.none(self.environment)

    @property
    def purposes(self) -> PurposeRegister:
        """The purpose register held; before the first, every purpose is refused."""
        held = self.purpose_register
        return held if held is not None else PurposeRegister.none(self.environment)


def _digest(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def _issuers_of_others(state: MemberState, floors: Mapping[MemberState, Floor]) -> frozenset[str]:
    """Return the issuers that other states than ``state`` speak for."""
    return frozenset(issuer for other, floor in floors.items() if other is not state for issuer in floor.issuers)


def _undisputed(
    lists: Mapping[MemberState, TrustList], floors: Mapping[MemberState, Floor]
) -> Mapping[MemberState, TrustList]:
    """Return ``lists`` with no trust in an issuer for which more than one state speaks."""
    spoken_for = Counter(issuer for floor in floors.values() for issuer in floor.issuers)
    disputed = frozenset(issuer for issuer, states in spoken_for.items() if states > 1)
    return MappingProxyType({
        state: profile.without_disputed_issuers(listed, disputed=disputed) for state, listed in lists.items()
    })  # fmt: skip


def _require_current(listed: TrustList, *, at: datetime) -> None:
    """Refuse a list from the future and one that is already out of date."""
    latest = at + LIMITS.list_issue_skew
    if listed.provenance.issued_at > latest or listed.signed_at > latest:
        raise TrustError("trust.issued_in_future")
    if listed.provenance.next_update <= at:
        raise TrustError("trust.expired")


def _floor(listed: TrustList, before: Floor | None, *, foreign: frozenset[str], at: datetime) -> Floor:
    """Return the floor on which ``listed`` stands, if it keeps faith with the one before."""
    return Floor(
        sequence=listed.provenance.sequence,
        digest=listed.content,
        issued_at=listed.provenance.issued_at,
        issuers=listed.issuers - foreign,
        ledger=ledger.extended(before.ledger if before is not None else ledger.EMPTY, listed, at=at),
    )


def _chain(versions: tuple[ArrangementVersion, ...]) -> str:
    """Return one digest over the texts of all versions, so that no earlier one can be exchanged either."""
    return hashlib.sha256("".join(version.digest for version in versions).encode("ascii")).hexdigest()


def _stands_on(floor: Floor | None, sequence: int, digest: str) -> bool:
    """Tell whether what is held under this number is what was accepted: the newest, or an earlier part of it."""
    return floor is not None and (sequence < floor.sequence or (sequence, digest) == (floor.sequence, floor.digest))


def _require_same(version: int, *, held: str, offered: str) -> None:
    if held != offered:
        raise EquivocationError(sequence=version, held=held, offered=offered)
