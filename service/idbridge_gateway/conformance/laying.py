"""Laying out a conformance node: from the trust material of a case to the settings of a node like any other.

The keys of the node and the API keys of relying parties follow from the published test seed; nothing of them travels.
Decides nothing about trust: what is laid out is loaded by the code that loads every node's material.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from idbridge.conformance import parties
from idbridge.conformance.corpus import VECTORS
from idbridge.conformance.loading import Load
from idbridge.conformance.node import (
    FROZEN_KEYS,
    PARTIES,
    PINS,
    STATUS,
    STATUS_INDEX,
    TRUST,
    TYPES,
    StatusFolder,
    read_object,
)
from idbridge.conformance.seed import corpus_keys, corpus_region
from idbridge.errors import ConfigurationError, RequestError
from idbridge.model.region import Environment
from idbridge.model.request import RelyingParty
from idbridge.sandbox.keys import NODE_STATES
from idbridge.sandbox.region import Region
from idbridge_gateway.demo.nodes import lay_out_node
from idbridge_gateway.registration import registration_of
from idbridge_gateway.registry.form import kept_document, read_registration
from idbridge_gateway.registry.record import ApiKey, Registration
from idbridge_gateway.settings import Settings

CLIENTS: Final = "clients.json"
"""Beside the material of a verifier: the clients of OpenID Connect by relying party, as the registry writes them."""

WEBHOOKS: Final = "webhooks.json"
"""Beside the material of a verifier: by relying party, where on this machine it is told of what the node tells it."""

UPSTREAM: Final = "upstream/clients.json"
"""What the node is at identity providers, beside the keys that it names: as ``IDBRIDGE_UPSTREAM_CLIENTS_FILE``."""


@cache
def corpus_region_of_nodes() -> Region:
    """Return the region of the corpus, of which nodes have their keys; made once."""
    return corpus_region(corpus_keys(read_object(VECTORS / FROZEN_KEYS)))


def laid_out(load: Load, folder: Path, *, browser_url: str) -> Settings:
    """Write what ``load`` brings, and what follows from the test seed, below ``folder``; return the node's settings.

    Raises:
        ConfigurationError: The material is not in order, or the corpus has no such node.
    """
    if load.node not in NODE_STATES:
        raise ConfigurationError("the corpus has no node of that state")
    load.write(folder / "material")
    material = folder / "material"
    source = {"trust_dir": material / TRUST, "pins_file": material / PINS}
    (material / TRUST).mkdir(parents=True, exist_ok=True)
    settings = lay_out_node(
        corpus_region_of_nodes(), load.node, folder / "node", source,
        parties=_registrations(material), browser_url=browser_url,
    )  # fmt: skip
    more = {"upstream_clients_file": material / UPSTREAM, "type_metadata_dir": material / TYPES}
    return settings.model_copy(update={name: place for name, place in more.items() if place.exists()})


def statuses(folder: Path) -> StatusFolder:
    """Return what is served at addresses, of the material that was laid out below ``folder``.

    Raises:
        ConfigurationError: It does not say what is served where.
    """
    served = folder / "material" / STATUS
    return StatusFolder(served, read_object(served / STATUS_INDEX))


def _registrations(material: Path) -> tuple[Registration, ...]:
    listed = parties.read(read_object(material / PARTIES), environment=Environment.SANDBOX)
    clients, webhooks = (_by_party(material / name) for name in (CLIENTS, WEBHOOKS))
    if not {*clients, *webhooks} <= listed.keys():
        raise ConfigurationError("a client or a webhook belongs to no relying party of the material")
    return tuple(
        _registration(party, clients.get(party.id), webhook=webhooks.get(party.id)) for party in listed.values()
    )


def _by_party(place: Path) -> Mapping[str, Any]:
    return read_object(place) if place.exists() else {}


def _registration(party: RelyingParty, clients: Any, *, webhook: Any) -> Registration:
    plain = registration_of(party)
    keys = tuple(ApiKey(digest) for digest in _digests(party))
    document = {**kept_document(plain), "webhook": webhook, **({} if clients is None else {"oidc_clients": clients})}
    try:
        return read_registration(document, environment=Environment.SANDBOX, api_keys=keys)
    except RequestError as refusal:
        raise ConfigurationError(f"a registration of the material is not in order: {refusal.detail}") from refusal


def _digests(party: RelyingParty) -> tuple[str, ...]:
    api: Mapping[str, str] = corpus_region_of_nodes().keys.api
    return (hashlib.sha256(api[party.id].encode("ascii")).hexdigest(),) if party.id in api else ()
