"""What the states of the pretend region have signed and published: lists, arrangements, the purpose register."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from idbridge.model.region import Environment, MemberState
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, PURPOSES_TYPE, sign_document
from idbridge.sandbox.keys import Keys
from idbridge.sandbox.sources import (
    Sources,
    Table,
    arrangement_payloads,
    double_issuers,
    purposes_payload,
)
from idbridge.trust.publish import ServiceMaterial, lote_from_source, sign_list

LIST_LIFETIME: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Published:
    """Lists as compact JWS with their sequence numbers, arrangement versions by id, oldest first, and the register."""

    lists: Mapping[MemberState, str]
    sequences: Mapping[MemberState, int]
    arrangements: Mapping[str, tuple[bytes, ...]]
    purposes: bytes


def signed_list(
    source: Table,
    *,
    keys: Keys,
    material: Mapping[str, ServiceMaterial],
    environment: Environment,
    sequence: int,
    at: datetime,
) -> str:
    """Return a state's list, issued and signed at ``at``; ``material`` are the public keys of services by id."""
    lote = lote_from_source(
        source,
        environment=environment,
        sequence=sequence,
        issued_at=at,
        next_update=at + LIST_LIFETIME,
        material=material.__getitem__,
        other_environment_issuers=double_issuers(environment, source),
    )
    return sign_list(lote, keys.lists[MemberState(source["state"])], at=at)


def public_material(keys: Keys) -> dict[str, ServiceMaterial]:
    """Return what a list names of each service: its certificates where it has some, else its keys."""
    return {
        service_id: ServiceMaterial(certificates=held.listed)
        if held.listed
        else ServiceMaterial(jwks=tuple(dict(signer.public_jwk) for signer in held.signers))
        for service_id, held in keys.services.items()
    }


def first_publication(sources: Sources, *, keys: Keys, environment: Environment, at: datetime) -> Published:
    """Return the first edition of everything."""
    material = public_material(keys)
    lists = {
        state: signed_list(source, keys=keys, material=material, environment=environment, sequence=1, at=at)
        for state, source in sources.lists.items()
    }
    arrangements = {
        source["id"]: tuple(
            sign_document(payload, signers={state: keys.lists[state] for state in signers}, typ=ARRANGEMENT_TYPE)
            for payload, signers in arrangement_payloads(source, environment=environment)
        )
        for source in sources.arrangements
    }
    payload, signers = purposes_payload(sources.purposes, environment=environment)
    purposes = sign_document(payload, signers={state: keys.lists[state] for state in signers}, typ=PURPOSES_TYPE)
    return Published(
        MappingProxyType(lists), MappingProxyType(dict.fromkeys(lists, 1)), MappingProxyType(arrangements), purposes
    )
