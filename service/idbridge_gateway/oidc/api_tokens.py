"""The tokens of relying parties at one node: issued, and read again without asking anybody or anything (ADR 30).

They are signed with a key that all workers of the node derive alike from its pairwise key, and that is published
nowhere: nothing that others verify can be such a token, and no such token is anything to others. A token that was
verified is remembered by its digest; whether it is over, and what its client may do, is looked at every time.
"""

import hashlib
from datetime import datetime
from typing import Final

from idbridge.codec import base64url, jcs
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.sealing import secret_from
from idbridge.crypto.signer import FileSigner, derived_signer
from idbridge.errors import Refusal
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.oidc.api_token import TYPE, ApiToken, api_token_claims, verify_api_token
from idbridge.oidc.dpop import ALGORITHMS
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.metadata import Endpoints
from idbridge_gateway.parts import Parts

_JTI_OCTETS: Final = 16
_CHALLENGE: Final = f'DPoP error="invalid_token", algs="{" ".join(ALGORITHMS)}"'


class ApiTokens:
    """The tokens of one node; ``endpoints`` name it and its API."""

    def __init__(self, *, signer: FileSigner, endpoints: Endpoints, randomness: Randomness) -> None:
        self._signer = signer
        self._key = parse_jwk(signer.public_jwk)
        self._endpoints = endpoints
        self._randomness = randomness
        self._verified: dict[bytes, ApiToken] = {}

    @property
    def audience(self) -> str:
        """What the tokens are for."""
        return self._endpoints.api

    def issue(self, token: ApiToken, *, at: datetime) -> str:
        """Return ``token`` as its client gets it."""
        jti = base64url.encode(self._randomness.octets(_JTI_OCTETS))
        claims = api_token_claims(token, issuer=self._endpoints.issuer, audience=self.audience, jti=jti, at=at)
        return sign_compact({"typ": TYPE}, jcs.canonicalize(claims), self._signer)

    def read(self, compact: str, *, at: datetime) -> ApiToken:
        """Return what ``compact`` says, which proves nothing yet: its key has to be proved too.

        Raises:
            OAuthError: ``invalid_token``, with the reason code: it is no token of this node for its API, or it is over.
        """
        digest = hashlib.sha256(compact.encode("latin-1", "replace")).digest()
        token = self._verified.get(digest)
        if token is None:
            token = self._remembered(digest, self._genuine(compact))
        if at >= token.expires_at:
            raise invalid_token("the access token is over", cause="time.expired")
        return token

    def is_genuine(self, compact: str) -> bool:
        """Tell whether ``compact`` is a token of this node for its API, over or not."""
        try:
            self._genuine(compact)
        except OAuthError:
            return False
        return True

    def __len__(self) -> int:
        return len(self._verified)

    def _genuine(self, compact: str) -> ApiToken:
        try:
            return verify_api_token(compact, key=self._key, issuer=self._endpoints.issuer, audience=self.audience)
        except Refusal as refusal:
            raise invalid_token("the access token is none of this node for its API", cause=refusal.code) from None

    def _remembered(self, digest: bytes, token: ApiToken) -> ApiToken:
        if len(self._verified) >= LIMITS.api_token_cache_entries:
            self._verified.clear()
        self._verified[digest] = token
        return token


def api_tokens_of(parts: Parts) -> ApiTokens:
    """Return the tokens of the node: the same in each of its workers, and other ones at every other node."""
    node_url = parts.settings.node_url
    secret = secret_from(parts.turns.issuing.current().pairwise_key.octets, label=f"api-token:{node_url}")
    return ApiTokens(signer=derived_signer(secret), endpoints=Endpoints(node_url), randomness=parts.randomness)


def invalid_token(description: str, *, cause: str) -> OAuthError:
    """Return the refusal of a token at the API."""
    return OAuthError("invalid_token", description, cause=cause, headers={"WWW-Authenticate": _CHALLENGE})
