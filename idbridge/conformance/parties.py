"""Relying parties of the corpus, as a document that any implementation can read. Their API keys are not in it."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from idbridge.errors import ConfigurationError
from idbridge.model.region import AssuranceLevel, Environment, MemberState
from idbridge.model.request import RelyingParty


def document(parties: Iterable[RelyingParty]) -> dict[str, Any]:
    """Return the registrations as JSON values, by id; sets are sorted."""
    return {
        party.id: {
            "name": party.name,
            "state": party.state.value,
            "sector": party.sector,
            "purposes": sorted(party.purposes),
            "claims": sorted(party.claims),
            "audiences": sorted(party.audiences),
            "clients": {issuer: sorted(ids) for issuer, ids in sorted(party.clients.items())},
            "minimum_level": party.minimum_level.name,
            "enabled": party.enabled,
        }
        for party in parties
    }


def read(written: Mapping[str, Any], *, environment: Environment) -> Mapping[str, RelyingParty]:
    """Return the relying parties of ``document``, by id.

    Raises:
        ConfigurationError: A registration leaves something out or is malformed.
    """
    try:
        return MappingProxyType({name: _party(name, entry, environment) for name, entry in written.items()})
    except (KeyError, TypeError, ValueError, AttributeError) as malformed:
        raise ConfigurationError("the relying parties of the material are not in order") from malformed


def _party(name: str, entry: Mapping[str, Any], environment: Environment) -> RelyingParty:
    return RelyingParty(
        id=name,
        name=entry["name"],
        state=MemberState(entry["state"]),
        environment=environment,
        sector=entry["sector"],
        purposes=frozenset(entry["purposes"]),
        claims=frozenset(entry["claims"]),
        audiences=frozenset(entry["audiences"]),
        clients=MappingProxyType({issuer: frozenset(ids) for issuer, ids in entry["clients"].items()}),
        minimum_level=AssuranceLevel[entry["minimum_level"]],
        enabled=entry["enabled"],
    )
