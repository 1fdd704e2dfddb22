"""The first day of a region: root, top level, agreements and deny list from the keys of the states that found it.

Makes proposals that nobody has signed yet; the officers of the founding states sign them where they are. Only states
that brought an officer's keys sign for the region, and of these there are at least three. Clause: architecture D1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from idbridge.crypto.keys import thumbprint
from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment
from idbridge.trust import deny_list
from idbridge.trust.operator import drafting, published
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.public_keys import Jwks, PublicKeys
from idbridge.trust.operator.published import Published
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.proposal import SUFFIX, Proposal
from idbridge.trust.tuf.writing import Delegation, Group, Holder, Issue

FOUND: Final = "found"
FIRST_NAMES: Final = (roles.ROOT, roles.TARGETS, roles.AGREEMENTS, roles.DENY)
_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Founders:
    """Who founds a region. ``threshold`` is how many states must sign for it; ``online`` the key of the online role."""

    states: tuple[PublicKeys, ...]
    threshold: int
    online: Mapping[str, Any]

    @property
    def environment(self) -> Environment:
        """The environment of the region."""
        return self.states[0].environment


def founded(founders: Founders, intent: Intent) -> tuple[Proposal, ...]:
    """Return the proposals of root, top level, agreements and deny list, in this order; nobody has signed them.

    Raises:
        ConfigurationError: Too few states brought an officer, or the keys do not belong together.
    """
    _require_founders(founders)
    first = Issue(founders.environment, 1, intent.at)
    region = Group(_officers(founders.states, "root"), founders.threshold)
    top = Group(_officers(founders.states, "targets"), founders.threshold)
    root = writing.root(first, region=region, targets=top, online=Group((Holder(founders.online, None),), 1))
    nothing = Published(founders.environment, root, None, _NONE, _NONE, None, began=False)
    proposer = thumbprint(founders.online)
    of_root = drafting.unsigned(nothing, roles.ROOT, root, _NONE, intent, proposer=proposer)
    wanted = writing.targets(first, delegations=_delegations(founders.states), handovers={})
    of_top = drafting.unsigned(nothing, roles.TARGETS, wanted, _NONE, intent, proposer=proposer)
    begun = published.proposed(of_root, of_top)
    agreed = writing.carrier(first, roles.AGREEMENTS, files={})
    empty = {roles.DENY_LIST: deny_list.written((), number=1, environment=founders.environment)}
    denied = writing.carrier(first, roles.DENY, files=empty)
    return (
        of_root,
        of_top,
        drafting.unsigned(begun, roles.AGREEMENTS, agreed, _NONE, intent, proposer=proposer),
        drafting.unsigned(begun, roles.DENY, denied, empty, intent, proposer=proposer),
    )


def next_root(before: Published, founders: Founders, intent: Intent) -> Proposal:
    """Return the proposal of a root that names the officers of these states from now on.

    Raises:
        ConfigurationError: As ``founded``.
        TrustError: The proposer is no officer of the root that stands now, or of the next one.
    """
    _require_founders(founders)
    wanted = drafting.issue(before, roles.ROOT, at=intent.at)
    payload = writing.root(
        wanted,
        region=Group(_officers(founders.states, "root"), founders.threshold),
        targets=Group(_officers(founders.states, "targets"), founders.threshold),
        online=Group((Holder(founders.online, None),), 1),
    )
    return drafting.completed(before, roles.ROOT, payload, _NONE, intent)


def _require_founders(founders: Founders) -> None:
    if not founders.states or len({one.state for one in founders.states}) != len(founders.states):
        raise ConfigurationError("a region has states, and each of them brings its keys once")
    if len({one.environment for one in founders.states}) != 1:
        raise ConfigurationError("the keys of the states are for different environments")
    officers = [one for one in founders.states if one.root and one.targets]
    if len(officers) < roles.LEAST_STATES:
        raise ConfigurationError(
            f"{len(officers)} states brought an officer's keys, and {roles.LEAST_STATES} are needed"
        )  # fmt: skip
    if not 1 < founders.threshold < len(officers):
        raise ConfigurationError(f"of {len(officers)} states, 2 to {len(officers) - 1} may have to sign")


def _officers(states: Sequence[PublicKeys], role: str) -> tuple[Holder, ...]:
    def keys(one: PublicKeys) -> Jwks:
        return one.root if role == roles.ROOT else one.targets

    return tuple(holder for one in states for holder in one.holders(keys(one)))


def _delegations(states: Sequence[PublicKeys]) -> dict[str, Delegation]:
    on_call = Group(tuple(holder for one in states for holder in one.holders(one.on_call)), 1)
    found = {one.state.value: one.delegation(key_set=1) for one in states}
    return {**found, roles.AGREEMENTS: Delegation(on_call), roles.DENY: Delegation(on_call)}


def usual_threshold(states: Sequence[PublicKeys]) -> int:
    """Return how many states usually sign for a region of these: more than half of those that have an officer."""
    officers = sum(1 for one in states if one.root and one.targets)
    return officers // 2 + 1


def file_name(role: str) -> str:
    """Return the name under which a first proposal lies in the folder in which a region is founded."""
    return f"{role}{SUFFIX}"
