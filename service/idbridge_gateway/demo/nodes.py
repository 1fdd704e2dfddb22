"""The demo's nodes: their files below one directory, and two servers that run until told to end.

Each fetches the region's status lists once before it answers, as a node does that ran a moment ago.
"""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final

from idbridge.clock import Clock
from idbridge.codec import pem
from idbridge.crypto.key_files import write_key_file
from idbridge.crypto.signer import generate
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox import storage
from idbridge.sandbox.access import new_access
from idbridge.sandbox.distribution import ROOT_FILE, TREE
from idbridge.sandbox.keys import NODE_STATES
from idbridge.sandbox.region import Region
from idbridge.sandbox.statuses import RegionHost
from idbridge.trust import crl_floors, files
from idbridge_gateway.api.faults import Faults
from idbridge_gateway.api.gateway import GatewayApp
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.businesses import business_of
from idbridge_gateway.demo.samples import samples_of
from idbridge_gateway.distribution import distribution_of
from idbridge_gateway.keys import pairwise_key_text
from idbridge_gateway.registration import registration_of, write_registrations
from idbridge_gateway.revocation import begin_memory
from idbridge_gateway.serving import BackgroundServer
from idbridge_gateway.settings import Settings, read_settings
from idbridge_gateway.webhook_key import ALGORITHM as WEBHOOK_ALGORITHM

PRIVATE: Final = 0o600
KEY: Final = "assertion.pem"
ACCESS_AUTHORITY: Final = "access-authority.pem"
_PASSPHRASE_OCTETS: Final = 16


def region_in(directory: Path, *, at: datetime) -> Region:
    """Return the region of ``directory``: the one that is there, its lists issued afresh, or a new one.

    Raises:
        ConfigurationError: What is there is no region in order, or nothing can be written.
    """
    at = at.replace(microsecond=0)
    if storage.is_stored(directory):
        region = Region.load(directory)
        for state in region.published.lists:
            region = region.reissued(state, at=at)
    else:
        region = Region.generate(at=at)
    region.save(directory)
    return region


def lay_out(
    region: Region, directory: Path, *, distributed_at: datetime | None = None
) -> Mapping[MemberState, Settings]:
    """Write everything that the region's nodes need below ``directory``, and return their settings.

    With ``distributed_at`` the lists are distributed by TUF, published at that instant; without, as pinned files.

    Raises:
        ConfigurationError: A file cannot be written.
        TrustError: What is to be published would be refused.
    """
    if distributed_at is None:
        region.publish(directory)
        source = {"trust_dir": directory / "trust", "pins_file": directory / "pins.json"}
    else:
        region.distribute(directory, at=distributed_at)
        source = {"trust_dir": directory / TREE, "trust_root_file": directory / ROOT_FILE}
    return MappingProxyType({state: _lay_out_node(region, state, directory, source) for state in sorted(NODE_STATES)})


def _lay_out_node(region: Region, state: MemberState, directory: Path, source: Mapping[str, Path]) -> Settings:
    own = directory / "nodes" / state.value
    memory = own / "state"
    memory.mkdir(parents=True, exist_ok=True, mode=0o700)
    parties = [registration_of(registered.relying_party) for registered in region.registrations(state)]
    parties.append(business_of(state, region.environment))
    write_registrations(own / "relying_parties.json", parties, environment=region.environment)
    locked = _lay_out_key(region, state, own)
    pairwise = pairwise_key_text(region.keys.pairwise[state], environment=region.environment)
    files.write(own, "pairwise.json", pairwise.encode("ascii"), mode=PRIVATE)
    settings = read_settings(
        environment=region.environment,
        state=state,
        node_url=region.node(state).issuer,
        **source,
        state_dir=memory,
        relying_parties_file=own / "relying_parties.json",
        assertion_key_file=own / KEY,
        assertion_passphrase_file=locked,
        pairwise_key_file=own / "pairwise.json",
        decryption_keys_dir=_lay_out_decryption(region, state, own, locked=locked),
        decryption_passphrase_file=locked,
        **_lay_out_access(region, state, own, locked=locked),
        **_lay_out_webhook_key(own, locked=locked),
    )
    if not (memory / crl_floors.FILE).exists():
        begin_memory(memory, region.environment, begin=distribution_of(settings).repository.initialise)
    return settings


def _lay_out_decryption(region: Region, state: MemberState, own: Path, *, locked: Path | None) -> Path:
    """Write the keys that open what is encrypted to the node, under the passphrase of its other key if there is one."""
    folder = own / "decryption"
    folder.mkdir(exist_ok=True, mode=0o700)
    passphrase = locked.read_text(encoding="ascii") if locked is not None else None
    for number, signer in enumerate(region.keys.decryption[state]):
        path = folder / f"{number}.pem"
        path.unlink(missing_ok=True)
        write_key_file(path, signer, passphrase=passphrase)
    return folder


def _lay_out_access(region: Region, state: MemberState, own: Path, *, locked: Path | None) -> Mapping[str, Path | None]:
    """Write what the node asks wallets with, made anew, and the authority beside it for wallets that are to know it."""
    url = region.node(state).issuer
    access = new_access(url, state=state, environment=region.environment, at=region.made_at)
    key, certificate = own / "access.pem", own / "access-certificate.pem"
    key.unlink(missing_ok=True)
    write_key_file(key, access.signer, passphrase=locked.read_text(encoding="ascii") if locked is not None else None)
    for path, der in ((certificate, access.certificate), (own / ACCESS_AUTHORITY, access.authority)):
        files.write(own, path.name, pem.encode(der, label=pem.CERTIFICATE).encode("ascii"))
    return {"access_key_file": key, "access_certificate_file": certificate, "access_passphrase_file": locked}


def _lay_out_webhook_key(own: Path, *, locked: Path | None) -> Mapping[str, Path | None]:
    """Write the key that the node's webhooks are signed with, made anew."""
    key = own / "webhook.pem"
    key.unlink(missing_ok=True)
    passphrase = locked.read_text(encoding="ascii") if locked is not None else None
    write_key_file(key, generate(WEBHOOK_ALGORITHM), passphrase=passphrase)
    return {"webhook_key_file": key, "webhook_passphrase_file": locked}


def _lay_out_key(region: Region, state: MemberState, own: Path) -> Path | None:
    """Write the assertion key, a live one under a passphrase, and return where that is."""
    signer = region.node_service(state).signer
    if region.environment is not Environment.LIVE:
        files.write(own, KEY, signer.pem().encode("ascii"), mode=PRIVATE)
        return None
    passphrase = SystemRandomness().octets(_PASSPHRASE_OCTETS).hex()
    files.write(own, "passphrase", passphrase.encode("ascii"), mode=PRIVATE)
    (own / KEY).unlink(missing_ok=True)
    write_key_file(own / KEY, signer, passphrase=passphrase)
    return own / "passphrase"


def _prepared(settings: Settings, region: Region, *, clock: Clock, host: RegionHost) -> GatewayApp:
    """Return a node that fetched what its lists name from ``host``, with examples for its page."""
    samples = samples_of(region, settings.state, randomness=SystemRandomness())
    app = create_app(settings, clock=clock, faults=Faults(), revocation_source=host, samples=samples)
    asyncio.run(app.state.prefetch.look())
    return app


class RunningNodes:
    """The region's nodes, each a server of its own on this machine, from ``with`` to its end.

    ``listeners`` are sockets that listen already; a node without one takes a port that is free.
    """

    def __init__(
        self,
        region: Region,
        layout: Mapping[MemberState, Settings],
        *,
        clock: Clock,
        listeners: Mapping[MemberState, socket.socket] = MappingProxyType({}),
    ) -> None:
        host = RegionHost(region, clock)
        self._servers = {
            state: BackgroundServer(_prepared(settings, region, clock=clock, host=host), listener=listeners.get(state))
            for state, settings in layout.items()
        }
        self._stack = ExitStack()

    @property
    def addresses(self) -> Mapping[MemberState, str]:
        """Where each node answers."""
        return MappingProxyType({state: server.url for state, server in self._servers.items()})

    def __enter__(self) -> "RunningNodes":
        """Return the nodes once all of them answer.

        Raises:
            ConfigurationError: One did not start.
        """
        with ExitStack() as stack:
            for server in self._servers.values():
                stack.enter_context(server)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all of them."""
        self._stack.close()
