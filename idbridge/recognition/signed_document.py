"""Documents signed by member states: a JWS in general JSON form with one signature for each signing state.

Decides only who signed what: every signature must verify with a list signing key that is pinned for the state it
names, and one that does not refuses the whole document. What the signers may agree on, ``arrangement`` and ``purpose``
decide. Clauses: RFC 7515 section 7.2.1; RFC 8725 sections 3.1 and 3.11 (closed algorithms, explicit ``typ``).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from idbridge.codec import base64url, jcs, strict_json
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import Signer
from idbridge.errors import InputError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import MemberState
from idbridge.recognition import members

ARRANGEMENT_TYPE: Final = "idbridge-arrangement+json"
PURPOSES_TYPE: Final = "idbridge-purposes+json"

_DOCUMENT = frozenset({"payload", "signatures"})
_SIGNATURE = frozenset({"protected", "signature"})
_HEADER = frozenset({"alg", "kid", "typ", "state"})


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A payload with the states that signed it. Made in this module only.

    ``digest`` is the SHA-256 (hex) of the payload octets: it names what was agreed, however often it was signed.
    ``signed_with`` are the thumbprints of the keys that signed, for documents that need several keys of one state.
    ``unknown`` are states that are named as signers and of which no key is known: they do not count.
    """

    payload: Mapping[str, Any]
    signed_by: frozenset[MemberState]
    digest: str
    signed_with: frozenset[str] = frozenset()
    unknown: frozenset[MemberState] = frozenset()


def open_signed(octets: bytes, *, typ: str, keys: Mapping[MemberState, tuple[PublicKey, ...]]) -> SignedDocument:
    """Return the payload of a signed document and who signed it; ``keys`` are the states' pinned list signing keys.

    A state may sign twice, as when it rotates its key; it counts once. A signature of a state of which no key is known
    counts for nothing: what only that state could have agreed to is then not agreed.

    Raises:
        TrustError: ``trust.arrangement_invalid``: nobody signed, or one signature is not in order.
    """
    try:
        document = members.exactly(
            strict_json.parse(octets, max_bytes=LIMITS.recognition_document_bytes), _DOCUMENT, where="the document"
        )
        payload = base64url.decode(members.string(document["payload"], where="the payload"))
        signatures = document["signatures"]
        if not isinstance(signatures, list) or not 0 < len(signatures) <= LIMITS.recognition_document_signatures:
            raise members.invalid("the document carries no signature, or too many")
        read = [_signer(entry, payload=document["payload"], typ=typ, keys=keys) for entry in signatures]
        content = strict_json.parse_object(payload, max_bytes=LIMITS.recognition_document_bytes)
    except InputError as malformed:
        raise members.invalid("the document does not parse unambiguously") from malformed
    signers = [(state, thumbprint) for state, thumbprint in read if thumbprint is not None]
    if not signers:
        raise members.UnknownSignerError("no key of those who signed is known")
    return SignedDocument(
        payload=content,
        signed_by=frozenset(state for state, _ in signers),
        digest=hashlib.sha256(payload).hexdigest(),
        signed_with=frozenset(thumbprint for _, thumbprint in signers),
        unknown=frozenset(state for state, thumbprint in read if thumbprint is None),
    )


def payload_digest(octets: bytes) -> str:
    """Return the SHA-256 (hex) of the payload of a document, whoever signed it.

    Raises:
        TrustError: ``trust.arrangement_invalid``: it is not in form.
    """
    try:
        table = strict_json.parse_object(octets, max_bytes=LIMITS.recognition_document_bytes)
        payload = base64url.decode(members.string(table.get("payload"), where="the payload"))
    except InputError as malformed:
        raise members.invalid("the document does not parse unambiguously") from malformed
    return hashlib.sha256(payload).hexdigest()


def _signer(
    entry: Any, *, payload: str, typ: str, keys: Mapping[MemberState, tuple[PublicKey, ...]]
) -> tuple[MemberState, str | None]:
    """Return the state whose pinned key made this signature, and the key's thumbprint; ``None`` if none is known."""
    signature = members.exactly(entry, _SIGNATURE, where="a signature")
    protected = members.string(signature["protected"], where="a protected header")
    header = members.exactly(
        strict_json.parse_object(base64url.decode(protected), max_bytes=LIMITS.protected_header_bytes),
        _HEADER,  # exactly these: `crit`, `jwk`, `x5c` and their kin have no place here
        where="a protected header",
    )
    if header["typ"] != typ:
        raise members.invalid("a signature was made for another type of document")
    state = members.word(header["state"], MemberState, where="the state of a signature")
    if not keys.get(state):
        return state, None
    key = _pinned(header["kid"], keys[state], state=state)
    octets = base64url.decode(members.string(signature["signature"], where="a signature"))
    try:
        algorithm = members.text(header["alg"], where="an algorithm")
        key.verify(algorithm, signature=octets, signed=f"{protected}.{payload}".encode("ascii"))
    except JoseError as wrong:
        raise members.invalid(f"the signature of {state} does not verify") from wrong
    return state, key.thumbprint


def _pinned(kid: Any, candidates: tuple[PublicKey, ...], *, state: MemberState) -> PublicKey:
    """Return the pinned key with this thumbprint; what a header says of a key beyond that is not believed."""
    for key in candidates:
        if key.thumbprint == kid:
            return key
    raise members.invalid(f"a signature of {state} is made with a key that is not pinned")


def sign_document(payload: Mapping[str, Any], signers: Mapping[MemberState, Signer], typ: str) -> bytes:
    """Return ``payload`` in canonical JSON, signed by each of ``signers`` in the order of their states' codes.

    Raises:
        ValueError: Nobody signs; empty is not success.
    """
    if not signers:
        raise ValueError("a document is signed by at least one state")
    return sign_with_each(payload, [(state, signers[state]) for state in sorted(signers)], typ)


def sign_with_each(payload: Mapping[str, Any], signers: Sequence[tuple[MemberState, Signer]], typ: str) -> bytes:
    """Return ``payload`` in canonical JSON, signed by each of ``signers`` in turn; a state may sign with several keys.

    Raises:
        ValueError: Nobody signs; empty is not success.
    """
    if not signers:
        raise ValueError("a document is signed by at least one state")
    encoded = base64url.encode(jcs.canonicalize(dict(payload)))
    signatures = [_signature(signer, state=state, typ=typ, payload=encoded) for state, signer in signers]
    return jcs.canonicalize({"payload": encoded, "signatures": signatures})


def _signature(signer: Signer, *, state: MemberState, typ: str, payload: str) -> dict[str, str]:
    header = {"alg": signer.algorithm, "kid": thumbprint(signer.public_jwk), "typ": typ, "state": state.value}
    protected = base64url.encode(jcs.canonicalize(header))
    signature = signer.sign(f"{protected}.{payload}".encode("ascii"))
    return {"protected": protected, "signature": base64url.encode(signature)}
