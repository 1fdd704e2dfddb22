"""Source documents of the pretend region: what each state, pair of states and the region as a whole wrote down.

Reads ``trust_lists/`` and judges nothing; the lists made from it pass through the same checks as any other list.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment, MemberState, ServiceType
from idbridge.sandbox.hosts import address_in, double

Table = Mapping[str, Any]

SERVICE_TYPES: Final[Mapping[str, ServiceType]] = MappingProxyType(
    {entry.value.rpartition(":")[2]: entry for entry in ServiceType}
)


@dataclass(frozen=True, slots=True)
class Sources:
    """The documents as written, with the addresses of the live environment."""

    lists: Mapping[MemberState, Table]
    arrangements: tuple[Table, ...]
    purposes: Table
    relying_parties: tuple[Table, ...]


def read_sources(directory: Path | None = None) -> Sources:
    """Return the source documents in ``directory``, or those that come with IdBridge.

    Raises:
        ConfigurationError: A document is missing or is not TOML.
    """
    folder = directory if directory is not None else _shipped()
    lists = {state: _toml(folder / state.value / "list.toml") for state in MemberState}
    return Sources(
        lists=MappingProxyType(lists),
        arrangements=tuple(_toml(path) for path in sorted((folder / "arrangements").glob("*.toml"))),
        purposes=_toml(folder / "purposes.toml"),
        relying_parties=tuple(_toml(folder / "relying_parties.toml")["relying_party"]),
    )


@cache
def shipped() -> Sources:
    """Return the source documents that come with IdBridge."""
    return read_sources()


def _shipped() -> Path:
    """Return the folder inside an installed package, else the one at the root of a checkout."""
    packaged = Path(str(resources.files("idbridge.sandbox"))) / "trust_lists"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "trust_lists"


def _toml(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as unreadable:
        raise ConfigurationError(f"source document {path.name} of {path.parent.name} cannot be read") from unreadable


def services_of(source: Table) -> Iterator[Table]:
    """Yield the services of a list's source document, in its order."""
    for provider in source["provider"]:
        yield from provider["service"]


def service_source(sources: Sources, service_id: str) -> tuple[MemberState, Table]:
    """Return the state that lists a service, and the service's table.

    Raises:
        LookupError: No state lists a service under this id.
    """
    for state, source in sources.lists.items():
        for service in services_of(source):
            if service["id"] == service_id:
                return state, service
    raise LookupError(f"no state of the region lists a service {service_id}")


def service_in(environment: Environment, service: Table) -> Table:
    """Return a service's source with its addresses in ``environment``."""
    placed: dict[str, Any] = {**service, "issuer": address_in(environment, service["issuer"])}
    if "status_lists" in service:
        placed["status_lists"] = [address_in(environment, one) for one in service["status_lists"]]
    if "key_set" in service:
        placed["key_set"] = address_in(environment, service["key_set"])
    return placed


def list_in(environment: Environment, source: Table) -> Table:
    """Return a list's source document with the addresses of ``environment``."""
    providers = [
        {**provider, "service": [service_in(environment, service) for service in provider["service"]]}
        for provider in source["provider"]
    ]
    return {**source, "provider": providers}


def placed_in(environment: Environment, written: Sources) -> Sources:
    """Return the documents with the addresses of ``environment`` in their lists."""
    lists = {state: list_in(environment, source) for state, source in written.lists.items()}
    return replace(written, lists=MappingProxyType(lists))


def double_issuers(environment: Environment, source: Table) -> list[str]:
    """Return what the issuers of a list are called in the other environment."""
    doubles = (double(environment, service["issuer"]) for service in services_of(source))
    return sorted({issuer for issuer in doubles if issuer is not None})


def arrangement_payloads(
    source: Table, *, environment: Environment
) -> Iterator[tuple[dict[str, Any], frozenset[MemberState]]]:
    """Yield each version of an arrangement, oldest first, with the states that sign it."""
    for number, version in enumerate(source["version"], start=1):
        payload = {
            "schema": "idbridge-arrangement-1",
            "id": source["id"],
            "version": number,
            "environment": environment.value,
            "parties": source["parties"],
            "status": version["status"],
            "from": version["from"],
            "until": version.get("until"),
            "rules": [rule for written in version.get("rule", ()) for rule in _rules(written)],
        }
        yield payload, frozenset(MemberState(state) for state in version["signed_by"])


def _rules(written: Table) -> Iterator[dict[str, Any]]:
    """Yield one rule for each state that recognises; the source may name several at once."""
    for state in written["recognising"]:
        yield {
            **written,
            "recognising": state,
            "service_types": [SERVICE_TYPES[name].value for name in written["service_types"]],
        }


def purposes_payload(source: Table, *, environment: Environment) -> tuple[dict[str, Any], frozenset[MemberState]]:
    """Return the purpose register and the states that sign it."""
    payload = {
        "schema": "idbridge-purposes-1",
        "version": source["version"],
        "environment": environment.value,
        "purposes": [dict(purpose) for purpose in source["purpose"]],
    }
    return payload, frozenset(MemberState(state) for state in source["signed_by"])
