"""What a denial costs: how many of the pretend region's verdicts that are accepted now would be no more.

Puts the denial into the snapshot of a node, everything else staying as it is, and asks the region's cases of both.
Decides nothing, and signs nothing.
"""

from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import generate
from idbridge.model.denial import DenialReason, DenialTarget, DenyEntry
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.reasons import Indication
from idbridge.sandbox.region import Region
from idbridge.sandbox.simulation import asked_cases, compare_cases
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.trust.trusted_set import TrustedSet

_ALGORITHM: Final = "ES256"


def with_denial(present: TrustSnapshot, state: MemberState, target: DenialTarget, *, at: datetime) -> TrustSnapshot:
    """Return a snapshot in which ``state`` has denied ``target``, and nothing else differs."""
    entry = DenyEntry(
        id="a denial that is considered",
        state=state,
        target=target,
        since=at,
        reason=DenialReason.KEY_COMPROMISE,
        issued_at=at,
        by=frozenset({state}),
        octets=b"",
    )
    book = replace(present.denials, denials=MappingProxyType({**present.denials.denials, entry.id: entry}))
    trusted = TrustedSet(
        present.environment,
        pins=MappingProxyType({state: (parse_jwk(generate(_ALGORITHM).public_jwk),)}),
        lists=present.lists,
        arrangement_index=present.arrangements,
        purpose_register=present.purposes,
        denials=book,
    )
    return snapshot_of(trusted, states_without_list=present.states_without_list, regional=present.regional)


def lost_verdicts(
    region: Region, present: TrustSnapshot, state: MemberState, target: DenialTarget, *, at: datetime
) -> tuple[int, int]:
    """Return how many of the verdicts that are PASSED now would not be, and how many are."""
    proposed = with_denial(present, state, target, at=at)
    compared = compare_cases(
        asked_cases(region),
        region=region,
        present=present,
        proposed=proposed,
        at=at,
        randomness=SystemRandomness(),
    )
    passed = [one for one in compared if one.before.indication is Indication.PASSED]
    return sum(1 for one in passed if one.after.indication is not Indication.PASSED), len(passed)
