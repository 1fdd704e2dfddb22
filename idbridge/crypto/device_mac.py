"""Device MACs of mdocs: the key that device and reader have in common, and whether a MAC was made with it.

Decides whether a tag is the HMAC of what it should cover under the key that ECDH and HKDF give (ISO 18013-5, 9.1.3.5;
RFC 5869; RFC 9053, 3.1). It does not know whose keys they are. ``EphemeralKey`` is the reader's key of one session, in
the memory of the node that ran it.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from idbridge.codec import base64url, cbor
from idbridge.crypto.material import CURVE_NAMES, SHA256

_OCTETS: Final = 32
_INFO: Final = b"EMacKey"


@dataclass(frozen=True, slots=True)
class EphemeralKey:
    """A reader's private key of one session; implements ``model.request.KeyAgreement``."""

    private_key: ec.EllipticCurvePrivateKey = field(repr=False)

    def shared_secret(self, peer: Mapping[str, str]) -> bytes | None:
        """Return the ECDH secret with the public JWK ``peer``, which was checked when it was parsed.

        ``None`` if it is on another curve than this key.
        """
        if CURVE_NAMES.get(self.private_key.curve.name) != peer.get("crv"):
            return None
        x, y = base64url.decode(peer["x"]), base64url.decode(peer["y"])
        public = ec.EllipticCurvePublicKey.from_encoded_point(self.private_key.curve, b"\x04" + x + y)
        return self.private_key.exchange(ec.ECDH(), public)


def mac_key(secret: bytes, *, transcript: bytes) -> bytes:
    """Return EMacKey: ``secret`` through HKDF, with the digest of the SessionTranscriptBytes as salt."""
    salt = hashlib.sha256(transcript).digest()
    return HKDF(algorithm=SHA256, length=_OCTETS, salt=salt, info=_INFO).derive(secret)


def is_mac(tag: bytes, *, key: bytes, protected: bytes, payload: bytes) -> bool:
    """Tell whether ``tag`` is the HMAC-SHA-256 of the MAC_structure (RFC 9052 section 6.3), without external data."""
    octets = cbor.encode(["MAC0", protected, b"", payload])
    return hmac.compare_digest(hmac.digest(key, octets, "sha256"), tag)
