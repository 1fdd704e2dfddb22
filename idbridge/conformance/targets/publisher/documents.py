"""Signed documents under attack: each list, arrangement and register changed in one thing, and read as its own.

The signature of a document is its second protection, beneath the metadata that names it by hash: whoever serves it
from elsewhere, or by another way, is stopped by it alone.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.conformance.targets.live import Finding, Procedure, agreed
from idbridge.conformance.targets.publisher.seen import Consumer
from idbridge.conformance.targets.publisher.tree_files import some_states
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust import files, jades, profile
from idbridge.trust.trusted_set import TrustedSet

Parts = tuple[dict[str, Any], bytes, bytes]
Parameters = Mapping[str, Any]


def _joined(header: Mapping[str, Any], payload: bytes, signature: bytes) -> bytes:
    protected = json.dumps(header, separators=(",", ":")).encode()
    return ".".join(base64url.encode(part) for part in (protected, payload, signature)).encode("ascii")


def _payload_changed(parts: Parts) -> bytes:
    header, payload, signature = parts
    return _joined(header, payload.replace(b"granted", b"granteD", 1), signature)


def _signature_zeroed(parts: Parts) -> bytes:
    header, payload, signature = parts
    return _joined(header, payload, bytes(len(signature)))


def _signature_cut(parts: Parts) -> bytes:
    header, payload, signature = parts
    return _joined(header, payload, signature[:-1])


def _unsigned(parts: Parts) -> bytes:
    header, payload, _ = parts
    return _joined({**header, "alg": "none"}, payload, b"")


def _symmetric(parts: Parts) -> bytes:
    header, payload, signature = parts
    return _joined({**header, "alg": "HS256"}, payload, signature)


def _critical(parts: Parts) -> bytes:
    header, payload, signature = parts
    return _joined({**header, "crit": ["x"], "x": 1}, payload, signature)


def _other_type(parts: Parts) -> bytes:
    header, payload, signature = parts
    return _joined({**header, "typ": "JWT"}, payload, signature)


def _signed_again(parts: Parts) -> bytes:
    """Signed by a stranger, who names the state's own key."""
    header, payload, _ = parts
    return _signed({**header, "alg": "ES256"}, payload, generate("ES256"))


def _by_a_stranger(parts: Parts) -> bytes:
    header, payload, _ = parts
    signer = generate("ES256")
    stamped = {"alg": "ES256", "typ": jades.TYPE, "kid": signer.public_jwk["kid"], "iat": header["iat"]}
    return _signed(stamped, payload, signer)


def _signed(header: Mapping[str, Any], payload: bytes, signer: FileSigner) -> bytes:
    signing_input = _joined(header, payload, b"").rpartition(b".")[0]
    return signing_input + b"." + base64url.encode(signer.sign(signing_input)).encode("ascii")


_LIST_EDITS: Final[Mapping[str, Callable[[Parts], bytes]]] = MappingProxyType({
    "payload-changed": _payload_changed,
    "signature-zeroed": _signature_zeroed,
    "signature-cut": _signature_cut,
    "unsigned": _unsigned,
    "symmetric": _symmetric,
    "critical-header": _critical,
    "other-type": _other_type,
    "signed-again": _signed_again,
    "by-a-stranger": _by_a_stranger,
})  # fmt: skip


def list_altered(consumer: Consumer, asked: Parameters) -> Finding | None:
    """Change every list on offer in one way, and read each as the list of its state."""
    edit, look = _LIST_EDITS[asked["edit"]], consumer.look
    found: dict[str, Finding | None] = {}
    for state, octets in _signed_lists(consumer):
        found[state.value] = _read(edit(_parts(octets)), consumer, state=state, environment=look.environment)
    return agreed(found)


def list_of_another(consumer: Consumer, _: Parameters) -> Finding | None:
    """Read the list of one state as that of another."""
    one, other = some_states(consumer.look, 2)
    return _read(consumer.look.offers[one], consumer, state=other, environment=consumer.look.environment)


def list_elsewhere(consumer: Consumer, _: Parameters) -> Finding | None:
    """Read every list as one of the other environment."""
    look = consumer.look
    other = Environment.LIVE if look.environment is Environment.SANDBOX else Environment.SANDBOX
    return agreed({
        state.value: _read(octets, consumer, state=state, environment=other)
        for state, octets in _signed_lists(consumer)
    })  # fmt: skip


def list_at_another_instant(consumer: Consumer, asked: Parameters) -> Finding | None:
    """Take up every list at its own end, or before it was issued; ``when`` says which."""
    look = consumer.look
    found: dict[str, Finding | None] = {}
    for state, octets in _signed_lists(consumer):
        about = profile.parse(octets, state=state, environment=look.environment, keys=look.keys[state]).provenance
        before = about.issued_at - LIMITS.list_issue_skew - timedelta(seconds=1)
        at = about.next_update if asked["when"] == "list-end" else before
        try:
            TrustedSet(look.environment, {state: look.keys[state]}).with_list(octets, state=state, at=at)
        except IdBridgeError as refusal:
            found[state.value] = Finding.of(refusal)
        else:
            found[state.value] = None
    return agreed(found)


def _signed_lists(consumer: Consumer) -> Iterator[tuple[MemberState, bytes]]:
    """Yield the lists on offer of the states whose keys are known."""
    offers = consumer.look.offers
    return ((state, offers[state]) for state in consumer.look.keys if state in offers)


def _parts(octets: bytes) -> Parts:
    header, payload, signature = (base64url.decode(part.decode("ascii")) for part in octets.split(b"."))
    return json.loads(header), payload, signature


def _read(octets: bytes, consumer: Consumer, *, state: MemberState, environment: Environment) -> Finding | None:
    try:
        profile.parse(octets, state=state, environment=environment, keys=consumer.look.keys[state])
    except IdBridgeError as refusal:
        return Finding.of(refusal, state.value)
    return None


def _fewer_signatures(document: dict[str, Any]) -> None:
    document["signatures"] = document["signatures"][:1]


def _no_signatures(document: dict[str, Any]) -> None:
    document["signatures"] = []


def _other_payload(document: dict[str, Any]) -> None:
    content = json.loads(base64url.decode(document["payload"]))
    document["payload"] = base64url.encode(json.dumps({**content, "version": content["version"] + 1}).encode())


def _other_signature(document: dict[str, Any]) -> None:
    for one in document["signatures"]:
        one["signature"] = base64url.encode(bytes(64))


_DOCUMENT_EDITS: Final[Mapping[str, Callable[[dict[str, Any]], None]]] = MappingProxyType({
    "one-signature": _fewer_signatures,
    "no-signature": _no_signatures,
    "payload-changed": _other_payload,
    "signature-zeroed": _other_signature,
})  # fmt: skip


def document_altered(consumer: Consumer, asked: Parameters) -> Finding | None:
    """Change every arrangement of two states, or the register of purposes, in one way; ``kind`` says which."""
    trusted = consumer.look.trusted
    if trusted is None:
        raise ConfigurationError("nothing was taken up")
    edit = _DOCUMENT_EDITS[asked["edit"]]
    take = TrustedSet.with_arrangement if asked["kind"] == "arrangement" else TrustedSet.with_purposes
    bare = replace(trusted, arrangement_index=None, arrangement_floors={}, purpose_register=None, purposes_floor=None)
    found: dict[str, Finding | None] = {}
    for path, octets in _documents(consumer, asked["kind"]):
        document = json.loads(octets)
        edit(document)
        try:
            take(bare, json.dumps(document).encode())
        except IdBridgeError as refusal:
            found[path] = Finding.of(refusal)
        else:
            found[path] = None
    return agreed(found)


def _documents(consumer: Consumer, kind: str) -> Iterator[tuple[str, bytes]]:
    """Yield the first versions of arrangements, or the registers, that are on offer."""
    folder, first = ("arrangements/", "/1.json") if kind == "arrangement" else ("purposes/", ".json")
    got, where = consumer.look.fetched, consumer.publication.folder
    if got is not None:
        yield from ((path, octets) for path, octets in got.files.items() if _is(path, folder, first))
    elif where is not None:
        for place in sorted((where / folder).rglob("*.json")):
            path = place.relative_to(where).as_posix()
            if _is(path, folder, first):
                yield path, files.read(place.parent, place.name, max_bytes=LIMITS.recognition_document_bytes)


def _is(path: str, folder: str, first: str) -> bool:
    return path.startswith(folder) and path.endswith(first)


DOCUMENT_DAMAGES: Final[Mapping[str, Procedure[Consumer]]] = MappingProxyType({
    "list-altered": list_altered,
    "list-of-another": list_of_another,
    "list-of-another-environment": list_elsewhere,
    "list-at-another-instant": list_at_another_instant,
    "document-altered": document_altered,
})  # fmt: skip
