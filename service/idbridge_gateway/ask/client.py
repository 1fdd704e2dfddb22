"""The node's own client of OpenID Connect: how the people of a business log in at the node's own pages.

It is made at the start and registered nowhere, under an id that no registration may have. Its key is thrown away as
soon as there is a client, so nobody, not even the node, can speak as it at the endpoints for clients: what it asks and
what it gets never leave the process. It asks for no claim of the person: only for which company they may act.
"""

from typing import Final

from idbridge.crypto.signer import generate
from idbridge.model.region import AssuranceLevel
from idbridge.model.request import RelyingParty
from idbridge.oidc.client import OidcClient, Profile
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.settings import Settings

CLIENT_ID: Final = "idbridge.ask"
CALLBACK: Final = "/ask/callback"
PURPOSE: Final = "company-representation"
_SECTOR: Final = "identity"


def asking_client(settings: Settings) -> RegisteredClient:
    """Return the node's own client, as the node that ``settings`` describe is reached by browsers."""
    party = RelyingParty(
        id=CLIENT_ID,  # has a dot, as no id of a registration does
        name=f"IdBridge ({settings.state.value})",
        state=settings.state,
        environment=settings.environment,
        sector=_SECTOR,
        purposes=frozenset({PURPOSE}),
        claims=frozenset(),
        audiences=frozenset({CLIENT_ID}),
        clients={},
        minimum_level=AssuranceLevel.A2,
    )
    client = OidcClient(
        id=CLIENT_ID,
        relying_party=party.id,
        profile=Profile.FAPI2,
        redirect_uris=(f"{settings.public_url}{CALLBACK}",),
        sector=_SECTOR,
        jwks=(generate("ES256").public_jwk,),
        environment=settings.environment,
    )
    return RegisteredClient(client, party)
