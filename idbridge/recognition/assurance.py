"""Assurance: what a national level is worth in the region (architecture D2).

Identity proofing and authentication stay two axes; the regional level is the weaker of both. Three rules hold
everywhere and are written down only here: what is unknown is worth the lowest level, a bearer credential has at most
A1 on the authentication axis, and no mapping raises a level.
"""

from collections.abc import Mapping

from idbridge.model.credential import HolderBinding
from idbridge.model.region import AssuranceLevel
from idbridge.model.trust import LadderRung

A0, A1 = AssuranceLevel.A0, AssuranceLevel.A1
_BEARER_CEILING = A1
_DOWNWARDS = tuple(reversed(AssuranceLevel))


def rung(ladder: tuple[LadderRung, ...], national: str | None) -> tuple[AssuranceLevel, AssuranceLevel]:
    """Return what ``national`` is worth for identity proofing and for authentication; unknown is worth A0 on both."""
    for step in ladder:
        if step.national == national:
            return step.identity, step.authentication
    return A0, A0


def lowest_rung(ladder: tuple[LadderRung, ...]) -> tuple[AssuranceLevel, AssuranceLevel]:
    """Return what a credential is worth that says no level, where its list lets the lowest rung count; A1 at most."""
    return (
        min((*(step.identity for step in ladder), A1)) if ladder else A0,
        min((*(step.authentication for step in ladder), A1)) if ladder else A0,
    )


def bearer_ceiling(authentication: AssuranceLevel, *, holder: HolderBinding) -> AssuranceLevel:
    """Return ``authentication``, at most A1 where nobody proved to hold the credential."""
    return authentication if holder.bound else min(authentication, _BEARER_CEILING)


def map_level(levels: Mapping[AssuranceLevel, AssuranceLevel], level: AssuranceLevel) -> AssuranceLevel:
    """Return the level that ``levels`` recognise ``level`` at, never more than ``level`` itself.

    A level that is not named counts as the next lower one that is, because whoever proved more has proved less as
    well; below the lowest one named there is only A0.
    """
    for proven in _DOWNWARDS[-1 - level :]:
        if proven in levels:
            return min(level, levels[proven])
    return A0
