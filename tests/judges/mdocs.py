"""Mdocs of ISO 18013-5, Annex D, and of a French playground, at the layer of one document.

The document signer is trusted as the case says, under no list and of no member state; everything else is judged by the
same functions as everywhere: spelling, headers, signature, security object, digests, times, and the device's proof
over the transcript of the case, one of them a MAC under the reader's key that the standard publishes.
"""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from idbridge.codec import base64url, cbor
from idbridge.credential.device_proof import device_key, holds, parse_proof
from idbridge.credential.mdoc import judge_times
from idbridge.credential.mdoc_document import parse_unverified_mdoc
from idbridge.credential.mso import judge_items, parse_unverified_mso, read_mso
from idbridge.crypto import cose, signature
from idbridge.crypto.device_mac import EphemeralKey
from idbridge.crypto.x509 import verify_path
from idbridge.errors import CredentialError, Refusal
from idbridge.model.check import Refused
from tests.judges.court import ACCEPTED, Case, Court

ALGORITHMS = frozenset({"ES256"})


def judge(case: Case) -> str:
    """One document, to the end."""
    try:
        _verify(case)
    except (Refusal, Refused) as refusal:
        return refusal.code
    return ACCEPTED


def _verify(case: Case) -> None:
    context = case["context"]
    at = datetime.fromisoformat(context["time"]).astimezone(UTC)
    presented = parse_unverified_mdoc(base64url.decode(case["input"].rstrip("=").translate(_URL)))
    message = cose.take_apart(presented.issuer_auth)
    anchors = tuple(_der(text) for text in context["trusted"])
    path = verify_path(message.header.certificates, anchors=anchors, at=at, rule=None)
    members = parse_unverified_mso(message.payload)
    signed = signature.verify(message, claims=members, key=path.leaf_key, algorithms=ALGORITHMS)
    mso = read_mso(signed.claims)
    fault = judge_items(mso, presented.name_spaces)
    times = judge_times(mso, path.iso, at=at, leeway=at - at)
    if fault is not None or presented.doc_type != mso.doc_type:
        raise CredentialError(fault[0] if fault is not None else "mdoc.doc_type_mismatch")
    if times.reason is not None:
        raise Refused(times)
    if presented.device is None:
        raise CredentialError("holder.binding_missing")
    key = device_key(mso.device_key, issuer_key=path.leaf_key)
    proof, params = parse_proof(presented.device, doc_type=mso.doc_type), context["params"]
    if not holds(proof, _transcript(context["handover"], params), key=key, reader=_reader(params)):
        raise CredentialError("holder.signature_invalid")


_URL = str.maketrans("+/", "-_")


def _der(text: str) -> bytes:
    if "BEGIN CERTIFICATE" in text:
        return x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER)
    return base64.b64decode(text)


def _reader(params: dict[str, Any]) -> EphemeralKey | None:
    if "reader_key_d" not in params:
        return None
    return EphemeralKey(ec.derive_private_key(int(params["reader_key_d"], 16), ec.SECP256R1()))


def _transcript(handover: str, params: dict[str, Any]) -> bytes:
    """The transcript as octets (without the tag around it), or that of draft 18 of OpenID4VP, which we do not make."""
    if handover == "raw":
        octets: bytes = cbor.decode(
            bytes.fromhex(params["transcript_hex"]), max_bytes=9_999, tags=frozenset({24})
        ).value
        return octets
    digests = [
        hashlib.sha256(cbor.encode([params[name], params["mdoc_nonce"]])).digest()
        for name in ("client_id", "response_uri")
    ]
    return cbor.encode([None, None, [*digests, params["nonce"]]])


MDOC = Court("mdoc", {"mdoc:device": judge})
