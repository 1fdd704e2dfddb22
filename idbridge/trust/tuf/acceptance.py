"""What follows from a distribution that passed both locks: which list, agreement and denial is taken up.

Pure: a regional view and what is held go in, a new trusted set comes out, with the refusals of what was not taken up.
A refusal costs what it is about and nothing else; what was held of it stays. A list is taken up only with the keys
that its state's role names, if it is the very list that the role's entry names, and if it does not end a fifth of the
state's services without a further signature.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from idbridge.errors import TrustError
from idbridge.model.keys import PublicKey
from idbridge.model.region import MemberState
from idbridge.trust import agreements, jades, shrink
from idbridge.trust.deny import Authorities
from idbridge.trust.deny import Quorum as DenyQuorum
from idbridge.trust.floors import Floors
from idbridge.trust.shelf import OctetShelf
from idbridge.trust.snapshot import NOT_CONFIGURED, RefusedOffer
from idbridge.trust.trusted_set import TrustedSet
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.errors import broken, refusing_surprises
from idbridge.trust.tuf.quorum import Quorum
from idbridge.trust.tuf.second_lock import CarrierRole, RegionalView, StateRole

DISTRIBUTION: Final = "tuf"
LISTS: Final = "lists"
_NO_KEYS: Final[Mapping[MemberState, tuple[PublicKey, ...]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is held after a distribution was taken up. ``absent`` says for each state not taken up why.

    It is ``whole`` if nothing is known of newer agreements or denials that could not be had.
    """

    trusted: TrustedSet
    absent: Mapping[MemberState, str]
    refused: tuple[RefusedOffer, ...]
    whole: bool


def accept(view: RegionalView, held: TrustedSet | None, *, floors: Floors, at: datetime) -> Accepted:
    """Return what is held once ``view`` is taken up at ``at``; ``held`` is what was held before, on ``floors``.

    Raises:
        TrustError: ``trust.not_configured``: no state has a role that passed, and nothing is held. At a first start
            also if the deny list cannot be had, or a recognition document cannot be read.
    """
    accepted = _accepted(view, held, floors=floors, at=at)
    lost = frozenset(view.states) & frozenset(held.lists if held is not None else ()) - accepted.trusted.lists.keys()
    if not lost:
        return accepted
    # Under the keys of a role whose list is refused, the one that is held would not count: it keeps its own keys.
    refused = {offer.subject: TrustError(offer.code, offer.detail) for offer in accepted.refused}
    kept = replace(
        view,
        states=MappingProxyType({state: role for state, role in view.states.items() if state not in lost}),
        refused=MappingProxyType({**view.refused, **{state.value: refused[f"{LISTS}/{state}"] for state in lost}}),
    )
    return _accepted(kept, held, floors=floors, at=at)


def _accepted(view: RegionalView, held: TrustedSet | None, *, floors: Floors, at: datetime) -> Accepted:
    keys = _keys(view, held)
    if not keys.signing:
        raise TrustError(NOT_CONFIGURED, "no state's role passed, and nothing is held")
    trusted = TrustedSet(
        view.environment,
        keys.signing,
        floors=floors.states,
        arrangement_floors=floors.arrangements,
        purposes_floor=floors.purposes,
        denials=floors.denials,
        distribution=DISTRIBUTION,
        document_keys=keys.retired,
    )
    if held is not None:
        trusted = trusted.holding(held)
    trusted, denying = _with_denials(trusted, view, at=at)
    refused: list[RefusedOffer] = []
    absent: dict[MemberState, str] = {}
    for state in MemberState:
        try:
            with refusing_surprises(f"the list of {state}"):
                trusted = _with_state(trusted, view, state, keys, at=at)
        except TrustError as refusal:
            absent[state] = refusal.code
            if refusal.code != NOT_CONFIGURED:
                refused.append(RefusedOffer(f"{LISTS}/{state}", refusal.code, refusal.detail))
            elif state in view.withdrawn:
                trusted = trusted.without_list(state)
    if denying:  # an entry may leave with the list that ends what it denies
        trusted, denying = _with_denials(trusted, view, at=at)
    trusted, problems = _with_agreements(trusted, view)
    whole = not denying and _is_whole(view.agreements) and _is_whole(view.deny)
    return Accepted(trusted, MappingProxyType(absent), (*refused, *problems, *denying), whole)


def _is_whole(carried: CarrierRole | None) -> bool:
    return carried is not None and not carried.faulty


@dataclass(frozen=True, slots=True)
class _Keys:
    """The signing keys by state, the retired ones, and the states whose role names a key that is another state's."""

    signing: Mapping[MemberState, tuple[PublicKey, ...]]
    retired: Mapping[MemberState, tuple[PublicKey, ...]]
    usurping: frozenset[MemberState]


def _keys(view: RegionalView, held: TrustedSet | None) -> _Keys:
    """Return the keys of the roles that passed, else those held.

    A key that two states name stays with the one that had it before; if none had it, neither gets it. A state that
    names a key which is not its own keeps the keys that it had.
    """
    before = held.signing_keys if held is not None else _NO_KEYS
    named = {state: (*role.entry.keys, *role.entry.document_keys) for state, role in view.states.items()}
    others = {state: found for state, found in before.items() if state not in named}
    claims: defaultdict[str, set[MemberState]] = defaultdict(set)
    for state, found in (*named.items(), *others.items()):
        for key in found:
            claims[key.thumbprint].add(state)
    owned = {key.thumbprint: state for state, found in before.items() for key in found}
    usurping = frozenset(
        state
        for thumbprint, states in claims.items()
        if len(states) > 1
        for state in states
        if state in named and owned.get(thumbprint) is not state
    )
    signing: dict[MemberState, tuple[PublicKey, ...]] = {}
    retired: dict[MemberState, tuple[PublicKey, ...]] = {}
    for state in MemberState:
        role = view.states.get(state)
        if role is not None and state not in usurping:
            signing[state], retired[state] = role.entry.keys, role.entry.document_keys
        elif held is not None and state in held.pins and state not in view.withdrawn:
            signing[state], retired[state] = held.pins[state], held.document_keys.get(state, ())
        elif state in before:  # a state that left still vouches for what it signed
            retired[state] = before[state]
    left = MappingProxyType({state: found for state, found in retired.items() if found})
    return _Keys(MappingProxyType(signing), left, usurping)


def _with_state(
    trusted: TrustedSet, view: RegionalView, state: MemberState, keys: _Keys, *, at: datetime
) -> TrustedSet:
    """Return ``trusted`` with what ``view`` offers of ``state``.

    Raises:
        TrustError: It is not taken up, or there is none.
    """
    if state in view.withdrawn:
        raise TrustError(NOT_CONFIGURED)
    if state.value in view.refused:
        raise view.refused[state.value]
    if state in keys.usurping:
        raise broken(f"the entry of {state} names a key that is another state's")
    role = view.states[state]
    _require_named(role)
    before = trusted.lists.get(state)
    grown = trusted.with_list(role.octets, state=state, at=at)
    role.entry.require(grown.lists[state])
    shrink.require_confirmed(before, grown.lists[state], spare=role.spare, at=at)
    return grown


def _require_named(role: StateRole) -> None:
    """Return if the octets are those of the list that the entry names, before anything is taken up."""
    signed = jades.open_list(role.octets, keys=tuple(role.entry.keys))
    if (signed.content, signed.signer) != (role.entry.digest, role.entry.signer):
        raise TrustError("trust.entry_mismatch", "the entry names another list, or another signer")


def _with_agreements(trusted: TrustedSet, view: RegionalView) -> tuple[TrustedSet, tuple[RefusedOffer, ...]]:
    """Return ``trusted`` with the recognition documents on offer; where they cannot be read, with those held.

    Raises:
        TrustError: This is a first start, and one of them cannot be read: it may be a suspension.
    """
    first_start = not trusted.arrangement_floors and trusted.purposes_floor is None
    carried = view.agreements
    shelf = OctetShelf(carried.files, carried.faulty) if carried is not None else OctetShelf({}, {})
    problems = _refused_role(view, roles.AGREEMENTS)
    try:
        with refusing_surprises("the agreements"):
            if carried is None:
                return trusted.require_whole(), problems
            grown, more = agreements.read(shelf, trusted)
            return grown, (*problems, *more)
    except TrustError as refusal:
        if first_start:
            raise
        refused = RefusedOffer(roles.AGREEMENTS, refusal.code, refusal.detail)
        return _without_lagging(trusted), (*problems, refused)


def _without_lagging(trusted: TrustedSet) -> TrustedSet:
    """Return ``trusted`` without any arrangement, if less of one is held than was accepted before.

    What is missing may be a suspension, and nobody can tell of which pair: nothing foreign is recognised until it is
    read again. What is held whole stays as it is.
    """
    try:
        return trusted.require_whole()
    except TrustError:
        return replace(trusted, arrangement_index=None)


def _refused_role(view: RegionalView, role: str) -> tuple[RefusedOffer, ...]:
    refusal = view.refused.get(role)
    return (RefusedOffer(role, refusal.code, refusal.detail),) if refusal is not None else ()


def authorities(view: RegionalView) -> Authorities:
    """Return who may say what about denials, by the verified delegations."""
    return authorities_of(view.quorums)


def authorities_of(quorums: Mapping[str, Quorum]) -> Authorities:
    """Return who may say what about denials, by the quorums of all roles."""
    on_call: dict[MemberState, tuple[PublicKey, ...]] = {}
    for key in quorums[roles.DENY].keys.values():
        if key.state is not None:
            on_call[key.state] = (*on_call.get(key.state, ()), key.key)
    return Authorities(
        on_call=MappingProxyType(on_call),
        quorums=MappingProxyType({
            MemberState(role): _deny_quorum(quorum)
            for role, quorum in quorums.items()
            if role in MemberState.__members__
        }),
        region=_deny_quorum(quorums[roles.TARGETS]),
    )  # fmt: skip


def _deny_quorum(quorum: Quorum) -> DenyQuorum:
    keys = {name: (key.key, key.state) for name, key in quorum.keys.items() if key.state is not None}
    return DenyQuorum(MappingProxyType(keys), quorum.threshold, quorum.regional)


def _with_denials(
    trusted: TrustedSet, view: RegionalView, *, at: datetime
) -> tuple[TrustedSet, tuple[RefusedOffer, ...]]:
    """Return ``trusted`` with the deny list on offer. A list that is refused or missing loses no entry that is held.

    Raises:
        TrustError: No deny list was ever held, and none can be had: nobody knows what is denied.
    """
    try:
        with refusing_surprises("the deny list"):
            return trusted.with_deny_list(_deny_list(view), authorities=authorities(view), at=at), ()
    except TrustError as refusal:
        if not trusted.denials.number:
            raise
        return trusted, (RefusedOffer(roles.DENY_LIST, refusal.code, refusal.detail),)


def _deny_list(view: RegionalView) -> bytes:
    if roles.DENY in view.refused:
        raise view.refused[roles.DENY]
    carried = view.deny
    if carried is not None and roles.DENY_LIST in carried.faulty:
        raise carried.faulty[roles.DENY_LIST]
    if carried is None or roles.DENY_LIST not in carried.files:
        raise TrustError("trust.deny_dropped", "the deny list is gone")
    return carried.files[roles.DENY_LIST]
