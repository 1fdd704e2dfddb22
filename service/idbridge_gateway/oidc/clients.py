"""Which clients are registered, and for which relying party each of them speaks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from idbridge.assertion.decision import Decision
from idbridge.errors import ConfigurationError
from idbridge.model.request import RelyingParty
from idbridge.oidc.client import OidcClient, Profile
from idbridge.oidc.levels import CEILINGS


@dataclass(frozen=True, slots=True)
class Contacts:
    """Whom a person can ask, and where they can take their consent back, as the party registered it; or ``None``."""

    contact: str | None = None
    withdrawal: str | None = None


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """A client together with its relying party, and what people are told about how to reach that.

    Raises:
        ConfigurationError: They do not belong together, or are of two environments.
    """

    client: OidcClient
    relying_party: RelyingParty
    contacts: Contacts = field(default_factory=Contacts)

    def __post_init__(self) -> None:
        if self.client.relying_party != self.relying_party.id:
            raise ConfigurationError(f"client {self.client.id} is of another relying party")
        if self.client.environment is not self.relying_party.environment:
            raise ConfigurationError(f"client {self.client.id} is of another environment than its relying party")

    @property
    def enabled(self) -> bool:
        """Whether both are switched on."""
        return self.client.enabled and self.relying_party.enabled

    def bounded(self, decision: Decision) -> Decision:
        """Return ``decision`` as the registration of this moment allows it: its claims, and the level of its profile.

        A profile with a level of its own is named in whatever is made of it.
        """
        profile = self.client.profile
        narrowed = decision.narrowed_to(self.relying_party.claims)
        if profile is Profile.FAPI2:
            return narrowed
        return narrowed.capped(CEILINGS[profile], profile=profile.value)


class Clients(Protocol):
    """Where registered clients are looked up; no look-up waits for anything."""

    def find(self, client_id: str) -> RegisteredClient | None:
        """Return the client of this id, switched on or off; ``None`` if nobody is registered under it."""
        ...

    def serves(self, profile: Profile) -> bool:
        """Tell whether any client that is switched on is registered for ``profile``: discovery says so."""
        ...


@dataclass(frozen=True, slots=True)
class ClientDirectory:
    """The clients of one node, all in memory; made by ``of``."""

    by_id: Mapping[str, RegisteredClient]

    @classmethod
    def of(
        cls,
        clients: Iterable[OidcClient],
        parties: Mapping[str, RelyingParty],
        contacts: Mapping[str, Contacts] = MappingProxyType({}),
    ) -> "ClientDirectory":
        """Return the directory of ``clients``, each with its party out of ``parties`` and its ``contacts`` (by id).

        Raises:
            ConfigurationError: An id stands twice, or a client is of a relying party that is not registered.
        """
        by_id: dict[str, RegisteredClient] = {}
        for client in clients:
            if client.id in by_id:
                raise ConfigurationError(f"client {client.id} is registered twice")
            if client.relying_party not in parties:
                raise ConfigurationError(f"client {client.id} is of a relying party that is not registered")
            by_id[client.id] = RegisteredClient(
                client, parties[client.relying_party], contacts.get(client.relying_party, Contacts())
            )
        return cls(MappingProxyType(by_id))

    def find(self, client_id: str) -> RegisteredClient | None:
        """Return the client of this id; ``None`` if nobody is registered under it."""
        return self.by_id.get(client_id)

    def serves(self, profile: Profile) -> bool:
        """Tell whether any client that is switched on is registered for ``profile``."""
        return any(one.enabled and one.client.profile is profile for one in self.by_id.values())


@dataclass(frozen=True, slots=True)
class WithOwnClient:
    """Registered clients and one of the node itself, which nobody can register over. Implements ``Clients``."""

    registered: Clients
    own: RegisteredClient

    def find(self, client_id: str) -> RegisteredClient | None:
        """Return the client of this id; ``None`` if there is none."""
        return self.own if client_id == self.own.client.id else self.registered.find(client_id)

    def serves(self, profile: Profile) -> bool:
        """Tell whether any registered client that is switched on has ``profile``: the own one asks no endpoint."""
        return self.registered.serves(profile)
