"""Lower what a decision states: to the level that a relying party demanded, or may be told at most.

Never the other way: a level above the one decided leaves the decision as it is.
"""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from idbridge.assertion.decision import Decision
from idbridge.model import assertion as members
from idbridge.model.region import AssuranceLevel


def lowered(decision: Decision, level: AssuranceLevel) -> Decision:
    """Return ``decision`` with nothing in it above ``level``, on any axis."""
    core = decision.core
    if members.LEVELS_BY_URI[core["acr"]] <= level:
        return decision
    text = str(level)
    verified: dict[str, Any] = core["verified_claims"]
    return replace(
        decision,
        core=MappingProxyType({
            **core,
            "acr": members.LEVEL_URIS[level],
            "assurance": dict.fromkeys(core["assurance"], text),
            "verified_claims": {**verified, "verification": {**verified["verification"], "assurance_level": text}},
        }),
    )  # fmt: skip
