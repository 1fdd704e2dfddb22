"""What a node is called by everybody else, out of its settings: as an issuer, towards wallets and at providers."""

from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

from idbridge.presentation.access_certificate import ClientIdPrefix
from idbridge_gateway.ask.client import CLIENT_ID
from idbridge_gateway.oidc.upstream.registrations import UpstreamClient, read_former_clients, read_upstream_clients
from idbridge_gateway.registry.own_names import OwnNames
from idbridge_gateway.settings import Settings
from idbridge_gateway.wallet.access import read_access_certificate


def own_names(settings: Settings) -> OwnNames:
    """Return every name of the node that ``settings`` describe.

    Raises:
        ConfigurationError: Its access certificate or its clients at providers are not in order.
    """
    everywhere = {settings.node_url, settings.public_url, CLIENT_ID}
    certificate = read_access_certificate(settings)
    if certificate is not None:
        hosts = sorted(certificate.hosts)
        everywhere |= {certificate.client_id(ClientIdPrefix.X509_SAN_DNS, host=host) for host in hosts}
        everywhere.add(certificate.client_id(ClientIdPrefix.X509_HASH, host=""))
    return OwnNames(frozenset(everywhere)).beside(names_at_providers(settings, read_upstream_clients(settings)))


def names_at_providers(settings: Settings, clients: Mapping[str, UpstreamClient]) -> OwnNames:
    """Return the client identifiers of ``clients``, and those that the node had before, each at its own issuer.

    Raises:
        ConfigurationError: The file of the clients is not in order.
    """
    found: defaultdict[str, frozenset[str]] = defaultdict(frozenset, read_former_clients(settings))
    for client in clients.values():
        found[client.issuer] |= {client.client_id}
    return OwnNames(at=MappingProxyType(dict(found)))
