"""The pretend region: eleven states with their keys, lists and agreements, made at start. Nothing in it is real.

Everything that a state signs here passes through the same ``trust`` and ``recognition`` code as a real state's list. A
region is a value: what changes it returns another one. Its keys are new each time and belong to no live
node, unless somebody asks for keys that are derived from a seed (``crypto.seeded_keys``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from idbridge.assertion.node import Node
from idbridge.crypto.jwe import DecryptionKey, decryption_key
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.seeded_keys import RANDOM, KeyMaker
from idbridge.crypto.signer import FileSigner
from idbridge.model.keys import PublicKey
from idbridge.model.randomness import Randomness, SystemRandomness
from idbridge.model.region import Environment, Format, MemberState
from idbridge.model.request import RelyingParty
from idbridge.model.time import instant_text
from idbridge.sandbox import distribution, storage
from idbridge.sandbox.key_material import make_keys
from idbridge.sandbox.keys import new_keys
from idbridge.sandbox.parties import Registration, registration
from idbridge.sandbox.publication import LIST_LIFETIME, first_publication, public_material, signed_list
from idbridge.sandbox.services import Service
from idbridge.sandbox.sources import (
    Sources,
    Table,
    placed_in,
    read_sources,
    service_in,
    service_source,
    services_of,
    shipped,
)
from idbridge.sandbox.storage import Parts
from idbridge.trust import files, pins
from idbridge.trust.publish import ServiceMaterial, write_plain
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.trust.trusted_set import TrustedSet


@dataclass(frozen=True, slots=True)
class Region(Parts):
    """A pretend region in one environment."""

    @classmethod
    def generate(
        cls,
        *,
        at: datetime,
        environment: Environment = Environment.SANDBOX,
        sources: Sources | None = None,
        keys: KeyMaker = RANDOM,
        randomness: Randomness | None = None,
    ) -> "Region":
        """Return a new region with new keys, whose states publish their first lists at ``at``.

        Its keys are made by ``keys``, its other secrets of ``randomness``; unless given, both are new each time.
        """
        at = at.replace(microsecond=0)
        placed = placed_in(environment, sources or read_sources())
        made = new_keys(placed, environment=environment, at=at, randomness=randomness or SystemRandomness(), maker=keys)
        published = first_publication(placed, keys=made, environment=environment, at=at)
        return cls(environment, at, placed, made, published, MappingProxyType({}))

    @classmethod
    def load(cls, directory: Path) -> "Region":
        """Return the region that was saved to ``directory``.

        Raises:
            ConfigurationError: There is none, its files are not in order, or a private key is open to others.
        """
        stored = storage.read(directory)
        return cls(*(getattr(stored, part.name) for part in fields(stored)))

    def save(self, directory: Path) -> None:
        """Write this region below ``directory``; its private keys with mode 0600.

        Raises:
            ConfigurationError: A file or folder cannot be written.
        """
        storage.write(directory, self)

    def publish(self, directory: Path) -> None:
        """Write what the states published to ``directory``, in the form that nodes read, and the pins beside it.

        Raises:
            ConfigurationError: A file or folder cannot be written.
        """
        write_plain(
            directory / "trust",
            lists=self.published.lists,
            arrangements=self.published.arrangements,
            purposes={self.sources.purposes["version"]: self.published.purposes},
        )
        states = {state: (dict(signer.public_jwk),) for state, signer in self.keys.lists.items()}
        files.write(directory, "pins.json", pins.document(self.environment, states))

    def distribute(self, directory: Path, *, at: datetime) -> None:
        """Bring what the states published into sight in the tree below ``directory``, as nodes fetch it by TUF.

        Raises:
            ConfigurationError: A file cannot be written, or what is there is not in order.
            TrustError: What is to be published would be refused.
        """
        distribution.publish(
            directory,
            self.published,
            purposes_version=self.sources.purposes["version"],
            keys=self.keys,
            environment=self.environment,
            at=at,
        )

    def service(self, service_id: str) -> Service:
        """Return a service with its private keys.

        Raises:
            LookupError: No state lists it, or it is run elsewhere.
        """
        state, source = service_source(self.sources, service_id)
        return Service(state, source, self.keys.services[service_id])

    def double(self, service_id: str, *, environment: Environment, at: datetime) -> Service:
        """Return the service's double in another ``environment``, with new keys that this region never saw.

        Raises:
            LookupError: No state lists it.
        """
        state, written = service_source(shipped(), service_id)
        source = service_in(environment, written)
        owner = f"double/{environment}"
        return Service(state, source, make_keys(source, state=state, at=at, maker=self.keys.maker, owner=owner))

    def signer(self, service_id: str) -> FileSigner:
        """Return the key that a service signs with.

        Raises:
            LookupError: No state lists it, or it is run elsewhere.
        """
        return self.service(service_id).signer

    def wallet(self, holder_id: str) -> FileSigner:
        """Return the holder key in the wallet of a person or a company.

        Raises:
            LookupError: Nobody has this id.
        """
        return self.keys.wallets[holder_id]

    def node(self, state: MemberState) -> Node:
        """Return the node of ``state``: the one whose assertion service the state lists as granted.

        Raises:
            LookupError: The state runs no node.
        """
        return Node(self.node_service(state).issuer, state, self.environment)

    def node_service(self, state: MemberState) -> Service:
        """Return the assertion service of the node of ``state``.

        Raises:
            LookupError: The state runs no node.
        """
        for source in services_of(self.sources.lists[state]):
            if source["type"] == "assertion" and source["status"][-1]["status"] == "granted":
                return self.service(source["id"])
        raise LookupError(f"{state} runs no node")

    def log_service(self, state: MemberState) -> Service:
        """Return the log of the node of ``state``.

        Raises:
            LookupError: The state lists none.
        """
        return self._granted(state, "log")

    def witness_service(self, state: MemberState) -> Service:
        """Return the witness of ``state``, who confirms the logs of other states.

        Raises:
            LookupError: The state lists none.
        """
        return self._granted(state, "witness")

    def _granted(self, state: MemberState, kind: str) -> Service:
        for source in services_of(self.sources.lists[state]):
            if source["type"] == kind and source["status"][-1]["status"] == "granted":
                return self.service(source["id"])
        raise LookupError(f"{state} lists no {kind}")

    def decryption_keys(self, state: MemberState) -> tuple[DecryptionKey, ...]:
        """Return the keys with which the node of ``state`` opens what is encrypted to it."""
        return tuple(decryption_key(signer.private_key) for signer in self.keys.decryption[state])

    def registration(self, party_id: str) -> Registration:
        """Return the registration of a relying party, a client of every login provider of the region.

        Raises:
            LookupError: There is no such relying party.
        """
        source = next((party for party in self.sources.relying_parties if party["id"] == party_id), None)
        if source is None:
            raise LookupError(f"no relying party of the region is called {party_id}")
        return registration(
            source, environment=self.environment, issuers=self._login_issuers(), key=self.keys.api[party_id]
        )

    def registrations(self, node: MemberState) -> tuple[Registration, ...]:
        """Return the registrations of the relying parties that the node of ``node`` serves."""
        everybody = (self.registration(party["id"]) for party in self.sources.relying_parties)
        return tuple(found for found in everybody if found.node is node)

    def relying_parties(self) -> tuple[tuple[RelyingParty, str], ...]:
        """Return every relying party of the region with its API key."""
        return tuple(
            (self.registration(party["id"]).relying_party, self.keys.api[party["id"]])
            for party in self.sources.relying_parties
        )

    def _login_issuers(self) -> list[str]:
        sources = (source for table in self.sources.lists.values() for source in services_of(table))
        return sorted({source["issuer"] for source in sources if Format.ID_TOKEN.value in source["formats"]})

    def pins(self) -> dict[MemberState, tuple[PublicKey, ...]]:
        """Return the list signing key of each state, as a node pins it."""
        return {state: (parse_jwk(signer.public_jwk),) for state, signer in self.keys.lists.items()}

    def trusted_set(self, *, at: datetime) -> TrustedSet:
        """Return the set that a new node of this region holds once it accepted everything published, at ``at``.

        Raises:
            TrustError: A list is out of date at ``at``, or what a state published is not acceptable.
        """
        held = TrustedSet(self.environment, MappingProxyType(self.pins()))
        for state, offered in self.published.lists.items():
            held = held.with_list(offered.encode("ascii"), state=state, at=at)
        for versions in self.published.arrangements.values():
            for offered_version in versions:
                held = held.with_arrangement(offered_version)
        return held.with_purposes(self.published.purposes)

    def snapshot(self, *, at: datetime) -> TrustSnapshot:
        """Return the trust snapshot of a node that accepted everything published, at ``at``.

        Raises:
            TrustError: As ``trusted_set`` says.
        """
        return snapshot_of(self.trusted_set(at=at))

    def reissued(self, state: MemberState, *, at: datetime) -> "Region":
        """Return a region in which ``state`` has published its list again, one edition later."""
        sequence = self.published.sequences[state] + 1
        offered = signed_list(
            self.sources.lists[state],
            keys=self.keys,
            material={**public_material(self.keys), **self.guests},
            environment=self.environment,
            sequence=sequence,
            at=at,
        )
        published = replace(
            self.published,
            lists=MappingProxyType({**self.published.lists, state: offered}),
            sequences=MappingProxyType({**self.published.sequences, state: sequence}),
        )
        return replace(self, published=published)

    def renewed(self, *, at: datetime) -> "Region":
        """Return a region whose states have all published again, if half of their lists' lifetime has passed."""
        if at - self.made_at < LIST_LIFETIME / 2:
            return self
        region: Region = replace(self, made_at=at.replace(microsecond=0))
        for state in self.published.lists:
            region = region.reissued(state, at=at)
        return region

    def with_status(self, service_id: str, status: str, *, at: datetime) -> "Region":
        """Return a region in which a service has ``status`` from ``at`` on, and its state's list says so.

        Raises:
            LookupError: No state lists it.
        """
        state, _ = service_source(self.sources, service_id)
        since = {"status": status, "from": instant_text(at.replace(microsecond=0))}

        def changed(service: Table) -> Table:
            return {**service, "status": [*service["status"], since]} if service["id"] == service_id else service

        source = self.sources.lists[state]
        providers = [
            {**provider, "service": [changed(service) for service in provider["service"]]}
            for provider in source["provider"]
        ]
        return self._with_source(state, {**source, "provider": providers}).reissued(state, at=at)

    def with_guest(
        self, state: MemberState, provider: Table, *, material: Mapping[str, ServiceMaterial], at: datetime
    ) -> "Region":
        """Return a region in which ``state`` lists one more provider, whose services are run elsewhere.

        ``provider`` is as in a source document, its addresses as they are; ``material`` the keys of each service.
        """
        source = self.sources.lists[state]
        listed = self._with_source(state, {**source, "provider": [*source["provider"], dict(provider)]})
        guests = MappingProxyType({**self.guests, **material})
        return replace(listed, guests=guests).reissued(state, at=at)

    def _with_source(self, state: MemberState, source: Table) -> "Region":
        lists = MappingProxyType({**self.sources.lists, state: source})
        return replace(self, sources=replace(self.sources, lists=lists))
