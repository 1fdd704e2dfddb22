"""Access tokens: opaque handles of what was decided for one client, and how one comes along with a request.

A token of FAPI 2.0 is bound to a key and counts only with a DPoP proof of it, made for this very request and token
(RFC 9449 section 7); offered as a bearer token it is refused. What stands behind it is kept sealed under the token
itself, so whoever copies the store has no token and nothing of a person (architecture D9).
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from fastapi import Request

from idbridge.assertion.decision import Decision, kept_decision
from idbridge.oidc.dpop import ALGORITHMS
from idbridge.oidc.errors import OAuthError
from idbridge.verify.ground import Ground, kept_ground
from idbridge_gateway.oidc.clients import Clients, RegisteredClient
from idbridge_gateway.oidc.dpop_proofs import DpopProofs
from idbridge_gateway.oidc.forms import dpop_proofs
from idbridge_gateway.stores.documents import Document, read_document
from idbridge_gateway.stores.sealed import Kind, SealedStore

DPOP: Final = "DPoP"
BEARER: Final = "Bearer"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What an access token opens, for a client of ``relying_party``.

    ``jkt`` is the thumbprint of the key that it is bound to, ``None`` for none.
    """

    client_id: str
    relying_party: str
    jkt: str | None
    claims: str | None = field(repr=False)
    decision: Decision = field(repr=False)
    ground: Ground = field(repr=False)
    issued_at: datetime
    expires_at: datetime

    @property
    def token_type(self) -> str:
        """How the token is to be used."""
        return BEARER if self.jkt is None else DPOP

    def is_of(self, registered: RegisteredClient) -> bool:
        """Tell whether it was issued to ``registered``, and not to another relying party whose client it was before."""
        return (self.client_id, self.relying_party) == (registered.client.id, registered.relying_party.id)

    def octets(self) -> bytes:
        """Return it as it is sealed."""
        document = {
            "client_id": self.client_id,
            "relying_party": self.relying_party,
            "jkt": self.jkt,
            "claims": self.claims,
            "decision": self.decision.document(),
            "ground": self.ground.document(),
            "issued_at": self.issued_at.timestamp(),
            "expires_at": self.expires_at.timestamp(),
        }
        return json.dumps(document).encode()


def read_access_token(octets: bytes | None) -> AccessToken | None:
    """Return the token of which ``AccessToken.octets`` made ``octets``; ``None`` for anything else."""
    return read_document(octets, _access_token)


def _access_token(kept: Document) -> AccessToken:
    return AccessToken(
        client_id=kept.text("client_id"),
        relying_party=kept.text("relying_party"),
        jkt=kept.text_or_none("jkt"),
        claims=kept.text_or_none("claims"),
        decision=kept_decision(kept.members("decision")),
        ground=kept_ground(kept.members("ground")),
        issued_at=kept.instant("issued_at"),
        expires_at=kept.instant("expires_at"),
    )


class AccessTokens:
    """The access tokens of one node."""

    def __init__(self, *, store: SealedStore, clients: Clients, proofs: DpopProofs) -> None:
        self._store = store
        self._clients = clients
        self._proofs = proofs

    async def keep(self, handle: str, token: AccessToken) -> None:
        """Let ``handle`` be ``token`` from now on."""
        await self._store.put(Kind.ACCESS_TOKEN, handle, token.octets(), until=token.expires_at)

    async def find(self, handle: str, *, at: datetime) -> AccessToken | None:
        """Return what ``handle`` opens; ``None`` if nothing, or if it is over."""
        token = read_access_token(await self._store.read(Kind.ACCESS_TOKEN, handle))
        return token if token is not None and at < token.expires_at else None

    async def revoke(self, handle: str) -> None:
        """Let ``handle`` open nothing any more."""
        await self._store.take(Kind.ACCESS_TOKEN, handle)

    async def presented(self, request: Request, *, url: str, at: datetime) -> tuple[AccessToken, RegisteredClient]:
        """Return the token that ``request`` to ``url`` brings, proved where it is bound, and the client it is of.

        Raises:
            OAuthError: ``invalid_token``, ``invalid_dpop_proof`` or ``use_dpop_nonce``, 401 with a challenge.
            RequestError: ``system.*``.
        """
        scheme, _, handle = request.headers.get("authorization", "").partition(" ")
        handle = handle.strip(" ")
        bound = scheme.lower() == DPOP.lower()
        token = await self.find(handle, at=at) if bound or scheme.lower() == BEARER.lower() else None
        if token is None:
            raise _invalid_token("the access token is unknown, over or taken back")
        if (token.jkt is not None) is not bound:
            raise _invalid_token("the access token is used in another way than it was issued for")
        registered = self._clients.find(token.client_id)
        if registered is None or not registered.enabled or not token.is_of(registered):
            raise _invalid_token("the client of this token is switched off")
        if token.jkt is not None:
            await self._proofs.proved(
                dpop_proofs(request),
                method=request.method,
                url=url,
                profile=registered.client.profile,
                at=at,
                access_token=handle,
                bound_to=token.jkt,
            )
        return token, registered


def _invalid_token(description: str) -> OAuthError:
    challenge = f'{DPOP} error="invalid_token", algs="{" ".join(ALGORITHMS)}", {BEARER} error="invalid_token"'
    return OAuthError("invalid_token", description, headers={"WWW-Authenticate": challenge})
