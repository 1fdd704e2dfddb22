"""New versions of roles as proposals: what an operator wants, in the form that travels to whoever else must sign.

Makes proposals and decides nothing about them: every signer, the online role and every node judge for themselves. A
proposal is made against what stands now, and is worthless once something else was published in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from tuf.api.metadata import Root, Targets

from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError
from idbridge.model.region import MemberState
from idbridge.trust import profile
from idbridge.trust.operator.comparison import change_of
from idbridge.trust.operator.public_keys import PublicKeys
from idbridge.trust.operator.published import Published
from idbridge.trust.operator.workspace import LIST_LIFETIME, Workspace
from idbridge.trust.profile import TrustList
from idbridge.trust.trusted_set import TrustedSet
from idbridge.trust.tuf import entry, handover, proposal, roles, writing
from idbridge.trust.tuf.proposal import Draft, Proposal
from idbridge.trust.tuf.quorum import quorum_of
from idbridge.trust.tuf.writing import Delegation, Group, Holder, Issue

_NONE: Final[Mapping[str, bytes]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Intent:
    """What somebody wants to be done, why, when, and who proposes it."""

    act: str
    reason: str
    signer: Signer
    at: datetime


def issue(before: Published, role: str, *, at: datetime, life: timedelta | None = None) -> Issue:
    """Return the next version of ``role``.

    Raises:
        ConfigurationError: The file of the version that stands is not in the tree: what it says is not known, and what
            is built on nothing would undo it.
    """
    if role in before.gaps:
        raise ConfigurationError(f"the file of `{role}` is not in the tree as the snapshot names it; put it back first")
    return Issue(before.environment, before.version(role) + 1, at, life)


def completed(
    before: Published, role: str, payload: Root | Targets, files: Mapping[str, bytes], intent: Intent
) -> Proposal:
    """Return ``payload`` as a proposal that its proposer has signed.

    Raises:
        TrustError: ``trust.signer_unknown``: the proposer's key has no part in the role; or what is proposed breaks the
            rules of its own form.
    """
    made = unsigned(before, role, payload, files, intent, proposer=thumbprint(intent.signer.public_jwk))
    voters = before.voters(role, proposed=payload)
    return proposal.signed(made, intent.signer, voters=voters, at=intent.at)


def unsigned(
    before: Published,
    role: str,
    payload: Root | Targets,
    files: Mapping[str, bytes],
    intent: Intent,
    *,
    proposer: str,
) -> Proposal:
    """Return ``payload`` as a proposal that nobody has signed yet."""
    found = change_of(before, role, payload, files)
    draft = Draft(intent.act, intent.reason, found.document(), files)
    payload.unrecognized_fields.update(draft.said(proposer))
    return proposal.drafted(role, draft, payload, environment=before.environment, proposer=proposer)


# A state's list


def list_edition(
    before: Published, workspace: Workspace, intent: Intent, *, list_signer: Signer, lifetime: timedelta = LIST_LIFETIME
) -> Proposal:
    """Return the proposal of the next edition of the list in ``workspace``.

    Raises:
        ConfigurationError: The folder is not in order, or belongs to another environment than the region.
        TrustError: The list would be refused, or a key has no part in this.
    """
    public = workspace.public()
    if public.environment is not before.environment:
        raise ConfigurationError(f"the folder is for {public.environment}, and the region is {before.environment}")
    held = before.list_of(public.state)
    sequence = held.provenance.sequence + 1 if held is not None else 1
    octets = workspace.signed_list(list_signer, sequence=sequence, at=intent.at, lifetime=lifetime)
    return state_edition(before, public, octets, intent)


def state_edition(before: Published, public: PublicKeys, octets: bytes, intent: Intent) -> Proposal:
    """Return the proposal of the next version of a state's role that lists the signed list in ``octets``.

    Raises:
        TrustError: The list would be refused, or a key has no part in this.
    """
    listed = judged(before, public, octets, at=intent.at)
    named = entry.entry_for(listed, keys=public.lists, document_keys=public.documents)
    role, path = public.state.value, roles.list_path(public.state)
    payload = writing.state_role(issue(before, role, at=intent.at), public.state, octets=octets, entry=named)
    return completed(before, role, payload, {path: octets}, intent)


def judged(before: Published, public: PublicKeys, octets: bytes, *, at: datetime) -> TrustList:
    """Return the signed list in ``octets``, if a node that holds the one which stands now would accept it.

    Raises:
        TrustError: It would not; the code says why.
    """
    state, held = public.state, before.entry(public.state)
    keys = {key.thumbprint: key for key in (*(held.keys if held is not None else ()), *public.list_keys())}
    trusted = TrustedSet(before.environment, {state: tuple(keys.values())}, distribution="tuf")
    standing = before.list_of(state)
    if standing is not None:
        now = before.target(state.value, roles.list_path(state))
        trusted = trusted.with_list(now, state=state, at=standing.provenance.issued_at)
    profile.parse(
        octets, state=state, environment=before.environment, keys=public.list_keys(), distribution="tuf"
    )  # under the new keys alone
    return trusted.with_list(octets, state=state, at=at).lists[state]


# The top level


def delegations(top: Targets) -> dict[str, Delegation]:
    """Return the delegations of ``top``, to be changed and written anew."""
    named = top.delegations.roles if top.delegations is not None else None
    found: dict[str, Delegation] = {}
    for name, delegated in (named or {}).items():
        quorum = quorum_of(top, name)
        holders = tuple(Holder(quorum.keys[one].key.jwk, quorum.keys[one].state) for one in sorted(quorum.keys))
        number = handover.number_of(delegated) if name in MemberState.__members__ else None
        found[name] = Delegation(Group(holders, quorum.threshold), number)
    return found


def with_state(
    held: Mapping[str, Delegation], public: PublicKeys, *, key_set: int
) -> dict[str, Delegation]:  # fmt: skip
    """Return delegations in which the keys of a state are those of ``public``, on call as well."""
    changed = {**held, public.state.value: public.delegation(key_set=key_set)}
    for role in (roles.AGREEMENTS, roles.DENY):
        others = tuple(one for one in held[role].group.holders if one.state is not public.state)
        changed[role] = Delegation(Group((*others, *public.holders(public.on_call)), 1))
    return changed


def joined(before: Published, public: PublicKeys, intent: Intent) -> Proposal:
    """Return the proposal by which the region delegates a state's role to the state's keys.

    Raises:
        ConfigurationError: The state is in the region already, or the keys are for another environment.
        TrustError: As ``completed``.
    """
    held = _held(before, public)
    if public.state.value in held:
        raise ConfigurationError(f"{public.state} is in the region already; exchange its keys with a handover")
    return _top_level(before, with_state(held, public, key_set=1), _NONE, intent)


def handed_over(before: Published, public: PublicKeys, countersigned: bytes, intent: Intent) -> Proposal:
    """Return the proposal by which the region delegates a state's role to the keys that its own keys handed over to.

    Raises:
        ConfigurationError: The state is not in the region, or the keys are for another environment.
        TrustError: As ``completed``.
    """
    number = next_key_set(before, public)
    path = roles.handover_path(public.state, number)
    return _top_level(
        before, with_state(_held(before, public), public, key_set=number), {path: countersigned}, intent
    )  # fmt: skip


def next_key_set(before: Published, public: PublicKeys) -> int:
    """Return the number of the key set after the present one.

    Raises:
        ConfigurationError: The state is not in the region, or the keys are for another environment.
    """
    found = _held(before, public).get(public.state.value)
    if found is None or found.key_set is None:
        raise ConfigurationError(f"{public.state} is not in the region; let it join first")
    return found.key_set + 1


def _held(before: Published, public: PublicKeys) -> dict[str, Delegation]:
    if public.environment is not before.environment or before.top is None:
        raise ConfigurationError("the keys are for another environment, or the region has no top level yet")
    return delegations(before.top)


def _top_level(
    before: Published, wanted: Mapping[str, Delegation], added: Mapping[str, bytes], intent: Intent
) -> Proposal:
    handovers = {**before.files(roles.TARGETS), **added}
    payload = writing.targets(
        issue(before, roles.TARGETS, at=intent.at), delegations=wanted, handovers=handovers
    )  # fmt: skip
    return completed(before, roles.TARGETS, payload, added, intent)


# The same again, with a new expiry


def renewed(before: Published, role: str, intent: Intent) -> Proposal:
    """Return the proposal of the next version of ``role`` with the same content, good for longer.

    Raises:
        ConfigurationError: There is nothing to be renewed.
        TrustError, FetchError: As ``completed``, or what stands cannot be had.
    """
    wanted = issue(before, role, at=intent.at)
    if role == roles.ROOT:
        return completed(before, role, _same_root(before, wanted), _NONE, intent)
    if not before.version(role):
        raise ConfigurationError(f"{role} was never published")
    if role == roles.TARGETS and before.top is not None:
        return _top_level(before, delegations(before.top), _NONE, intent)
    if role in (roles.AGREEMENTS, roles.DENY):
        payload = writing.carrier(wanted, role, files=before.files(role))
        return completed(before, role, payload, _NONE, intent)
    state = MemberState(role)
    octets = before.files(role).get(roles.list_path(state))
    payload = writing.state_role(wanted, state, octets=octets, entry=before.entry(state))
    return completed(before, role, payload, _NONE, intent)


def _same_root(before: Published, wanted: Issue) -> Root:
    def group(role: str) -> Group:
        quorum = quorum_of(before.root, role)
        holders = tuple(Holder(quorum.keys[one].key.jwk, quorum.keys[one].state) for one in sorted(quorum.keys))
        return Group(holders, quorum.threshold)

    return writing.root(
        wanted, region=group(roles.ROOT), targets=group(roles.TARGETS), online=group(roles.TIMESTAMP)
    )  # fmt: skip
