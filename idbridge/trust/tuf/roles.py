"""The roles of the region: their names, who may sign what, and for how long. One table for writer and reader.

Clauses: TUF specification 1.0.33 sections 2.1 and 4; architecture D1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from idbridge.limits import LIMITS
from idbridge.model.region import MemberState

ROOT: Final = "root"
TARGETS: Final = "targets"
SNAPSHOT: Final = "snapshot"
TIMESTAMP: Final = "timestamp"
AGREEMENTS: Final = "agreements"  # carries what the states signed; the role itself adds no trust
DENY: Final = "deny"  # carries what each entry's own signatures make good

DENY_LIST: Final = "deny/list.json"
LEAST_STATES: Final = 3  # whose keys stand in root and in targets

# Members of signed metadata that TUF has no word for.
SIGNED_AT: Final = "x-idbridge-signed-at"
ENVIRONMENT: Final = "x-idbridge-environment"
KEY_SET: Final = "x-idbridge-key-set"  # of a delegated state role: the number of its key set
DIFF: Final = "x-idbridge-diff"  # digest of the change that every signer saw
PROPOSER: Final = "x-idbridge-proposer"  # thumbprint of the key that proposed
ACT: Final = "x-idbridge-act"
REASON: Final = "x-idbridge-reason"  # digest of the reason that every signer read
CUSTOM: Final = "idbridge"  # of a target entry


@dataclass(frozen=True, slots=True)
class Terms:
    """How long metadata of a role may be good at most, and for how long it is made."""

    longest: timedelta
    usual: timedelta


_STATE_TERMS: Final = Terms(LIMITS.state_role_lifetime, timedelta(days=100))
_TERMS: Final[Mapping[str, Terms]] = MappingProxyType({
    ROOT: Terms(LIMITS.root_lifetime, timedelta(days=365)),
    TARGETS: Terms(LIMITS.targets_lifetime, timedelta(days=180)),
    SNAPSHOT: Terms(LIMITS.snapshot_lifetime, timedelta(days=7)),
    TIMESTAMP: Terms(LIMITS.timestamp_lifetime, timedelta(hours=24)),
    AGREEMENTS: Terms(LIMITS.agreements_lifetime, timedelta(days=180)),
    DENY: Terms(LIMITS.deny_role_lifetime, timedelta(days=7)),
})  # fmt: skip


def terms(role: str) -> Terms:
    """Return the terms of a role; a member state's is named by its code."""
    return _TERMS.get(role, _STATE_TERMS)


def paths(role: str) -> tuple[str, ...]:
    """Return the path patterns of a delegated role: what it may list, and nothing else.

    Raises:
        ValueError: There is no such role.
    """
    if role == AGREEMENTS:
        return ("arrangements/*/*", "purposes/*")
    if role == DENY:
        return ("deny/*",)
    return (f"lists/{MemberState(role)}/*",)


def list_path(state: MemberState) -> str:
    """Return the one target of a state's role."""
    return f"lists/{state}/list.jws"


def handover_path(state: MemberState, number: int) -> str:
    """Return where the top-level role lists the document by which key set ``number`` of a state was countersigned."""
    return f"handovers/{state}/{number}.json"


def delegated() -> tuple[str, ...]:
    """Return every role that can be delegated, in the order in which delegations are written."""
    return (*sorted(state.value for state in MemberState), AGREEMENTS, DENY)
