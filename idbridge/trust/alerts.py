"""Alerts: what somebody has to be told when trust material changes, is refused or runs out. Typed, and told once.

Derives them from two snapshots and two instants, with no I/O; sending is for who runs the node. One kind for each
group of attacks on trust lists (freshness and version, signature and keys, scope and semantics, transport and
parsing), and one for each event that needs another person than the rest. An offer that was refused when the snapshot
before was made, and is refused again, is not told again. Clause: reference on trust lists, section 7.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from idbridge.model.denial import DenyEntry
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.trust.deny import DenyBook
from idbridge.trust.operator.calendar import Due, DueKind, denied_thing, dues_of, in_order
from idbridge.trust.snapshot import RefusedOffer, TrustSnapshot


class AlertKind(StrEnum):
    """What happened."""

    FRESHNESS = "freshness"  # an old, second, future or frozen edition was offered
    KEYS = "keys"  # the signer is unknown, or too few signed
    SIGNATURE_FAILED = "signature_failed"
    SCOPE = "scope"  # somebody spoke for what is not theirs, or told another past
    PARSE_FAILED = "parse_failed"  # it does not say unambiguously what it says
    TRANSPORT = "transport"  # it could not be read
    REANCHORED = "reanchored"  # new keys without the word of the old ones
    DENY_REFUSED = "deny_refused"
    DENY_APPLIED = "deny_applied"
    DENY_LAPSING = "deny_lapsing"
    DENY_ENDED = "deny_ended"
    LIST_UPDATED = "list_updated"
    LIST_MOVED = "list_moved"  # it comes another way, or another key signs it
    LIST_GONE = "list_gone"
    EXPIRY_NEAR = "expiry_near"
    EXPIRED = "expired"
    NODE_KEYS = "node_keys"  # the active key of the node itself does not sign
    NODE_CLIENTS = "node_clients"  # its clients at providers were changed to what cannot be
    CANARY = "canary"  # the node accepted what is forged, or refused what is good, of what it put to itself


class Severity(StrEnum):
    """Who is told: nobody in particular, somebody tomorrow, or somebody now."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Alert:
    """One event. ``subject`` is the list, role, document or denial concerned; ``code`` the reason where there is one.

    Carries nothing of any credential: what it is about is trust material alone.
    """

    kind: AlertKind
    severity: Severity
    subject: str
    code: str | None
    detail: str
    at: datetime

    def document(self) -> dict[str, Any]:
        """Return the alert as plain JSON values."""
        return {
            "kind": self.kind.value,
            "severity": self.severity.value,
            "subject": self.subject,
            "code": self.code,
            "detail": self.detail,
            "at": instant_text(self.at),
        }


_ATTACK: Final = Severity.CRITICAL
_FAULT: Final = Severity.WARNING
# The one table from reason codes to alerts. Faults are what honest people bring about; the rest needs a key or a plan.
OF_CODE: Final[Mapping[str, tuple[AlertKind, Severity]]] = MappingProxyType({
    "trust.rollback": (AlertKind.FRESHNESS, _ATTACK),
    "trust.equivocation": (AlertKind.FRESHNESS, _ATTACK),
    "trust.sequence_jump": (AlertKind.FRESHNESS, _ATTACK),
    "trust.snapshot_mismatch": (AlertKind.FRESHNESS, _ATTACK),
    "trust.entry_mismatch": (AlertKind.FRESHNESS, _ATTACK),
    "trust.clock_behind": (AlertKind.FRESHNESS, _ATTACK),
    "trust.issued_in_future": (AlertKind.FRESHNESS, _FAULT),
    "trust.expired": (AlertKind.FRESHNESS, _FAULT),
    "trust.stale": (AlertKind.FRESHNESS, _FAULT),
    "trust.lifetime_too_long": (AlertKind.FRESHNESS, _FAULT),
    "trust.signer_unknown": (AlertKind.KEYS, _ATTACK),
    "trust.published_test_key": (AlertKind.KEYS, _ATTACK),
    "trust.threshold_missing": (AlertKind.KEYS, _ATTACK),
    "trust.signature_invalid": (AlertKind.SIGNATURE_FAILED, _ATTACK),
    "trust.reanchored": (AlertKind.REANCHORED, _ATTACK),
    "trust.territory_mismatch": (AlertKind.SCOPE, _ATTACK),
    "trust.environment_mismatch": (AlertKind.SCOPE, _ATTACK),
    "trust.history_rewritten": (AlertKind.SCOPE, _ATTACK),
    "trust.shrink_unconfirmed": (AlertKind.SCOPE, _ATTACK),
    "trust.status_order": (AlertKind.SCOPE, _FAULT),
    "trust.arrangement_invalid": (AlertKind.SCOPE, _FAULT),
    "trust.profile_violation": (AlertKind.PARSE_FAILED, _FAULT),
    "trust.metadata_invalid": (AlertKind.PARSE_FAILED, _FAULT),
    "trust.unreachable": (AlertKind.TRANSPORT, _FAULT),
    "trust.refused": (AlertKind.TRANSPORT, _FAULT),
    "trust.not_configured": (AlertKind.LIST_GONE, _FAULT),
    "trust.deny_invalid": (AlertKind.DENY_REFUSED, _ATTACK),
    "trust.deny_dropped": (AlertKind.DENY_REFUSED, _ATTACK),
    "status.crl_rollback": (AlertKind.FRESHNESS, _ATTACK),
    "status.crl_stale": (AlertKind.FRESHNESS, _FAULT),
    "status.crl_invalid": (AlertKind.PARSE_FAILED, _FAULT),
    "status.list_rollback": (AlertKind.FRESHNESS, _ATTACK),
    "status.list_stale": (AlertKind.FRESHNESS, _FAULT),
    "status.list_invalid": (AlertKind.PARSE_FAILED, _FAULT),
    "status.signer_unauthorised": (AlertKind.KEYS, _ATTACK),
    "status.key_set_invalid": (AlertKind.PARSE_FAILED, _FAULT),
    "status.unavailable": (AlertKind.TRANSPORT, _FAULT),
})  # fmt: skip
_UNFORESEEN: Final = (AlertKind.TRANSPORT, _FAULT)


def alerts_between(
    before: TrustSnapshot | None, after: TrustSnapshot, *, at: datetime, since: datetime | None = None
) -> tuple[Alert, ...]:
    """Return what there is to tell now that ``after`` is in force, and ``before`` was until now.

    ``since`` is the instant for which alerts were last derived: what has run out or come near its end since then is
    told, also when the snapshot is the same. Without it only what a new snapshot brought along is, and without
    ``before`` everything.
    """
    then = since if since is not None else at
    held = frozenset(before.refused) if before is not None else frozenset[RefusedOffer]()
    return (
        *(refused_alert(offer, at=at) for offer in dict.fromkeys(after.refused) if offer not in held),
        *(alert for state in MemberState for alert in _list_alerts(before, after, state, at=at)),
        *_denial_alerts(before, after, at=at, then=then),
        *_expiry_alerts(before, after, at=at, then=then),
    )


def refused_alert(offer: RefusedOffer, *, at: datetime) -> Alert:
    """Return the alert about something that was offered and refused."""
    kind, severity = OF_CODE.get(offer.code, _UNFORESEEN)
    return Alert(kind, severity, offer.subject, offer.code, offer.detail, at)


def _list_alerts(
    before: TrustSnapshot | None, after: TrustSnapshot, state: MemberState, *, at: datetime
) -> Iterator[Alert]:
    """Yield what became of the list of a state; of a first snapshot there is nothing to compare."""
    subject = f"lists/{state}"
    if before is None or (state not in before.lists and state not in after.lists):
        return
    if state not in after.lists:
        code = after.states_without_list[state]
        yield Alert(AlertKind.LIST_GONE, Severity.CRITICAL, subject, code, "there is no list of the state any more", at)
        return
    new = after.provenance(state)
    if state not in before.lists:
        detail = f"edition {new.sequence} where there was no list"
        yield Alert(AlertKind.LIST_UPDATED, Severity.INFO, subject, None, detail, at)
        return
    old = before.provenance(state)
    if old.digest != new.digest:
        again = old.sequence == new.sequence
        detail = f"edition {new.sequence}, signed again" if again else f"edition {new.sequence} after {old.sequence}"
        yield Alert(AlertKind.LIST_UPDATED, Severity.INFO, subject, None, detail, at)
    for what, was, now in (("distribution", old.distribution, new.distribution), ("signer", old.signer, new.signer)):
        if was != now:
            yield Alert(AlertKind.LIST_MOVED, Severity.WARNING, subject, None, f"{what} {now} after {was}", at)


def _denial_alerts(
    before: TrustSnapshot | None, after: TrustSnapshot, *, at: datetime, then: datetime
) -> Iterator[Alert]:
    """Yield the denials that began, that will lapse unless somebody ratifies them, and that no longer hold."""
    held = before.denials if before is not None else DenyBook()
    was = {entry.id: entry for entry in held.in_force(then)}
    now = {entry.id: entry for entry in after.denials.in_force(at)}
    warned = {entry.id for entry in held.lapsing(then)}
    for name in sorted(now.keys() - was.keys()):
        yield _denial_alert(AlertKind.DENY_APPLIED, Severity.CRITICAL, now[name], f"by {_states(now[name])}", at=at)
    for entry in after.denials.lapsing(at):
        if entry.id not in warned:
            lapse = instant_text(after.denials.lapses_at(entry) or at)
            yield _denial_alert(AlertKind.DENY_LAPSING, Severity.CRITICAL, entry, f"at {lapse} unless ratified", at=at)
    for name in sorted(was.keys() - now.keys()):
        lapsed = name in after.denials.denials and name not in after.denials.lifted
        severity, how = (Severity.CRITICAL, "it lapsed") if lapsed else (Severity.WARNING, "it was lifted, or is over")
        yield _denial_alert(AlertKind.DENY_ENDED, severity, was[name], how, at=at)


def _denial_alert(kind: AlertKind, severity: Severity, entry: DenyEntry, detail: str, *, at: datetime) -> Alert:
    return Alert(kind, severity, f"deny/{entry.id}", "issuer.denied", f"{denied_thing(entry)}: {detail}", at)


def _states(entry: DenyEntry) -> str:
    return ", ".join(sorted(entry.by))


def _expiry_alerts(
    before: TrustSnapshot | None, after: TrustSnapshot, *, at: datetime, then: datetime
) -> Iterator[Alert]:
    """Yield what came into the last third of its life, and what ran out."""
    was = frozenset(dues_of(before, at=then)) if before is not None else frozenset[Due]()
    for due in in_order(dues_of(after, at=at), at=at):
        over = due.expires <= at
        told = due in was and (due.expires <= then if over else due.is_due(then))
        if not told and due.is_due(at):
            yield _expiry_alert(due, over=over, at=at)


def _expiry_alert(due: Due, *, over: bool, at: datetime) -> Alert:
    kind, severity = (AlertKind.EXPIRED, Severity.CRITICAL) if over else (AlertKind.EXPIRY_NEAR, Severity.WARNING)
    whole = due.kind in (DueKind.LIST, DueKind.ROLE)  # then nothing can be said of what it is about any more
    subject = f"lists/{due.state}" if due.kind is DueKind.LIST else f"{due.kind}/{due.state or 'region'}"
    detail = f"{due.subject}, {instant_text(due.expires)}"
    return Alert(kind, severity, subject, "trust.stale" if over and whole else None, detail, at)
