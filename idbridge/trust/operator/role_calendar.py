"""The ends of the region's roles, as a published tree states them: root, targets, each state, snapshot, timestamp.

Only dates are read, and no signature is looked at: whoever publishes a tree has to renew what it says of itself, be it
good or not. What counts for a verification is what ``second_lock`` lets through.
"""

from collections.abc import Iterator
from typing import Any

from idbridge.errors import ConfigurationError
from idbridge.model.region import MemberState
from idbridge.model.time import parse_instant
from idbridge.trust.operator.calendar import Due, DueKind
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.metadata import LIBRARY_ERRORS, parse_unverified
from idbridge.trust.tuf.tree import Head


def role_dues(head: Head) -> tuple[Due, ...]:
    """Return when each role of a tree ends.

    Raises:
        ConfigurationError: A role in the tree is damaged, or missing: when it ends, nobody could say.
    """
    if head.gaps:
        raise ConfigurationError(f"not in the tree as the snapshot names it: {', '.join(sorted(head.gaps))}")
    return tuple(_due(role, octets) for role, octets in _newest(head))


def _newest(head: Head) -> Iterator[tuple[str, bytes]]:
    yield roles.ROOT, head.roots[-1]
    yield from ((name, head.roles[name].octets) for name in sorted(head.roles))
    yield roles.SNAPSHOT, head.snapshot.octets
    yield roles.TIMESTAMP, head.timestamp.octets


def _due(role: str, octets: bytes) -> Due:
    try:
        said: Any = parse_unverified(octets)
        begins = parse_instant(said.unrecognized_fields[roles.SIGNED_AT])
        state = role if role in MemberState.__members__ else ""
        return Due(DueKind.ROLE, state, f"{role} {said.version}", begins, said.expires)
    except LIBRARY_ERRORS as damaged:
        raise ConfigurationError(f"role {role} in the tree is damaged") from damaged
