"""Recalling at a conformance node: what ``idbridge rp recall`` does, with the log, registry and webhook key there.

Whoever asks names a key, and since when it is bad; which answers relied on it, and who is told, the code of the verb
decides. Clause: architecture D8.
"""

from typing import Any, Final

from idbridge.cli.dispute_recall import relying_on
from idbridge.cli.output import Failure
from idbridge.codec import strict_json
from idbridge.errors import InputError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.time import parse_instant
from idbridge_gateway.parts import Parts
from idbridge_gateway.recall import notices, telling
from idbridge_gateway.recall.noted import RecallNotes
from idbridge_gateway.wallet.webhooks import guarded_callers

_MEMBERS: Final = frozenset({"key", "since"})


def recalled(parts: Parts, body: bytes) -> dict[str, Any]:
    """Tell each relying party of the node of its own answers that relied on what ``body`` names; return who was told.

    Raises:
        RequestError: ``input.request_malformed``; ``input.not_found``: the node has no log, or no key of webhooks.
        LogError: The log cannot be read.
    """
    key, since = _asked(body)
    folder, signer = parts.evidence.folder, parts.webhook_key
    if folder is None or signer is None:
        raise RequestError("input.not_found", "this node has no log, or no key of webhooks")
    at = parts.turns.clock.now()
    try:
        found = relying_on(
            folder=folder, since=parse_instant(since), key=key, trust_list=None, status=None, policy=None, rp=None
        )
    except (ValueError, Failure) as odd:
        raise RequestError("input.request_malformed", "`key` is a thumbprint, and `since` an instant") from odd
    due = notices.notices(found, parts.registry.registrations, at=at)
    callers, notes = guarded_callers(parts.settings.environment), RecallNotes(parts.settings.state_dir)
    told = telling.tell(due, signer=signer, callers=callers, clock=parts.turns.clock, noted=notes.put)
    rows = [{"rp": one.party, "reports": len(one.reports), "told": not one.untold} for one in told]
    return {"results": rows}


def _asked(body: bytes) -> tuple[str, str]:
    try:
        members = strict_json.parse_object(body, max_bytes=LIMITS.leaf_bytes)
    except InputError as odd:
        raise RequestError("input.request_malformed", f"the body is not strict JSON: {odd.detail}") from None
    if members.keys() != _MEMBERS or not all(type(value) is str for value in members.values()):
        raise RequestError("input.request_malformed", "it has `key` and `since`, and nothing else")
    return members["key"], members["since"]
