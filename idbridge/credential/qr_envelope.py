"""The envelope of a QR code: from scanned text to one signed message and the claims that it spells. Step V2.

Decides whether the text is what a listed envelope says: its prefix, its layers in their order, each within its bound,
then one container. It believes nothing, and does not know who may sign. Clauses: RFC 9285 (base45), RFC 1950 (zlib),
RFC 7515 (JWS), RFC 9052 (COSE_Sign1), RFC 8392 (CWT).

An object in JSON carries its signature as a member, and what is signed is the object without it: in the canonical form
of RFC 8785, or in the order received with an indent of two spaces. In the second form only ASCII is read, because
issuers replace other letters before they sign, and two names would share one signature.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from idbridge.codec import base45, base64std, base64url, cbor, jcs, strict_json
from idbridge.codec.inflate import inflate
from idbridge.crypto import algorithms, cose
from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified
from idbridge.errors import CredentialError, InputError
from idbridge.limits import LIMITS
from idbridge.model.credential import ProtectedHeader, UnverifiedJws, UnverifiedSign1
from idbridge.model.qr_profile import DetachedJson, QrContainer, QrEnvelope, QrStep, SignedForm

# Header: `alg` is required, `typ`, `kid`, `x5c` and `cty` are optional; the members that fetch or bring keys are
# forbidden; every other member is ignored and nothing can come to depend on it.
HEADER: Final = HeaderRules(types=frozenset({"", "jwt"}), allow_x5c=True)
_CWT_TAG: Final = bytes((0xD8, 61))  # RFC 8392 section 6; what it marks is tagged as COSE_Sign1 again
_SIGN1_TAG: Final = 0xC0 | cose.SIGN1
_INDENT: Final = 2
# What issuers call the one algorithm of this name in capitals; all else is as in the registry of JOSE.
_ALGORITHMS: Final = MappingProxyType({"EDDSA": "EdDSA"})
_SHAPE: Final = "qr.envelope_malformed"


class Opened(NamedTuple):
    """What a code holds: a signed message, and what its payload spells. Nothing in it may be believed."""

    message: UnverifiedJws | UnverifiedSign1
    claims: Mapping[Any, Any]

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


def open_envelope(text: str, envelope: QrEnvelope, headers: HeaderCache) -> Opened:
    """Return what ``text`` holds if it is in ``envelope``.

    Raises:
        InputError: ``input.too_large``.
        CredentialError: ``qr.envelope_malformed``.
        JoseError: As for ``crypto.jws.parse_unverified`` and ``crypto.cose.parse_unverified``.
    """
    if len(text) > LIMITS.qr_characters:
        raise InputError("input.too_large", f"no QR code holds more than {LIMITS.qr_characters} characters")
    if not text.startswith(envelope.prefix):
        raise CredentialError(_SHAPE, "another prefix")
    try:
        return _contained(layers_off(text[len(envelope.prefix) :], envelope.steps), envelope, headers)
    except InputError as refusal:
        if refusal.code == "input.too_large":
            raise
        fault = refusal.detail
    raise CredentialError(_SHAPE, fault)


def layers_off(text: str, steps: tuple[QrStep, ...]) -> bytes:
    """Return what is below the layers ``steps``, taken off in their order.

    Raises:
        InputError: ``input.malformed`` or ``input.too_large``.
    """
    octets = _octets(text)
    for step in steps:
        if step is QrStep.ZLIB:
            octets = inflate(octets, max_bytes=LIMITS.token_bytes)
        elif step is QrStep.BASE45:
            octets = base45.decode(text, max_characters=LIMITS.qr_characters)
        else:
            octets = base64url.decode(text)
    return octets


def _octets(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InputError("input.malformed", "half of a surrogate pair") from None


def _contained(octets: bytes, envelope: QrEnvelope, headers: HeaderCache) -> Opened:
    if envelope.detached is not None:
        return _json(octets, envelope.detached)
    if envelope.container is QrContainer.JWS:
        jws = parse_unverified(_ascii(octets), HEADER, headers)
        return Opened(jws, strict_json.parse_object(jws.payload, max_bytes=LIMITS.token_bytes))
    message = cwt_message(octets) if envelope.container is QrContainer.CWT else cose.parse_unverified(octets)
    return Opened(message, _map(message.payload))


def _ascii(octets: bytes) -> str:
    if not octets.isascii():
        raise InputError("input.malformed", "a compact JWS is ASCII")
    return octets.decode("ascii")


def cwt_message(octets: bytes) -> UnverifiedSign1:
    """Return the message of a CWT, with the tag of its own or without it.

    Raises:
        InputError, JoseError: As for ``crypto.cose.parse_unverified``.
    """
    return cose.parse_unverified(_untagged(octets))


def _untagged(octets: bytes) -> bytes:
    """Return a CWT without its own tag, if it has it; then the tag of its message follows (RFC 8392 section 6)."""
    if not octets.startswith(_CWT_TAG):
        return octets
    inner = octets[len(_CWT_TAG) :]
    if not inner or inner[0] != _SIGN1_TAG:
        raise InputError("input.malformed", "the tag of a CWT stands before the tag of a COSE_Sign1")
    return inner


def _map(payload: bytes) -> Mapping[Any, Any]:
    claims = cbor.decode(payload, max_bytes=LIMITS.token_bytes)
    if type(claims) is not dict:
        raise InputError("input.malformed", "the payload is no map of claims")
    return claims


def _json(octets: bytes, detached: DetachedJson) -> Opened:
    """Return the object in ``octets`` as a message: what is signed is all of it but the signature."""
    members = strict_json.parse_object(octets, max_bytes=LIMITS.token_bytes)
    signature, name = members.get(detached.signature), members.get(detached.algorithm)
    if type(signature) is not str or type(name) is not str:
        raise InputError("input.malformed", "signature and algorithm are texts")
    algorithm = algorithms.find(_ALGORITHMS.get(name, name)).name
    claims = {member: value for member, value in members.items() if member != detached.signature}
    signed = jcs.canonicalize(claims) if detached.signed is SignedForm.JCS else _indented(claims)
    header = ProtectedHeader(algorithm, None, None, (), MappingProxyType({}))
    return Opened(UnverifiedJws(header, signed, signed, base64std.decode(signature)), claims)


def _indented(claims: Mapping[str, Any]) -> bytes:
    text = json.dumps(claims, ensure_ascii=False, indent=_INDENT)
    if not text.isascii():
        raise InputError("input.malformed", "letters outside ASCII have no one reading in the indented form")
    return text.encode("ascii")
