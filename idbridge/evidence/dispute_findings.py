"""Findings: what a bundle proves and what it does not, by whom, and how the time of it is known.

Decides each for itself: that the decision comes out again, that a node recorded that it gave it, by when that record
was there by the word of another state, and that the record is about this credential. What no signature can say stands
among the findings too, so that nobody reads more out of a page than is in it. Nothing here names a person.
Clauses: architecture D1 and D8.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from idbridge.errors import EvidenceError, Refusal
from idbridge.evidence import dispute_record
from idbridge.evidence.dispute import Bundle, DisputeError
from idbridge.evidence.dispute_record import recorded_at
from idbridge.evidence.dispute_replay import Replayed, replay, trust_of
from idbridge.evidence.dispute_request import Brought
from idbridge.model.time import instant_text
from idbridge.tlog import receipt as receipts
from idbridge.tlog.receipt import UnverifiedReceipt, VerifiedReceipt
from idbridge.trust.log_listing import listed_log
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.time_evidence import WitnessedReceipt, witnessed

_PLACES: Final = 3  # that are told of a decision that differs
_SECOND: Final = timedelta(seconds=1)
_NO_RECEIPT: Final = "the bundle holds no receipt"


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement: whether it is proven, by whom or why not, and how its time is known; ``None`` if it has none."""

    about: str
    statement: str
    by: str
    time: str | None
    proven: bool


def _proven(about: str, statement: str, by: str, time: str | None = None) -> Finding:
    return Finding(about, statement, by, time, proven=True)


def _open(about: str, statement: str, why: str) -> Finding:
    return Finding(about, statement, why, None, proven=False)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is found of a bundle. ``replayed`` is ``None`` where the decision cannot be made again."""

    bundle: Bundle
    decided: dict[str, Any]
    replayed: Replayed | None
    findings: tuple[Finding, ...]
    trust: TrustSnapshot | None

    @property
    def proven(self) -> tuple[Finding, ...]:
        """What is proven."""
        return tuple(one for one in self.findings if one.proven)

    @property
    def not_proven(self) -> tuple[Finding, ...]:
        """What is not."""
        return tuple(one for one in self.findings if not one.proven)


def findings(bundle: Bundle, *, now: datetime, brought: Brought | None = None) -> Findings:
    """Return what ``bundle`` proves, looked at ``now``; ``brought`` is the credential of a bundle without one.

    Raises:
        DisputeError: The decision in it cannot be read.
    """
    decided = bundle.decided()
    replayed, why = _replayed(bundle, brought)
    trust = _trust(bundle)
    found = [_decision(bundle, replayed, why), _material(trust)]
    found += _recorded(bundle, decided, trust, brought if bundle.brought is None else bundle.brought, now=now)
    return Findings(bundle, decided, replayed, (*found, *_NEVER), trust)


def _replayed(bundle: Bundle, brought: Brought | None) -> tuple[Replayed | None, str]:
    try:
        return replay(bundle, brought=brought), ""
    except DisputeError as refusal:
        return None, str(refusal)


def _trust(bundle: Bundle) -> TrustSnapshot | None:
    try:
        return trust_of(bundle)
    except DisputeError:
        return None


def _decision(bundle: Bundle, replayed: Replayed | None, why: str) -> Finding:
    told = "The rules and lists of that moment lead to this decision."
    at = f"{instant_text(bundle.evaluated_at)}, as the node said; the decision is made as of that instant"
    if replayed is None:
        return _open("decision", told, f"it cannot be made again here: {why}")
    if not replayed.same:
        places = ", ".join(one.place for one in replayed.differences[:_PLACES]) or "its spelling"
        more = len(replayed.differences) - _PLACES
        places += f" and {more} places more" if more > 0 else ""
        return _open("decision", told, f"another decision comes of it: it differs at {places}")
    if replayed.same_version:
        return _proven("decision", told, "made again here from signed documents, the same octet for octet", at)
    by = f"made again here by another version than {bundle.verifier_version}, the same in meaning"
    return _proven("decision", told, by, at)


def _material(trust: TrustSnapshot | None) -> Finding:
    told = "The lists and agreements in the bundle are those that the decision names, signed as they stand."
    if trust is None:
        return _open("material", told, "what is in the bundle is not the snapshot that the decision names")
    states = ", ".join(sorted(state.value for state in trust.lists))
    return _proven("material", told, f"the signatures of {states}, and the digest in the decision")


def _recorded(
    bundle: Bundle, decided: dict[str, Any], trust: TrustSnapshot | None, brought: Brought | None, *, now: datetime
) -> list[Finding]:
    """Return what the receipt proves: the record, its time, and what it is about."""
    answered = "A node recorded that it gave this answer, and cannot take that back."
    when = "The time of the record is known from another state, and not from the node alone."
    about = "The record is about this very credential."
    if bundle.receipt is None or trust is None:
        why = _NO_RECEIPT if bundle.receipt is None else "without the lists nobody knows whose log it is"
        return [_open(name, told, why) for name, told in
                (("record", answered), ("time", when), ("credential", about))]  # fmt: skip
    try:
        unverified = receipts.parse_unverified(bundle.receipt.encode("utf-8", "surrogatepass"))
        verified = _in_log(unverified, trust, at=bundle.evaluated_at)
    except Refusal as refusal:
        why = f"the receipt proves nothing, {refusal.code}: {refusal.detail}"
        return [_open(name, told, why) for name, told in
                (("record", answered), ("time", when), ("credential", about))]  # fmt: skip
    return [
        _record(answered, verified, decided, bundle),
        _time(when, bundle, trust, verified, now=now),
        _commitment(about, verified, bundle, brought),
    ]


def _in_log(unverified: UnverifiedReceipt, trust: TrustSnapshot, *, at: datetime) -> VerifiedReceipt:
    origin = unverified.checkpoint.checkpoint.origin
    return receipts.verify(unverified, log=listed_log(trust, origin, signed_at=at, at=at))


def _record(told: str, verified: VerifiedReceipt, decided: dict[str, Any], bundle: Bundle) -> Finding:
    leaf = verified.leaf
    wrong = dispute_record.differences(leaf, bundle, decided)
    if wrong:
        return _open("record", told, f"the record is about another answer: it differs in {_listed(wrong)}")
    by = f"the log of {verified.log.state} ({verified.log.origin}), entry {verified.index:,}, signed by that log"
    by += f", which names {_listed(dispute_record.named(leaf))}"
    return _proven("record", told, by, f"{instant_text(recorded_at(leaf))}, by the node's own clock")


def _time(told: str, bundle: Bundle, trust: TrustSnapshot, verified: VerifiedReceipt, *, now: datetime) -> Finding:
    try:
        found = witnessed(str(bundle.receipt), trust, at=_last_current(trust, bundle.evaluated_at, now=now))
    except Refusal as refusal:
        why = f"nobody but {verified.log.state} confirmed it ({refusal.code}); the node's clock is its own word"
        return _open("time", told, why)
    return _proven("time", told, _witnesses(found), f"{instant_text(found.confirmed.at)}, as another state says")


def _last_current(trust: TrustSnapshot, decided_at: datetime, *, now: datetime) -> datetime:
    """Return the last instant up to ``now`` at which all lists were up to date: later cosignatures nobody can judge."""
    ends = min((trust.stale_from(state) for state in trust.lists), default=now)
    return max(decided_at, min(now, ends - _SECOND))


def _witnesses(found: WitnessedReceipt) -> str:
    told = [f"{state} at {instant_text(instant)}" for state, instant in found.confirmed.states]
    return f"cosigned by the witness of {' and of '.join(told)}"


def _commitment(told: str, verified: VerifiedReceipt, bundle: Bundle, brought: Brought | None) -> Finding:
    if brought is None:
        return _open("credential", told, "the credential is not here")
    checks: list[Callable[[], None]] = [lambda: verified.require_about(brought.credential.encode())]
    opening, assertion = verified.opening, bundle.assertion
    if opening is not None and assertion is not None:
        checks.append(lambda: opening.require_assertion(assertion.encode()))
    try:
        for check in checks:
            check()
    except EvidenceError as refusal:
        return _open("credential", told, f"the record is about something else ({refusal.code})")
    also = " and the assertion" if bundle.assertion is not None else ""
    by = f"the commitment in the record, which the receipt opens to the credential{also} in the bundle"
    return _proven("credential", told, by)


def _listed(words: Sequence[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


_NEVER: Final = (
    _open(
        "truth",
        "What the issuer says of the person is true.",
        "a signature shows that the issuer said so, and not that it is so",
    ),
    _open(
        "person",
        "The person who showed it is the one whom it names.",
        "possession of a key was proven at most; who held the device, no signature says",
    ),
    _open(
        "roots",
        "The keys under which the lists verify were those of the states.",
        "the bundle brings them itself; the states, or a node's own pins, have to confirm them",
    ),
    _open(
        "later",
        "It was still good at any later time.",
        "the decision is about one instant, and says nothing of revocations after it",
    ),
)
