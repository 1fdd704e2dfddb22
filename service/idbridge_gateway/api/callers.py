"""Who asks the API: the relying party of an API key, or that of an access token whose key is proved with the request.

Either way it is answered out of memory, from the registrations in force at this moment. A proof counts once, so a
request with a token waits for that, and a request with an API key waits for nothing (ADR 30). What an access token
opens, the registration of its client says: the client and its party are switched on, and the grant is still theirs.
Clauses: RFC 9449 sections 7.1 and 7.2; RFC 6750 section 3.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from idbridge.clock import Clock
from idbridge.errors import RequestError
from idbridge.model.request import RelyingParty
from idbridge.oidc.api_token import ApiToken
from idbridge.oidc.client import CLIENT_CREDENTIALS
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.api.answer import Header
from idbridge_gateway.api.head import RequestHead
from idbridge_gateway.api.problems import ChallengedError
from idbridge_gateway.oidc.api_tokens import ApiTokens, api_tokens_of, invalid_token
from idbridge_gateway.oidc.clients import Clients, RegisteredClient
from idbridge_gateway.oidc.dpop_proofs import DpopProofs, nonces_under
from idbridge_gateway.parts import Parts
from idbridge_gateway.registry.in_force import RegistryInForce

_DPOP: Final = b"dpop "


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks; ``headers`` go with the answer: the nonce for the next proof."""

    relying_party: RelyingParty
    headers: tuple[Header, ...] = ()

    @property
    def told(self) -> dict[str, str]:
        """``headers`` as FastAPI takes them."""
        return {name.decode(): text.decode() for name, text in self.headers}


class Callers:
    """How relying parties show at the API of one node who they are. ``node_url`` is what its addresses begin with."""

    def __init__(
        self,
        *,
        registry: RegistryInForce,
        clients: Clients,
        tokens: ApiTokens,
        proofs: DpopProofs,
        clock: Clock,
        node_url: str,
    ) -> None:
        self._registry = registry
        self._clients = clients
        self._tokens = tokens
        self._proofs = proofs
        self._clock = clock
        self._node_url = node_url

    async def identified(self, head: RequestHead, *, method: str, path: str) -> Caller:
        """Return who sends the request with ``head`` to ``path`` by ``method``.

        Raises:
            RequestError: ``policy.unauthenticated``, for a token with a challenge; ``policy.relying_party_disabled``;
                ``system.*``: the proof could not be spent.
        """
        authorization = head.authorization or b""
        if authorization[: len(_DPOP)].lower() != _DPOP:
            return Caller(self._registry.authenticate(head.authorization))
        compact = authorization[len(_DPOP) :].strip(b" ").decode("latin-1")
        try:
            return await self._by_token(compact, head, method=method, url=self._node_url + quote(path))
        except OAuthError as refusal:
            raise ChallengedError(refusal.description, refusal.headers) from None

    async def _by_token(self, compact: str, head: RequestHead, *, method: str, url: str) -> Caller:
        at = self._clock.now()
        token = self._tokens.read(compact, at=at)
        registered = self._registered(token)
        await self._proofs.proved(
            () if head.dpop is None else (head.dpop.decode("latin-1"),),
            method=method,
            url=url,
            profile=registered.client.profile,
            at=at,
            access_token=compact,
            bound_to=token.jkt,
        )
        told = self._proofs.fresh(at=at)
        return Caller(registered.relying_party, tuple((name.encode(), text.encode()) for name, text in told.items()))

    def _registered(self, token: ApiToken) -> RegisteredClient:
        """Return the client of ``token``, as it is registered now."""
        registered = self._clients.find(token.client_id)
        if registered is None or registered.relying_party.id != token.relying_party:
            raise invalid_token("the client of this token is not registered any more", cause="policy.unauthenticated")
        if not registered.enabled:
            raise RequestError("policy.relying_party_disabled")
        if CLIENT_CREDENTIALS not in registered.client.grants:
            raise invalid_token("the client may not ask by a token any more", cause="policy.unauthenticated")
        return registered


def callers_of(parts: Parts, *, clients: Clients) -> Callers:
    """Return how the relying parties of one node show who they are; ``clients`` are those that can get tokens."""
    nonces = nonces_under(parts.turns.issuing.current().pairwise_key.octets)
    return Callers(
        registry=parts.registry,
        clients=clients,
        tokens=api_tokens_of(parts),
        proofs=DpopProofs(parts.one_time, nonces),
        clock=parts.turns.clock,
        node_url=parts.settings.node_url,
    )
