"""Logout tokens: made for relying parties, and verified when a national provider sends one (back-channel logout).

Decides whether a token ends a session: signed by a key that the trust list names for this very issuer, for this client,
lately, with the event and without a nonce, so that no ID token is ever taken for one. It names the session or the
subject there; which of ours that is, the gateway knows. Clauses: OpenID Connect Back-Channel Logout 1.0, sections 2.4
and 2.6; RFC 8417; RFC 8725 section 3.11.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from idbridge.codec import length_prefixed
from idbridge.crypto.header import HeaderRules
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import Signer
from idbridge.errors import CredentialError, Refusal
from idbridge.limits import LIMITS
from idbridge.model.credential import OneTimeValue
from idbridge.model.keys import PublicKey
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.signed_jwt import read_unverified, text_claim, time_claim, verify_with_any

TYPE: Final = "logout+jwt"
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
# Providers older than the type send `JWT` or none; the event tells the kind, and an ID token with it is refused too.
HEADER: Final = HeaderRules(types=frozenset({TYPE, "jwt", ""}))


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """A logout that a provider demands, of all sessions of a ``subject`` there or of one ``session`` (``sid``).

    It counts once ``one_time`` was spent.
    """

    issuer: str
    subject: str | None = field(repr=False)
    session: str | None = field(repr=False)
    one_time: OneTimeValue


def make_logout_token(
    signer: Signer, *, issuer: str, client_id: str, jti: str, at: datetime, subject: str | None, session: str | None
) -> str:
    """Return the logout token for one client; ``subject`` is the pairwise one that this client knows.

    Raises:
        ValueError: Neither subject nor session is named, or ``jti`` is empty; a programming error.
    """
    named = {name: value for name, value in (("sub", subject), ("sid", session)) if value}
    if not named or not jti:
        raise ValueError("a logout token names a subject or a session, and has an id")
    issued = int(at.timestamp())
    claims = {
        "iss": issuer,
        "aud": client_id,
        "iat": issued,
        "exp": issued + int(LIMITS.logout_token_lifetime.total_seconds()),
        "jti": jti,
        "events": {EVENT: {}},
        **named,
    }
    return sign_compact({"typ": TYPE}, json.dumps(claims, separators=(",", ":")).encode(), signer)


def verify_logout_token(
    token: str,
    *,
    issuer: str,
    client_id: str,
    keys: Iterable[PublicKey],
    algorithms: frozenset[str],
    at: datetime,
) -> LogoutToken:
    """Return what the provider ``issuer`` demands; ``keys`` and ``algorithms`` are those that the trust list names.

    Raises:
        OAuthError: ``invalid_request`` with the reason code: the answer 400 that section 2.8 wants.
    """
    try:
        unverified, unverified_claims = read_unverified(token, HEADER, max_bytes=LIMITS.token_bytes)
        claims = verify_with_any(unverified, unverified_claims, keys, algorithms=algorithms).claims
        _require_parties(claims, issuer=issuer, client_id=client_id)
        until = _require_times(claims, now=at.timestamp())
        _require_kind(claims)
        subject, session = (text_claim(claims, name) if name in claims else None for name in ("sub", "sid"))
        if subject is None and session is None:
            raise CredentialError("oidc.subject_invalid", "neither `sub` nor `sid` is named")
        key = hashlib.sha256(length_prefixed.encode("logout-token", issuer, text_claim(claims, "jti"))).digest()
    except Refusal as refusal:
        raise OAuthError("invalid_request", "the logout token is refused", cause=refusal.code) from refusal
    return LogoutToken(issuer, subject, session, OneTimeValue(key, datetime.fromtimestamp(until, UTC)))


def _require_parties(claims: Mapping[str, Any], *, issuer: str, client_id: str) -> None:
    if text_claim(claims, "iss") != issuer:
        raise CredentialError("issuer.unknown", "`iss` is another issuer")
    audience = claims.get("aud")
    audiences = [audience] if type(audience) is str else audience
    if type(audiences) is not list or not audiences:
        raise CredentialError("oidc.audience_missing", "`aud` is missing or malformed")
    if any(one != client_id for one in audiences):
        raise CredentialError("oidc.audience_mismatch", "`aud` names somebody else")


def _require_times(claims: Mapping[str, Any], *, now: float) -> int:
    """Return until when the token could count, and so must be remembered."""
    leeway = LIMITS.clock_leeway.total_seconds()
    issued, expiry = time_claim(claims, "iat"), time_claim(claims, "exp")
    if issued > now + leeway:
        raise CredentialError("time.issued_in_future")
    if expiry <= issued:
        raise CredentialError("time.claim_malformed", "it ends before it begins")
    latest = min(expiry, issued + LIMITS.logout_token_age.total_seconds()) + leeway
    if now >= latest:
        raise CredentialError("time.expired" if now >= expiry + leeway else "time.too_old")
    return int(latest)


def _require_kind(claims: Mapping[str, Any]) -> None:
    events = claims.get("events")
    if type(events) is not dict or type(events.get(EVENT)) is not dict:
        raise CredentialError("oidc.token_confusion", "it has not the event of a logout")
    if "nonce" in claims:
        raise CredentialError("oidc.token_confusion", "a logout token has no nonce")
