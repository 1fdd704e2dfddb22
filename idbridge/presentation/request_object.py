"""Request objects: what a wallet is asked, signed so that it can tell who asks and that nobody changed it.

Decides which parameters a request has and how they are spelled; what is asked was judged before. The answer goes back
by POST, encrypted to a key of this one request where the mode says so. The audience is the symbolic one, because the
wallet that will scan it is not known. Clauses: OpenID4VP 1.0 sections 5.1 to 5.10, 8.2, 8.3 and 11; RFC 9101; HAIP 1.0
section 5.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from idbridge.codec import jcs
from idbridge.credential.key_binding import HOLDER_ALGORITHMS
from idbridge.crypto import cose
from idbridge.crypto.algorithms import ALGORITHMS, permitted
from idbridge.crypto.ephemeral import ENCODINGS, EphemeralKey
from idbridge.crypto.jws import sign_compact
from idbridge.presentation.access_certificate import AccessCertificate

TYPE: Final = "oauth-authz-req+jwt"
MEDIA: Final = f"application/{TYPE}"
AUDIENCE: Final = "https://self-issued.me/v2"
SCHEME: Final = "openid4vp://"
_ISSUERS: Final = sorted(ALGORITHMS)
_HOLDERS: Final = sorted(HOLDER_ALGORITHMS)
_COSE_ISSUERS: Final = sorted(cose.ALGORITHMS, reverse=True)
_COSE_HOLDERS: Final = sorted(
    (number for number, name in cose.ALGORITHMS.items() if permitted(name, HOLDER_ALGORITHMS)), reverse=True
)
FORMATS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({
    "dc+sd-jwt": {"sd-jwt_alg_values": _ISSUERS, "kb-jwt_alg_values": _HOLDERS},
    "mso_mdoc": {"issuerauth_alg_values": _COSE_ISSUERS, "deviceauth_alg_values": _COSE_HOLDERS},
    "jwt_vc_json": {"alg_values": _ISSUERS},
})  # fmt: skip


class ResponseMode(StrEnum):
    """How the answer comes back: as it is, or encrypted."""

    DIRECT_POST = "direct_post"
    DIRECT_POST_JWT = "direct_post.jwt"


@dataclass(frozen=True, slots=True)
class RequestParameters:
    """What one request says. ``nonce`` and ``state`` are of this request alone, and so is ``key``.

    ``query`` and ``transactions`` are as they were asked for, already found in order. ``key`` is ``None`` for an answer
    that comes unencrypted. ``name`` is what a wallet may call who asks.
    """

    client_id: str
    response_uri: str
    mode: ResponseMode
    nonce: str = field(repr=False)
    state: str = field(repr=False)
    query: Mapping[str, Any]
    transactions: tuple[str, ...] = ()
    key: EphemeralKey | None = field(default=None, repr=False)
    name: str = ""

    def claims(self) -> dict[str, Any]:
        """Return the parameters as JSON values."""
        found: dict[str, Any] = {
            "response_type": "vp_token",
            "response_mode": self.mode.value,
            "client_id": self.client_id,
            "response_uri": self.response_uri,
            "nonce": self.nonce,
            "state": self.state,
            "dcql_query": dict(self.query),
            "client_metadata": self._metadata(),
        }
        if self.transactions:
            found["transaction_data"] = list(self.transactions)
        return found

    def _metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = {"vp_formats_supported": {name: dict(values) for name, values in FORMATS.items()}}
        if self.name:
            found["client_name"] = self.name
        if self.key is not None:
            found["jwks"] = {"keys": [dict(self.key.public_jwk)]}
            found["encrypted_response_enc_values_supported"] = list(ENCODINGS)
        return found


def signed_request(
    parameters: RequestParameters,
    certificate: AccessCertificate,
    *,
    at: datetime,
    until: datetime,
    wallet_nonce: str | None = None,
) -> str:
    """Return the request object, signed by the key that ``certificate`` is for.

    ``wallet_nonce`` is what the wallet sent to tell a fresh request object from an old one (section 5.10).

    Raises:
        ConfigurationError: The key does not sign now.
    """
    claims = {
        "iss": parameters.client_id,
        "aud": AUDIENCE,
        "iat": int(at.timestamp()),
        "exp": int(until.timestamp()),
        **parameters.claims(),
        **({"wallet_nonce": wallet_nonce} if wallet_nonce is not None else {}),
    }
    header = {"alg": certificate.signer.algorithm, "typ": TYPE, "x5c": certificate.x5c}
    return sign_compact(header, jcs.canonicalize(claims), certificate.signer)


def wallet_link(*, client_id: str, request_uri: str) -> str:
    """Return the link that a wallet opens, by a click or as a QR code."""
    asked = {"client_id": client_id, "request_uri": request_uri, "request_uri_method": "post"}
    return f"{SCHEME}?{urlencode(asked)}"
