"""To the provider: what the browser carries there, and what is remembered of it until it comes back.

FAPI 2.0 where the tier of the state has it: the request is pushed, and the browser carries its name alone. Else the
plain code flow with PKCE, or the redirect of a provider that speaks otherwise. What our relying party asks for goes on:
a level as the national ones that are worth it, a fresh login, an age, a language. A provider that speaks otherwise is
told nothing of it; what comes back is measured all the same (``completion``). Nothing personal is in an address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from idbridge.model.randomness import Randomness
from idbridge.model.region import AssuranceLevel
from idbridge.oidc.authorization_request import AuthorizationRequest
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.pkce import challenge_of
from idbridge.oidc.upstream import request_location, request_parameters
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.transaction import HeldTransaction
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.oidc.upstream.pending import UnderWay, new_under_way
from idbridge_gateway.oidc.upstream.providers import Providers, UsableProvider
from idbridge_gateway.oidc.upstream.requests import Requests

_AGAIN: Final = frozenset({"login", "select_account"})
_LEVELS: Final = 8  # values of `acr_values`; no ladder is longer


@dataclass(frozen=True, slots=True)
class Leaving:
    """How people of one node are sent to providers."""

    providers: Providers
    requests: Requests
    randomness: Randomness

    async def to(
        self,
        provider: UsableProvider,
        held: HeldTransaction,
        asked: tuple[RegisteredClient, AuthorizationRequest],
        *,
        turn: Turn,
    ) -> tuple[str, UnderWay]:
        """Return where the browser goes, and what is to be remembered of it.

        Raises:
            FetchError, OAuthError, UpstreamError: The provider cannot be used now, or for what is asked.
        """
        further = _further(provider, asked)
        if provider.client.redirect_token is not None:
            return self._by_redirect(provider, held, provider.client.redirect_token.login)
        endpoints = await self.providers.endpoints(provider, turn)
        under_way = self._begun(provider, held, names_issuer=endpoints.names_issuer)
        parameters = request_parameters(
            provider.listed,
            under_way.login,
            code_challenge=challenge_of(under_way.login.code_verifier),
            scope=provider.client.scope,
            further=further,
        )
        if provider.listed.fapi and endpoints.pushed is not None:
            name, under_way = await self.requests.push(provider, under_way, endpoints.pushed, parameters, turn=turn)
            parameters = {"client_id": provider.client.client_id, "request_uri": name}
        return provider.browser_address(request_location(endpoints, parameters)), under_way

    def _by_redirect(self, provider: UsableProvider, held: HeldTransaction, address: str) -> tuple[str, UnderWay]:
        under_way = self._begun(provider, held, names_issuer=False)
        parameters = {
            "client_id": provider.client.client_id,
            "redirect_url": provider.listed.redirect_uri,
            "state": under_way.login.state,
            "nonce": under_way.login.nonce,
        }
        joint = "&" if urlsplit(address).query else "?"
        return provider.browser_address(f"{address}{joint}{urlencode(parameters)}"), under_way

    def _begun(self, provider: UsableProvider, held: HeldTransaction, *, names_issuer: bool) -> UnderWay:
        return new_under_way(
            held,
            provider=provider.client.provider,
            issuer=provider.client.issuer,
            names_issuer=names_issuer,
            bound=provider.listed.fapi,
            randomness=self.randomness,
        )


def _further(provider: UsableProvider, asked: tuple[RegisteredClient, AuthorizationRequest]) -> Mapping[str, str]:
    """Return what our relying party's request becomes at the provider.

    Raises:
        OAuthError: ``unmet_authentication_requirements``: the provider has no level that is worth what is demanded.
    """
    registered, request = asked
    demanded = max(request.levels.minimum, registered.relying_party.minimum_level)
    levels = provider.levels(max(demanded, *request.levels.wished, AssuranceLevel.A0)) or provider.levels(demanded)
    if not levels and demanded > AssuranceLevel.A0:
        raise OAuthError(
            "unmet_authentication_requirements", "this provider does not reach the level that is asked for"
        )
    further: dict[str, Any] = {"acr_values": " ".join(levels[:_LEVELS])} if levels else {}
    if not _AGAIN.isdisjoint(request.prompt):
        further["prompt"] = "login"
    if request.ui_locales:
        further["ui_locales"] = " ".join(request.ui_locales)
    greatest = request.greatest_age
    if greatest is not None:
        further["max_age"] = str(int(greatest.total_seconds()))
    return MappingProxyType(further)
