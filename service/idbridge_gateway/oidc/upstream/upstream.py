"""A login at a national provider: sent there, called back, and reported to whoever completes logins.

Until an answer was found to be that of the browser which began the login, nothing of it counts, and a refusal is a
page that ends nothing. After that the login is spent, and whatever happens ends it: with a report, or with an error
that says nothing of what the provider said. Clauses: OpenID Connect Core 1.0 section 3.1; RFC 9700 sections 2.1, 4.4
and 4.7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response

from idbridge.errors import FetchError, Refusal
from idbridge.oidc.authorization_request import AuthorizationRequest
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.upstream import read_authorization_response, read_redirect_response
from idbridge.oidc.upstream_errors import UpstreamError, UpstreamFault
from idbridge.oidc.upstream_token import login_named
from idbridge.reasons import Indication
from idbridge.verify.report import Report
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.oidc.browser import browsed, see_other
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.forms import read_query
from idbridge_gateway.oidc.provider import Provider
from idbridge_gateway.oidc.transaction import HeldTransaction, unknown_transaction
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.oidc.upstream.leaving import Leaving
from idbridge_gateway.oidc.upstream.logins import ClientThere, RestingLogins
from idbridge_gateway.oidc.upstream.pending import LoginsUnderWay, UnderWay, transaction_named
from idbridge_gateway.oidc.upstream.providers import Providers, UsableProvider
from idbridge_gateway.oidc.upstream.refusals import refused
from idbridge_gateway.oidc.upstream.requests import Requests
from idbridge_gateway.oidc.upstream.verification import Answered, Verification

_Asked = tuple[RegisteredClient, AuthorizationRequest]
_BROKEN: Final = (UpstreamError, Refusal, FetchError)


@dataclass(frozen=True, slots=True)
class Upstream:
    """The logins of one node at national providers."""

    provider: Provider
    providers: Providers
    leaving: Leaving
    under_way: LoginsUnderWay
    requests: Requests
    verification: Verification
    logins: RestingLogins

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of the providers at which this node has a client, whether or not they can be used now."""
        return self.providers.names

    def ids(self) -> Mapping[str, str]:
        """Return the same ids by issuer identifier, as the pages look them up; those of this moment."""
        return self.providers.ids()

    def usable(self, provider: str, *, turn: Turn) -> UsableProvider:
        """Return the provider of this name, if somebody may be sent there by the lists in force.

        Raises:
            OAuthError: ``access_denied`` or ``temporarily_unavailable``, with the reason code.
        """
        try:
            return self.providers.usable(provider, turn)
        except Refusal as refusal:
            raise refused(refusal) from None

    async def begin(self, held: HeldTransaction, provider: str, *, turn: Turn) -> Response:
        """Return the redirect that takes the browser of ``held`` to the provider of this name.

        Raises:
            OAuthError: The provider cannot be used, now or for what is asked; ``code`` is the reason in the catalogue.
            RequestError: ``system.*``: what is to be remembered could not be kept.
        """
        usable = self.usable(provider, turn=turn)
        asked = self.provider.transactions.request_of(held.transaction)
        try:
            location, under_way = await self.leaving.to(usable, held, asked, turn=turn)
        except _BROKEN as broken:
            _note(provider, broken)
            raise refused(broken) from None
        await self.under_way.keep(held, under_way)
        return see_other(location)

    async def called_back(self, request: Request, provider: str) -> Response:
        """Answer a browser that comes back from ``provider``: on to consent, back to the client, or an error page."""

        async def act(request: Request) -> Response:
            return await self._called_back(request, provider)

        return await browsed(request, act)

    async def _called_back(self, request: Request, provider: str) -> Response:
        parameters = read_query(request)
        turn = self.provider.turns.begin()
        held, under_way = await self._begun_here(request, parameters)
        asked = self.provider.transactions.request_of(held.transaction)
        try:
            report, turn = await self._reported(parameters, provider, under_way, asked, turn=turn)
        except OAuthError as error:
            return await self.provider.completion.complete(held, error, turn=turn)
        except _BROKEN as broken:
            _note(under_way.provider, broken)
            return await self.provider.completion.complete(held, refused(broken), turn=turn)
        if report.indication is Indication.PASSED:
            subject, session = login_named(report.request.credential)
            issuer, client_id = under_way.login.issuer, report.request.expected.audience
            if client_id is None:
                raise ValueError("a login is asked about as made for a client of this node")
            await self.logins.note_client(provider, ClientThere(issuer, client_id), turn=turn)
            await self.logins.add(held, issuer, subject=subject, session=session, turn=turn)
        return await self.provider.completion.complete(held, report, turn=turn)

    async def _begun_here(self, request: Request, parameters: Parameters) -> tuple[HeldTransaction, UnderWay]:
        """Return transaction and login that the answer is to, if this very browser began them; the login is spent.

        Raises:
            OAuthError: ``invalid_request``: it did not, or there was an answer before.
        """
        state = parameters.text("state") or ""
        handle = self.provider.cookies.handle(request, transaction_named(state))
        held = await self.provider.transactions.find(handle)
        under_way = await self.under_way.take(held, state=state)
        if under_way is None:
            raise unknown_transaction()
        return held, under_way

    async def _reported(
        self, parameters: Parameters, provider: str, under_way: UnderWay, asked: _Asked, *, turn: Turn
    ) -> tuple[Report, Turn]:
        """Return the report on the login that the answer leads to.

        Raises:
            FetchError, OAuthError, Refusal, UpstreamError: It leads to none.
        """
        if provider != under_way.provider:  # the redirect URI of another provider: a mix-up (RFC 9700 section 4.4)
            raise UpstreamError(UpstreamFault.ISSUER_MISMATCH, "the answer came to another provider's address")
        usable = self.providers.usable(provider, turn)
        if usable.client.redirect_token is not None:
            answered = await self._exchanged(parameters, usable, under_way, turn=turn)
        else:
            answered = await self._redeemed(parameters, usable, under_way, turn=turn)
        return await self.verification.report(answered, provider=usable, under_way=under_way, asked=asked, turn=turn)

    async def _exchanged(
        self, parameters: Parameters, usable: UsableProvider, under_way: UnderWay, *, turn: Turn
    ) -> Answered:
        token = read_redirect_response(parameters, under_way.login)
        addresses = usable.client.redirect_token
        if addresses is None:
            raise ValueError("only a provider that sends tokens along is asked like this")
        id_token = await self.requests.exchange(usable, under_way, addresses.exchange, token, turn=turn)
        return Answered(id_token, usable.listed.algorithms)

    async def _redeemed(
        self, parameters: Parameters, usable: UsableProvider, under_way: UnderWay, *, turn: Turn
    ) -> Answered:
        code = read_authorization_response(parameters, under_way.login)
        endpoints = await self.providers.endpoints(usable, turn)
        tokens, under_way = await self.requests.redeem(usable, under_way, endpoints.token, code, turn=turn)
        userinfo = None
        if usable.client.userinfo:
            if endpoints.userinfo is None:
                raise UpstreamError(UpstreamFault.DISCOVERY_UNUSABLE, "there is no userinfo to be had")
            userinfo = await self.requests.userinfo(usable, under_way, endpoints.userinfo, tokens, turn=turn)
        return Answered(tokens.unverified_id_token, endpoints.algorithms, tokens.access_token, userinfo)


def _note(provider: str, broken: UpstreamError | Refusal | FetchError) -> None:
    """Write which provider it was and what was wrong, and nothing that anybody said."""
    what = broken.fault.value if isinstance(broken, UpstreamError) else broken.code
    JOURNAL.warning("a login at %s ended: %s", provider, what)
