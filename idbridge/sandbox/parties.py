"""Relying parties of the pretend region: their registrations, and the clients that providers know them by."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from idbridge.codec import base64url
from idbridge.model.randomness import Randomness
from idbridge.model.region import AssuranceLevel, Environment, MemberState
from idbridge.model.request import RelyingParty
from idbridge.sandbox.hosts import address_in
from idbridge.sandbox.sources import Table

API_KEY_OCTETS: Final = 32
_KEY_MARKS: Final = MappingProxyType({Environment.SANDBOX: "test", Environment.LIVE: "live"})


@dataclass(frozen=True, slots=True)
class Registration:
    """A relying party, the state whose node serves it, and the audience that wallets address it by."""

    relying_party: RelyingParty
    node: MemberState
    audience: str


def api_key(party_id: str, *, environment: Environment, randomness: Randomness) -> str:
    """Return a new API key: the environment, the relying party and 256 random bits."""
    return f"idb_{_KEY_MARKS[environment]}_{party_id}_{base64url.encode(randomness.octets(API_KEY_OCTETS))}"


def client_id(party_id: str, *, issuer: str) -> str:
    """Return the client id that the provider behind ``issuer`` gave to a relying party."""
    return f"{party_id}@{urlsplit(issuer).hostname}"


def registration(source: Table, *, environment: Environment, issuers: Iterable[str], key: str) -> Registration:
    """Return the registration that ``source`` describes, a client at each of ``issuers``, and ``key`` as a digest."""
    party_id = source["id"]
    relying_party = RelyingParty(
        id=party_id,
        name=source["name"],
        state=MemberState(source["state"]),
        environment=environment,
        sector=source["sector"],
        purposes=frozenset(source["purposes"]),
        claims=frozenset(source["claims"]),
        audiences=frozenset(address_in(environment, audience) for audience in source["audiences"]),
        clients=MappingProxyType({issuer: frozenset({client_id(party_id, issuer=issuer)}) for issuer in issuers}),
        minimum_level=AssuranceLevel[source.get("minimum_level", "A0")],
        api_key_digests=(hashlib.sha256(key.encode("ascii")).hexdigest(),),
        enabled=source.get("enabled", True),
    )
    own = address_in(environment, source["audiences"][0])
    return Registration(relying_party, node=MemberState(source["node"]), audience=own)
