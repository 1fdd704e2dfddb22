"""A login in progress: from the authorization request to the person's yes or no, at most fifteen minutes.

It is kept sealed under a handle that only the browser has which began it, in a cookie of its own (``browser``). What it
keeps of the request are its parameters, read again against the registration of the moment whenever they count.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from idbridge.assertion.decision import Decision, kept_decision
from idbridge.codec import base64url, length_prefixed
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.model.request import RelyingParty
from idbridge.oidc.authorization_request import AuthorizationRequest, read_kept_request
from idbridge.oidc.errors import OAuthError
from idbridge.verify.ground import Ground, kept_ground
from idbridge_gateway.oidc.begun import BegunLogins
from idbridge_gateway.oidc.clients import Clients, RegisteredClient
from idbridge_gateway.stores.documents import Document, read_document
from idbridge_gateway.stores.sealed import Kind, SealedStore, new_handle

_BESIDE: Final = 1024  # octets that a code or a token made of a transaction keeps beside what it keeps of that


@dataclass(frozen=True, slots=True)
class Transaction:
    """A login in progress, for a client that was ``relying_party``'s when it began.

    ``pushed`` is the handle of the request that was pushed for it, ``None`` for a plain one. ``decision`` is what was
    decided of the person's login at a provider, and ``ground`` what that rests on; both are ``None`` until that is
    done. ``agreed_at`` is when the person said yes to it and had a receipt made of that, ``None`` before: then nothing
    else comes of it.
    """

    client_id: str
    relying_party: str
    parameters: Mapping[str, str] = field(repr=False)
    ends_at: datetime
    pushed: str | None = field(default=None, repr=False)
    decision: Decision | None = field(default=None, repr=False)
    agreed_at: datetime | None = None
    ground: Ground | None = field(default=None, repr=False)

    def octets(self) -> bytes:
        """Return the transaction as it is sealed."""
        document = {
            "client_id": self.client_id,
            "relying_party": self.relying_party,
            "parameters": dict(self.parameters),
            "ends_at": self.ends_at.timestamp(),
            "pushed": self.pushed,
            "decision": self.decision.document() if self.decision is not None else None,
            "agreed_at": self.agreed_at.timestamp() if self.agreed_at is not None else None,
            "ground": self.ground.document() if self.ground is not None else None,
        }
        return json.dumps(document).encode()

    def with_decision(self, decision: Decision, ground: Ground) -> "Transaction":
        """Return the transaction with what was decided of the person's login, and what that rests on."""
        return replace(self, decision=decision, ground=ground)

    def with_yes(self, shared: frozenset[str], *, at: datetime) -> "Transaction":
        """Return the transaction with the person's yes to the claims that are ``shared`` of what was decided."""
        if self.decision is None:
            raise unknown_transaction()
        return replace(self, decision=self.decision.narrowed_to(shared), agreed_at=at)

    def asked_anew(self, claims: frozenset[str]) -> "Transaction":
        """Return the transaction in which nobody agreed, and of what was decided only ``claims`` are left."""
        if self.decision is None:
            raise unknown_transaction()
        return replace(self, decision=self.decision.narrowed_to(claims), agreed_at=None)


def read_transaction(octets: bytes | None) -> Transaction | None:
    """Return the transaction of which ``Transaction.octets`` made ``octets``; ``None`` for anything else."""
    return read_document(octets, _transaction)


def _transaction(kept: Document) -> Transaction:
    decision, ground = kept.members_or_none("decision"), kept.members_or_none("ground")
    if (decision is None) is not (ground is None):
        raise ValueError("nothing is decided but on some ground")
    return Transaction(
        client_id=kept.text("client_id"),
        relying_party=kept.text("relying_party"),
        parameters=MappingProxyType(kept.texts_by_name("parameters")),
        ends_at=kept.instant("ends_at"),
        pushed=kept.text_or_none("pushed"),
        decision=kept_decision(decision) if decision is not None else None,
        agreed_at=kept.instant_or_none("agreed_at"),
        ground=kept_ground(ground) if ground is not None else None,
    )


@dataclass(frozen=True, slots=True)
class HeldTransaction:
    """A transaction together with the handle that opened it."""

    handle: str = field(repr=False)
    transaction: Transaction


class LoginOverError(OAuthError):
    """A log-in that is over, was answered, or belongs to another browser: which of these, nobody is told."""


def session_of(handle: str) -> str:
    """Return the ``sid`` of the session that the transaction of ``handle`` leads to; it does not tell the handle."""
    return base64url.encode(hashlib.sha256(length_prefixed.encode("session", handle)).digest())


def unknown_transaction() -> LoginOverError:
    """Return the one answer to a log-in that is not there."""
    return LoginOverError("invalid_request", "this log-in is over, was answered, or was begun in another browser")


class Transactions:
    """The transactions of one node."""

    def __init__(self, *, store: SealedStore, clients: Clients, randomness: Randomness, begun: BegunLogins) -> None:
        self._store = store
        self._clients = clients
        self._randomness = randomness
        self._begun = begun

    async def begin(
        self, request: AuthorizationRequest, party: RelyingParty, *, pushed: str | None, at: datetime
    ) -> HeldTransaction:
        """Begin the login that ``request`` of a client of ``party`` asks for.

        Raises:
            RequestError: ``system.*``, it could not be kept, or too many were begun (``begun``).
        """
        await self._begun.admit(request.client_id, pushed=pushed)
        ends_at = at + LIMITS.login_transaction
        transaction = Transaction(request.client_id, party.id, request.parameters, ends_at, pushed)
        handle = new_handle(self._randomness)
        await self._store.put(Kind.TRANSACTION, handle, transaction.octets(), until=ends_at)
        return HeldTransaction(handle, transaction)

    async def find(self, handle: str | None) -> HeldTransaction:
        """Return the transaction that ``handle`` opens, and leave it where it is.

        Raises:
            OAuthError: ``invalid_request``: there is none.
            RequestError: ``system.*``.
        """
        octets = await self._store.read(Kind.TRANSACTION, handle) if handle is not None else None
        found = read_transaction(octets)
        if handle is None or found is None:
            raise unknown_transaction()
        return HeldTransaction(handle, found)

    def require_room(self, held: HeldTransaction, decision: Decision, ground: Ground) -> None:
        """Return if what was decided can be kept, with all that will be made of it.

        Raises:
            OAuthError: ``access_denied``: it is too long.
        """
        _fitting(held.transaction.with_decision(decision, ground))

    async def keep(self, held: HeldTransaction, decision: Decision, ground: Ground) -> HeldTransaction:
        """Keep what was decided of the person's login, and on what ``ground``.

        What was answered meanwhile does not come back.

        Raises:
            OAuthError: ``invalid_request``: it is over, or agreed to; ``access_denied``: it is too long to be kept.
            RequestError: ``system.*``.
        """
        await self._open(held)
        return await self._replaced(held, held.transaction.with_decision(decision, ground))

    async def agree(self, held: HeldTransaction, shared: frozenset[str], *, at: datetime) -> HeldTransaction:
        """Keep the yes to what was decided, with the claims that are ``shared``, before a receipt is made of it.

        Raises:
            OAuthError: ``invalid_request``: it is over, agreed to, or something else was decided since;
                ``access_denied``: it is too long to be kept.
            RequestError: ``system.*``.
        """
        if (await self._open(held)).decision != held.transaction.decision:
            raise unknown_transaction()
        return await self._replaced(held, held.transaction.with_yes(shared, at=at))

    async def _open(self, held: HeldTransaction) -> Transaction:
        """Return the transaction as it is kept at this moment, if nobody agreed to it."""
        current = (await self.find(held.handle)).transaction
        if current.agreed_at is not None:
            raise unknown_transaction()
        return current

    async def _replaced(self, held: HeldTransaction, changed: Transaction) -> HeldTransaction:
        if not await self._store.replace(Kind.TRANSACTION, held.handle, _fitting(changed), until=changed.ends_at):
            raise unknown_transaction()
        return HeldTransaction(held.handle, changed)

    async def take(self, handle: str) -> Transaction:
        """Return the transaction and forget it: it is answered once.

        Raises:
            OAuthError: ``invalid_request``: it is over, or somebody else just answered it.
            RequestError: ``system.*``.
        """
        taken = read_transaction(await self._store.take(Kind.TRANSACTION, handle))
        if taken is None:
            raise unknown_transaction()
        return taken

    async def forget(self, handle: str) -> None:
        """Let the transaction end unanswered, if it has not ended: what it rests on is over.

        Raises:
            RequestError: ``system.*``.
        """
        await self._store.take(Kind.TRANSACTION, handle)

    async def give_back(self, handle: str, transaction: Transaction) -> None:
        """Let a transaction that was taken be answered after all, as nothing came of the answer.

        Raises:
            RequestError: ``system.*``: it is over.
        """
        await self._store.put(Kind.TRANSACTION, handle, transaction.octets(), until=transaction.ends_at)

    def request_of(self, transaction: Transaction) -> tuple[RegisteredClient, AuthorizationRequest]:
        """Return client and request of ``transaction``, as the registration of this moment allows them.

        Raises:
            OAuthError: The client is gone, switched off or another relying party's by now, or its registration was
                narrowed.
        """
        registered = self._clients.find(transaction.client_id)
        if registered is None or not registered.enabled or registered.relying_party.id != transaction.relying_party:
            raise unknown_client()
        purposes = registered.relying_party.purposes
        return registered, read_kept_request(transaction.parameters, client=registered.client, purposes=purposes)


def _fitting(changed: Transaction) -> bytes:
    octets = changed.octets()
    if len(octets) > LIMITS.sealed_value_bytes - _BESIDE:
        raise OAuthError("access_denied", "what the login says is too long to be kept", cause="input.too_large")
    return octets


def unknown_client() -> OAuthError:
    """Return what a browser is told of a client that is not registered, or switched off."""
    return OAuthError("invalid_request", "the client is not registered", cause="policy.unauthenticated")
