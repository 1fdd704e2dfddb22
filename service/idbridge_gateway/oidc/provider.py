"""The OpenID provider of one node, put together: what its endpoints share, and their routes."""

from dataclasses import dataclass

from fastapi import APIRouter

from idbridge.oidc.client import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, TOKEN_EXCHANGE
from idbridge.oidc.metadata import Endpoints
from idbridge_gateway.api.trustmark import Trustmark, trustmark_router
from idbridge_gateway.oidc.access_tokens import AccessTokens
from idbridge_gateway.oidc.api_tokens import api_tokens_of
from idbridge_gateway.oidc.authentication import ClientAuthentication
from idbridge_gateway.oidc.authorize import AuthorizationEndpoint, authorization_router
from idbridge_gateway.oidc.back_channel import BackChannel, RegisteredAddresses
from idbridge_gateway.oidc.begun import BegunLogins
from idbridge_gateway.oidc.browser import TransactionCookies
from idbridge_gateway.oidc.client_credentials import ClientCredentials
from idbridge_gateway.oidc.clients import Clients, RegisteredClient, WithOwnClient
from idbridge_gateway.oidc.code_grant import CodeGrant
from idbridge_gateway.oidc.codes import Codes
from idbridge_gateway.oidc.completion import Completion
from idbridge_gateway.oidc.discovery import Discovery, discovery_router
from idbridge_gateway.oidc.dpop_proofs import DpopProofs, nonces_under
from idbridge_gateway.oidc.exchange import Exchange
from idbridge_gateway.oidc.login_cookies import LoginCookies
from idbridge_gateway.oidc.logout import LogoutEndpoint, logout_router
from idbridge_gateway.oidc.pushed import PushedRequestEndpoint, pushed_router
from idbridge_gateway.oidc.resources import Resources, resources_router
from idbridge_gateway.oidc.sessions import Sessions
from idbridge_gateway.oidc.token import Grant, TokenEndpoint, token_router
from idbridge_gateway.oidc.transaction import Transactions
from idbridge_gateway.oidc.turns import Turns
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.parts import Parts


@dataclass(frozen=True, slots=True)
class Provider:
    """What the pages and the upstream leg of one node need of its provider, and the routes to serve.

    ``own`` is the client of the node itself. ``sessions`` is where a login ends that an upstream provider ends;
    ``back_channel`` tells clients of it.
    """

    clients: Clients
    own: RegisteredClient
    transactions: Transactions
    completion: Completion
    cookies: TransactionCookies
    turns: Turns
    proofs: DpopProofs
    sessions: Sessions
    back_channel: BackChannel
    router: APIRouter


def provider_of(parts: Parts, *, clients: Clients, own: RegisteredClient) -> Provider:
    """Return the provider of one node; its issuer identifier is the address of the node.

    ``own`` is the client by which people log in at pages of the node itself, beside the registered ``clients``.
    """
    registered, clients = clients, WithOwnClient(clients, own)
    turns, randomness, store = parts.turns, parts.randomness, parts.stores.sealed
    environment, secure = parts.settings.environment, parts.settings.public_url.startswith("https://")
    cookies, logins = TransactionCookies(secure=secure), LoginCookies(secure=secure)
    begun = BegunLogins(parts.stores.tallies)
    transactions = Transactions(store=store, clients=clients, randomness=randomness, begun=begun)
    codes = Codes(store=store, one_time=parts.one_time, randomness=randomness)
    completion = Completion(
        transactions=transactions,
        codes=codes,
        store=store,
        one_time=parts.one_time,
        cookies=cookies,
        logins=logins,
        randomness=randomness,
        counts=parts.stores.counted,
        records=parts.evidence.records,
        issuer=parts.settings.node_url,
    )
    authorization = AuthorizationEndpoint(
        clients=clients,
        store=store,
        transactions=transactions,
        completion=completion,
        cookies=cookies,
        turns=turns,
    )
    back_channel = BackChannel(
        clients=clients, caller=RegisteredAddresses(environment), randomness=randomness, post=parts.post
    )
    sessions = Sessions(store=store, tell=back_channel.tell)
    logout = LogoutEndpoint(
        clients=clients,
        sessions=sessions,
        store=store,
        logins=logins,
        pages=Pages(environment=environment, state=parts.settings.state),
        randomness=randomness,
        turns=turns,
    )
    proofs = DpopProofs(parts.one_time, nonces_under(turns.issuing.current().pairwise_key.octets))
    router = _client_router(parts, clients=clients, codes=codes, sessions=sessions, proofs=proofs)
    router.include_router(authorization_router(authorization))
    router.include_router(trustmark_router(Trustmark(parts.settings, turns)))
    router.include_router(logout_router(logout))
    return Provider(registered, own, transactions, completion, cookies, turns, proofs, sessions, back_channel, router)


def _client_router(
    parts: Parts, *, clients: Clients, codes: Codes, sessions: Sessions, proofs: DpopProofs
) -> APIRouter:
    """Return the routes of the endpoints that clients ask themselves, without a browser."""
    node_url, turns, randomness, store = parts.settings.node_url, parts.turns, parts.randomness, parts.stores.sealed
    endpoints = Endpoints(node_url, browser=parts.settings.browser_url)
    authentication = ClientAuthentication(
        clients=clients, one_time=parts.one_time, rates=parts.shared_rates, issuer=node_url
    )
    pushed = PushedRequestEndpoint(
        authentication=authentication,
        store=store,
        proofs=proofs,
        turns=turns,
        randomness=randomness,
        endpoints=endpoints,
    )
    exchange = Exchange(
        one_time=parts.one_time,
        randomness=randomness,
        counts=parts.stores.counted,
        node_url=node_url,
        decryption_keys=parts.decryption_keys,
        records=parts.evidence.records,
    )
    tokens = AccessTokens(store=store, clients=clients, proofs=proofs)
    redeeming = CodeGrant(
        codes=codes,
        tokens=tokens,
        sessions=sessions,
        proofs=proofs,
        endpoints=endpoints,
        records=parts.evidence.records,
    )
    api_tokens = api_tokens_of(parts)
    proving = ClientCredentials(tokens=api_tokens, proofs=proofs, endpoints=endpoints)
    grants: dict[str, Grant] = {
        TOKEN_EXCHANGE: exchange.grant,
        AUTHORIZATION_CODE: redeeming.grant,
        CLIENT_CREDENTIALS: proving.grant,
    }
    token = TokenEndpoint(authentication=authentication, grants=grants, proofs=proofs, turns=turns)
    resources = Resources(
        authentication=authentication,
        proofs=proofs,
        tokens=tokens,
        api_tokens=api_tokens,
        turns=turns,
        endpoints=endpoints,
        records=parts.evidence.records,
        randomness=randomness,
    )
    discovery = Discovery(endpoints=endpoints, clients=clients, grants=frozenset(grants), turns=turns)
    router = APIRouter()
    router.include_router(discovery_router(discovery))
    router.include_router(pushed_router(pushed))
    router.include_router(token_router(token))
    router.include_router(resources_router(resources))
    return router
