"""Receipts that are shown to a gateway: its own as it gave them, damaged in one thing, or confirmed by somebody.

What a receipt proves, whoever has it can have checked, and what it does not prove is told with its reason. Clauses:
C2SP tlog-proof, tlog-checkpoint and tlog-cosignature; architecture D8.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.gateway.edge import minted
from idbridge.conformance.targets.gateway.suite import Suite
from idbridge.conformance.targets.gateway.wire import JSON
from idbridge.conformance.targets.idp.wire import NoVerdictError
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.conformance.targets.resilience.answers import judged, require_ok, sent
from idbridge.crypto.signer import generate
from idbridge.model.region import MemberState
from idbridge.model.time import parse_instant
from idbridge.sandbox.case import Exchange
from idbridge.tlog import note
from idbridge.tlog.receipt import Proof, parse_proof, parse_unverified
from idbridge.trust.log_listing import listed_log

UNTOLD: Final = Finding("strain.untold", "what was found to be proven is not what the receipt says")
UNWITNESSED: Final = Finding("time.evidence_unwitnessed", "proven, and confirmed by no other state")
CHECK: Final = "/v1/receipts/check"
_OTHER: Final = "another credential"


def receipt(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Show the gateway the receipt of its answer to ``case``, changed as ``change`` says, if at all."""
    held, asked = _given(suite, parameters["case"])
    change = parameters.get("change", "none")
    text = _CHANGES[change](suite, held)
    credential = _OTHER if change == "credential" else json.loads(asked.body)["credential"]
    document = _checked(suite, text, credential)
    if document["proven"] is True and not _is_leaf_of(document, text):
        return UNTOLD
    return _refused(document)


def confirmed(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Show the gateway the evidence of time in ``case``: which other states have confirmed it, it says."""
    text = minted(suite, parameters["case"]).document()["time_evidence"]["receipt"]
    document = _checked(suite, text, None)
    found = _refused(document)
    if found is not None:
        return found
    if not _is_leaf_of(document, text):
        return UNTOLD
    return None if _confirming(suite, text, document["witnesses"]) else UNWITNESSED


def _is_leaf_of(document: Mapping[str, Any], text: str) -> bool:
    """Tell whether what was found to be proven is the leaf of the receipt ``text``."""
    return dict(document["leaf"]["members"]) == dict(parse_unverified(text.encode()).leaf.members)


def _confirming(suite: Suite, text: str, told: Sequence[Mapping[str, str]]) -> bool:
    """Tell whether ``told`` are states, and some, that confirmed before now; none is that whose log it is."""
    origin = parse_unverified(text.encode()).checkpoint.checkpoint.origin
    home = listed_log(suite.lists, origin, signed_at=suite.at, at=suite.at).state
    return bool(told) and all(
        MemberState(one["state"]) is not home and parse_instant(one["at"]) <= suite.at for one in told
    )


def _given(suite: Suite, case: str) -> tuple[str, Exchange]:
    """Return the receipt of an honest answer, and the question.

    Raises:
        NoVerdictError: There is none.
    """
    asked = minted(suite, case).exchange
    reply = require_ok(sent(suite, asked))
    if wrong := judged(suite, reply, asked):
        raise NoVerdictError(FaultKind.MALFORMED, f"the honest answer has no good receipt: {wrong.words}")
    return str(reply.document()["receipt"]["proof"]), asked


def _checked(suite: Suite, text: str, credential: str | None) -> Mapping[str, Any]:
    told = {} if credential is None else {"credential": credential}
    body = json.dumps({"receipt": text, **told}).encode()
    reply = suite.wire.send("POST", CHECK, headers={"Content-Type": JSON}, body=body)
    document = reply.document()
    if reply.status != HTTPStatus.OK or not isinstance(document.get("proven"), bool):
        raise NoVerdictError(FaultKind.MALFORMED, f"{CHECK} answered {reply.status} without saying what is proven")
    return document


def _refused(document: Mapping[str, Any]) -> Finding | None:
    return None if document["proven"] else Finding(document["reason"]["code"], "nothing is proven")


def _as_it_is(_suite: Suite, text: str) -> str:
    return text


def _cut_off(_suite: Suite, text: str) -> str:
    return text[:-1]


def _turned(_suite: Suite, text: str) -> str:
    """Return the receipt with one bit of its leaf another."""
    proof = parse_proof(text.encode())
    extra = bytearray(proof.extra or b"")
    at = extra.index(b'"ts":') + len(b'"ts":') + 1  # a digit, of which the lowest bit makes another digit
    extra[at] ^= 1
    return _text(replace(proof, extra=bytes(extra)))


def _moved(_suite: Suite, text: str) -> str:
    proof = parse_proof(text.encode())
    return _text(replace(proof, index=max(proof.index - 1, 0) if proof.index else 1))


def _grown(_suite: Suite, text: str) -> str:
    """Return the receipt under a checkpoint that says that the log is one entry longer."""
    proof = parse_proof(text.encode())
    origin, size, *rest = proof.note.text.split("\n")
    return _text(replace(proof, note=replace(proof.note, text="\n".join((origin, str(int(size) + 1), *rest)))))


def _of_another_leaf(suite: Suite, text: str) -> str:
    """Return the receipt with the leaf of another answer, and what opens it, in place of its own."""
    other, _ = _given(suite, "id-login-opens-account")
    return _text(replace(parse_proof(text.encode()), extra=parse_proof(other.encode()).extra))


def _of_another_log(_suite: Suite, text: str) -> str:
    """Return the receipt under the same checkpoint, signed by a key that nobody listed for the log of this name."""
    proof = parse_proof(text.encode())
    stranger = note.note_signer(proof.note.text.split("\n", 1)[0], generate("Ed25519"))
    return _text(replace(proof, note=note.sign(proof.note.text, stranger)))


def _of_a_log_without_list(_suite: Suite, text: str) -> str:
    """Return the receipt under the checkpoint of a log of another name, signed by that log."""
    proof = parse_proof(text.encode())
    _, rest = proof.note.text.split("\n", 1)
    name = "log.nobody.example/log"
    return _text(replace(proof, note=note.sign(f"{name}\n{rest}", note.note_signer(name, generate("Ed25519")))))


def _text(proof: Proof) -> str:
    return proof.octets().decode()


_CHANGES: Final[Mapping[str, Callable[[Suite, str], str]]] = MappingProxyType({
    "none": _as_it_is, "credential": _as_it_is, "cut": _cut_off, "bit": _turned, "place": _moved, "size": _grown,
    "leaf": _of_another_leaf, "log": _of_another_log, "unlisted": _of_a_log_without_list,
})  # fmt: skip
PROCEDURES: Final[Mapping[str, Procedure[Suite]]] = MappingProxyType({"receipt": receipt, "confirmed": confirmed})
