"""Access tokens by which a relying party itself asks the API of one node: what they say, and whether one is genuine.

A token says which client it was issued to, of which relying party, and to which key it is bound; what that party may
ask, it does not say: its registration does, at the moment of each request. Nobody but the node reads it, and its key
signs nothing else. Clauses: RFC 9068 sections 2.1, 2.2 and 4; RFC 9449 section 6.1; RFC 8725 sections 3.11 and 3.12.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from idbridge.crypto.header import HeaderRules
from idbridge.errors import CredentialError, InputError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.oidc.signed_jwt import read_unverified, text_claim, time_claim, verify_with_any

TYPE: Final = "at+jwt"
HEADER: Final = HeaderRules(types=frozenset({TYPE}))
PARTY: Final = "relying_party"
_CONFIRMATION: Final = "cnf"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What one token says. ``jkt`` is the thumbprint of the key without which it opens nothing."""

    client_id: str
    relying_party: str
    jkt: str
    expires_at: datetime


def api_token_claims(token: ApiToken, *, issuer: str, audience: str, jti: str, at: datetime) -> dict[str, Any]:
    """Return the claims of ``token``, issued at ``at`` by ``issuer`` for the API that is named ``audience``."""
    return {
        "iss": issuer,
        "aud": audience,
        "sub": token.client_id,
        "client_id": token.client_id,
        PARTY: token.relying_party,
        "iat": int(at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
        "jti": jti,
        _CONFIRMATION: {"jkt": token.jkt},
    }


def verify_api_token(compact: str, *, key: PublicKey, issuer: str, audience: str) -> ApiToken:
    """Return what ``compact`` says, if ``issuer`` signed it with ``key`` for its API, named ``audience``.

    Whether it is over, who asks compares: ``expires_at`` is the first instant at which it is.

    Raises:
        InputError, JoseError, CredentialError: It is no such token.
    """
    if len(compact) > LIMITS.api_token_bytes:
        raise InputError("input.too_large", "the access token is longer than any of this node")
    unverified, claims = read_unverified(compact, HEADER, max_bytes=LIMITS.api_token_bytes)
    claims_signed = verify_with_any(unverified, claims, (key,), algorithms=key.algorithms).claims
    if (claims_signed.get("iss"), claims_signed.get("aud")) != (issuer, audience):
        raise CredentialError("oidc.audience_mismatch", "the access token is not of this node for its API")
    client_id = text_claim(claims_signed, "client_id")
    if text_claim(claims_signed, "sub") != client_id:
        raise CredentialError("oidc.subject_invalid", "`sub` is the client itself")
    expires_at = datetime.fromtimestamp(time_claim(claims_signed, "exp"), UTC)
    return ApiToken(client_id, text_claim(claims_signed, PARTY), _bound_to(claims_signed), expires_at)


def _bound_to(claims: Mapping[str, Any]) -> str:
    confirmation = claims.get(_CONFIRMATION)
    if type(confirmation) is not dict or confirmation.keys() != {"jkt"}:
        raise CredentialError("holder.binding_missing", "the access token is bound to no key")
    return text_claim(confirmation, "jkt")
