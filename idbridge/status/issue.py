"""The provider's side: status lists packed and signed, for state operators, the sandbox and tests.

Makes lists and signs them; whether one is acceptable is judged by ``lists`` alone, on every node. Clauses: Token Status
List sections 4 and 5; Bitstring Status List v1.0 section 3.1.
"""

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from idbridge.codec import base64std, base64url, cbor
from idbridge.crypto import cose, jws
from idbridge.crypto.signer import Signer
from idbridge.model.time import instant_text
from idbridge.status import token_status_list
from idbridge.status.bitstring import CONTEXT, SUBJECT_TYPE, TYPE
from idbridge.status.token_status_list import EXPIRES, ISSUED, LIST, SUBJECT, TTL, TYP

# Of the names that an algorithm has in COSE, the one that every reader knows (RFC 9053); Ed25519 has EdDSA's.
_COSE_ALGORITHMS: Final = {
    name: min((number for number, known in cose.ALGORITHMS.items() if known == name), key=abs)
    for name in set(cose.ALGORITHMS.values())
} | {"Ed25519": -8, "EdDSA": -8}
_ALG, _KID, _X5CHAIN = 1, 4, 33
_COMPRESSION: Final = 9


@dataclass(frozen=True, slots=True)
class Making:
    """What a list says of itself: its address, when it was made, until when it counts, how long a copy may be kept.

    ``certificates`` (DER, leaf first) go along where the state lists an authority instead of the key; ``kid`` is the
    key id as the state lists it, if not the signer's own.
    """

    address: str
    issued_at: datetime
    lifetime: timedelta
    ttl: timedelta | None = None
    certificates: tuple[bytes, ...] = ()
    kid: str | None = None

    @property
    def expires_at(self) -> datetime:
        """When the list ends."""
        return self.issued_at + self.lifetime


def claims_of(making: Making, octets: bytes, bits: int) -> dict[str, Any]:
    """Return the claims of a Token Status List in a JWT; ``octets`` are packed with ``bits`` for each entry."""
    claims: dict[str, Any] = {
        "sub": making.address,
        "iat": int(making.issued_at.timestamp()),
        "exp": int(making.expires_at.timestamp()),
    }
    if making.ttl is not None:
        claims["ttl"] = int(making.ttl.total_seconds())
    compressed = base64url.encode(zlib.compress(octets, _COMPRESSION))
    return claims | {"status_list": {"bits": bits, "lst": compressed}}


def header_of(making: Making, signer: Signer, type_: str) -> dict[str, Any]:
    """Return the protected header: the certificates where there are some, else the key's id."""
    header: dict[str, Any] = {"alg": signer.algorithm, "typ": type_}
    if making.certificates:
        return header | {"x5c": [base64std.encode(certificate) for certificate in making.certificates]}
    return header | {"kid": making.kid or signer.kid}


def sign_jwt(claims: Mapping[str, Any], making: Making, signer: Signer) -> bytes:
    """Return a Token Status List as a JWT."""
    header = header_of(making, signer, token_status_list.JWT_TYPE)
    return jws.sign_compact(header, _text(claims), signer).encode("ascii")


def sign_cwt(claims: Mapping[str, Any], making: Making, signer: Signer) -> bytes:
    """Return a Token Status List as a CWT; ``claims`` are those of the JWT."""
    labels = {"sub": SUBJECT, "exp": EXPIRES, "iat": ISSUED, "ttl": TTL}
    named: dict[Any, Any] = {labels[name]: value for name, value in claims.items() if name in labels}
    packed = claims["status_list"]
    named[LIST] = {"bits": packed["bits"], "lst": base64url.decode(packed["lst"])}
    protected = cbor.encode({_ALG: _COSE_ALGORITHMS[signer.algorithm], TYP: token_status_list.CWT_TYPE})
    chain = list(making.certificates)
    key: dict[Any, Any] = (
        {_X5CHAIN: chain if len(chain) > 1 else chain[0]} if chain else {_KID: (making.kid or signer.kid).encode()}
    )
    payload = cbor.encode(named)
    signature = signer.sign(cose.signature_octets(protected=protected, payload=payload))
    return cbor.encode(cbor.Tagged(cose.SIGN1, [protected, key, payload, signature]))


def bitstring_of(making: Making, octets: bytes, *, issuer: str, purpose: str) -> dict[str, Any]:
    """Return a W3C Bitstring Status List as a credential; ``octets`` are packed from the left."""
    encoded = gzip.compress(octets, _COMPRESSION, mtime=0)
    subject: dict[str, Any] = {
        "id": f"{making.address}#list",
        "type": SUBJECT_TYPE,
        "statusPurpose": purpose,
        "encodedList": f"u{base64url.encode(encoded)}",
    }
    if making.ttl is not None:
        subject["ttl"] = int(making.ttl.total_seconds() * 1000)
    return {
        "@context": [CONTEXT],
        "id": making.address,
        "type": ["VerifiableCredential", TYPE],
        "issuer": issuer,
        "validFrom": instant_text(making.issued_at),
        "validUntil": instant_text(making.expires_at),
        "credentialSubject": subject,
    }


def sign_bitstring(document: Mapping[str, Any], making: Making, signer: Signer) -> bytes:
    """Return a W3C Bitstring Status List in its JWT form."""
    header = header_of(making, signer, token_status_list.BITSTRING_TYPE)
    return jws.sign_compact(header, _text(document), signer).encode("ascii")


def _text(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
