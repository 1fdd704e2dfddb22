"""Running the drill: every attack on a scene of its own, and whether it came out as its case says.

A refused case has to be refused with its code, leave the last good state of affairs as it was, and be told exactly
once. An accepted one has to be accepted: a node that refuses everything passes no drill.
"""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from idbridge.errors import IdBridgeError
from idbridge.sandbox.drill.arena import Arena
from idbridge.sandbox.drill.attack import Attack
from idbridge.sandbox.drill.finding import Finding, ToldBy, answered
from idbridge.sandbox.drill.not_here import NOT_HERE

SCHEMA: Final = "idbridge-trust-drill-1"


@dataclass(frozen=True, slots=True)
class Row:
    """One case of the drill with what came of it."""

    attack: Attack
    finding: Finding

    @property
    def ok(self) -> bool:
        """Tell whether everything is as the case says."""
        case, found = self.attack.case, self.finding
        if (found.indication, found.code) != (case.indication, case.code):
            return False
        return case.code is None or (found.unchanged and found.alerts == 1)

    @property
    def is_false_accept(self) -> bool:
        """Tell whether something was accepted that had to be refused."""
        return self.attack.case.code is not None and self.finding.code is None

    @property
    def is_false_refusal(self) -> bool:
        """Tell whether something was refused that had to be accepted."""
        return self.attack.case.code is None and self.finding.code is not None

    def document(self) -> dict[str, Any]:
        """Return the row as plain JSON values."""
        case, found = self.attack.case, self.finding
        return {
            "id": case.name,
            "number": self.attack.number,
            "title": case.title,
            "expected": {"decision": case.indication.value, "code": case.code},
            "decision": found.indication.value,
            "code": found.code,
            "last_good_unchanged": found.unchanged if case.code is not None else None,
            "alerts": found.alerts,
            "told_by": found.told_by.value,
            "ok": self.ok,
            "twin": case.twin,
        }


def run(attacks: Iterable[Attack], *, arena: Arena) -> Iterator[Row]:
    """Yield a row for each of ``attacks``, as it is carried out."""
    for attack in attacks:
        yield Row(attack, _carried_out(attack, arena))


def _carried_out(attack: Attack, arena: Arena) -> Finding:
    with arena.scene() as scene, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the libraries' own words about what they are shown here on purpose
        try:
            return attack.act.struck(scene)
        except IdBridgeError as unforeseen:  # an act answers for what it expects; this is none of it
            return answered(unforeseen, unchanged=False, told_by=ToldBy.ANSWER)


def document(rows: Iterable[Row]) -> dict[str, Any]:
    """Return the outcome of a drill as plain JSON values."""
    told = list(rows)
    return {
        "schema": SCHEMA,
        "results": [row.document() for row in told],
        "cases": len(told),
        "false_accepts": sum(row.is_false_accept for row in told),
        "false_refusals": sum(row.is_false_refusal for row in told),
        "not_here": [left.document() for left in NOT_HERE],
    }
