"""Time evidence: what a receipt proves of the age of a credential whose service has ended. Part of steps V1 and V3.

A receipt counts if it is about this very credential, stands in the log of a node whose state the trust snapshot lists,
and a witness of another state has cosigned the log's tree: of neither the log's state nor the credential's. Then the
credential was there when that witness says so, and its service is judged as of that instant. What verdict the log tells
does not matter: to be refused proves no less that it was there. Nothing that the credential says of itself is evidence.
Clauses: C2SP tlog-proof, tlog-cosignature; architecture D1 and D8.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from idbridge.codec import strict_json
from idbridge.credential.envelope import open_credential
from idbridge.credential.protocol import Reading
from idbridge.errors import EvidenceError, InputError, Refusal, RequestError
from idbridge.limits import LIMITS
from idbridge.model.check import Check, CheckPoint, Refused, Result, Step
from idbridge.model.credential import UnverifiedCredential
from idbridge.model.evidence import ProvenTime, TimeEvidence
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.tlog import receipt as receipts
from idbridge.tlog.receipt import VerifiedReceipt
from idbridge.trust.log_listing import Confirmed, confirmed, keys_of_log, listed_log, state_of_log
from idbridge.trust.snapshot import TrustSnapshot

EVIDENCE: Final = CheckPoint("evidence.1", Step.V3, "C2SP tlog-proof; architecture D1")
_MEMBERS: Final = frozenset({"receipt", "shown"})
_OBJECT: Final = "{"
_ANOTHER: Final = "what was shown then is another credential"


class WitnessedReceipt(NamedTuple):
    """A receipt whose leaf stands in a listed log, and who confirmed the log's tree, and when."""

    receipt: VerifiedReceipt
    confirmed: Confirmed


def read_time_evidence(value: Any) -> TimeEvidence:
    """Return the time evidence that the member ``time_evidence`` of a request is.

    Raises:
        RequestError: ``input.request_malformed``: it is not an object of texts with these members.
    """
    if type(value) is not dict or "receipt" not in value or not value.keys() <= _MEMBERS:
        raise _malformed("`time_evidence` is an object with `receipt`, perhaps `shown`, and nothing else")
    longest = {"receipt": LIMITS.receipt_bytes, "shown": LIMITS.body_bytes}
    for name, text in value.items():
        if type(text) is not str or not 0 < len(text) <= longest[name]:
            raise _malformed(f"`time_evidence.{name}` is a string of 1 to {longest[name]} characters")
    return TimeEvidence(value["receipt"], value.get("shown"))


def witnessed(
    text: str, trust: TrustSnapshot, *, at: datetime, signed_by: MemberState | None = None
) -> WitnessedReceipt:
    """Return the receipt that ``text`` is, if its leaf is in a listed log that another state's witness has confirmed.

    ``signed_by`` is the state that vouches for what the leaf is about: of that, its own witness confirms no time.

    Raises:
        EvidenceError: ``time.evidence_malformed``, ``time.evidence_unsigned``, ``time.evidence_not_included`` or
            ``time.evidence_unwitnessed``.
        TrustError: A list that would tell is out of date or not held.
    """
    # What is no UTF-8 is no receipt either, and the parser says so.
    unverified = receipts.parse_unverified(text.encode("utf-8", "surrogatepass"))
    signed, origin = unverified.checkpoint.note, unverified.checkpoint.checkpoint.origin
    by = confirmed(signed, trust, state=state_of_log(trust, origin, at=at), at=at, signed_by=signed_by)
    log = listed_log(trust, origin, signed_at=by.at, at=at)
    return WitnessedReceipt(receipts.verify_witnessed(unverified, log=log, quorum=by.quorum, at=at), by)


def prove(
    evidence: TimeEvidence,
    unverified: UnverifiedCredential,
    *,
    presented: str,
    reading: Reading,
    trust: TrustSnapshot,
    at: datetime,
    signed_by: MemberState,
) -> ProvenTime:
    """Return by when the credential ``unverified`` was there; ``presented`` is the text in which it came now.

    ``signed_by`` is the state whose service signed it, if anybody did.

    That what its issuer signed is the same octet for octet, the signature too, is what makes it the same: the signature
    alone could have been added after the key was stolen. It is for the steps that follow to verify it.

    Raises:
        EvidenceError: As ``witnessed``; ``time.evidence_mismatch``: the receipt is about another credential.
        TrustError: As ``witnessed``.
    """
    found = witnessed(evidence.receipt, trust, at=at, signed_by=signed_by)
    shown = presented if evidence.shown is None else evidence.shown
    found.receipt.require_about(shown.encode("utf-8", "surrogatepass"))
    if evidence.shown is not None and not _holds(evidence.shown, unverified, reading):
        raise EvidenceError("time.evidence_mismatch", _ANOTHER)
    log, checkpoint = found.receipt.log, found.receipt.checkpoint
    by = found.confirmed
    keys = by.keys | keys_of_log(trust, log.origin, signed_at=by.at, at=at)
    return ProvenTime(by.at, log.origin, log.state, found.receipt.index, checkpoint.size, by.states, keys)


def counted(proven: ProvenTime | None) -> Check:
    """Return the check of the time evidence that came with a credential whose service was found to be good."""
    if proven is None:
        return EVIDENCE.skipped("the service has not ended, and so no evidence is needed")
    return Check(EVIDENCE.id, EVIDENCE.step, Result.PASSED, EVIDENCE.clause, None, words(proven))


def words(proven: ProvenTime) -> str:
    """Return what a report says of the evidence that counted."""
    who = ", ".join(state.value for state, _ in proven.witnesses)
    return (
        f"its issuer has ended since; it was there by {instant_text(proven.at)}, as the log of {proven.state}"
        f" ({proven.origin}) shows and {who} confirmed"
    )


def evidence_document(proven: ProvenTime | None) -> dict[str, Any] | None:
    """Return the evidence that counted as JSON values; ``None`` if none was needed."""
    if proven is None:
        return None
    return {
        "proven_by": instant_text(proven.at),
        "log": {"origin": proven.origin, "state": proven.state.value, "index": proven.index, "size": proven.size},
        "witnesses": [{"state": state.value, "at": instant_text(instant)} for state, instant in proven.witnesses],
    }


def _holds(shown: str, unverified: UnverifiedCredential, reading: Reading) -> bool:
    """Tell whether what was ``shown`` then holds the very credential, its signature too."""
    message = unverified.message
    for text in _presentations(shown):
        try:
            opened = open_credential(text, unverified.format, reading)
        except (Refusal, Refused):
            continue
        if any(one.message.signed == message.signed and one.message.signature == message.signature for one in opened):
            return True
    return False


def _presentations(shown: str) -> Iterator[str]:
    """Yield each presentation in what was shown: all of a vp_token, or what stands alone."""
    if shown[:1] != _OBJECT:
        yield shown
        return
    try:
        members = strict_json.parse_object(shown.encode("utf-8", "surrogatepass"), max_bytes=LIMITS.vp_token_bytes)
    except InputError:
        return
    lists = [value for value in members.values() if type(value) is list]
    yield from [one for value in lists for one in value if type(one) is str][: LIMITS.presentations]


def _malformed(detail: str) -> RequestError:
    return RequestError("input.request_malformed", detail)
