"""Every private key of a pretend region, and how they are made: once for a region, all of them new.

Whoever needs a key that nobody has listed, such as an attacker, has it made by the region's ``maker`` too, so that all
that a region with derived keys makes comes out the same again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from idbridge.assertion.pseudonym import KEY_OCTETS, PairwiseKey
from idbridge.crypto.seeded_keys import RANDOM, KeyMaker
from idbridge.crypto.signer import FileSigner
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.key_material import make_keys
from idbridge.sandbox.parties import api_key
from idbridge.sandbox.people import holders
from idbridge.sandbox.role_keys import RoleKeys
from idbridge.sandbox.services import ServiceKeys
from idbridge.sandbox.sources import Sources, services_of

LIST_ALGORITHM: Final = "ES256"
WALLET_ALGORITHM: Final = "ES256"
DECRYPTION_ALGORITHMS: Final = ("ES256", "ES512")  # for their curves, P-256 and P-521; nothing is signed with them
NODE_STATES: Final = (MemberState.SG, MemberState.TH)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that the states sign lists with, those of services by id, of wallets by holder, of nodes by state.

    ``api`` are the API keys by relying party; a node stores their digests only. ``roles`` distribute the lists.
    ``decryption`` are the keys of nodes that open what is encrypted to them. ``maker`` made all of them.
    """

    lists: Mapping[MemberState, FileSigner]
    services: Mapping[str, ServiceKeys]
    wallets: Mapping[str, FileSigner]
    pairwise: Mapping[MemberState, PairwiseKey]
    api: Mapping[str, str] = field(repr=False)
    roles: RoleKeys = field(repr=False)
    decryption: Mapping[MemberState, tuple[FileSigner, ...]] = field(default_factory=dict)
    maker: KeyMaker = field(default=RANDOM, repr=False, compare=False)


def new_keys(
    sources: Sources, *, environment: Environment, at: datetime, randomness: Randomness, maker: KeyMaker = RANDOM
) -> Keys:
    """Return new keys for everybody that ``sources`` name."""
    services = {
        source["id"]: make_keys(source, state=state, at=at, maker=maker)
        for state, table in sources.lists.items()
        for source in services_of(table)
    }
    parties = [party["id"] for party in sources.relying_parties]
    return Keys(
        lists=MappingProxyType({
            state: maker.make(LIST_ALGORITHM, name=f"list/{state}") for state in sources.lists
        }),
        services=MappingProxyType(services),
        wallets=MappingProxyType({
            holder: maker.make(WALLET_ALGORITHM, name=f"wallet/{holder}") for holder in holders()
        }),
        pairwise=MappingProxyType({state: PairwiseKey(randomness.octets(KEY_OCTETS)) for state in NODE_STATES}),
        api=MappingProxyType({
            party: api_key(party, environment=environment, randomness=randomness) for party in parties
        }),
        roles=RoleKeys.generate(maker),
        decryption=MappingProxyType({state: _decryption_keys(state, maker) for state in NODE_STATES}),
        maker=maker,
    )  # fmt: skip


def _decryption_keys(state: MemberState, maker: KeyMaker) -> tuple[FileSigner, ...]:
    return tuple(
        maker.make(algorithm, name=f"decryption/{state}/{number}")
        for number, algorithm in enumerate(DECRYPTION_ALGORITHMS)
    )
