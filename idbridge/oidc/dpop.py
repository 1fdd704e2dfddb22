"""DPoP: a request is from whoever holds the key that a token is bound to, and was made for this request.

Decides whether one proof is good for one request. The window of ``iat`` is a minute back (``dpop_proof_age``) and the
leeway of clocks ahead (``clock_leeway``), whether or not a nonce is asked for; within it a proof counts once, which who
spends its one-time value enforces. Claims and header members that RFC 9449 does not name are ignored (section 4.2),
all but those that bring a key from elsewhere. Clauses: RFC 9449 sections 4.2, 4.3, 7.1, 8, 9 and 10; RFC 7638.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from idbridge.codec import base64url, length_prefixed
from idbridge.crypto import jws
from idbridge.crypto.header import HeaderRules
from idbridge.crypto.keys import parse_jwk
from idbridge.errors import CredentialError, JoseError, Refusal
from idbridge.limits import LIMITS
from idbridge.model.credential import OneTimeValue
from idbridge.oidc.client import SIGNATURE_ALGORITHMS
from idbridge.oidc.dpop_nonce import DpopNonces
from idbridge.oidc.errors import OAuthError, OAuthErrorCode
from idbridge.oidc.htu import normalised
from idbridge.oidc.signed_jwt import read_unverified, require_not_ahead, text_claim, time_claim

HEADER: Final = HeaderRules(types=frozenset({"dpop+jwt"}), allow_jwk=True)
ALGORITHMS: Final = ("ES256", "PS256", "EdDSA", "Ed25519")  # as metadata and challenges name them
_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True)
class DpopProof:
    """A proof that is good for the request that it came with, once ``one_time`` was spent.

    ``thumbprint`` is that of the key (RFC 7638): what a code, a token or an assertion is bound to (``jkt``).
    """

    thumbprint: str
    one_time: OneTimeValue


def verify_proof(
    proofs: Sequence[str],
    *,
    method: str,
    url: str,
    at: datetime,
    access_token: str | None = None,
    bound_to: str | None = None,
    nonces: DpopNonces | None = None,
) -> DpopProof:
    """Return the one proof among ``proofs``, the ``DPoP`` header fields of a request to ``url`` by ``method``.

    ``url`` is this server's own name of the endpoint, never taken from the request. With ``access_token`` the request
    is for a resource, and the proof has to name that token; ``bound_to`` is the thumbprint that a code or token is
    bound to. ``nonces``, where given, demands one of ours.

    Raises:
        OAuthError: ``invalid_dpop_proof`` with the reason code, or ``use_dpop_nonce`` with a nonce in the header field
            ``DPoP-Nonce``; 400 at the token endpoint, 401 with a challenge at a resource.
    """
    resource = access_token is not None
    try:
        if len(proofs) != 1:
            raise CredentialError("holder.binding_missing", "exactly one DPoP header field is needed")
        thumbprint, claims = _signed(proofs[0])
        _require_request(claims, method=method, url=url)
        until = _require_times(claims, now=at.timestamp())
        if access_token is not None:
            _require_token(claims, access_token)
        if bound_to is not None and not hmac.compare_digest(thumbprint, bound_to):
            raise CredentialError("holder.key_missing", "it is signed with another key than the one that is bound")
        jti = text_claim(claims, "jti")
    except Refusal as refusal:
        sentence = "the DPoP proof is refused: " + (refusal.detail.replace('"', "'") or refusal.code)
        raise _refused(OAuthErrorCode.INVALID_DPOP_PROOF, sentence, resource=resource, cause=refusal.code) from refusal
    if nonces is not None and not nonces.accepts(claims.get("nonce"), at=at):
        sentence = "the DPoP proof has to carry the nonce of this server"
        named = {"DPoP-Nonce": nonces.issue(at=at)}
        raise _refused(
            OAuthErrorCode.USE_DPOP_NONCE, sentence, resource=resource, cause="holder.nonce_mismatch", headers=named
        )
    key = hashlib.sha256(length_prefixed.encode("dpop", thumbprint, jti)).digest()
    return DpopProof(thumbprint, OneTimeValue(key, datetime.fromtimestamp(until, UTC)))


def require_code_binding(dpop_jkt: str | None, proof: DpopProof | None) -> str | None:
    """Return the thumbprint that a code is bound to: the one that was named, or that of the proof (RFC 9449, 10.1).

    Raises:
        OAuthError: ``invalid_dpop_proof``: a proof came along and is of another key than ``dpop_jkt`` names.
    """
    if (
        dpop_jkt is not None
        and proof is not None
        and not hmac.compare_digest(dpop_jkt.encode(), proof.thumbprint.encode())
    ):
        raise OAuthError(
            "invalid_dpop_proof", "dpop_jkt names another key than the DPoP proof is of", cause="holder.key_missing"
        )
    return dpop_jkt if proof is None else proof.thumbprint


def _signed(proof: str) -> tuple[str, Mapping[str, Any]]:
    """Return the thumbprint of the key in the proof's own header, and the claims that this key did sign."""
    unverified, claims = read_unverified(proof, HEADER, max_bytes=LIMITS.dpop_proof_bytes)
    jwk = unverified.header.members.get("jwk")
    if type(jwk) is not dict:
        raise JoseError("jose.alg_key_mismatch", "the header has no `jwk`")
    key = parse_jwk(jwk, allowed=SIGNATURE_ALGORITHMS)
    return key.thumbprint, jws.verify(unverified, claims=claims, key=key, algorithms=SIGNATURE_ALGORITHMS).claims


def _require_request(claims: Mapping[str, Any], *, method: str, url: str) -> None:
    if text_claim(claims, "htm") != method:
        raise CredentialError("holder.audience_mismatch", "`htm` is another method")
    htu = claims.get("htu")
    stated = normalised(htu) if type(htu) is str and len(htu) <= LIMITS.client_uri_characters else None
    if stated is None or stated != normalised(url):
        raise CredentialError("holder.audience_mismatch", "`htu` is another address")


def _require_times(claims: Mapping[str, Any], *, now: float) -> int:
    """Return until when the proof can count at all, and so must be remembered."""
    issued = time_claim(claims, "iat")
    require_not_ahead(claims, now=now)
    until = issued + int(LIMITS.dpop_proof_age.total_seconds())
    if now >= until:
        raise CredentialError("holder.not_fresh", "`iat` is too long ago")
    if "exp" in claims and now >= time_claim(claims, "exp"):
        raise CredentialError("time.expired")
    return until


def _require_token(claims: Mapping[str, Any], access_token: str) -> None:
    wanted = base64url.encode(hashlib.sha256(access_token.encode()).digest())
    stated = claims.get("ath")
    if type(stated) is not str or not hmac.compare_digest(stated.encode(), wanted.encode()):
        raise CredentialError("oidc.hash_mismatch", "`ath` is not the hash of the access token")


def _refused(
    error: OAuthErrorCode,
    description: str,
    *,
    resource: bool,
    cause: str,
    headers: Mapping[str, str] | None = None,
) -> OAuthError:
    """Return the refusal as the endpoint has to put it: a resource answers with a challenge (RFC 9449, 7.1 and 9)."""
    named = dict(headers or {})
    if not resource:
        return OAuthError(error, description, cause=cause, headers=named)
    named["WWW-Authenticate"] = f'DPoP error="{error}", algs="{" ".join(ALGORITHMS)}"'
    return OAuthError(error, description, cause=cause, status=_UNAUTHORIZED, headers=named)
