"""The deny list: which denials count, and that none of them is ever lost. Emergency deny of architecture D1.

Decides from octets and an instant, with no I/O. The TUF role that carries the list adds no authority: every client
looks at the signatures of every entry.

================  ===========================================================================  ======================
entry             signed by                                                                    effect
================  ===========================================================================  ======================
denial            a key of the affected state: on call, or of its role                         never lapses
denial            an on-call key of another state; for a whole state, of two other states      72 hours
ratification      the region's quorum, or the affected state's own                             it does not lapse
lift              the affected state's own quorum, if it alone denied; else the region's       it ends
================  ===========================================================================  ======================

A list that breaks these rules is refused whole, and so is one that lacks an entry which is held. An entry leaves only
when its lift is known, or when a newer list of the state no longer grants what it denies. A state speaks for what it
lists: nobody ends a neighbour's service by calling it one's own. What was accepted once stays accepted, also when the
keys that signed it are exchanged.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.denial import DenyEntry, FollowUp, FollowUpKind, TargetKind
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.trust import deny_list, members
from idbridge.trust.deny_entry import Statement, invalid, opened, reread
from idbridge.trust.floor import Floor

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})
STATES_TO_DENY_A_STATE: Final = 2
_BOOK: Final = frozenset({"number", "digest", "denials", "follow_ups", "settled"})


@dataclass(frozen=True, slots=True)
class Quorum:
    """Keys by thumbprint, each with its state, and how many must sign: keys, or with ``distinct_states`` states.

    Raises:
        ValueError: The threshold is none, or nobody could reach it.
    """

    keys: Mapping[str, tuple[PublicKey, MemberState]]
    threshold: int
    distinct_states: bool

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= self._voices(self.keys):
            raise ValueError("a quorum needs somebody, and can be reached")

    def met_by(self, thumbprints: Iterable[str]) -> bool:
        """Tell whether those who signed with these keys are enough."""
        return self._voices(self.keys.keys() & set(thumbprints)) >= self.threshold

    def _voices(self, thumbprints: Iterable[str]) -> int:
        return len({self.keys[one][1] if self.distinct_states else one for one in thumbprints})


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who may say what about denials: each state's on-call keys, each state's own quorum, and that of the region."""

    on_call: Mapping[MemberState, tuple[PublicKey, ...]]
    quorums: Mapping[MemberState, Quorum]
    region: Quorum

    def keys(self) -> dict[MemberState, tuple[PublicKey, ...]]:
        """Return every key that a state may sign an entry with."""
        found: dict[MemberState, dict[str, PublicKey]] = {state: {} for state in MemberState}
        for state, on_call in self.on_call.items():
            found[state].update((key.thumbprint, key) for key in on_call)
        for quorum in (*self.quorums.values(), self.region):
            for thumbprint, (key, state) in quorum.keys.items():
                found[state][thumbprint] = key
        return {state: tuple(keys.values()) for state, keys in found.items()}

    def deniers(self, entry: DenyEntry, signed_with: frozenset[str]) -> frozenset[MemberState]:
        """Return the states whose signatures count for a denial: the affected one, and officers of others.

        Raises:
            TrustError: ``trust.deny_invalid``: they may not deny this.
        """
        officers = frozenset(
            state for state, keys in self.on_call.items() if any(key.thumbprint in signed_with for key in keys)
        )
        own = self.quorums.get(entry.state)
        if entry.state in officers or (own is not None and own.keys.keys() & signed_with):
            return officers | {entry.state}
        needed = STATES_TO_DENY_A_STATE if entry.kind is TargetKind.STATE else 1
        if len(officers) < needed:
            raise invalid(
                f"a denial of a {entry.kind} of {entry.state} has {len(officers)} of {needed} officers' states"
            )
        return officers

    def require_may_follow_up(self, said: FollowUp, entry: DenyEntry, signed_with: frozenset[str]) -> None:
        """Return if those who signed may ratify or lift ``entry``.

        Raises:
            TrustError: ``trust.deny_invalid``: they may not.
        """
        by_region, own = self.region.met_by(signed_with), self.quorums.get(entry.state)
        by_state = own is not None and own.met_by(signed_with)
        ratifies = said.kind is FollowUpKind.RATIFY
        if not (by_region or by_state if ratifies else by_region if entry.officers_made else by_state):
            raise invalid(f"a {said.kind} of denial {entry.id} lacks the quorum that it needs")


@dataclass(frozen=True, slots=True)
class DenyBook:
    """Every entry that is held, by id. ``number`` and ``digest`` are of the newest list accepted; 0 before the first.

    ``settled`` are ids of lifted denials that are listed no more: they must not come back without their lift.
    """

    number: int = 0
    digest: str = ""
    denials: Mapping[str, DenyEntry] = field(default_factory=lambda: _NONE)
    follow_ups: Mapping[str, FollowUp] = field(default_factory=lambda: _NONE)
    settled: tuple[str, ...] = ()

    def with_list(
        self,
        octets: bytes,
        *,
        authorities: Authorities,
        environment: Environment,
        at: datetime,
        ended: Callable[[DenyEntry], bool],
    ) -> "DenyBook":
        """Return a book in which ``octets`` is the deny list; the same list again changes nothing.

        ``ended`` tells whether a newer list of the affected state no longer grants what an entry denies.

        Raises:
            TrustError: ``trust.deny_invalid``, ``trust.deny_dropped``, ``trust.environment_mismatch`` or
                ``trust.issued_in_future``.
            RollbackError, EquivocationError, SequenceJumpError: Its number does not follow the one held.
        """
        listed = deny_list.parse(octets)
        if listed.environment is not environment:
            raise TrustError("trust.environment_mismatch")
        if self.number and not Floor(self.number, self.digest).admits(listed.number, listed.digest):
            return self
        keys = authorities.keys()
        told = tuple(self._told(entry, keys, environment, at=at) for entry in listed.entries)
        if len({one.said.id for one in told}) != len(told):
            raise invalid("an entry stands in the list twice")
        denials = {entry.id: entry for entry in self._denials(told, authorities)}
        follow_ups = {one.id: one for one in self._follow_ups(told, denials, authorities)}
        self._refuse_dropped(denials, follow_ups, ended=ended)
        grown = DenyBook(listed.number, listed.digest, MappingProxyType(denials), MappingProxyType(follow_ups))
        _refuse_flood(grown.standing())
        lifted = _lifted(self.follow_ups) - denials.keys()
        settled = tuple(dict.fromkeys((*self.settled, *sorted(lifted))))[-LIMITS.deny_settled :]
        return replace(grown, settled=settled)

    def _told(
        self, entry: bytes, keys: Mapping[MemberState, tuple[PublicKey, ...]], environment: Environment, *, at: datetime
    ) -> Statement:
        """Return what an entry says; one that is held octet for octet was verified when it came."""
        again = reread(entry)
        held = self.denials.get(again.said.id) or self.follow_ups.get(again.said.id)
        told = again if held is not None and held.octets == entry else opened(entry, keys=keys)
        if told.environment is not environment:
            raise TrustError("trust.environment_mismatch")
        if told.said.issued_at > at + LIMITS.list_issue_skew:
            raise TrustError("trust.issued_in_future")
        return told

    def _denials(self, told: Iterable[Statement], authorities: Authorities) -> Iterator[DenyEntry]:
        for one in told:
            if isinstance(one.said, DenyEntry):
                held = self.denials.get(one.said.id)
                if held is not None and held.octets == one.said.octets:
                    yield held
                else:
                    by = authorities.deniers(one.said, one.signed_with)
                    if held is not None and held.self_made and held.state not in by:
                        # Who begins with this list would take what a state denied of itself for good to lapse.
                        raise TrustError("trust.deny_dropped", f"denial {held.id} lacks the signature of {held.state}")
                    yield replace(one.said, by=by | held.by if held is not None else by)

    def _follow_ups(
        self, told: Iterable[Statement], denials: Mapping[str, DenyEntry], authorities: Authorities
    ) -> Iterator[FollowUp]:
        for one in told:
            if isinstance(one.said, FollowUp):
                entry = denials.get(one.said.about)
                if entry is None:
                    raise invalid(f"a {one.said.kind} is about a denial that is not listed")
                if one.said.id not in self.follow_ups:
                    authorities.require_may_follow_up(one.said, entry, one.signed_with)
                yield one.said

    def _refuse_dropped(
        self,
        denials: Mapping[str, DenyEntry],
        follow_ups: Mapping[str, FollowUp],
        *,
        ended: Callable[[DenyEntry], bool],
    ) -> None:
        """Refuse a list that lacks what is held: a denial in force, a ratification, or the lift of what is listed."""
        lifted, known = _lifted(follow_ups), self.lifted
        for name, entry in self.denials.items():
            if name not in denials and name not in known and not ended(entry):
                raise TrustError("trust.deny_dropped", f"denial {name} is held, and the list lacks it")
        for name, held in self.follow_ups.items():
            if held.about in denials and name not in follow_ups and held.about not in lifted:
                raise TrustError("trust.deny_dropped", f"the {held.kind} of denial {held.about} is not listed any more")
        back = sorted((known & denials.keys()) - lifted)
        if back:
            raise TrustError("trust.deny_dropped", f"denial {back[0]} was lifted, and is back without its lift")

    @property
    def lifted(self) -> frozenset[str]:
        """The ids of denials that are known to be lifted, listed or not."""
        return _lifted(self.follow_ups) | frozenset(self.settled)

    def standing(self) -> tuple[DenyEntry, ...]:
        """Return every denial that was not lifted, whether it has lapsed or not, by id."""
        lifted = _lifted(self.follow_ups)
        return tuple(self.denials[name] for name in sorted(self.denials) if name not in lifted)

    def lapses_at(self, entry: DenyEntry) -> datetime | None:
        """Return when ``entry`` lapses; ``None`` if it never does, because its state made it or it was ratified."""
        ratified = any(
            one.about == entry.id and one.kind is FollowUpKind.RATIFY for one in self.follow_ups.values()
        )  # fmt: skip
        return None if entry.self_made or ratified else entry.issued_at + LIMITS.deny_unratified

    def in_force(self, at: datetime) -> tuple[DenyEntry, ...]:
        """Return the denials in force at ``at``: every one that was not lifted and has not lapsed by then."""
        return tuple(entry for entry in self.standing() if not _past(self.lapses_at(entry), at))

    def lapsing(self, at: datetime, *, within: timedelta = LIMITS.deny_alarm) -> tuple[DenyEntry, ...]:
        """Return the denials in force at ``at`` that lapse ``within`` that time unless they are ratified."""
        return tuple(entry for entry in self.in_force(at) if _past(self.lapses_at(entry), at + within))

    def document(self) -> dict[str, Any]:
        """Return the book as JSON values, for the floors of this node."""
        return {
            "number": self.number,
            "digest": self.digest,
            "denials": [
                {"entry": entry.octets.decode(), "by": sorted(state.value for state in entry.by)}
                for entry in self.denials.values()
            ],
            "follow_ups": [one.octets.decode() for one in self.follow_ups.values()],
            "settled": list(self.settled),
        }


def _refuse_flood(standing: tuple[DenyEntry, ...]) -> None:
    """Refuse a list that one state could have filled, so that nobody else can deny anything."""
    made = Counter(state for entry in standing for state in entry.by)
    for state, number in made.items():
        if number > LIMITS.deny_entries_each:
            raise invalid(f"{state} put its name to {number} denials that are not lifted")


def parse(value: Any) -> DenyBook:
    """Return the book that ``value``, the floors of this node, holds. What was accepted stays accepted.

    Raises:
        TrustError, ValueError: It is not in the form that ``DenyBook.document`` writes.
    """
    read = members.table(value, required=_BOOK, where="the denials")
    denials = [_held(one) for one in _each(read["denials"])]
    follow_ups = [reread(_octets(one)).said for one in _each(read["follow_ups"])]
    number = members.count(read["number"], where="number", least=1, most=LIMITS.list_sequence)
    return DenyBook(
        number,
        Floor(number, members.text(read["digest"], where="digest")).digest,
        MappingProxyType({one.id: one for one in denials}),
        MappingProxyType({one.id: one for one in follow_ups if isinstance(one, FollowUp)}),
        tuple(members.text(one, where="settled") for one in _each(read["settled"])),
    )


def _held(value: Any) -> DenyEntry:
    read = members.table(value, required=frozenset({"entry", "by"}), where="a denial")
    said = reread(_octets(read["entry"])).said
    by = members.several(read["by"], lambda one: members.word(one, MemberState, where="by"), where="by")
    if not isinstance(said, DenyEntry) or not by:
        raise ValueError("a denial that is held was made by somebody")
    return replace(said, by=by)


def _octets(value: Any) -> bytes:
    return members.string(value, where="an entry").encode()


def _each(value: Any) -> list[Any]:
    if type(value) is not list:
        raise ValueError("the denials are not a list")
    return value


def _lifted(follow_ups: Mapping[str, FollowUp]) -> frozenset[str]:
    return frozenset(one.about for one in follow_ups.values() if one.kind is FollowUpKind.LIFT)


def _past(lapse: datetime | None, at: datetime) -> bool:
    return lapse is not None and lapse <= at
