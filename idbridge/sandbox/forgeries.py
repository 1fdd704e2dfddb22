"""Forgeries of a JWS: what an attacker without the right key, or with a careless verifier in mind, would send.

Each takes an honest draft and returns the text that is sent instead. The clause in brackets is the one that it attacks.
"""

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Final

from idbridge.codec import base64url
from idbridge.limits import LIMITS
from idbridge.sandbox.draft import Draft, json_text, sealed

_SCALAR: Final = 32  # octets of an Ed25519 signature before its scalar, and of that
_ED25519_ORDER: Final = 2**252 + 27742317777372353535851937790883648493  # RFC 8032 section 5.1


def nothing(_draft: Draft) -> str:
    """Send an empty text."""
    return ""


def words(_draft: Draft) -> str:
    """Send three words that decode to nothing sensible."""
    return "credential.of.mine"


def unsecured(draft: Draft) -> str:
    """Sign nothing and say so (RFC 8725 section 3.2)."""
    unsigned = replace(draft, header={**draft.header, "alg": "none"})
    return f"{unsigned.signing_input}."


def signed_with_public_key(draft: Draft) -> str:
    """Use the public key, which everybody has, as the secret of an HMAC (RFC 8725 section 2.1)."""
    confused = replace(draft, header={**draft.header, "alg": "HS256"})
    secret = json_text(dict(draft.signer.public_jwk))
    signature = hmac.new(secret, confused.signing_input.encode("ascii"), hashlib.sha256).digest()
    return f"{confused.signing_input}.{base64url.encode(signature)}"


def signature_changed(draft: Draft) -> str:
    """Change one bit of the signature (RFC 7515 section 5.2)."""
    return text_altered(sealed(draft))


def signature_of_zeros(draft: Draft) -> str:
    """Sign with as many zeros as a signature has octets (RFC 8032 section 5.1.7)."""
    signed, _, signature = sealed(draft).rpartition(".")
    return f"{signed}.{base64url.encode(bytes(len(base64url.decode(signature))))}"


def scalar_raised(draft: Draft) -> str:
    """Add the order of the group to the scalar of an Ed25519 signature, which fits as well (RFC 8032 section 5.1.7)."""
    signed, _, signature = sealed(draft).rpartition(".")
    octets = base64url.decode(signature)
    raised = int.from_bytes(octets[_SCALAR:], "little") + _ED25519_ORDER
    return f"{signed}.{base64url.encode(octets[:_SCALAR] + raised.to_bytes(_SCALAR, 'little'))}"


def payload_changed(draft: Draft) -> str:
    """Keep the signature and make the person ten years older (RFC 7515 section 5.2)."""
    protected, payload, signature = sealed(draft).split(".")
    claims = json.loads(base64url.decode(payload))
    aged = {
        name: f"{int(value[:4]) - 10}{value[4:]}" if _is_date(value) else value for name, value in claims.items()
    } | {"altered": True}
    return f"{protected}.{base64url.encode(json_text(aged))}.{signature}"


def _is_date(value: object) -> bool:
    return isinstance(value, str) and len(value) == len("2000-01-01") and value[:4].isdigit()


def member_repeated(draft: Draft) -> str:
    """Name the issuer twice and hope that two readers pick different ones (RFC 8259 section 4)."""
    return sealed(replace(draft, payload=b'{"iss":"https://another.example",' + draft.payload[1:]))


def not_a_number(draft: Draft) -> str:
    """Put in a number that JSON does not have (RFC 8259 section 6)."""
    return sealed(replace(draft, payload=draft.payload[:-1] + b',"height":NaN}'))


def nested_too_deep(draft: Draft) -> str:
    """Nest arrays until a careless parser runs out of stack (idbridge limits)."""
    depth = LIMITS.nesting_depth + 1
    return sealed(replace(draft, payload=draft.payload[:-1] + b',"deep":' + b"[" * depth + b"]" * depth + b"}"))


def header_too_long(draft: Draft) -> str:
    """Send a protected header past the limit (idbridge limits)."""
    return sealed(replace(draft, header={**draft.header, "filler": "x" * LIMITS.protected_header_bytes}))


def token_too_long(draft: Draft) -> str:
    """Send a claim that makes the whole text too long (idbridge limits)."""
    filler = b"x" * LIMITS.token_bytes
    return sealed(replace(draft, payload=draft.payload[:-1] + b',"filler":"' + filler + b'"}'))


def padded(draft: Draft) -> str:
    """Write the payload with base64 padding, so that one token has two spellings (RFC 7515 section 2)."""
    protected, payload, signature = sealed(draft).split(".")
    return f"{protected}.{payload}{'=' * (-len(payload) % 4 or 4)}.{signature}"


def encrypted_shape(draft: Draft) -> str:
    """Send five parts, as an encrypted token has; this node does not decrypt yet (RFC 7516 section 7.1)."""
    return f"{sealed(draft)}.AA.AA"


def text_altered(compact: str) -> str:
    """Change one bit of a signature that is there already."""
    signed, _, signature = compact.rpartition(".")
    octets = bytearray(base64url.decode(signature))
    octets[0] ^= 0x01
    return f"{signed}.{base64url.encode(bytes(octets))}"
