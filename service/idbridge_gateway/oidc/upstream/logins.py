"""Which logins of ours rest on which login at a provider, so that they end when the provider says that it is over.

A provider calls a person and their session by names of its own. Neither is kept: under a name that only this node can
derive from it, sealed like everything else, stands which transactions rested on it, the youngest. Whoever copies the
store cannot try out identifiers. Beside them stands by which clients of ours people logged in lately at a provider, so
that what rests on a client that was exchanged or taken out can be ended for as long as it lasts. Clause: OpenID Connect
Back-Channel Logout 1.0 section 2.6; architecture D9.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Collection
from typing import Any, Final, NamedTuple

from idbridge.codec import base64url, length_prefixed
from idbridge.crypto import sealing
from idbridge.limits import LIMITS
from idbridge_gateway.oidc.transaction import HeldTransaction
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.stores.documents import read_kept, require_type
from idbridge_gateway.stores.sealed import Kind, SealedStore

_LABEL: Final = "upstream-logins"
_SUBJECT: Final = "sub"
_SESSION: Final = "sid"
_CLIENT: Final = "client"


class ClientThere(NamedTuple):
    """A client of ours as a provider knows it."""

    issuer: str
    client_id: str


class _Resting(NamedTuple):
    """A transaction that rests on a login, and whether the provider named a session in it."""

    handle: str
    in_session: bool


class RestingLogins:
    """The logins of one node by what they rest on."""

    def __init__(self, store: SealedStore) -> None:
        self._store = store
        # What one login adds, another that ends at once does not lose, in this worker. Workers do not wait for each
        # other: of two that change what stands under one name at the same moment, the later one wins.
        self._one_at_a_time = asyncio.Lock()

    async def add(
        self, held: HeldTransaction, issuer: str, *, subject: str | None, session: str | None, turn: Turn
    ) -> None:
        """Remember that ``held`` rests on the login that ``issuer`` calls so.

        Raises:
            RequestError: ``system.*``: it could not be remembered, and the login must not count.
        """
        resting = _Resting(held.handle, in_session=session is not None)
        for kind, name in ((_SUBJECT, subject), (_SESSION, session)):
            if name is not None:
                await self._added(_name(turn, issuer, kind, name), resting, turn)

    async def note_client(self, provider: str, client: ClientThere, *, turn: Turn) -> None:
        """Remember that somebody logged in at ``provider`` by ``client``, for as long as what rests on that may last.

        Raises:
            RequestError: ``system.*``: it could not be remembered, and the login must not count.
        """
        name = _name(turn, provider, _CLIENT, "")
        async with self._one_at_a_time:
            others = [one for one in await self.clients(provider, turn=turn) if one != client]
            kept = json.dumps([*others, client][-LIMITS.upstream_sessions :]).encode()
            await self._store.put(Kind.UPSTREAM_LOGINS, name, kept, until=turn.at + LIMITS.session_lifetime)

    async def clients(self, provider: str, *, turn: Turn) -> tuple[ClientThere, ...]:
        """Return by which clients somebody logged in at ``provider`` within the life of a session, the latest last.

        Raises:
            RequestError: ``system.*``.
        """
        octets = await self._store.read(Kind.UPSTREAM_LOGINS, _name(turn, provider, _CLIENT, ""))
        return read_kept(octets, lambda kept: tuple(map(_client, require_type(kept, list)))) or ()

    async def find(self, issuer: str, *, subject: str | None, session: str | None, turn: Turn) -> tuple[str, ...]:
        """Return the handles of the transactions that rest on the login that ``issuer`` calls so, and leave them.

        Where a session is named, it is that one, and those of the person in which the provider never named any.

        Raises:
            RequestError: ``system.*``.
        """
        found: list[str] = []
        if session is not None:
            found += [one.handle for one in await self._standing(_name(turn, issuer, _SESSION, session))]
        if subject is not None:
            others = await self._standing(_name(turn, issuer, _SUBJECT, subject))
            found += [one.handle for one in others if session is None or not one.in_session]
        return tuple(dict.fromkeys(found))

    async def forget(
        self, over: Collection[str], issuer: str, *, subject: str | None, session: str | None, turn: Turn
    ) -> None:
        """Forget that the transactions of the handles ``over`` rested on that login: they have ended.

        Raises:
            RequestError: ``system.*``.
        """
        for kind, name in ((_SUBJECT, subject), (_SESSION, session)):
            if name is not None:
                await self._without(over, _name(turn, issuer, kind, name), turn)

    async def _added(self, name: str, resting: _Resting, turn: Turn) -> None:
        async with self._one_at_a_time:
            youngest = [*await self._standing(name), resting][-LIMITS.upstream_sessions :]
            await self._kept(name, youngest, turn)

    async def _without(self, over: Collection[str], name: str, turn: Turn) -> None:
        async with self._one_at_a_time:
            standing = await self._standing(name)
            left = [one for one in standing if one.handle not in over]
            if left and len(left) < len(standing):
                await self._kept(name, left, turn)
            elif standing and not left:
                await self._store.take(Kind.UPSTREAM_LOGINS, name)

    async def _standing(self, name: str) -> tuple[_Resting, ...]:
        return _read(await self._store.read(Kind.UPSTREAM_LOGINS, name))

    async def _kept(self, name: str, resting: list[_Resting], turn: Turn) -> None:
        until = turn.at + LIMITS.session_lifetime
        await self._store.put(Kind.UPSTREAM_LOGINS, name, json.dumps(resting).encode(), until=until)


def _read(octets: bytes | None) -> tuple[_Resting, ...]:
    return read_kept(octets, lambda kept: tuple(map(_resting, require_type(kept, list)))) or ()


def _client(kept: Any) -> ClientThere:
    issuer, client_id = require_type(kept, list)
    return ClientThere(require_type(issuer, str), require_type(client_id, str))


def _resting(kept: Any) -> _Resting:
    handle, in_session = require_type(kept, list)
    return _Resting(require_type(handle, str), require_type(in_session, bool))


def _name(turn: Turn, issuer: str, kind: str, name: str) -> str:
    """Return the handle under which stands what rests on ``name``: only who has the state key can derive it."""
    key = sealing.secret_from(turn.issuing.pairwise_key.octets, label=_LABEL)
    return base64url.encode(hmac.digest(key, length_prefixed.encode(kind, issuer, name), hashlib.sha256))
