"""Device authentication: does whoever presented the mdoc hold the key that the issuer named, in this very session?

Decides M12, M13 and M15 (ISO 18013-5, 9.1.3; OpenID4VP 1.0, B.2.6). The key comes from the security object and from
nowhere else. The proof covers a session, so without the session that the relying party expects there is nothing to
verify it over, and the presentation is that of a bearer, where that is allowed. What the device signed of its own is
never released: it is the holder's word, not the issuer's.

A MAC needs the reader's ephemeral key of the session; only a node that ran the session itself has one
(``VerifyRequest.reader_key``), and everywhere else a MAC is refused, however genuine.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from idbridge.codec import base64url, cbor
from idbridge.credential.mdoc_document import DeviceSigned, embedded
from idbridge.credential.mso import Mso
from idbridge.credential.session_transcript import session_transcript, variations
from idbridge.crypto import cose, device_mac
from idbridge.crypto.algorithms import permitted
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.errors import CredentialError, JoseError, Refusal
from idbridge.model.check import Check, CheckPoint, Step
from idbridge.model.credential import HolderMethod
from idbridge.model.keys import PublicKey
from idbridge.model.request import Session, VerifyRequest
from idbridge.model.trust import HolderBindingRule

_ISO = "ISO 18013-5 section"
DEVICE: Final = CheckPoint("mdoc.12", Step.V5, f"{_ISO} 9.1.3")
AUTHORISED: Final = CheckPoint("mdoc.13", Step.V5, f"{_ISO} 9.1.2.4")
SESSION: Final = CheckPoint("mdoc.15", Step.V5, "OpenID4VP 1.0 section B.2.6")

HOLDER_ALGORITHMS: Final = frozenset({"ES256", "ES384", "ES512", "Ed25519"})
_HMAC_256: Final = 5  # IANA registry of COSE algorithms
_PARTS: Final = 4
_ALG: Final = 1
_KID: Final = 4
_HEADER_OCTETS: Final = 64  # of a header that holds one number
_ORIGIN_PREFIX: Final = "origin:"
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
_NO_SESSION: Final = SESSION.skipped("the request gives no session, so anyone with a copy could show this")
_UNVERIFIED: Final = DEVICE.skipped("there is no session to verify the device's proof over")
_NO_DEVICE: Final = "no device presented it"


class DeviceVerdict(NamedTuple):
    """What came of the device's proof: the checks of M12, M13 and M15, and how possession was proven, if it was."""

    device: Check
    authorised: Check
    session: Check
    method: HolderMethod = HolderMethod.NONE
    key_thumbprint: str | None = None


class Presenting(NamedTuple):
    """What a device's proof has to fit: the security object, the issuer's key, the list's rule, and who asks."""

    mso: Mso
    doc_type: str
    issuer_key: PublicKey
    rule: HolderBindingRule
    request: VerifyRequest


class _Proof(NamedTuple):
    """``deviceAuth`` taken apart: what kind it is, and the four parts of the COSE message."""

    method: HolderMethod
    protected: bytes
    parts: list[Any]


def judge_device(device: DeviceSigned | None, presenting: Presenting) -> DeviceVerdict:
    """Return the verdict on what the device signed, ``None`` for an IssuerSigned that came without a device."""
    if device is None:
        return _without_device(presenting)
    authorised = _authorised(device, presenting.mso)
    proof = _proof(device.auth)
    if isinstance(proof, Check):
        return DeviceVerdict(proof, authorised, SESSION.skipped(f"{DEVICE.id} refused"))
    session, nonce = presenting.request.expected.session, presenting.request.expected.nonce
    if session is None or nonce is None:
        return DeviceVerdict(_UNVERIFIED, authorised, _sessionless(presenting))
    key = _device_key(presenting)
    if isinstance(key, Check):
        return DeviceVerdict(key, authorised, SESSION.skipped(f"{DEVICE.id} refused"))
    verdict = _in_session(device, proof, key, presenting=presenting, session=session, nonce=nonce)
    return verdict._replace(authorised=authorised)


def _without_device(presenting: Presenting) -> DeviceVerdict:
    """Judge whether a device was needed where there is none: by the listing, or by what the request expects."""
    needed = presenting.rule is HolderBindingRule.REQUIRED or _expects_holder(presenting.request)
    device = DEVICE.refused("holder.binding_missing", _NO_DEVICE) if needed else DEVICE.skipped(_NO_DEVICE)
    return DeviceVerdict(device, AUTHORISED.skipped(_NO_DEVICE), SESSION.skipped(_NO_DEVICE))


def _expects_holder(request: VerifyRequest) -> bool:
    expected = request.expected
    return expected.nonce is not None or expected.audience is not None or expected.session is not None


def _sessionless(presenting: Presenting) -> Check:
    """Judge a presentation whose session the request does not give, or not in full (M15)."""
    if presenting.rule is HolderBindingRule.REQUIRED or _expects_holder(presenting.request):
        return SESSION.refused("mdoc.session_missing", "needed are `expected.nonce` and `expected.session`")
    return _NO_SESSION


def _authorised(device: DeviceSigned, mso: Mso) -> Check:
    """Judge whether the issuer allowed the device to sign each of its elements (M13)."""
    for name_space, elements in device.elements.items():
        if not all(mso.authorizations.cover(name_space, element) for element in elements):
            return AUTHORISED.refused("mdoc.element_not_authorised")
    return AUTHORISED.passed


def _proof(auth: Any) -> _Proof | Check:
    """Take ``deviceAuth`` apart: one of two COSE messages, detached, with its algorithm under protection (M12).

    A ``kid`` outside is let pass, because some wallets send one, and nothing ever reads it.
    """
    if type(auth) is not dict or len(auth) != 1:
        return _no_proof("`deviceAuth` holds one of `deviceSignature` and `deviceMac`")
    ((name, parts),) = auth.items()
    method = _METHODS.get(name)
    if method is None or type(parts) is not list or len(parts) != _PARTS:
        return _no_proof("`deviceAuth` holds one of `deviceSignature` and `deviceMac`, of four parts")
    protected, unprotected, payload, proof = parts
    if payload is not None:
        return _no_proof("the payload of a device authentication is never carried")
    if type(protected) is not bytes or type(unprotected) is not dict or type(proof) is not bytes:
        return _no_proof("a part of the device authentication has the wrong type")
    try:
        header = cbor.decode(protected, max_bytes=_HEADER_OCTETS)
    except Refusal:
        return _no_proof("the protected header cannot be read")
    if type(header) is not dict or header.keys() != {_ALG} or not unprotected.keys() <= {_KID}:
        return _no_proof("only `alg` is protected, and nothing stands outside")
    if method is HolderMethod.DEVICE_MAC and header[_ALG] != _HMAC_256:
        return DEVICE.refused("jose.alg_not_allowed", "a device MAC is HMAC 256/256")
    return _Proof(method, protected, parts)


def _no_proof(why: str) -> Check:
    return DEVICE.refused("mdoc.device_auth_invalid", why)


def _device_key(presenting: Presenting) -> JwkPublicKey | Check:
    """Return the device's key as the issuer named it, or why there is none."""
    jwk = _jwk(presenting.mso.device_key)
    if jwk is None:
        return DEVICE.refused("holder.key_missing", "`deviceKey` is a public COSE_Key on a curve that is served")
    try:
        key = parse_jwk(jwk, allowed=HOLDER_ALGORITHMS)
    except JoseError as refusal:
        return DEVICE.refused("holder.key_missing", refusal.detail)
    if key.thumbprint == presenting.issuer_key.thumbprint:
        return DEVICE.refused("holder.key_missing", "the issuer's own key cannot be a device's")
    return key


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


def _in_session(
    device: DeviceSigned, proof: _Proof, key: JwkPublicKey, *, presenting: Presenting, session: Session, nonce: str
) -> DeviceVerdict:
    """Return the verdict on a proof that should be over ``session`` and ``nonce``."""
    check = (
        _MacCheck(proof, key, presenting) if proof.method is HolderMethod.DEVICE_MAC else _SignatureCheck(proof, key)
    )
    audience = _audience(session, presenting.request)
    try:
        good = check.holds(session_transcript(session, nonce), doc_type=presenting.doc_type, octets=device.octets)
    except Refusal as refusal:
        return DeviceVerdict(DEVICE.refused(refusal.code, refusal.detail), AUTHORISED.passed, audience)
    if good and presenting.rule is HolderBindingRule.NONE:
        return DeviceVerdict(DEVICE.passed, AUTHORISED.passed, audience)
    if good:
        return DeviceVerdict(DEVICE.passed, AUTHORISED.passed, audience, proof.method, key.thumbprint)
    for difference, transcript in variations(session, nonce):
        if check.holds(transcript, doc_type=presenting.doc_type, octets=device.octets):
            mismatch = SESSION.refused("mdoc.session_mismatch", f"the device answered to {difference}")
            return DeviceVerdict(DEVICE.passed, AUTHORISED.passed, mismatch)
    note = "neither this session nor one that differs from it in a likely input"
    return DeviceVerdict(DEVICE.refused("holder.signature_invalid", note), AUTHORISED.passed, audience)


def _audience(session: Session, request: VerifyRequest) -> Check:
    """Judge for whom the session was (M15): who asks, and whom the request expects; nobody passes on what they saw."""
    registered, expected = request.relying_party.audiences, request.expected.audience
    if session.origin is not None:
        names = frozenset({session.origin, _ORIGIN_PREFIX + session.origin})
    else:
        names = frozenset({session.client_id or ""})
    if not names.isdisjoint(registered if expected is None else registered & {expected}):
        return SESSION.passed
    accepted = ", ".join(sorted(registered if expected is None else registered & {expected}))
    return SESSION.refused("holder.audience_mismatch", f"accepted here: {accepted or 'no audience is registered'}")


class _SignatureCheck:
    """Whether a device signature is over a session."""

    def __init__(self, proof: _Proof, key: JwkPublicKey) -> None:
        self._parts = proof.parts
        self._key = key

    def holds(self, transcript: bytes, *, doc_type: str, octets: bytes) -> bool:
        """Tell whether the device signed for the session of ``transcript``.

        Raises:
            Refusal: ``jose.alg_not_allowed`` or ``jose.alg_key_mismatch``: it is over no session at all.
        """
        payload = device_authentication(transcript, doc_type=doc_type, octets=octets)
        message = cose.take_apart(self._parts, detached=payload)
        if not permitted(message.header.algorithm, HOLDER_ALGORITHMS):
            raise JoseError("jose.alg_not_allowed", "no algorithm of a device")
        try:
            self._key.verify(message.header.algorithm, signature=message.signature, signed=message.signed)
        except JoseError as refusal:
            if refusal.code == "jose.signature_invalid":
                return False
            raise
        return True


class _MacCheck:
    """Whether a device MAC is over a session."""

    def __init__(self, proof: _Proof, key: JwkPublicKey, presenting: Presenting) -> None:
        self._proof = proof
        reader = presenting.request.reader_key
        self._secret = reader.shared_secret(key.jwk) if reader is not None else None

    def holds(self, transcript: bytes, *, doc_type: str, octets: bytes) -> bool:
        """Tell whether the device made the MAC for the session of ``transcript``.

        Raises:
            Refusal: ``mdoc.mac_key_missing``.
        """
        if self._secret is None:
            raise CredentialError("mdoc.mac_key_missing")
        key = device_mac.mac_key(self._secret, transcript=embedded(transcript))
        payload = device_authentication(transcript, doc_type=doc_type, octets=octets)
        return device_mac.is_mac(self._proof.parts[3], key=key, protected=self._proof.protected, payload=payload)


def device_authentication(transcript: bytes, *, doc_type: str, octets: bytes) -> bytes:
    """Return the DeviceAuthenticationBytes: ``transcript`` and the device's elements stand in them as they are."""
    head = _DEVICE_AUTHENTICATION + transcript
    return embedded(head + cbor.encode(doc_type) + embedded(octets))
