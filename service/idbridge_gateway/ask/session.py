"""Sessions of a business: for which relying party a browser acts at this node, and what it asked last.

A session is kept sealed under a handle that only the browser's cookie has. It names the relying party, the company that
signed in for it, and ids; of the person who did it has nothing. It counts while the registration names that company and
is switched on, looked at anew with every request, and ends after a working day.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from fastapi import Request, Response

from idbridge.clock import Clock
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.model.request import RelyingParty
from idbridge_gateway.parts import Parts
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.record import Company, Registration
from idbridge_gateway.stores.documents import Document, read_document
from idbridge_gateway.stores.sealed import Kind, SealedStore, new_handle

_NAME: Final = "idbridge-business"


@dataclass(frozen=True, slots=True)
class BusinessSession:
    """One browser that acts for ``party``, as it is registered now; ``asks`` are ids, the latest first."""

    handle: str = field(repr=False)
    party: RelyingParty
    company: Company
    ends_at: datetime
    asks: tuple[str, ...] = field(default=(), repr=False)

    def octets(self) -> bytes:
        """Return it as it is sealed."""
        document = {
            "party": self.party.id,
            "company": [self.company.scheme, self.company.value],
            "ends_at": self.ends_at.timestamp(),
            "asks": list(self.asks),
        }
        return json.dumps(document).encode()


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept of a session."""

    party: str
    company: Company
    ends_at: datetime
    asks: tuple[str, ...]


def _kept(kept: Document) -> _Kept:
    scheme, value = kept.texts("company")
    return _Kept(kept.text("party"), Company(scheme, value), kept.instant("ends_at"), kept.texts("asks"))


class BusinessSessions:
    """The sessions of the businesses at one node; ``secure`` is false for a sandbox over plain http only."""

    def __init__(
        self, *, store: SealedStore, registry: RegistryInForce, randomness: Randomness, clock: Clock, secure: bool
    ) -> None:
        self._store = store
        self._registry = registry
        self._randomness = randomness
        self._clock = clock
        self._secure = secure
        self._name = f"{'__Host-' if secure else ''}{_NAME}"

    async def find(self, request: Request) -> BusinessSession | None:
        """Return the session that the browser brings; ``None`` if it has none that counts.

        Raises:
            RequestError: ``system.*``: sessions cannot be looked at.
        """
        handle = request.cookies.get(self._name)
        octets = await self._store.read(Kind.BUSINESS_SESSION, handle) if handle is not None else None
        kept = read_document(octets, _kept)
        if handle is None or kept is None:
            return None
        try:
            registration = self._registry.signing_in_as(kept.company)
        except RequestError:  # switched off, or another company's by now
            return None
        if registration.id != kept.party:
            return None
        party = registration.party_at(self._clock.now())
        return BusinessSession(handle, party, kept.company, kept.ends_at, kept.asks)

    async def begin(self, response: Response, registration: Registration, company: Company) -> None:
        """Let the browser that gets ``response`` act for ``registration`` from now on.

        Raises:
            RequestError: ``system.*``: it could not be kept.
        """
        at = self._clock.now()
        ends_at = at + LIMITS.business_session
        session = BusinessSession(new_handle(self._randomness), registration.party_at(at), company, ends_at)
        await self._store.put(Kind.BUSINESS_SESSION, session.handle, session.octets(), until=ends_at)
        response.set_cookie(
            self._name,
            session.handle,
            max_age=int(LIMITS.business_session.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    async def note(self, session: BusinessSession, ask: str) -> None:
        """Keep the id ``ask`` as the latest of ``session``, and of those before it as many as are listed.

        Raises:
            RequestError: ``system.*``.
        """
        noted = replace(session, asks=(ask, *session.asks)[: LIMITS.asks_listed])
        await self._store.replace(Kind.BUSINESS_SESSION, session.handle, noted.octets(), until=session.ends_at)

    async def end(self, request: Request, response: Response) -> None:
        """End the session of the browser, if it brings one.

        Raises:
            RequestError: ``system.*``.
        """
        handle = request.cookies.get(self._name)
        if handle is not None:
            await self._store.take(Kind.BUSINESS_SESSION, handle)
        response.delete_cookie(self._name, path="/", secure=self._secure, httponly=True, samesite="lax")


def business_sessions(parts: Parts) -> BusinessSessions:
    """Return the sessions of one node."""
    return BusinessSessions(
        store=parts.stores.sealed,
        registry=parts.registry,
        randomness=parts.randomness,
        clock=parts.turns.clock,
        secure=parts.settings.public_url.startswith("https://"),
    )
