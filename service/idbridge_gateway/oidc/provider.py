"""The OpenID provider of one node, put together: what its endpoints share, and their routes."""

from dataclasses import dataclass

from fastapi import APIRouter

from idbridge.oidc.client import AUTHORIZATION_CODE, TOKEN_EXCHANGE
from idbridge.oidc.metadata import Endpoints
from idbridge_gateway.oidc.access_tokens import AccessTokens
from idbridge_gateway.oidc.authentication import ClientAuthentication
from idbridge_gateway.oidc.authorize import AuthorizationEndpoint, authorization_router
from idbridge_gateway.oidc.browser import TransactionCookies
from idbridge_gateway.oidc.clients import Clients
from idbridge_gateway.oidc.code_grant import CodeGrant
from idbridge_gateway.oidc.codes import Codes
from idbridge_gateway.oidc.completion import Completion
from idbridge_gateway.oidc.discovery import Discovery, discovery_router
from idbridge_gateway.oidc.dpop_proofs import DpopProofs, nonces_under
from idbridge_gateway.oidc.exchange import Exchange
from idbridge_gateway.oidc.pushed import PushedRequestEndpoint, pushed_router
from idbridge_gateway.oidc.resources import Resources, resources_router
from idbridge_gateway.oidc.sessions import Sessions
from idbridge_gateway.oidc.token import TokenEndpoint, token_router
from idbridge_gateway.oidc.transaction import Transactions
from idbridge_gateway.oidc.turns import Turns
from idbridge_gateway.parts import Parts


@dataclass(frozen=True, slots=True)
class Provider:
    """What the pages and the upstream leg of one node need of its provider, and the routes to serve."""

    clients: Clients
    transactions: Transactions
    completion: Completion
    cookies: TransactionCookies
    turns: Turns
    proofs: DpopProofs
    router: APIRouter


def provider_of(parts: Parts, *, clients: Clients) -> Provider:
    """Return the provider of one node; its issuer identifier is the address of the node."""
    node_url, turns, randomness = parts.settings.node_url, parts.turns, parts.randomness
    sealed, one_time = parts.stores.sealed, parts.one_time
    endpoints = Endpoints(node_url, browser=parts.settings.browser_url)
    cookies = TransactionCookies(secure=parts.settings.public_url.startswith("https://"))
    proofs = DpopProofs(one_time, nonces_under(turns.issuing.current().pairwise_key.octets))
    authentication = ClientAuthentication(clients=clients, one_time=one_time, issuer=node_url)
    transactions = Transactions(store=sealed, clients=clients, randomness=randomness)
    codes = Codes(store=sealed, one_time=one_time, randomness=randomness)
    completion = Completion(
        transactions=transactions,
        codes=codes,
        store=sealed,
        one_time=one_time,
        cookies=cookies,
        randomness=randomness,
        issuer=node_url,
    )
    pushed = PushedRequestEndpoint(
        authentication=authentication,
        store=sealed,
        proofs=proofs,
        turns=turns,
        randomness=randomness,
        endpoints=endpoints,
    )
    authorization = AuthorizationEndpoint(
        clients=clients,
        store=sealed,
        transactions=transactions,
        completion=completion,
        cookies=cookies,
        turns=turns,
    )
    exchange = Exchange(
        one_time=one_time, randomness=randomness, node_url=node_url, decryption_keys=parts.decryption_keys
    )
    tokens = AccessTokens(store=sealed, clients=clients, proofs=proofs)
    sessions = Sessions(store=sealed)
    redeeming = CodeGrant(codes=codes, tokens=tokens, sessions=sessions, proofs=proofs, endpoints=endpoints)
    grants = {TOKEN_EXCHANGE: exchange.grant, AUTHORIZATION_CODE: redeeming.grant}
    token = TokenEndpoint(authentication=authentication, grants=grants, proofs=proofs, turns=turns)
    resources = Resources(authentication=authentication, proofs=proofs, tokens=tokens, turns=turns, endpoints=endpoints)
    discovery = Discovery(endpoints=endpoints, clients=clients, grants=frozenset(grants), turns=turns)
    router = APIRouter()
    for routes in (
        discovery_router(discovery),
        resources_router(resources),
        pushed_router(pushed),
        authorization_router(authorization),
        token_router(token),
    ):
        router.include_router(routes)
    return Provider(clients, transactions, completion, cookies, turns, proofs, router)
