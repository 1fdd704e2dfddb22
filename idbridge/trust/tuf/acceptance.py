"""What follows from a distribution that passed both locks: which list, agreement and denial is taken up.

Pure: a regional view and what is held go in, a new trusted set comes out, with the refusals of what was not taken up.
A refusal costs what it is about and nothing else; what was held of it stays. A list is taken up only with the keys
that its state's role names, if it is the very list that the role's entry names, and if it does not end a fifth of the
state's services without a further signature.
"""

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
from idbridge.trust.tuf.quorum import Quorum
from idbridge.trust.tuf.second_lock import CarrierRole, RegionalView, StateRole

DISTRIBUTION: Final = "tuf"
LISTS: Final = "lists"
_NOTHING: Final[CarrierRole | None] = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is held after a distribution was taken up. ``absent`` says for each state without list why."""

    trusted: TrustedSet
    absent: Mapping[MemberState, str]
    refused: tuple[RefusedOffer, ...]


def accept(view: RegionalView, held: TrustedSet | None, *, floors: Floors, at: datetime) -> Accepted:
    """Return what is held once ``view`` is taken up at ``at``; ``held`` is what was held before, on ``floors``.

    A state's new list keys count with a list that is taken up. Where that is refused, the list held and the keys that
    signed it stay: the role that exchanged the keys and the list under them are one offer.

    Raises:
        TrustError: ``trust.not_configured``: no state has a role that passed, and nothing is held. Otherwise a
            recognition document that was accepted before is neither offered nor held, as ``agreements`` says.
    """
    accepted = _accepted(view, held, floors=floors, at=at)
    lost = frozenset(view.states) & frozenset(held.lists if held is not None else ()) - accepted.trusted.lists.keys()
    if not lost:
        return accepted
    refused = {offer.subject: TrustError(offer.code, offer.detail) for offer in accepted.refused}
    kept = replace(
        view,
        states=MappingProxyType({state: role for state, role in view.states.items() if state not in lost}),
        refused=MappingProxyType({**view.refused, **{state.value: refused[f"{LISTS}/{state}"] for state in lost}}),
    )
    return _accepted(kept, held, floors=floors, at=at)


def _accepted(view: RegionalView, held: TrustedSet | None, *, floors: Floors, at: datetime) -> Accepted:
    keys, document_keys = _keys(view, held)
    if not keys:
        raise TrustError(NOT_CONFIGURED, "no state's role passed, and nothing is held")
    trusted = TrustedSet(
        view.environment,
        keys,
        floors=floors.states,
        arrangement_floors=floors.arrangements,
        purposes_floor=floors.purposes,
        denials=floors.denials,
        distribution=DISTRIBUTION,
        document_keys=document_keys,
    )
    if held is not None:
        trusted = trusted.holding(held)
    refused: list[RefusedOffer] = []
    absent: dict[MemberState, str] = {}
    for state in MemberState:
        try:
            trusted = _with_state(trusted, view, state, at=at)
        except TrustError as refusal:
            absent[state] = refusal.code
            if refusal.code != NOT_CONFIGURED:
                refused.append(RefusedOffer(f"{LISTS}/{state}", refusal.code, refusal.detail))
    trusted, problems = _with_agreements(trusted, view)
    trusted, more = _with_denials(trusted, view, at=at)
    return Accepted(trusted, MappingProxyType(absent), (*refused, *problems, *more))


def _keys(
    view: RegionalView, held: TrustedSet | None
) -> tuple[Mapping[MemberState, tuple[PublicKey, ...]], Mapping[MemberState, tuple[PublicKey, ...]]]:
    """Return the signing keys by state, and the retired ones: of the roles that passed, else those held."""
    keys: dict[MemberState, tuple[PublicKey, ...]] = {}
    retired: dict[MemberState, tuple[PublicKey, ...]] = {}
    for state in MemberState:
        role = view.states.get(state)
        if role is not None:
            keys[state], retired[state] = role.entry.keys, role.entry.document_keys
        elif held is not None and state in held.pins and state not in view.withdrawn:
            keys[state], retired[state] = held.pins[state], held.document_keys.get(state, ())
        elif held is not None and state in held.signing_keys:  # a state that left still vouches for what it signed
            retired[state] = held.signing_keys[state]
    return MappingProxyType(keys), MappingProxyType({state: found for state, found in retired.items() if found})


def _with_state(trusted: TrustedSet, view: RegionalView, state: MemberState, *, at: datetime) -> TrustedSet:
    """Return ``trusted`` with what ``view`` offers of ``state``.

    Raises:
        TrustError: It is not taken up, or there is none.
    """
    if state in view.withdrawn:
        raise TrustError(NOT_CONFIGURED)
    if state.value in view.refused:
        raise view.refused[state.value]
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
    """Return ``trusted`` with the recognition documents on offer; where the role was refused, with those held."""
    carried = view.agreements
    if carried is None:
        problem = _refused_role(view, roles.AGREEMENTS)
        return trusted.require_whole(), problem
    shelf = OctetShelf(carried.files, carried.faulty)
    return agreements.read(shelf, trusted)


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
    """Return ``trusted`` with the deny list on offer. A list that is refused or missing loses no entry that is held."""
    carried = view.deny
    if carried is None:
        return trusted, _refused_role(view, roles.DENY)
    if roles.DENY_LIST in carried.faulty:
        refusal = carried.faulty[roles.DENY_LIST]
        return trusted, (RefusedOffer(roles.DENY_LIST, refusal.code, refusal.detail),)
    octets = carried.files.get(roles.DENY_LIST)
    if octets is None:
        dropped = RefusedOffer(roles.DENY_LIST, "trust.deny_dropped", "the deny list is gone")
        return trusted, (dropped,)
    try:
        return trusted.with_deny_list(octets, authorities=authorities(view), at=at), ()
    except TrustError as refusal:
        return trusted, (RefusedOffer(roles.DENY_LIST, refusal.code, refusal.detail),)
