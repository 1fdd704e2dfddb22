"""The COSE working group's examples of COSE_Sign1, at the signature layer."""

from typing import Any

from idbridge.codec import base64url
from idbridge.crypto import cose
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.errors import IdBridgeError
from tests.judges.court import ACCEPTED, Case, Court

ALGORITHMS = frozenset({"ES256", "ES384", "ES512", "Ed25519"})
REFUSED = {
    "cose-wg/ecdsa-examples/ecdsa-sig-04.json": "ES512 is for keys on P-521, and this one is on P-256",
    "cose-wg/eddsa-examples/eddsa-sig-02.json": "Ed448 is not in the closed table",
    "cose-wg/sign1-tests/sign-pass-01.json": "the algorithm is not protected, so whoever carries it may choose",
    "cose-wg/sign1-tests/sign-pass-02.json": "external data is never a part of anything that is read here",
}


def judge(case: Case) -> str:
    """The message with the one key that the case gives; private members are left out, as a key set leaves them out."""
    try:
        octets = bytes.fromhex(case["input"])
        cose.verify(cose.parse_unverified(octets), key=_key(case["context"]["key"]), algorithms=ALGORITHMS)
    except IdBridgeError as refusal:
        return refusal.code
    return ACCEPTED


def _key(given: dict[str, Any]) -> JwkPublicKey:
    jwk = {name: given[name] for name in ("kty", "crv", "x", "y") if name in given}
    for name in ("x", "y"):
        if f"{name}_hex" in given:
            jwk[name] = base64url.encode(bytes.fromhex(given[f"{name}_hex"]))
    return parse_jwk(jwk)


COSE = Court("cose", {"cose:sign1": judge}, refused=REFUSED)
