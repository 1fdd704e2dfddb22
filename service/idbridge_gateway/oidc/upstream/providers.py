"""Which provider somebody may be sent to now: a registration of ours, and a listing that vouches for it.

Decides nothing of its own: whether a listing vouches says ``oidc.upstream_listed``, whether a discovery document keeps
within it ``oidc.upstream_discovery``. The redirect URI is another for each provider, so that an answer says by where it
arrives whose it is (RFC 9700 section 4.4.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from idbridge.errors import IssuerError
from idbridge.limits import LIMITS
from idbridge.model.region import AssuranceLevel, Environment
from idbridge.net.calls import Call, Method
from idbridge.oidc.upstream_discovery import ListedProvider, ProviderEndpoints, discovery_address, narrowed
from idbridge.oidc.upstream_errors import UpstreamError
from idbridge.oidc.upstream_listed import ListedLogin, listed_login
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.oidc.upstream.clients_watch import ClientsInForce
from idbridge_gateway.oidc.upstream.lines import Line, Lines
from idbridge_gateway.oidc.upstream.registrations import Authentication, UpstreamClient


@dataclass(frozen=True, slots=True)
class UsableProvider:
    """A provider that somebody may be sent to now."""

    client: UpstreamClient
    login: ListedLogin
    listed: ListedProvider

    @property
    def line(self) -> Line:
        """How the provider is called."""
        return Line(self.client, self.listed.hosts)

    def levels(self, needed: AssuranceLevel) -> tuple[str, ...]:
        """Return the national levels that are worth ``needed`` at least, the lowest first."""
        rungs = (rung for service in self.login.services for rung in service.profile.ladder)
        worth = {rung.national: min(rung.identity, rung.authentication) for rung in rungs}
        enough = sorted((level, national) for national, level in worth.items() if level >= needed)
        return tuple(national for _, national in enough)

    def browser_address(self, address: str) -> str:
        """Return where a browser gets to ``address``: in a sandbox, perhaps at who stands in for the host."""
        place, parts = self.client.reached_at, urlsplit(address)
        if place is None or parts.netloc != self.client.host:
            return address
        return f"{place}{address.removeprefix(f'{parts.scheme}://{parts.netloc}')}"


class Providers:
    """The providers of one node. ``public_url`` is where browsers reach the node."""

    def __init__(self, clients: ClientsInForce, *, lines: Lines, public_url: str, environment: Environment) -> None:
        self._clients = clients
        self._lines = lines
        self._public_url = public_url
        self._environment = environment

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of the providers at which this node has a client."""
        return tuple(sorted(self._clients.present))

    @property
    def client_keys(self) -> tuple[dict[str, Any], ...]:
        """The public keys by which this node proves itself to providers, each once."""
        clients = self._clients.present
        signers = (clients[name].signer for name in sorted(clients))
        keys = {one.kid: dict(one.public_jwk) for one in signers if one is not None}
        return tuple(keys.values())

    def ids(self) -> Mapping[str, str]:
        """Return the ids of the same providers by issuer identifier; those of this moment."""
        return MappingProxyType({client.issuer: name for name, client in sorted(self._clients.present.items())})

    def client(self, provider: str) -> UpstreamClient:
        """Return this node's client at ``provider``.

        Raises:
            IssuerError: ``issuer.unknown``: it has none.
        """
        client = self._clients.present.get(provider)
        if client is None:
            raise IssuerError("issuer.unknown", "this node has no client at a provider of this name")
        return client

    def usable(self, provider: str, turn: Turn) -> UsableProvider:
        """Return the provider of this name, if the lists in force vouch for it.

        Raises:
            IssuerError, TrustError: As for ``listed_login``; ``issuer.service_not_listed`` also where our registration
                offers less than the tier of its state demands.
        """
        client = self.client(provider)
        login = listed_login(turn.state.snapshot, client.issuer, at=turn.at)
        by_key = client.authentication is Authentication.PRIVATE_KEY_JWT
        if login.fapi and (client.redirect_token is not None or not by_key):
            raise IssuerError(
                "issuer.service_not_listed", "FAPI 2.0 is spoken with a key, and our registration has none"
            )
        return UsableProvider(client, login, self._listed(client, login))

    async def endpoints(self, provider: UsableProvider, turn: Turn) -> ProviderEndpoints:
        """Return where ``provider`` takes requests: what its discovery document says, within what is listed.

        Raises:
            FetchError, OAuthError: It cannot be had now.
            UpstreamError: As for ``narrowed``.
        """
        call = Call(Method.GET, discovery_address(provider.listed), {"Accept": "application/json"})
        octets = await self._lines.document(provider.line, call, at=turn.at, lifetime=LIMITS.upstream_discovery_life)
        try:
            return narrowed(octets, provider.listed)
        except UpstreamError:
            self._lines.forget(call.url)
            raise

    def _listed(self, client: UpstreamClient, login: ListedLogin) -> ListedProvider:
        own = {client.host, *(urlsplit(address).netloc for address in login.key_sets)}
        near = {urlsplit(client.reached_at).netloc} if client.reached_at is not None else set()
        key_sets = sorted(login.key_sets)
        return ListedProvider(
            issuer=client.issuer,
            client_id=client.client_id,
            redirect_uri=f"{self._public_url}/login/callback/{client.provider}",
            algorithms=login.algorithms,
            hosts=frozenset(own | near),
            key_set=key_sets[0] if len(key_sets) == 1 else None,
            fapi=login.fapi,
            environment=self._environment,
        )
