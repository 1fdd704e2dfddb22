"""``idbridge trust``: verbs under six headings, each in a module that is read when the verb is called."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from idbridge.cli.groups import LazyGroup

HEADINGS: Final[Mapping[str, Sequence[str]]] = MappingProxyType({
    "Look": ("list", "show", "explain", "history", "diff", "calendar", "propagation"),
    "Draft": ("init", "stage", "lint", "simulate", "withdraw", "suspend", "rotate-key", "rotate-signer", "revert"),
    "Approve": ("propose", "proposals", "sign", "publish", "refresh"),
    "Emergency": ("deny", "ratify", "lift"),
    "Move": ("fetch", "import", "export"),
    "Practise": ("drill",),
})  # fmt: skip
VERBS: Final[Mapping[str, str]] = MappingProxyType({
    "list": "idbridge.cli.trust_look:list_states",
    "show": "idbridge.cli.trust_look:show_state",
    "explain": "idbridge.cli.trust_explain:explain_trust",
    "history": "idbridge.cli.trust_history:history",
    "diff": "idbridge.cli.trust_diff:diff",
    "calendar": "idbridge.cli.trust_calendar:calendar",
    "propagation": "idbridge.cli.trust_propagation:propagation",
    "init": "idbridge.cli.trust_init:init",
    "stage": "idbridge.cli.trust_stage:stage",
    "lint": "idbridge.cli.trust_lint:lint_sources",
    "simulate": "idbridge.cli.trust_simulate:simulate",
    "withdraw": "idbridge.cli.trust_draft:withdraw",
    "suspend": "idbridge.cli.trust_draft:suspend",
    "rotate-key": "idbridge.cli.trust_draft:rotate_key",
    "rotate-signer": "idbridge.cli.trust_draft:rotate_signer",
    "revert": "idbridge.cli.trust_draft:revert",
    "propose": "idbridge.cli.trust_propose:propose",
    "proposals": "idbridge.cli.trust_approve:list_proposals",
    "sign": "idbridge.cli.trust_approve:sign",
    "publish": "idbridge.cli.trust_publish:publish",
    "refresh": "idbridge.cli.trust_publish:refresh",
    "deny": "idbridge.cli.trust_emergency:deny",
    "ratify": "idbridge.cli.trust_emergency:ratify",
    "lift": "idbridge.cli.trust_emergency:lift",
    "fetch": "idbridge.cli.trust_fetch:fetch",
    "import": "idbridge.cli.trust_import:import_list",
    "export": "idbridge.cli.trust_import:export_list",
    "drill": "idbridge.cli.trust_drill:drill",
})  # fmt: skip

trust: Final = LazyGroup("trust", places=VERBS, headings=HEADINGS, help="The signed lists of the member states.")
