"""A node whose lists name where revocation lists are, and a host of this machine that serves them over https."""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from idbridge.codec import pem
from idbridge.crypto.certificates import Authority, Subject, make_authority, make_crl, make_leaf, serial_number
from idbridge.crypto.signer import generate
from idbridge.model.region import MemberState
from idbridge.model.time import Validity
from idbridge.model.trust import LeafRule
from idbridge.sandbox.region import Region
from idbridge.sandbox.sources import Table
from tests.gateway.asking import Node, node_in, the_region
from tests.gateway.clocks import NOON
from tests.net.servers import Server, document, serving

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SERVICE = "sg-pid"


class CrlHost:
    """What a host serves by path, in one thread; what it does not have is not found."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.server: Server | None = None

    @property
    def asked(self) -> list[str]:
        """The paths that it was asked for, in order."""
        return [line.split()[1].decode() for line in self.server.requests] if self.server is not None else []

    def address(self, path: str) -> str:
        """Where a node finds ``path``."""
        return f"https://localhost:{self.server.port if self.server is not None else 0}{path}"

    def answer(self, connection: socket.socket) -> None:
        """Answer the request that was read last."""
        octets = self.documents.get(self.asked[-1])
        document(octets or b"", status="200 OK" if octets is not None else "404 Not Found")(connection)


@contextmanager
def crl_host(folder: Path) -> Iterator[CrlHost]:
    """Serve over https on this machine; ``folder / "ca.pem"`` has the authority that a client has to know."""
    host = CrlHost()
    with serving(host.answer, tls=_tls(folder)) as server:
        host.server = server
        yield host


def _tls(folder: Path) -> ssl.SSLContext:
    years = Validity(datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 1, 1, tzinfo=UTC))
    authority, signer = make_authority(generate("ES256"), subject=Subject("Web"), validity=years), generate("ES256")
    usage = LeafRule(extended_key_usage="1.3.6.1.5.5.7.3.1")
    leaf = make_leaf(
        signer, subject=Subject("host"), validity=years, issuer=authority, dns_names=["localhost"], rule=usage
    )
    (folder / "ca.pem").write_text(pem.encode(authority.certificate, label=pem.CERTIFICATE))
    (folder / "host.pem").write_text(pem.encode(leaf, label=pem.CERTIFICATE) + signer.pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "host.pem")
    return context


def demanding(addresses: Mapping[str, list[str]], *, region: Region | None = None, at: datetime = NOON) -> Region:
    """The region in which the list says of each of these services where its authority publishes its CRLs."""
    made = without_status_lists(region or the_region(), at=at)
    for service_id, listed in addresses.items():
        made = _demanding(made, service_id, listed, at=at)
    return made


def without_status_lists(region: Region, *, at: datetime) -> Region:
    """The region whose lists name no status list, so that no test looks for the hosts that are not there."""
    for state, source in region.sources.lists.items():
        listed = [service for one in source["provider"] for service in one["service"]]
        if not any("status_lists" in service for service in listed):
            continue
        providers = [{**one, "service": [_silent(service) for service in one["service"]]} for one in source["provider"]]
        lists = MappingProxyType({**region.sources.lists, state: {**source, "provider": providers}})
        region = replace(region, sources=replace(region.sources, lists=lists)).reissued(state, at=at)
    return region


def _silent(service: Table) -> Table:
    return {name: value for name, value in service.items() if name != "status_lists"}


def _demanding(region: Region, service_id: str, addresses: list[str], *, at: datetime) -> Region:
    state = region.service(service_id).state
    source = region.sources.lists[state]

    def named(service: Table) -> Table:
        return {**service, "crl": addresses} if service["id"] == service_id else service

    providers = [
        {**provider, "service": [named(service) for service in provider["service"]]} for provider in source["provider"]
    ]
    lists = MappingProxyType({**region.sources.lists, state: {**source, "provider": providers}})
    return replace(region, sources=replace(region.sources, lists=lists)).reissued(state, at=at)


def crl(
    *,
    number: int = 7,
    revoked: bool = False,
    service: str = SERVICE,
    made: datetime = NOON - HOUR,
    life: timedelta = DAY,
) -> bytes:
    """The CRL of the authority of ``service``, which names its one certificate or nobody."""
    keys = the_region().service(service).keys
    assert keys.authority is not None
    return make_crl(
        Authority(keys.listed[0], keys.authority),
        number=number,
        validity=Validity(made, made + life),
        revoked={serial_number(keys.chain[0]): made} if revoked else {},
    )


def refresh(node: Node) -> None:
    """Let the node fetch its revocation lists once, as it does every five minutes."""
    asyncio.run(node.app.state.prefetch.look())


def node_demanding(directory: Path, addresses: Mapping[str, list[str]]) -> Node:
    """A node of Thailand in a region that demands them."""
    return node_in(directory, state=MemberState.TH, region=demanding(addresses))
