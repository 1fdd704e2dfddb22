"""The demo's nodes: their files below one directory, and two servers that run until told to end.

Each fetches the region's status lists once before it answers, as a node does that ran a moment ago.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final

from idbridge.assertion.pairwise_file import pairwise_key_text
from idbridge.clock import Clock
from idbridge.codec import pem
from idbridge.crypto.key_files import write_key_file
from idbridge.crypto.signer import generate
from idbridge.evidence.writer import create_log
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox import storage
from idbridge.sandbox.access import new_access
from idbridge.sandbox.distribution import ROOT_FILE, TREE
from idbridge.sandbox.keys import NODE_STATES
from idbridge.sandbox.region import Region
from idbridge.sandbox.statuses import RegionHost
from idbridge.tlog.note import note_signer
from idbridge.trust import crl_floors, files
from idbridge.trust.log_names import origin_of
from idbridge_gateway.api.faults import Faults
from idbridge_gateway.api.gateway import GatewayApp
from idbridge_gateway.app import create_app
from idbridge_gateway.canary.rounds import Canary, singing
from idbridge_gateway.canary.wiring import canary_of
from idbridge_gateway.demo.businesses import business_of
from idbridge_gateway.demo.canaries import RegionCanaries
from idbridge_gateway.demo.samples import samples_of
from idbridge_gateway.distribution import distribution_of
from idbridge_gateway.registration import registration_of, write_registrations
from idbridge_gateway.registry.record import Registration
from idbridge_gateway.revocation import begin_memory
from idbridge_gateway.serving import LOOPBACK, BackgroundServer, listen
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
    return MappingProxyType(
        {
            state: lay_out_node(
                region, state, directory / "nodes" / state.value, source, parties=_parties(region, state)
            )
            for state in sorted(NODE_STATES)
        }
    )


def _parties(region: Region, state: MemberState) -> tuple[Registration, ...]:
    registered = (registration_of(one.relying_party) for one in region.registrations(state))
    return (*registered, business_of(state, region.environment))


def lay_out_node(
    region: Region,
    state: MemberState,
    own: Path,
    source: Mapping[str, Path],
    *,
    parties: Sequence[Registration],
    browser_url: str | None = None,
) -> Settings:
    """Write everything that one node needs to the folder ``own``, and return its settings.

    Its keys are those of ``region``, its trust material is at ``source``, and it serves ``parties``.

    Raises:
        ConfigurationError: A file cannot be written.
    """
    memory = own / "state"
    memory.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_registrations(own / "relying_parties.json", parties, environment=region.environment)
    locked = _lay_out_key(region, state, own)
    pairwise = pairwise_key_text(region.keys.pairwise[state], environment=region.environment)
    files.write(own, "pairwise.json", pairwise.encode("ascii"), mode=PRIVATE)
    settings = read_settings(
        environment=region.environment,
        state=state,
        node_url=region.node(state).issuer,
        browser_url=browser_url,
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
        **_lay_out_log(region, state, own, locked=locked),
        **_lay_out_witness(region, state, own, locked=locked),
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


def _lay_out_log(region: Region, state: MemberState, own: Path, *, locked: Path | None) -> Mapping[str, Any]:
    """Write the key of the node's log, and begin the log of a live node; that of the sandbox begins by itself."""
    service, key, log, days, heads = (
        region.log_service(state), own / "log.pem", own / "log", own / "day-keys", own / "log-heads",
    )  # fmt: skip
    key.unlink(missing_ok=True)
    passphrase = locked.read_text(encoding="ascii") if locked is not None else None
    write_key_file(key, service.signer, passphrase=passphrase)
    if region.environment is Environment.LIVE and not log.exists():
        for folder in (days, heads):
            folder.mkdir(mode=0o700)
        create_log(log, signer=note_signer(origin_of(service.issuer), service.signer))
    wait = LIMITS.log_wait if region.environment is Environment.LIVE else LIMITS.log_sandbox_wait
    return {
        "log_dir": log, "log_key_file": key, "log_passphrase_file": locked, "log_day_keys_dir": days,
        "log_heads_dir": heads, "log_wait_seconds": wait.total_seconds(),
    }  # fmt: skip


def _lay_out_witness(region: Region, state: MemberState, own: Path, *, locked: Path | None) -> Mapping[str, Any]:
    """Write the key by which the node confirms the logs of other states."""
    service, key = region.witness_service(state), own / "witness.pem"
    key.unlink(missing_ok=True)
    write_key_file(key, service.signer, passphrase=locked.read_text(encoding="ascii") if locked is not None else None)
    name = origin_of(service.issuer)
    return {"witness_key_file": key, "witness_passphrase_file": locked, "witness_name": name}


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
        self._region, self._layout, self._clock = region, layout, clock
        self._apps = {state: _prepared(settings, region, clock=clock, host=host) for state, settings in layout.items()}
        self._listeners = {state: listeners.get(state) or listen(LOOPBACK, 0) for state in layout}
        self._servers = {
            state: BackgroundServer(app, listener=self._listeners[state]) for state, app in self._apps.items()
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
            for state, server in self._servers.items():
                stack.enter_context(server)
                stack.enter_context(singing(self._canary(state)))
            self._stack = stack.pop_all()
        return self

    def _canary(self, state: MemberState) -> Canary | None:
        """Return what puts samples of the region to one of the nodes."""
        app, clock = self._apps[state], self._clock
        samples = RegionCanaries(self._region, state, clock=clock, randomness=SystemRandomness())
        figures, tell = app.state.parts.figures, app.state.bell.tell
        listener = self._listeners[state]
        return canary_of(self._layout[state], samples, listener=listener, figures=figures, clock=clock, tell=tell)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all of them."""
        self._stack.close()
