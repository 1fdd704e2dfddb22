"""Emergency denials as proposals: one more entry in the deny list, which any officer on call may bring in.

Decides what an entry is about, from what stands in the state's list, and writes it into the deny list that follows one
which stands, or will (``deny_queue``). Who may say what, every client checks for each entry. Clause: architecture D1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, FetchError, TrustError
from idbridge.model.denial import DenialReason, DenialTarget, DenyEntry, FollowUpKind, TargetKind
from idbridge.model.region import MemberState
from idbridge.model.trust import ServiceStatus, TrustService
from idbridge.trust import deny_list
from idbridge.trust.deny import Authorities
from idbridge.trust.deny_entry import (
    STATE_TARGET,
    Statement,
    denial_payload,
    follow_up_payload,
    key_target,
    merged,
    opened,
    reread,
    service_target,
    sign_entry,
)
from idbridge.trust.operator import drafting
from idbridge.trust.operator.comparison import unverified_payload
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.published import Published
from idbridge.trust.profile import TrustList
from idbridge.trust.tuf import acceptance, roles, writing
from idbridge.trust.tuf.proposal import Proposal

DENY: Final = "deny"


@dataclass(frozen=True, slots=True)
class Denied:
    """What is to be denied: a key, a service or a whole state, and what of the state's list ends with it.

    ``losses`` are the services that are granted now and would be trusted no more; ``granted`` all that are.
    """

    state: MemberState
    target: DenialTarget
    name: str
    losses: tuple[TrustService, ...]
    granted: tuple[TrustService, ...]


def look_up(before: Published, named: str, *, at: datetime) -> Denied:
    """Return what ``named`` means: a thumbprint or ``kid``, an issuer (with ``#type`` for one of several), or a state.

    Raises:
        ConfigurationError: Nothing of that name is listed, or several things are.
    """
    lists = {state: listed for state in MemberState if (listed := _list(before, state)) is not None}
    if named.upper() in MemberState.__members__:
        state = MemberState(named.upper())
        return _denied(state, STATE_TARGET, f"everything that {state} vouches for", lists.get(state), at=at)
    found = [*_keys(before, lists, named), *_services(lists, named)]
    unique = {(state, target): name for state, target, name in found}
    if len(unique) != 1:
        told = "; ".join(f"{state}: {name}" for (state, _), name in unique.items()) or "nothing of that name is listed"
        raise ConfigurationError(f"`{named}` does not name one key, one service or one state: {told}")
    ((state, target), name), *_ = unique.items()
    return _denied(state, target, name, lists.get(state), at=at)


def _list(before: Published, state: MemberState) -> TrustList | None:
    try:
        return before.list_of(state)
    except (FetchError, TrustError):
        return None  # a list that is gone or not in order names nothing; its state can still be denied as a whole


def _keys(
    before: Published, lists: Mapping[MemberState, TrustList], named: str
) -> Iterable[tuple[MemberState, DenialTarget, str]]:
    for state, listed in lists.items():
        for entry in listed.entries:
            for key in entry.keys:
                if named in (key.thumbprint, key.kid):
                    yield state, key_target(key.thumbprint), f"the key {key.thumbprint} of {entry.name}"
        entry_of_list = before.entry(state)
        for held in entry_of_list.keys if entry_of_list is not None else ():
            if held.thumbprint == named:
                yield state, key_target(named), f"the key {named}, with which {state} signs its list"


def _services(lists: Mapping[MemberState, TrustList], named: str) -> Iterable[tuple[MemberState, DenialTarget, str]]:
    issuer, _, kind = named.partition("#")
    for state, listed in lists.items():
        for service in listed.services:
            word = service.service_type.value.rpartition(":")[2]
            if service.issuer == issuer and kind in ("", word):
                yield state, service_target(issuer, service.service_type), f"{word} of {issuer}"


def _denied(
    state: MemberState, target: DenialTarget, name: str, listed: TrustList | None, *, at: datetime
) -> Denied:  # fmt: skip
    granted = tuple(one for one in listed.services if _is_granted(one, at=at)) if listed is not None else ()
    signer = listed.provenance.signer if listed is not None else None
    by_key = _services_of_key(listed, target.thumbprint)
    whole = target.kind is TargetKind.STATE or (target.thumbprint is not None and target.thumbprint == signer)
    lost = tuple(one for one in granted if whole or one.service_id in by_key or _is_service(one, target))
    return Denied(state, target, name, lost, granted)


def _is_granted(service: TrustService, *, at: datetime) -> bool:
    period = service.status_at(at)
    return period is not None and period.status is ServiceStatus.GRANTED


def _services_of_key(listed: TrustList | None, thumbprint: str | None) -> frozenset[str]:
    """Return the ids of the services that have this key, be it in a certificate."""
    entries_ = listed.entries if listed is not None else ()
    return frozenset(one.service_id for one in entries_ if thumbprint in {key.thumbprint for key in one.keys})


def _is_service(service: TrustService, target: DenialTarget) -> bool:
    return (service.issuer, service.service_type) == (target.issuer, target.service_type)


# Who may say what


def authorities(before: Published) -> Authorities:
    """Return who may say what about denials, by the delegations that stand.

    Raises:
        TrustError: ``trust.metadata_invalid``, or ``trust.signer_unknown``: there is no deny role.
    """
    delegated = [state.value for state in MemberState if before.is_delegated(state.value)]
    named = (roles.TARGETS, roles.DENY, *delegated)
    quorums = {role: before.voters(role)[0].quorum for role in named}
    return acceptance.authorities_of(MappingProxyType(quorums))


def state_of(allowed: Authorities, thumbprint: str) -> MemberState:
    """Return the state that may sign entries with this key.

    Raises:
        TrustError: ``trust.signer_unknown``: none may.
    """
    for state, keys in allowed.keys().items():
        if any(key.thumbprint == thumbprint for key in keys):
            return state
    raise TrustError("trust.signer_unknown", f"the key {thumbprint} is none of those that may deny, ratify or lift")


def require_may_deny(allowed: Authorities, entry: bytes) -> None:
    """Return if those who signed ``entry`` may deny what it denies.

    Raises:
        TrustError: ``trust.deny_invalid``.
    """
    told = opened(entry, keys=allowed.keys())
    if isinstance(told.said, DenyEntry):
        allowed.deniers(told.said, told.signed_with)


def may_follow_up(allowed: Authorities, entry: bytes, denied: DenyEntry) -> bool:
    """Tell whether enough have signed ``entry``, a ratification or a lift of ``denied``.

    Raises:
        TrustError: ``trust.deny_invalid``: a signature is not in order.
    """
    told = opened(entry, keys=allowed.keys())
    if isinstance(told.said, DenyEntry) or told.said.about != denied.id:
        raise TrustError("trust.deny_invalid", "the file is about another denial")
    for by in _may_have_denied(allowed, denied):
        try:
            allowed.require_may_follow_up(told.said, denied.signed_by(by), told.signed_with)
        except TrustError:
            continue
        return True
    return False


def _may_have_denied(allowed: Authorities, denied: DenyEntry) -> tuple[frozenset[MemberState], ...]:
    """Return the states that denied; where their keys were exchanged since, whoever may have: the nodes remember it."""
    try:
        return (who_denied(allowed, denied),)
    except TrustError:
        return frozenset({denied.state}), frozenset(MemberState) - {denied.state}


def who_denied(allowed: Authorities, denied: DenyEntry) -> frozenset[MemberState]:
    """Return the states whose signatures count for a denial."""
    return allowed.deniers(denied, opened(denied.octets, keys=allowed.keys()).signed_with)


# What is written


def denial(
    before: Published,
    denied: Denied,
    signers: Mapping[MemberState, tuple[Signer, ...]],
    *,
    since: datetime,
    reason: DenialReason,
    at: datetime,
) -> bytes:
    """Return a signed entry that denies ``denied``."""
    payload = denial_payload(
        denied.state, denied.target, environment=before.environment, since=since, reason=reason, issued_at=at
    )
    return sign_entry(payload, signers)


def countersigned(
    before: Published,
    kind: FollowUpKind,
    denied: DenyEntry,
    collected: Sequence[bytes],
    signers: Mapping[MemberState, Sequence[Signer]],
    *,
    at: datetime,
) -> bytes:
    """Return the entry that ratifies or lifts ``denied`` with the signatures ``collected`` so far and those of now.

    Raises:
        TrustError: ``trust.deny_invalid``: what was collected does not belong together, or is of another kind.
        ConfigurationError: Nobody signs.
    """
    if not collected:
        payload = follow_up_payload(kind, denied.id, environment=before.environment, issued_at=at)
    else:
        payload = unverified_payload(merged(collected))
        if payload.get("kind") != kind.value:
            raise TrustError("trust.deny_invalid", f"the file is no {kind}")
    made = [sign_entry(payload, signers)] if signers else []
    if not made and not collected:
        raise ConfigurationError("nobody signs; name a key with `--key`")
    return merged([*collected, *made])


def entries(before: Published) -> dict[str, Statement]:
    """Return the entries of the deny list that stands, by id.

    Raises:
        FetchError, TrustError: It cannot be had, or is not in order.
    """
    return {one.said.id: one for one in map(reread, listed(before))}


def listed(before: Published) -> tuple[bytes, ...]:
    """Return the entries of the deny list that stands, as they are signed.

    Raises:
        FetchError, TrustError: It cannot be had, or is not in order.
    """
    octets = standing_list(before)
    return deny_list.parse(octets).entries if octets is not None else ()


def numbered(before: Published) -> int:
    """Return the number of the deny list that stands, 0 before the first.

    Raises:
        FetchError, TrustError: It cannot be had, or is not in order.
    """
    octets = standing_list(before)
    return deny_list.parse(octets).number if octets is not None else 0


def standing_list(before: Published) -> bytes | None:
    """Return the deny list that stands; ``None`` before the first.

    Raises:
        FetchError, TrustError: It cannot be had.
    """
    if roles.DENY_LIST not in before.targets(roles.DENY):
        return None
    return before.target(roles.DENY, roles.DENY_LIST)


def edition(before: Published, entry: bytes, intent: Intent, *, about: bytes | None = None) -> Proposal:
    """Return the proposal of the next deny list, with ``entry`` in it.

    ``about`` is the denial that ``entry`` ratifies or lifts; it comes along where it is not listed yet.

    Raises:
        ConfigurationError: The very entry is listed already.
        FetchError, TrustError: What stands cannot be had, or the proposer's key has no part in the deny role.
    """
    held = {reread(one).said.id: one for one in listed(before)}
    if about is not None:
        held.setdefault(reread(about).said.id, about)
    added = reread(entry).said.id
    if held.get(added) == entry:
        raise ConfigurationError(f"the entry {added} is listed already")
    octets = deny_list.written(
        {**held, added: entry}.values(), number=numbered(before) + 1, environment=before.environment
    )
    files = {roles.DENY_LIST: octets}
    payload = writing.carrier(drafting.issue(before, roles.DENY, at=intent.at), roles.DENY, files=files)
    return drafting.completed(before, roles.DENY, payload, files, intent)
