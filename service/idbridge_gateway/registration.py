"""The registration file: which relying parties a node serves, as strict JSON.

The file holds digests of keys and never a key. Everything in it is required but for what has a safe default; an
unknown member is refused, because a misspelt restriction would otherwise be no restriction.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.errors import ConfigurationError, InputError
from idbridge.model.region import AssuranceLevel, Environment, MemberState
from idbridge.model.request import RelyingParty
from idbridge.trust import files
from idbridge_gateway.stores.relying_parties import RelyingParties

SCHEMA: Final = "idbridge-relying-parties-1"
FILE_BYTES: Final = 16 * 1024 * 1024

_REQUIRED: Final = frozenset({
    "id", "name", "state", "sector", "purposes", "claims", "audiences", "clients", "api_key_digests",
})  # fmt: skip
_OPTIONAL: Final = frozenset({"minimum_level", "enabled", "policy_version"})
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def read_registrations(path: Path, *, environment: Environment) -> RelyingParties:
    """Return the registrations of ``path`` for a node of ``environment``.

    Raises:
        ConfigurationError: The file is missing, may be written to by others than its owner, is not the strict JSON
            described above, or is of another environment.
    """
    try:
        with path.open("rb") as opened:
            files.require_own(opened.fileno(), "the registration file")
            document = strict_json.parse_object(opened.read(FILE_BYTES + 1), max_bytes=FILE_BYTES)
    except OSError as error:
        raise ConfigurationError(f"the registration file cannot be read: {error.strerror}") from None
    except InputError as error:
        raise ConfigurationError(f"the registration file is not strict JSON: {error}") from None
    if document.keys() != {"schema", "environment", "relying_parties"} or document["schema"] != SCHEMA:
        raise ConfigurationError(f"the registration file does not have the members of {SCHEMA}")
    if document["environment"] != environment.value:
        raise ConfigurationError("the registration file is of another environment than this node")
    listed = document["relying_parties"]
    if not isinstance(listed, list):
        raise ConfigurationError("`relying_parties` is not a list")
    return RelyingParties.of((_party(entry, environment) for entry in listed), environment=environment)


def write_registrations(path: Path, parties: Iterable[RelyingParty], *, environment: Environment) -> None:
    """Write ``parties`` to ``path``, all or nothing, readable by its owner only.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    document = {
        "schema": SCHEMA,
        "environment": environment.value,
        "relying_parties": [_entry(party) for party in parties],
    }
    octets = json.dumps(document, ensure_ascii=False, indent=1).encode()
    files.write(path.parent, path.name, octets, mode=0o600)


def _party(entry: Any, environment: Environment) -> RelyingParty:
    if not isinstance(entry, dict) or not _REQUIRED <= entry.keys() <= _REQUIRED | _OPTIONAL:
        raise ConfigurationError("a registration lacks a member or has one that is unknown")
    digests = _texts(entry, "api_key_digests")
    if not all(_DIGEST.fullmatch(digest) for digest in digests):
        raise ConfigurationError("`api_key_digests` are SHA-256 digests in lower case hex, never keys")
    try:
        return RelyingParty(
            id=_text(entry, "id"),
            name=_text(entry, "name"),
            state=MemberState(_text(entry, "state")),
            environment=environment,
            sector=_text(entry, "sector"),
            purposes=frozenset(_texts(entry, "purposes")),
            claims=frozenset(_texts(entry, "claims")),
            audiences=frozenset(_texts(entry, "audiences")),
            clients=_clients(entry["clients"]),
            minimum_level=AssuranceLevel[entry.get("minimum_level", "A0")],
            api_key_digests=digests,
            enabled=_flag(entry),
            policy_version=_version(entry),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError("a registration names an unknown state or level, or no purpose") from error


def _entry(party: RelyingParty) -> dict[str, Any]:
    return {
        "id": party.id,
        "name": party.name,
        "state": party.state.value,
        "sector": party.sector,
        "purposes": sorted(party.purposes),
        "claims": sorted(party.claims),
        "audiences": sorted(party.audiences),
        "clients": {issuer: sorted(ids) for issuer, ids in sorted(party.clients.items())},
        "minimum_level": party.minimum_level.name,
        "api_key_digests": list(party.api_key_digests),
        "enabled": party.enabled,
        "policy_version": party.policy_version,
    }


def _clients(value: Any) -> Mapping[str, frozenset[str]]:
    if not isinstance(value, dict):
        raise ConfigurationError("`clients` maps each issuer to the client ids registered there")
    return MappingProxyType({issuer: frozenset(_texts(value, issuer)) for issuer in value})


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry[name]
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"`{name}` of a registration is not text")
    return value


def _texts(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = entry[name]
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise ConfigurationError(f"`{name}` of a registration is not a list of texts")
    if len(set(values)) != len(values):
        raise ConfigurationError(f"`{name}` of a registration names something twice")
    return tuple(values)


def _flag(entry: Mapping[str, Any]) -> bool:
    value = entry.get("enabled", True)
    if not isinstance(value, bool):
        raise ConfigurationError("`enabled` of a registration is neither true nor false")
    return value


def _version(entry: Mapping[str, Any]) -> int:
    value = entry.get("policy_version", 1)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigurationError("`policy_version` of a registration is a number from 1")
    return value
