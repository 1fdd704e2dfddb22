"""Profiles: who proves what, and against which kinds of target. One table, which the docs and ``list`` print."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Profile(StrEnum):
    """What is proved. Its value is the name of a folder of the corpus, and of ``--profile``."""

    VERIFIER = "verifier"
    TRUST_LIST_CONSUMER = "trust-list-consumer"
    TRUST_LIST_PUBLISHER = "trust-list-publisher"
    ID_PROVIDER = "id-provider"
    ISSUER = "issuer"
    WALLET = "wallet"
    GATEWAY = "gateway"
    PRIVACY = "privacy"
    RESILIENCE = "resilience"


class Reach(StrEnum):
    """How a target is reached. Its value is the word before the colon of ``--target``."""

    BUILTIN = "builtin"
    CLI = "cli"
    HTTP = "http"
    LIST = "list"
    IDP = "idp"
    ISSUER = "issuer"
    WALLET = "wallet"


@dataclass(frozen=True, slots=True)
class Terms:
    """Who proves a profile, what it is about, and how its targets are reached."""

    proved_by: str
    about: str
    reaches: tuple[Reach, ...]


PROFILES: Final[Mapping[Profile, Terms]] = MappingProxyType(
    {
        Profile.VERIFIER: Terms(
            "verifier, node",
            "verdicts on credentials: id-token, sd-jwt-vc, mdoc, w3c-vc, qr, assertion, presentation, status, "
            "legal-person",
            (Reach.BUILTIN, Reach.CLI, Reach.HTTP),
        ),
        Profile.TRUST_LIST_CONSUMER: Terms(
            "verifier, node",
            "trust lists over time: rollback, freeze, mix-and-match, rotation, deny, lift",
            (Reach.BUILTIN, Reach.CLI),
        ),
        Profile.TRUST_LIST_PUBLISHER: Terms("scheme operator", "what a state publishes", (Reach.LIST,)),
        Profile.ID_PROVIDER: Terms(
            "national identity provider",
            "discovery, PAR, PKCE, DPoP, rotation of keys, tokens; the suite is the relying party",
            (Reach.IDP,),
        ),
        Profile.ISSUER: Terms(
            "credential issuer", "samples as files: photo, text, credential; status list", (Reach.ISSUER,)
        ),
        Profile.WALLET: Terms("wallet", "answers to requests; the suite is the verifier", (Reach.WALLET,)),
        Profile.GATEWAY: Terms(
            "node", "the whole way; the suite is relying party, identity provider and wallet", (Reach.HTTP,)
        ),
        Profile.PRIVACY: Terms("node", "nothing personal where it does not belong", (Reach.HTTP,)),
        Profile.RESILIENCE: Terms(
            "node", "under strain and with named faults: nothing wrong is accepted, all is logged", (Reach.HTTP,)
        ),
    }
)
