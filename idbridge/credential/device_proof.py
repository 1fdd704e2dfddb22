"""The proof of an mdoc's device: taken apart, and held against one session transcript (ISO 18013-5, 9.1.3).

Decides whether a signature or a MAC is over a given transcript, the document's type and the device's own elements, by
the key that the issuer named. It does not know which transcript is the right one, nor who asks: ``device_auth`` does.

A MAC needs the reader's ephemeral key of the session; only a node that ran the session itself has one
(``VerifyRequest.reader_key``), and everywhere else a MAC is refused, however genuine.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from idbridge.codec import base64url, cbor
from idbridge.credential.mdoc_document import DeviceSigned
from idbridge.crypto import cose, device_mac
from idbridge.crypto.algorithms import permitted
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.errors import CredentialError, InputError, JoseError
from idbridge.model.credential import HolderMethod
from idbridge.model.keys import PublicKey
from idbridge.model.request import KeyAgreement

HOLDER_ALGORITHMS: Final = frozenset({"ES256", "ES384", "ES512", "Ed25519"})
_HMAC_256: Final = cbor.encode({1: 5})  # IANA registry of COSE algorithms
_PARTS: Final = 4
_ALG: Final = 1
_KID: Final = 4
_PROTECTED: Final = frozenset({_ALG})
_UNPROTECTED: Final = frozenset({_KID})
# Labels and values of a COSE_Key (RFC 9053 section 7): the key type, its curves, and which members it may have.
_KTY: Final = 1
_CRV: Final = -1
_X: Final = -2
_Y: Final = -3
_EC2: Final = 2
_OKP: Final = 1
_CURVES: Final[Mapping[int, str]] = MappingProxyType({1: "P-256", 2: "P-384", 3: "P-521"})
_ED25519: Final = 6
_KEY_OPTIONAL: Final = frozenset({2, 3, 4})  # kid, alg, key_ops: the issuer's words, and the curve says as much
_METHODS: Final[Mapping[Any, HolderMethod]] = MappingProxyType({
    "deviceSignature": HolderMethod.DEVICE_SIG, "deviceMac": HolderMethod.DEVICE_MAC,
})  # fmt: skip
_DEVICE_AUTHENTICATION: Final = b"\x84" + cbor.encode("DeviceAuthentication")  # an array of four, and its first


class Proof(NamedTuple):
    """``deviceAuth`` taken apart, with what it is over beside the session. Nothing of it may be believed."""

    method: HolderMethod
    parts: list[Any]
    doc_type: str
    octets: bytes

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


def parse_proof(device: DeviceSigned, *, doc_type: str) -> Proof:
    """Take ``deviceAuth`` apart: one of two COSE messages, detached, with its algorithm under protection.

    A ``kid`` outside is let pass, because some wallets send one, and nothing ever reads it.

    Raises:
        CredentialError: ``mdoc.device_auth_invalid``.
        InputError: ``input.malformed``: a header of a kind that is not read.
        JoseError: ``jose.alg_not_allowed``: a MAC of another kind than HMAC 256/256.
    """
    auth = device.auth
    if type(auth) is not dict or len(auth) != 1:
        raise _invalid("`deviceAuth` holds one of `deviceSignature` and `deviceMac`")
    ((name, parts),) = auth.items()
    method = _METHODS.get(name)
    if method is None or type(parts) is not list or len(parts) != _PARTS:
        raise _invalid("`deviceAuth` holds one of `deviceSignature` and `deviceMac`, of four parts")
    protected, unprotected, payload, proof = parts
    if payload is not None:
        raise _invalid("the payload of a device authentication is never carried")
    if type(protected) is not bytes or type(unprotected) is not dict or type(proof) is not bytes:
        raise _invalid("a part of the device authentication has the wrong type")
    if method is HolderMethod.DEVICE_MAC and protected != _HMAC_256:
        raise JoseError("jose.alg_not_allowed", "the protected header of a device MAC says HMAC 256/256 and no more")
    if method is HolderMethod.DEVICE_SIG:
        _require_bare(protected)
    if unprotected:
        cbor.account(unprotected, frozenset())  # to Python, 4 and 4.0 are one key
    if unprotected and not (unprotected.keys() == _UNPROTECTED and type(unprotected[_KID]) is bytes):
        raise _invalid("nothing stands outside, but for a key id that nobody reads")
    return Proof(method, parts, doc_type, device.octets)


def device_key(named: Mapping[Any, Any], *, issuer_key: PublicKey) -> JwkPublicKey:
    """Return the device's key as the issuer ``named`` it, a COSE_Key.

    Raises:
        CredentialError: ``holder.key_missing``: it is private, of no kind that is served, or the issuer's own.
    """
    jwk = _jwk(named)
    if jwk is None:
        raise CredentialError("holder.key_missing", "`deviceKey` is a public COSE_Key on a curve that is served")
    try:
        key = parse_jwk(jwk, allowed=HOLDER_ALGORITHMS)
    except JoseError as refusal:
        raise CredentialError("holder.key_missing", refusal.detail) from refusal
    if key.thumbprint == issuer_key.thumbprint:
        raise CredentialError("holder.key_missing", "the issuer's own key cannot be a device's")
    return key


def holds(proof: Proof, transcript: bytes, *, key: JwkPublicKey, reader: KeyAgreement | None) -> bool:
    """Tell whether the device of ``key`` made ``proof`` for the session of ``transcript``.

    Raises:
        JoseError: ``jose.alg_not_allowed`` or ``jose.alg_key_mismatch``: it is over no session at all.
        CredentialError: ``mdoc.mac_key_missing``: ``reader`` has no key, or one on another curve.
    """
    payload = device_authentication(transcript, doc_type=proof.doc_type, octets=proof.octets)
    if proof.method is HolderMethod.DEVICE_MAC:
        return _mac_holds(proof, transcript, payload, key=key, reader=reader)
    protected, _, _, signature = proof.parts
    number = cose.protected_members(protected)[_ALG]
    algorithm = cose.ALGORITHMS.get(number) if type(number) is int else None
    if algorithm is None or not permitted(algorithm, HOLDER_ALGORITHMS):
        raise JoseError("jose.alg_not_allowed", "no algorithm of a device")
    try:
        key.verify(algorithm, signature=signature, signed=cose.signature_octets(protected=protected, payload=payload))
    except JoseError as refusal:
        if refusal.code == "jose.signature_invalid":
            return False
        raise
    return True


def device_authentication(transcript: bytes, *, doc_type: str, octets: bytes) -> bytes:
    """Return the DeviceAuthenticationBytes: ``transcript`` and the device's elements stand in them as they are."""
    return cbor.embedded(b"".join((_DEVICE_AUTHENTICATION, transcript, cbor.encode(doc_type), cbor.embedded(octets))))


def _mac_holds(
    proof: Proof, transcript: bytes, payload: bytes, *, key: JwkPublicKey, reader: KeyAgreement | None
) -> bool:
    secret = reader.shared_secret(key.jwk) if reader is not None else None
    if secret is None:
        raise CredentialError("mdoc.mac_key_missing")
    protected, _, _, tag = proof.parts
    shared = device_mac.mac_key(secret, transcript=cbor.embedded(transcript))
    return device_mac.is_mac(tag, key=shared, protected=protected, payload=payload)


def _require_bare(protected: bytes) -> None:
    """Return if only the algorithm is protected."""
    try:
        members = cose.protected_members(protected)
    except InputError:
        raise _invalid("the protected header cannot be read") from None
    if members.keys() != _PROTECTED:
        raise _invalid("only `alg` is protected")


def _invalid(why: str) -> CredentialError:
    return CredentialError("mdoc.device_auth_invalid", why)


def _jwk(key: Mapping[Any, Any]) -> dict[str, str] | None:
    """Return a COSE_Key as a JWK; ``None`` for one with a private part, or of a kind that is not served."""
    members, x, y = key.keys() - _KEY_OPTIONAL, key.get(_X), key.get(_Y)
    if type(x) is not bytes or type(key.get(_KTY)) is not int or type(key.get(_CRV)) is not int:
        return None
    if key[_KTY] == _OKP and members == {_KTY, _CRV, _X}:
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(x)} if key[_CRV] == _ED25519 else None
    curve = _CURVES.get(key[_CRV])
    if key[_KTY] != _EC2 or members != {_KTY, _CRV, _X, _Y} or curve is None or type(y) is not bytes:
        return None
    return {"kty": "EC", "crv": curve, "x": base64url.encode(x), "y": base64url.encode(y)}
