"""The desk of a pretend provider: what its endpoints share, and how a client proves there who it is.

A proof counts once: an assertion or a DPoP proof that came before is refused, as a real provider refuses it. Clauses:
RFC 6749 section 2.3; RFC 7523 section 3; RFC 9449 sections 4.3, 8 and 11.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.oidc.client import OidcClient
from idbridge.oidc.client_authentication import authenticate, read_presented_client
from idbridge.oidc.dpop import DpopProof, verify_proof
from idbridge.oidc.dpop_nonce import KEY_OCTETS, DpopNonces
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.sandbox.idp.asking import Asked, require_registrable
from idbridge.sandbox.idp.faults import Faults
from idbridge.sandbox.idp.keys import ListKey, ProviderKeys
from idbridge.sandbox.idp.listed import Listed, Speech
from idbridge.sandbox.idp.memory import Memory
from idbridge.sandbox.idp.tokens import LoggedIn, Minting
from idbridge.sandbox.idp.web import WebRequest
from idbridge.sandbox.region import Region


@dataclass(frozen=True, slots=True)
class Transaction:
    """A request that is before a person. ``pushed`` is the handle of the request that was pushed, if one was."""

    asked: Asked
    pushed: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Granted:
    """What stands behind a code. ``session`` is the handle of the browser's session."""

    asked: Asked
    login: LoggedIn
    session: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token is good for. ``thumbprint`` is that of the key that it is bound to, if it is."""

    client_id: str
    claims: Mapping[str, Any] = field(repr=False)
    thumbprint: str | None


@dataclass(frozen=True, slots=True)
class Session:
    """Who is logged in, in one browser. ``told`` are the subjects by which clients were told of it, by client id."""

    login: LoggedIn
    told: Mapping[str, str] = field(repr=False)


class Desk:
    """What the endpoints of one provider share."""

    def __init__(self, listed: Listed, region: Region, *, randomness: Randomness, list_key: ListKey) -> None:
        self.listed = listed
        self.region = region
        self.randomness = randomness
        self.faults = Faults()
        self.keys = ProviderKeys(listed.service, list_key=list_key)
        self.clients: dict[str, OidcClient] = {}
        self.nonces = DpopNonces(randomness.octets(KEY_OCTETS))
        self.pushed: Memory[Asked] = Memory(randomness)
        self.transactions: Memory[Transaction] = Memory(randomness)
        self.codes: Memory[Granted] = Memory(randomness)
        self.redeemed: Memory[str] = Memory(randomness)
        self.tokens: Memory[Access] = Memory(randomness)
        self.sessions: Memory[Session] = Memory(randomness)
        self._spent: Memory[datetime] = Memory(randomness)

    def register(self, client: OidcClient) -> None:
        """Let ``client`` log people in here from now on.

        Raises:
            ValueError: It cannot be a client of this provider.
        """
        require_registrable(client, self.listed)
        self.clients[client.id] = client

    def answer(self, pushed: str, *, at: datetime) -> bool:
        """Let what was pushed be answered; tell whether it was not yet, in whatever window."""
        once = self._once(pushed, until=at + LIMITS.login_transaction + LIMITS.pushed_request_lifetime, at=at)
        self.pushed.take(pushed, at=at)
        return once

    def tell(self, session: str, client: OidcClient, claims: Mapping[str, Any], *, at: datetime) -> None:
        """Remember that ``client`` was told of the login of a session, and by which subject."""
        held = self.sessions.read(session, at=at)
        if held is not None:
            told = {**held.told, client.id: str(claims["sub"])}
            self.sessions.put(session, Session(held.login, told), until=at + LIMITS.session_lifetime)

    def minting(self, *, at: datetime) -> Minting:
        """Return what tokens are made with ``at`` an instant."""
        return Minting(self.region, self.faults, self.randomness, at)

    def response_issuer(self) -> str | None:
        """Return the issuer that stands in an authorization response: only FAPI 2.0 names it (RFC 9207)."""
        return self.faults.response_issuer(self.listed.issuer if self.listed.speech is Speech.FAPI else None)

    def authenticated(self, request: WebRequest, parameters: Parameters, *, at: datetime) -> OidcClient:
        """Return the client that ``request`` is from, its proof spent.

        Raises:
            OAuthError: ``invalid_client`` or ``invalid_request``.
        """
        presented = read_presented_client(parameters, authorization=request.only("authorization"))
        client = self.clients.get(presented.client_id)
        once = authenticate(presented, client, issuer=self.listed.issuer, at=at)
        if once is not None and not self._once(once.key.hex(), until=once.until, at=at):
            raise OAuthError("invalid_client", "the client assertion was used before", cause="holder.replayed")
        return self.clients[presented.client_id]

    def proof(
        self,
        request: WebRequest,
        *,
        url: str,
        at: datetime,
        access_token: str | None = None,
        bound_to: str | None = None,
        fresh: bool = True,
    ) -> DpopProof:
        """Return the DPoP proof of ``request``, spent; ``fresh`` demands a nonce of ours in it.

        Raises:
            OAuthError: ``invalid_dpop_proof`` or ``use_dpop_nonce``.
        """
        proof = verify_proof(
            request.fields("dpop"),
            method=request.method,
            url=url,
            at=at,
            access_token=access_token,
            bound_to=bound_to,
            nonces=self.nonces if fresh else None,
        )
        if not self._once(proof.one_time.key.hex(), until=proof.one_time.until, at=at):
            raise OAuthError("invalid_dpop_proof", "the DPoP proof was used before", cause="holder.replayed")
        return proof

    def _once(self, name: str, *, until: datetime, at: datetime) -> bool:
        """Spend what is called ``name``; tell whether it was unspent."""
        if self._spent.read(name, at=at) is not None:
            return False
        self._spent.put(name, at, until=until)
        return True
