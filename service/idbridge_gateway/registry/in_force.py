"""The registrations in force: in memory, exchanged whole, so that nobody who asks waits for a file or a database.

Decides who is asking and which client is meant, at the present instant: a key that has ended opens nothing, whether or
not the registry could be reached since.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from idbridge.clock import Clock
from idbridge.errors import RequestError
from idbridge.model.region import Environment
from idbridge.model.request import RelyingParty
from idbridge.oidc.client import Profile
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.oidc.clients import ClientDirectory, Contacts, RegisteredClient
from idbridge_gateway.registry.own_names import OwnNames
from idbridge_gateway.registry.record import Company, Registration, RequestLimits
from idbridge_gateway.stores.relying_parties import RelyingParties

NO_NAMES: Final = OwnNames()


@dataclass(frozen=True, slots=True)
class View:
    """What the registrations amount to from one instant to ``until``, when the next key ends."""

    registrations: Mapping[str, Registration]
    parties: RelyingParties
    clients: ClientDirectory
    until: datetime | None

    @classmethod
    def of(cls, registrations: Iterable[Registration], *, environment: Environment, at: datetime) -> "View":
        """Return what ``registrations`` amount to at ``at``.

        Raises:
            ConfigurationError: An id stands twice, or one is of another environment.
        """
        listed = tuple(registrations)
        parties = RelyingParties.of((one.party_at(at) for one in listed), environment=environment)
        contacts = {one.id: Contacts(one.contact, one.withdrawal) for one in listed}
        clients = ClientDirectory.of((client for one in listed for client in one.clients), parties.by_id, contacts)
        ends = [key.expires_at for one in listed for key in one.api_keys if key.expires_at and key.is_good(at)]
        return cls(MappingProxyType({one.id: one for one in listed}), parties, clients, min(ends, default=None))


class RegistryInForce:
    """The one reference to the registrations in force; it is exchanged whole. Implements ``Clients``.

    ``trouble`` says in a word why the registry could not be looked at, since ``as_of``; empty while it could.
    """

    def __init__(
        self,
        registrations: Iterable[Registration],
        *,
        environment: Environment,
        clock: Clock,
        own: OwnNames = NO_NAMES,
    ) -> None:
        self._environment = environment
        self._clock = clock
        self.own = own
        self._refused: tuple[str, ...] = ()
        self.as_of = clock.now()
        self.trouble = ""
        self._offered = tuple(registrations)
        self._view = View.of(self._admitted(self._offered), environment=environment, at=self.as_of)

    def exchange(self, registrations: Iterable[Registration]) -> None:
        """Put ``registrations`` in force, without those that name what is the node's ``own``: they serve nobody.

        Raises:
            ConfigurationError: As for ``View.of``; what was in force stays so.
        """
        offered = tuple(registrations)
        self._view = View.of(self._admitted(offered), environment=self._environment, at=self._clock.now())
        self._offered = offered

    def keep_for_node(self, own: OwnNames) -> None:
        """Let ``own`` be names of the node too from now on: who is registered under one of them serves nobody any more.

        What was the node's own before stays so, for what was made for it is still about.

        Raises:
            ConfigurationError: As for ``View.of``; the names are kept all the same.
        """
        self.own = own.beside(self.own)
        self.exchange(self._offered)

    def _admitted(self, registrations: Iterable[Registration]) -> tuple[Registration, ...]:
        admitted: list[Registration] = []
        refused: list[str] = []
        for one in registrations:
            try:
                self.own.require_none(one)
            except RequestError:
                refused.append(one.id)
                if one.id not in self._refused:
                    JOURNAL.error("the registration of %s names this node as its own; it serves nobody", one.id)
            else:
                admitted.append(one)
        self._refused = tuple(refused)
        return tuple(admitted)

    def looked(self) -> None:
        """Note that the registrations in force are those that are registered now."""
        self.as_of, self.trouble = self._clock.now(), ""

    def authenticate(self, authorization: bytes | None) -> RelyingParty:
        """Return the relying party whose key ``authorization`` (the header field) presents.

        Raises:
            RequestError: ``policy.unauthenticated``, or ``policy.relying_party_disabled`` for the right key of a party
                that is switched off.
        """
        return self._present().parties.authenticate(authorization)

    def find(self, client_id: str) -> RegisteredClient | None:
        """Return the client of this id, switched on or off; ``None`` if nobody is registered under it."""
        return self._present().clients.find(client_id)

    def serves(self, profile: Profile) -> bool:
        """Tell whether any client that is switched on is registered for ``profile``."""
        return self._present().clients.serves(profile)

    def registration(self, party_id: str) -> Registration:
        """Return everything that is registered of a relying party, switched on or off.

        Raises:
            RequestError: ``input.not_found``: nobody is registered under this id.
        """
        found = self._view.registrations.get(party_id)
        if found is None:
            raise RequestError("input.not_found", "no relying party of this id is registered")
        return found

    def signing_in_as(self, company: Company) -> Registration:
        """Return the registration for which the people of ``company`` sign in.

        Raises:
            RequestError: ``policy.unauthenticated``: there is none that is switched on, or there are several, and then
                nobody settled for which of them the company speaks.
        """
        found = [one for one in self.registrations if one.signs_in_as == company and one.relying_party.enabled]
        if len(found) != 1:
            raise RequestError("policy.unauthenticated", "no relying party, or more than one, signs in as this company")
        return found[0]

    def limits_of(self, party_id: str) -> RequestLimits | None:
        """Return how often a relying party may ask; ``None`` if nothing is agreed."""
        found = self._view.registrations.get(party_id)
        return None if found is None else found.limits

    @property
    def registrations(self) -> tuple[Registration, ...]:
        """All that are in force, switched on or off."""
        return tuple(self._view.registrations.values())

    def _present(self) -> View:
        """Return the view, made anew if a key has ended since it was made."""
        until = self._view.until
        if until is not None:
            at = self._clock.now()
            if at >= until:
                self._view = View.of(self.registrations, environment=self._environment, at=at)
        return self._view
