"""Records: whether what a node wrote down is about the very decision in a bundle, member by member.

Decides what a leaf and a decision say of the same things, and where they differ. Whoever makes a bundle chooses all of
it but the leaf: a report's id and outcome alone would let a relying party show the record of one answer for another, of
another day or party. What a leaf does not say, it proves nothing of. Clause: architecture D8.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.evidence.dispute import Bundle
from idbridge.evidence.dispute_affected import told_as
from idbridge.limits import LIMITS
from idbridge.tlog.leaf import Leaf, LeafType, released

# A repeated question is answered as of its first instant, and its leaf is written when it is repeated.
LATEST: Final = LIMITS.idempotency_window + LIMITS.clock_leeway
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
# By leaf, the outcomes that it is written of; what is accepted in grace is INDETERMINATE and accepted.
_OUTCOMES: Final[Mapping[LeafType, frozenset[str]]] = {
    LeafType.VERIFY: frozenset({"PASSED", "INDETERMINATE"}),
    LeafType.ASSERT: frozenset({"PASSED"}),
    LeafType.REJECT: frozenset({"FAILED", "INDETERMINATE"}),
}
# What members of a leaf are called in a sentence, in the order in which it names them.
_WORDS: Final[Mapping[str, str]] = {
    "req": "the report", "t": "the outcome", "res": "the outcome", "code": "the reason", "rp": "the relying party",
    "pol": "the policy", "pur": "the purpose", "ts": "the time", "list": "the trust list", "st": "the status lists",
    "iss": "the issuer", "kt": "the key", "fmt": "the format", "loa": "the level", "rel": "what was released",
}  # fmt: skip


def recorded_at(leaf: Leaf) -> datetime:
    """Return the time of ``leaf``, by the node's clock."""
    return _EPOCH + leaf.at_ms * _MILLISECOND


def differences(leaf: Leaf, bundle: Bundle, decided: Mapping[str, Any]) -> tuple[str, ...]:
    """Return in words what ``leaf`` says otherwise than ``decided``, which ``bundle`` holds; nothing if it agrees."""
    wrong = {name for name, said in _said(bundle, decided) if name in leaf.members and leaf.members[name] not in said}
    if leaf.members.get("req") != bundle.report_id or "rp" not in leaf.members:
        wrong.add("req")
    if decided.get("indication") not in _OUTCOMES.get(leaf.type, frozenset()):
        wrong.add("t")
    earliest = bundle.evaluated_at - LIMITS.log_clock_back
    if not earliest <= recorded_at(leaf) <= bundle.evaluated_at + LATEST:
        wrong.add("ts")
    return _in_words(wrong)


def named(leaf: Leaf) -> tuple[str, ...]:
    """Return in words what ``leaf`` names of a decision."""
    return _in_words(leaf.members.keys() | {"ts"})


def _in_words(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words for name, words in _WORDS.items() if name in names))


def _said(bundle: Bundle, decided: Mapping[str, Any]) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield what the leaf of this decision would say, by member: one of these."""
    party, issuer, reason = bundle.relying_party, _part(decided, "issuer"), _part(decided, "reason")
    yield "rp", told_as(party.id)
    yield "pol", (str(party.policy_version),)
    yield "pur", told_as(str(_part(decided, "recognition").get("purpose")))
    yield "res", (decided.get("indication"),)
    yield "code", (reason.get("code"),)
    yield "fmt", (decided.get("format"),)
    yield "loa", (_part(decided, "assurance").get("loa"),)
    yield "rel", (released(_part(decided, "claims")),)
    if issuer:
        yield "iss", told_as(f"{issuer.get('state')} {issuer.get('id')}")
    relied = _part(decided, "trust")
    listed, key = _part(relied, "list"), _part(relied, "key")
    yield "kt", (key.get("thumbprint"),)
    yield "list", tuple(f"{listed.get('sequence')} {one}" for one in _digest(listed.get("digest")))
    status = _part(decided, "status").get("state", "none")
    yield "st", tuple(f"{one} {status}" for one in _digest(decided.get("status_snapshot")))


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    member = whole.get(name)
    return member if isinstance(member, Mapping) else {}


def _digest(text: object) -> tuple[str, ...]:
    """Return how a leaf tells a digest that reports write in hexadecimal; any other name it tells as it is."""
    if type(text) is not str:
        return ()
    try:
        return (base64url.encode(bytes.fromhex(text)),)
    except ValueError:
        return told_as(text)
