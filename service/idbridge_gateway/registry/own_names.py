"""The names of a node itself: what is made for them is made for the node, and no relying party has it as its own.

A relying party is given what was made for its audiences. One whose registration named an identity of the node would be
given what wallets made for the node on behalf of another relying party, and the tokens of logins that the node ran for
another. So nobody is registered under such a name: the node's issuer identifier and address, the client identifiers
under which it asks wallets, and those of its clients at providers, each at its own issuer. A client identifier at a
provider stays the node's own after another took its place: tokens that were made for it are still about. Nor does
anybody send browsers, people, logouts or events to an address at the node itself: they would meet pages and endpoints
of the node. Every name of this machine is one, as a node of the sandbox is at any of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from idbridge.errors import RequestError
from idbridge_gateway.registry.record import Registration
from idbridge_gateway.settings import is_loopback

_NOWHERE: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})
_NO_IDS: Final[frozenset[str]] = frozenset()
_THIS_MACHINE: Final = "localhost"
_PORTS: Final[Mapping[str, int]] = MappingProxyType({"https": 443, "http": 80})


@dataclass(frozen=True, slots=True)
class OwnNames:
    """What one node is called: ``everywhere``, and as the client of an issuer ``at`` that issuer."""

    everywhere: frozenset[str] = frozenset()
    at: Mapping[str, frozenset[str]] = field(default_factory=lambda: _NOWHERE)

    def beside(self, earlier: "OwnNames") -> "OwnNames":
        """Return these names and those of ``earlier``: what was the node's own stays so."""
        issuers = self.at.keys() | earlier.at.keys()
        return OwnNames(
            self.everywhere | earlier.everywhere,
            MappingProxyType({one: self.at.get(one, _NO_IDS) | earlier.at.get(one, _NO_IDS) for one in issuers}),
        )

    def require_none(self, registration: Registration) -> None:
        """Return if ``registration`` names nothing that is the node's own.

        Raises:
            RequestError: ``input.request_malformed``: it does.
        """
        party = registration.relying_party
        ids = {party.id, *(client.id for client in registration.clients)}
        named = [ids, party.audiences, *party.clients.values()]
        at_issuers = (self.at.get(issuer, _NO_IDS).isdisjoint(theirs) for issuer, theirs in party.clients.items())
        here = {_origin(name) for name in self.everywhere if "://" in name}
        addresses = (_origin(address) for address in _addresses(registration))
        if (
            not all(self.everywhere.isdisjoint(names) for names in named)
            or not all(at_issuers)
            or not here.isdisjoint(addresses)
        ):
            raise RequestError("input.request_malformed", "a registration names what is the node's own")


def _addresses(registration: Registration) -> Iterator[str]:
    """Yield every address of a registration to which somebody is sent, or something."""
    single = [registration.webhook, registration.withdrawal]
    for client in registration.clients:
        yield from (*client.redirect_uris, *client.post_logout_redirect_uris)
        single.append(client.backchannel_logout_uri)
    yield from (address for address in single if address is not None)


def _origin(address: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address that was found to be registrable, or is the node's."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    return parts.scheme, _THIS_MACHINE if is_loopback(host) else host, parts.port or _PORTS.get(parts.scheme)
