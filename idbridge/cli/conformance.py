"""``idbridge conformance``: put any implementation to the test, each verb in a module that is read when called."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from idbridge.cli.groups import LazyGroup

HEADINGS: Final[Mapping[str, Sequence[str]]] = MappingProxyType({
    "Look": ("list", "explain"),
    "Run": ("run", "report", "compare", "mutants"),
    "Prove": ("attest", "check"),
})  # fmt: skip
VERBS: Final[Mapping[str, str]] = MappingProxyType({
    "list": "idbridge.cli.conformance_look:list_cases",
    "explain": "idbridge.cli.conformance_look:explain",
    "run": "idbridge.cli.conformance_run:run_cases",
    "report": "idbridge.cli.conformance_report:report",
    "compare": "idbridge.cli.conformance_report:compare",
    "attest": "idbridge.cli.conformance_prove:attest_run",
    "check": "idbridge.cli.conformance_prove:check",
    "mutants": "idbridge.cli.conformance_mutants:mutants",
})  # fmt: skip

conformance: Final = LazyGroup(
    "conformance", places=VERBS, headings=HEADINGS, help="Does an implementation do what the region agreed on?"
)
