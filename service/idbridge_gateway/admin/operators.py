"""Operators: whoever presents a token of the issuer that the settings name, made for this node, with the role in it.

Decides whether a token proves that, at an instant, with keys that are handed in. There are no local passwords, and the
operator's name is not looked at: what is kept of them is a digest of their subject under a key of this node. Clauses:
OpenID Connect Core 1.0 section 3.1.3.7; RFC 9068 section 4; RFC 8725 sections 3.1, 3.9, 3.11 and 3.12.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.codec import length_prefixed
from idbridge.credential.token_kinds import FORBIDDEN, PAIRS
from idbridge.crypto.algorithms import ALGORITHMS, permitted
from idbridge.crypto.header import HeaderRules
from idbridge.errors import CredentialError, JoseError, Refusal, RequestError
from idbridge.limits import LIMITS
from idbridge.model.credential import UnverifiedJws
from idbridge.model.keys import PublicKey
from idbridge.oidc.signed_jwt import read_unverified, require_not_ahead, text_claim, time_claim, verify_with_any

HEADER: Final = HeaderRules(types=frozenset({"", "jwt", "at+jwt"}))
CLOSED: Final = frozenset(ALGORITHMS)
_ACCESS_TOKEN: Final = "at+jwt"  # noqa: S105 - a media type
_LABEL: Final = "idbridge operator"


@dataclass(frozen=True, slots=True)
class OperatorRules:
    """What makes somebody an operator: the ``issuer``, the ``client_id`` that its tokens are made for, and a role.

    Raises:
        ValueError: One of them is empty.
    """

    issuer: str
    client_id: str
    role_claim: str
    role: str

    def __post_init__(self) -> None:
        if not all((self.issuer, self.client_id, self.role_claim, self.role)):
            raise ValueError("operators have an issuer, a client id and a role")


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator who signed in; ``pseudonym`` tells two apart and says nothing of either."""

    pseudonym: str

    @property
    def actor(self) -> str:
        """Who is said to have changed something."""
        return f"operator:{self.pseudonym}"


@dataclass(frozen=True, slots=True)
class UnverifiedOperatorToken:
    """A token that says that it is for this node, taken apart; nothing of it may be believed."""

    jws: UnverifiedJws
    claims: Mapping[str, Any]


def read_unverified_operator(token: str, rules: OperatorRules) -> UnverifiedOperatorToken:
    """Return ``token`` taken apart, if it claims to be what ``rules`` ask for: no keys are looked up for any other.

    Raises:
        RequestError: ``policy.unauthenticated``.
    """
    try:
        unverified, claims = read_unverified(token, HEADER, max_bytes=LIMITS.token_bytes)
        if not permitted(unverified.header.algorithm, CLOSED):
            raise JoseError("jose.alg_not_allowed")
        _require_meant_for_us(claims, rules)
    except Refusal as refusal:
        raise unauthenticated() from refusal
    return UnverifiedOperatorToken(unverified, claims)


def verify_operator(
    token: UnverifiedOperatorToken,
    keys: Iterable[PublicKey],
    rules: OperatorRules,
    *,
    pairwise_key: PairwiseKey,
    at: datetime,
) -> Operator:
    """Return the operator who holds ``token``.

    Raises:
        RequestError: ``policy.unauthenticated``: none of ``keys`` signed it, or it is not good at ``at``;
            ``policy.operator_required``: it is genuine, and the role is not in it.
    """
    try:
        signed = verify_with_any(token.jws, token.claims, keys, algorithms=CLOSED).claims
        _require_times(signed, now=at.timestamp())
        _require_kind(signed, token.jws.header.type or "")
        subject = text_claim(signed, "sub")
    except Refusal as refusal:
        raise unauthenticated() from refusal
    if not _has_role(signed.get(rules.role_claim), rules.role):
        raise RequestError("policy.operator_required")
    message = length_prefixed.encode(_LABEL, rules.issuer, subject)
    return Operator(hmac.new(pairwise_key.octets, message, hashlib.sha256).hexdigest())


def unauthenticated() -> RequestError:
    """Return what answers anybody who is no operator; it does not say which check found that out."""
    sentence = "an operator's token is sent as `Authorization: Bearer <token>`, and this is none that is good here"
    return RequestError("policy.unauthenticated", sentence)


def _require_meant_for_us(claims: Mapping[str, Any], rules: OperatorRules) -> None:
    """Return if issuer and audience are exactly ours: a token for somebody else as well may come from them."""
    if claims.get("iss") != rules.issuer:
        raise CredentialError("oidc.subject_invalid", "of another issuer")
    if claims.get("aud") not in (rules.client_id, [rules.client_id]):
        raise CredentialError("oidc.audience_mismatch")
    if claims.get("azp", rules.client_id) != rules.client_id:
        raise CredentialError("oidc.audience_mismatch", "another client asked for it")


def _require_times(claims: Mapping[str, Any], *, now: float) -> None:
    leeway = LIMITS.clock_leeway.total_seconds()
    require_not_ahead(claims, now=now)
    issued, expires = time_claim(claims, "iat"), time_claim(claims, "exp")
    if expires <= now - leeway:
        raise CredentialError("time.expired")
    if now - issued > LIMITS.operator_token_age.total_seconds():
        raise CredentialError("time.expired", "an operator signs in again after a while")


def _require_kind(claims: Mapping[str, Any], type_: str) -> None:
    """Return if it is an ID token or an access token, and neither a proof, a logout token nor a response."""
    pairs = PAIRS if type_.lower().removeprefix("application/") != _ACCESS_TOKEN else PAIRS[1:]
    if not FORBIDDEN.isdisjoint(claims) or any(pair <= claims.keys() for pair in pairs):
        raise CredentialError("oidc.token_confusion")
    if "act" in claims or "cnf" in claims:
        raise CredentialError("oidc.token_confusion", "somebody else acts, or a proof of possession is due")


def _has_role(held: Any, role: str) -> bool:
    """Tell whether a claim that is a role, or a list of roles, has ``role`` as one of them."""
    return held == role or (isinstance(held, list) and role in held)
