"""The grant ``client_credentials``: a relying party proves who it is, and gets a token for the API of this node.

The token stands for an API key during a few minutes, and is bound to a key of the client. It opens what the
registration opens at the moment of each request: no scope exists that would widen or narrow it. Nobody logs in, so
there is no ID token, and a client that can prove itself needs no refresh token. Clauses: RFC 6749 section 4.4; RFC
8707 section 2; RFC 9449 section 5; FAPI 2.0 Security Profile section 5.3.2.1.
"""

from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.oidc.api_token import ApiToken
from idbridge.oidc.client import CLIENT_CREDENTIALS
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.metadata import Endpoints
from idbridge.oidc.parameters import Parameters
from idbridge_gateway.oidc.access_tokens import DPOP
from idbridge_gateway.oidc.api_tokens import ApiTokens
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.dpop_proofs import DpopProofs
from idbridge_gateway.oidc.turns import Turn

_TARGETS: Final = ("resource", "audience")


class ClientCredentials:
    """How relying parties get tokens for the API of one node."""

    def __init__(self, *, tokens: ApiTokens, proofs: DpopProofs, endpoints: Endpoints) -> None:
        self._tokens = tokens
        self._proofs = proofs
        self._endpoints = endpoints

    async def grant(self, parameters: Parameters, *, registered: RegisteredClient, turn: Turn) -> dict[str, Any]:
        """Return the token response for a client that authenticated itself.

        Raises:
            OAuthError: ``unauthorized_client``, ``invalid_scope``, ``invalid_target``, ``invalid_dpop_proof`` or
                ``use_dpop_nonce``.
            RequestError: ``system.*``: nothing was issued.
        """
        client = registered.client
        if CLIENT_CREDENTIALS not in client.grants:
            raise OAuthError("unauthorized_client", "this client may not ask the API by a token")
        if parameters.text("scope") is not None:
            raise OAuthError("invalid_scope", "there is no scope: what a client may ask, its registration says")
        if any(parameters.text(name) not in (None, self._tokens.audience) for name in _TARGETS):
            raise OAuthError("invalid_target", "such a token is for the API of this node and for nothing else")
        proof = await self._proofs.proved(
            turn.proofs, method="POST", url=self._endpoints.token, profile=client.profile, at=turn.at
        )
        expires_at = turn.at + LIMITS.api_token_lifetime
        token = ApiToken(client.id, registered.relying_party.id, proof.thumbprint, expires_at)
        return {
            "access_token": self._tokens.issue(token, at=turn.at),
            "token_type": DPOP,
            "expires_in": int(LIMITS.api_token_lifetime.total_seconds()),
        }
