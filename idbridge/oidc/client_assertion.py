"""Client assertions: does a request come from the client that it names? ``private_key_jwt``.

Decides by the client's registered keys alone. The audience is the issuer identifier as a single text: an assertion
made for a token endpoint, or for several servers at once, may have been made for somebody who hands it on (CVE-2025-
27370, CVE-2025-27371). It counts once, until it expires; who spends the one-time value refuses the second. Clauses: RFC
7523 section 3; FAPI 2.0 Security Profile section 5.3.2.1; OpenID Connect Core 1.0 section 9.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from idbridge.codec import length_prefixed
from idbridge.credential.token_kinds import FORBIDDEN
from idbridge.crypto.header import HeaderRules
from idbridge.errors import CredentialError, InputError, JoseError, Refusal
from idbridge.limits import LIMITS
from idbridge.model.credential import OneTimeValue
from idbridge.oidc.client import SIGNATURE_ALGORITHMS, OidcClient
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.signed_jwt import read_unverified, require_not_ahead, text_claim, time_claim, verify_with_any

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# RFC 7523 names no type and widespread clients send none; one that is there says what it is (RFC 8725 section 3.11).
HEADER: Final = HeaderRules(types=frozenset({"", "jwt", "client-authentication+jwt"}))


def unverified_client_id(assertion: str) -> str:
    """Return which client an assertion says that it is of: for the look-up of its keys, and for nothing else.

    Raises:
        OAuthError: ``invalid_client``.
    """
    try:
        return text_claim(read_unverified(assertion, HEADER, max_bytes=LIMITS.client_assertion_bytes)[1], "sub")
    except Refusal as refusal:
        raise _invalid_client(refusal) from refusal


def verify_client_assertion(assertion: str, *, client: OidcClient, issuer: str, at: datetime) -> OneTimeValue:
    """Return the one-time value of an assertion that ``client`` made for ``issuer``, this server's own identifier.

    The client is authenticated only once that value was spent.

    Raises:
        OAuthError: ``invalid_client``, with the reason code of what is wrong.
    """
    try:
        _require_able(client)
        unverified, claims = read_unverified(assertion, HEADER, max_bytes=LIMITS.client_assertion_bytes)
        signed = verify_with_any(unverified, claims, client.keys, algorithms=SIGNATURE_ALGORITHMS)
        _require_parties(signed.claims, client=client.id, issuer=issuer)
        expiry = _require_times(signed.claims, now=at.timestamp())
        return _once(client.id, text_claim(signed.claims, "jti"), until=expiry)
    except Refusal as refusal:
        raise _invalid_client(refusal) from refusal


def _require_able(client: OidcClient) -> None:
    if not (client.enabled and client.authenticates_by_key):
        raise Refusal("policy.relying_party_disabled", "the client is switched off, or has no key")


def _invalid_client(refusal: Refusal) -> OAuthError:
    """Tell what is wrong with an assertion; the developer of a client needs it, and it says nothing of its keys."""
    described = isinstance(refusal, InputError | JoseError | CredentialError)
    sentence = "the client assertion is refused: " + (refusal.detail.replace('"', "'") or refusal.code)
    return OAuthError("invalid_client", sentence if described else "the client is not known", cause=refusal.code)


def _require_parties(claims: Mapping[str, Any], *, client: str, issuer: str) -> None:
    if text_claim(claims, "iss") != client or text_claim(claims, "sub") != client:
        raise CredentialError("oidc.subject_invalid", "`iss` and `sub` are the client id")
    if "aud" not in claims:
        raise CredentialError("oidc.audience_missing", "`aud` is missing")
    if type(claims["aud"]) is not str or claims["aud"] != issuer:
        raise CredentialError("oidc.audience_mismatch", "`aud` is the issuer identifier, as one text and no array")
    if not FORBIDDEN.isdisjoint(claims):
        raise CredentialError("oidc.token_confusion", "it has a claim of tokens of another kind")


def _require_times(claims: Mapping[str, Any], *, now: float) -> int:
    """Return when it expires: at once if need be, and two minutes after it was made at the latest."""
    expiry, issued = time_claim(claims, "exp"), time_claim(claims, "iat")
    require_not_ahead(claims, now=now)
    if now >= expiry:
        raise CredentialError("time.expired")
    if expiry <= max(issued, claims.get("nbf", issued)):
        raise CredentialError("time.claim_malformed", "it ends before it begins")
    if expiry - issued > LIMITS.client_assertion_lifetime.total_seconds():
        raise CredentialError("time.too_old", "it is good for too long: `exp` is at most 120 seconds after `iat`")
    return expiry


def _once(client: str, jti: str, *, until: int) -> OneTimeValue:
    key = hashlib.sha256(length_prefixed.encode("client-assertion", client, jti)).digest()
    return OneTimeValue(key, datetime.fromtimestamp(until, UTC))
