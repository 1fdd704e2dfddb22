"""The living region: two nodes, the providers at which people and operators log in, and a bank at each node.

All of it is on this machine. Addresses come first, because each of them is registered somewhere before anything
answers there. Names are those that the lists have; what stands in for them, the registrations say (ADR 21).
"""

import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final
from urllib.parse import urlsplit

from idbridge.clock import Clock
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import ConfigurationError
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.model.request import RelyingParty
from idbridge.net.guarded import GuardedClient
from idbridge.oidc.client import OidcClient, Profile
from idbridge.oidc.metadata import Endpoints
from idbridge.oidc.upstream_discovery import ListedProvider
from idbridge.sandbox.region import Region
from idbridge_gateway.demo.bank.client import BankClient
from idbridge_gateway.demo.bank.site import BACKCHANNEL, BYE, CALLBACK, Bank, Shop, bank_app
from idbridge_gateway.demo.nodes import RunningNodes, lay_out
from idbridge_gateway.demo.operators import operator_issuer, with_operators
from idbridge_gateway.demo.providers import ListOperator, provider_host, register_node
from idbridge_gateway.registration import read_registrations, write_registrations
from idbridge_gateway.serving import LOOPBACK, BackgroundServer, address_of, listen
from idbridge_gateway.settings import Settings, read_settings

_ORDER: Final = (MemberState.TH, MemberState.SG)  # of their ports
_BANKS: Final[Mapping[MemberState, str]] = MappingProxyType({MemberState.TH: "th-bank", MemberState.SG: "sg-bank"})


class Places:
    """Where everybody will answer: sockets that listen already. ``port`` is that of the first, 0 takes free ones."""

    def __init__(self, port: int) -> None:
        taken = (listen(LOOPBACK, port + number if port else 0) for number in range(2 * len(_ORDER) + 1))
        self.nodes: Final = {state: next(taken) for state in _ORDER}
        self.providers: Final = next(taken)
        self.banks: Final = {state: next(taken) for state in _ORDER}


class LivingRegion:
    """The region, each of its servers on this machine, from ``with`` to its end."""

    def __init__(self, region: Region, directory: Path, *, port: int, clock: Clock) -> None:
        places, randomness = Places(port), SystemRandomness()
        self.providers: Final = address_of(places.providers)
        self.banks: Final = {state: address_of(listener) for state, listener in places.banks.items()}
        operator = ListOperator(region, clock=clock, publish=_publishing(directory))
        operators = operator_issuer(
            {state: address_of(listener) for state, listener in places.nodes.items()},
            browser=self.providers,
            randomness=randomness,
        )
        host = provider_host(
            region,
            browser=self.providers,
            operator=operator,
            clock=clock,
            randomness=randomness,
            operators=operators,
        )
        layout = {
            state: register_node(
                host,
                with_operators(_reached(settings, places.nodes), browser=self.providers),
                region,
                randomness=randomness,
            )
            for state, settings in _laid_out(region, directory, clock).items()
        }
        banks = {
            state: bank_app(_opened_bank(region, settings, self.banks[state], clock=clock))
            for state, settings in layout.items()
        }
        self._nodes = RunningNodes(region, layout, listeners=places.nodes, clock=clock)
        self._servers = (
            BackgroundServer(host, listener=places.providers),
            *(BackgroundServer(app, listener=places.banks[state]) for state, app in banks.items()),
        )
        self._stack = ExitStack()

    @property
    def nodes(self) -> Mapping[MemberState, str]:
        """Where each node answers."""
        return self._nodes.addresses

    def __enter__(self) -> "LivingRegion":
        """Return the region once everybody answers.

        Raises:
            ConfigurationError: Somebody did not start.
        """
        with ExitStack() as stack:
            stack.enter_context(self._nodes)
            for server in self._servers:
                stack.enter_context(server)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everybody, first those who others wait for."""
        self._stack.close()


def _laid_out(region: Region, directory: Path, clock: Clock) -> Mapping[MemberState, Settings]:
    return lay_out(region, directory, distributed_at=clock.now().replace(microsecond=0))


def _publishing(directory: Path) -> Callable[[Region, datetime], None]:
    def publish(region: Region, at: datetime) -> None:
        region.save(directory)
        region.distribute(directory, at=at)

    return publish


def _reached(settings: Settings, listeners: Mapping[MemberState, socket.socket]) -> Settings:
    """Return the settings of a node with where it answers, and where the others confirm its log."""
    said = settings.model_dump(exclude_none=True)
    others = [address_of(one) for state, one in sorted(listeners.items()) if state is not settings.state]
    witnesses = " ".join(f"{address}/witness" for address in others)
    return read_settings(**{**said, "browser_url": address_of(listeners[settings.state]), "witness_urls": witnesses})


def _opened_bank(region: Region, settings: Settings, url: str, *, clock: Clock) -> Bank:
    """Return the bank at ``url``, registered at the node of ``settings`` with a key made now.

    Raises:
        ConfigurationError: The registrations cannot be read or written.
    """
    signer, party = generate("ES256"), _BANKS[settings.state]
    client = BankClient(
        _node_of_bank(region, settings, url),
        state=settings.state,
        keys=Endpoints(settings.node_url).keys,
        signer=signer,
        caller=_caller(settings),
        randomness=SystemRandomness(),
    )
    _register_bank(settings, party, url, signer)
    name = region.registration(party).relying_party.name
    return Bank(name, url, settings.public_url, client, clock, Shop(SystemRandomness()))


def _node_of_bank(region: Region, settings: Settings, url: str) -> ListedProvider:
    return ListedProvider(
        issuer=settings.node_url,
        client_id=_client_id(_BANKS[settings.state]),
        redirect_uri=f"{url}{CALLBACK}",
        algorithms=frozenset({region.node_service(settings.state).signer.algorithm}),
        hosts=frozenset(urlsplit(address).netloc for address in (settings.node_url, settings.public_url)),
        fapi=True,
        environment=settings.environment,
    )


def _caller(settings: Settings) -> GuardedClient:
    """Return what asks the node by its listed name, and reaches it on this machine."""
    host = urlsplit(settings.node_url).netloc
    return GuardedClient(
        frozenset({host}), settings.environment, allow_loopback=True, stand_ins={host: settings.public_url}
    )


def _register_bank(settings: Settings, party: str, url: str, signer: FileSigner) -> None:
    """Write the bank's client into the registrations of its node.

    Raises:
        ConfigurationError: The file cannot be read or written.
    """
    path = settings.relying_parties_file
    if path is None:
        raise ConfigurationError("the demo keeps its registrations in a file")
    found = read_registrations(path, environment=settings.environment)
    written = [
        replace(one, clients=(_client(one.relying_party, url, signer),)) if one.id == party else one for one in found
    ]
    write_registrations(path, written, environment=settings.environment)


def _client(party: RelyingParty, url: str, signer: FileSigner) -> OidcClient:
    return OidcClient(
        id=_client_id(party.id),
        relying_party=party.id,
        profile=Profile.FAPI2,
        redirect_uris=(f"{url}{CALLBACK}",),
        post_logout_redirect_uris=(f"{url}{BYE}",),
        backchannel_logout_uri=f"{url}{BACKCHANNEL}",
        sector=party.sector,
        jwks=(dict(signer.public_jwk),),
        environment=party.environment,
    )


def _client_id(party: str) -> str:
    return f"{party}-web"
