"""Findings: what came of an attack, and whether what the node held before is what it holds now.

Four things are found out: the decision, its reason, whether the last good state of affairs is unchanged, and how often
somebody was told. Trust material that a node refuses is told by an alert; what a person brings along (a credential to
be checked, a list to be imported) is told to that person, once, by the answer.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from idbridge.errors import IdBridgeError
from idbridge.model.region import MemberState
from idbridge.reasons import Indication, reason
from idbridge.trust.alerts import Alert, Severity, alerts_between, refused_alert
from idbridge.trust.snapshot import RefusedOffer, TrustSnapshot


class ToldBy(StrEnum):
    """Who hears of a refusal, and how."""

    ALERT = "alert"  # whoever runs the node
    REPORT = "report"  # whoever asked about a credential
    ANSWER = "answer"  # whoever ran the command


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one attack. ``alerts`` is how often it was told, ``told_by`` in which way."""

    indication: Indication
    code: str | None
    unchanged: bool
    alerts: int
    told_by: ToldBy
    detail: str = ""


def accepted(*, unchanged: bool, alerts: int = 0, told_by: ToldBy = ToldBy.ALERT) -> Finding:
    """Return the finding that nothing was refused."""
    return Finding(Indication.PASSED, None, unchanged, alerts, told_by)


def refused(code: str, *, unchanged: bool, alerts: int, told_by: ToldBy, detail: str = "") -> Finding:
    """Return the finding that something was refused with ``code``."""
    return Finding(reason(code).indication, code, unchanged, alerts, told_by, detail)


def answered(refusal: IdBridgeError, *, unchanged: bool, told_by: ToldBy = ToldBy.ANSWER) -> Finding:
    """Return the finding that whoever asked was refused, and told so by the one answer there is."""
    return refused(refusal.code, unchanged=unchanged, alerts=1, told_by=told_by, detail=str(refusal))


def stopped(refusal: IdBridgeError, *, unchanged: bool, at: datetime) -> Finding:
    """Return the finding that a node stopped at ``refusal``, which is told to whoever runs it."""
    told = refused_alert(RefusedOffer("node", refusal.code, str(refusal)), at=at)
    return refused(
        refusal.code, unchanged=unchanged, alerts=_alarms((told,)), told_by=ToldBy.ALERT, detail=str(refusal)
    )  # fmt: skip


def of_node(
    before: TrustSnapshot, after: TrustSnapshot, again: Callable[[], TrustSnapshot], *, took: bool, at: datetime
) -> Finding:
    """Return what came of an offer to a node that held ``before`` and holds ``after``; ``again`` is its next look.

    ``took`` tells whether what was offered is in force now. An offer that is neither refused nor in force is found out
    too: its code is the empty one, which no case expects. What is refused is told once, and not at every look.
    """
    alerts = _alarms(alerts_between(before, after, at=at))
    new = tuple(dict.fromkeys(offer for offer in after.refused if offer not in before.refused))
    if not new and not took:
        return Finding(Indication.FAILED, "", same(before, after), alerts, ToldBy.ALERT, "neither refused nor in force")
    if not new:
        return accepted(unchanged=same(before, after), alerts=alerts)
    later = again()
    alerts += _alarms(alerts_between(after, later, at=at))
    detail = "; ".join(f"{one.subject}: {one.code} {one.detail}" for one in new)
    unchanged = same(before, after) and same(before, later)
    return refused(new[0].code, unchanged=unchanged, alerts=alerts, told_by=ToldBy.ALERT, detail=detail)


def _alarms(alerts: Iterable[Alert]) -> int:
    """Return how many alerts there are; that a list was taken up is news and none."""
    return sum(alert.severity is not Severity.INFO for alert in alerts)


def same(before: TrustSnapshot, after: TrustSnapshot, *, but_for: MemberState | None = None) -> bool:
    """Tell whether ``after`` trusts exactly what ``before`` did; ``but_for`` is the state that changed its own.

    The region's timestamp may have gone on. A list that was taken up without one of its entries has another edition
    in force, and then the services that are trusted have to be the same ones.
    """
    was, now = _content(before), _content(after)
    if was == now:
        return True
    partly = {state for state in after.lists if after.lists[state].untrusted and _differs(before, after, state)}
    spared = {state.value for state in partly if _services(before, state) == _services(after, state)}
    if but_for is not None:
        spared.add(but_for.value)
        was["denials"] = now["denials"] = []
    return bool(spared) and _without(was, spared) == _without(now, spared)


def _services(snapshot: TrustSnapshot, state: MemberState) -> frozenset[str]:
    return frozenset(service.service_id for service in snapshot.services_of(state))


def _differs(before: TrustSnapshot, after: TrustSnapshot, state: MemberState) -> bool:
    held = before.lists.get(state)
    return held is None or held.content != after.lists[state].content


def _content(snapshot: TrustSnapshot) -> dict[str, Any]:
    return {name: value for name, value in snapshot.manifest().items() if name != "regional"}


def _without(content: dict[str, Any], states: set[str]) -> dict[str, Any]:
    absent, orphans = content["states_without_list"], content["orphaned_issuers"]
    return {
        **content,
        "lists": [one for one in content["lists"] if one["state"] not in states],
        "states_without_list": {state: code for state, code in absent.items() if state not in states},
        "orphaned_issuers": {issuer: state for issuer, state in orphans.items() if state not in states},
    }
