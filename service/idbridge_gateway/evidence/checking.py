"""Checking a receipt for anybody who has one: stateless, by the lists in force, and nothing of it is kept.

Decides what a receipt proves here: that its leaf stands in a listed log, by when other states had confirmed that, and
whether it is about what the caller holds. What it does not prove is told with its reason, and is no fault of the
request. Anybody can do the same offline (``idbridge log verify``).
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from idbridge.codec import strict_json
from idbridge.errors import EvidenceError, InputError, RequestError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.reasons import reason
from idbridge.tlog import receipt as receipts
from idbridge.tlog.receipt import VerifiedReceipt
from idbridge.trust.log_listing import listed_log
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.time_evidence import witnessed

SCHEMA: Final = "idbridge-receipt-check-1"
_MEMBERS: Final = frozenset({"receipt", "credential", "assertion"})
_BOUNDS: Final = {
    "receipt": LIMITS.receipt_bytes, "credential": LIMITS.body_bytes, "assertion": LIMITS.token_bytes,
}  # fmt: skip
_UNWITNESSED: Final = "time.evidence_unwitnessed"


class CheckRequest(NamedTuple):
    """A receipt as text, and what it may be about."""

    receipt: str
    credential: str | None = None
    assertion: str | None = None

    def __repr__(self) -> str:
        """Name the type alone: what it holds is about a person."""
        return f"{type(self).__name__}(...)"


class _Proven(NamedTuple):
    receipt: VerifiedReceipt
    witnesses: tuple[tuple[MemberState, datetime], ...]


def read_check(octets: bytes) -> CheckRequest:
    """Return what the body of a request asks.

    Raises:
        RequestError: ``input.request_malformed``.
    """
    try:
        members = strict_json.parse_object(octets, max_bytes=LIMITS.receipt_check_bytes)
    except InputError as error:
        raise RequestError("input.request_malformed", f"the body is not strict JSON: {error.detail}") from None
    if "receipt" not in members or not members.keys() <= _MEMBERS:
        raise RequestError("input.request_malformed", "a check has `receipt`, perhaps `credential` and `assertion`")
    for name, text in members.items():
        if type(text) is not str or not 0 < len(text) <= _BOUNDS[name]:
            raise RequestError("input.request_malformed", f"`{name}` is a string of 1 to {_BOUNDS[name]} characters")
    return CheckRequest(**members)


def checked(asked: CheckRequest, snapshot: TrustSnapshot, *, at: datetime) -> dict[str, Any]:
    """Return what the receipt proves by ``snapshot`` at ``at``, as JSON values."""
    head = {"schema": SCHEMA, "environment": snapshot.environment.value, "evaluated_at": instant_text(at)}
    try:
        proven = _proven(asked.receipt, snapshot, at=at)
        _require_about(proven.receipt, asked)
    except (EvidenceError, TrustError) as refused:
        return {**head, "proven": False, "reason": _reason(refused.code), "log": None, "leaf": None, "witnesses": []}
    found = proven.receipt
    return {
        **head,
        "proven": True,
        "reason": None,
        "log": {
            "origin": found.log.origin,
            "state": found.log.state.value,
            "index": found.index,
            "size": found.checkpoint.size,
        },
        "leaf": {"type": found.leaf.type.value, "at_ms": found.leaf.at_ms, "members": dict(found.leaf.members)},
        "witnesses": [{"state": state.value, "at": instant_text(when)} for state, when in proven.witnesses],
    }


def _proven(text: str, snapshot: TrustSnapshot, *, at: datetime) -> _Proven:
    """Return the receipt with the word of other states; without it, if none has confirmed the log yet."""
    try:
        found = witnessed(text, snapshot, at=at)
        return _Proven(found.receipt, found.confirmed.states)
    except EvidenceError as refused:
        if refused.code != _UNWITNESSED:
            raise
    unverified = receipts.parse_unverified(text.encode("utf-8", "surrogatepass"))
    log = listed_log(snapshot, unverified.checkpoint.checkpoint.origin, signed_at=at, at=at)
    return _Proven(receipts.verify(unverified, log=log), ())


def _require_about(found: VerifiedReceipt, asked: CheckRequest) -> None:
    """Return if the receipt is about what the caller holds.

    A leaf about an assertion that was made later than its credential was judged opens without a credential.
    """
    credential, assertion = asked.credential, asked.assertion
    if credential is not None:
        found.require_about(credential.encode("utf-8", "surrogatepass"))
    if assertion is None:
        return
    if found.opening is None:
        raise EvidenceError("time.evidence_mismatch", "the receipt does not open its commitment")
    if credential is None:
        found.require_about(b"")
    found.opening.require_assertion(assertion.encode("utf-8", "surrogatepass"))


def _reason(code: str) -> dict[str, Any]:
    why = reason(code)
    return {"code": why.code, "clause": why.clause, "remedy": why.remedy, "retryable": why.retryable}
