"""The files of a pretend region: what can be read by anyone, and private keys that only their owner can read.

``region.json`` holds everything but secrets; ``private/`` holds one PEM file for each key, and the secrets that nodes
and relying parties share. Decides nothing; a file that is open to others is refused where it is read.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.codec import base64std, base64url, strict_json
from idbridge.crypto.signer import FileSigner, load_signer, read_private
from idbridge.errors import ConfigurationError, FetchError, InputError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import instant_text, parse_instant
from idbridge.sandbox.keys import Keys
from idbridge.sandbox.publication import Published
from idbridge.sandbox.role_keys import RoleKeys
from idbridge.sandbox.role_keys import names as role_key_names
from idbridge.sandbox.services import ServiceKeys
from idbridge.sandbox.sources import Sources
from idbridge.trust import files
from idbridge.trust.publish import ServiceMaterial

SCHEMA: Final = "idbridge-region-1"
REGION_FILE: Final = "region.json"
PRIVATE: Final = "private"
_SECRETS: Final = "secrets.json"
_PRIVATE_FILE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700
_REGION_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Parts:
    """What a region consists of.

    ``sources`` carry the addresses of its environment. ``guests`` is the public key material of services that are run
    elsewhere and listed here, such as a real provider that a test starts.
    """

    environment: Environment
    made_at: datetime
    sources: Sources
    keys: Keys
    published: Published
    guests: Mapping[str, ServiceMaterial]


def is_stored(directory: Path) -> bool:
    """Tell whether there is a region in ``directory``."""
    return (directory / REGION_FILE).is_file()


def write(directory: Path, parts: Parts) -> None:
    """Write a region below ``directory``; its private keys with mode 0600.

    Raises:
        ConfigurationError: A file or folder cannot be written.
    """
    private = directory / PRIVATE
    try:
        private.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
    except OSError as unwritable:
        raise ConfigurationError("the folder of the region's private keys cannot be made") from unwritable
    for name, signer in _signers(parts.keys):
        files.write(private, f"{name}.pem", signer.pem().encode("ascii"), mode=_PRIVATE_FILE)
    files.write(private, _SECRETS, _text(_secrets(parts.keys)), mode=_PRIVATE_FILE)
    files.write(directory, REGION_FILE, _text(_document(parts)))


def _text(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _signers(keys: Keys) -> Iterator[tuple[str, FileSigner]]:
    """Yield every private key with the name of its file."""
    yield from ((f"list-{state}", signer) for state, signer in keys.lists.items())
    yield from ((f"role-{name}", signer) for name, signer in keys.roles.signers.items())
    yield from ((f"wallet-{person}", signer) for person, signer in keys.wallets.items())
    for state, signers in keys.decryption.items():
        yield from ((f"decryption-{state}-{number}", signer) for number, signer in enumerate(signers))
    for service_id, held in keys.services.items():
        yield from ((f"service-{service_id}-{number}", signer) for number, signer in enumerate(held.signers))
        if held.authority is not None:
            yield f"authority-{service_id}", held.authority


def _secrets(keys: Keys) -> dict[str, Any]:
    return {
        "api": dict(keys.api),
        "pairwise": {state.value: base64url.encode(key.octets) for state, key in keys.pairwise.items()},
    }


def _document(parts: Parts) -> dict[str, Any]:
    published = parts.published
    return {
        "schema": SCHEMA,
        "environment": parts.environment.value,
        "made_at": instant_text(parts.made_at),
        "sources": {
            "lists": {state.value: source for state, source in parts.sources.lists.items()},
            "arrangements": list(parts.sources.arrangements),
            "purposes": parts.sources.purposes,
            "relying_parties": list(parts.sources.relying_parties),
        },
        "services": {service_id: _service_document(held) for service_id, held in parts.keys.services.items()},
        "wallets": list(parts.keys.wallets),
        "decryption": {state.value: len(signers) for state, signers in parts.keys.decryption.items()},
        "published": {
            "lists": {state.value: text for state, text in published.lists.items()},
            "sequences": {state.value: number for state, number in published.sequences.items()},
            "arrangements": {
                name: [one.decode() for one in versions] for name, versions in published.arrangements.items()
            },
            "purposes": published.purposes.decode(),
        },
        "guests": {
            name: {"jwks": [dict(jwk) for jwk in guest.jwks], "certificates": _encoded(guest.certificates)}
            for name, guest in parts.guests.items()
        },
    }


def _service_document(held: ServiceKeys) -> dict[str, Any]:
    return {
        "algorithms": [signer.algorithm for signer in held.signers],
        "listed": _encoded(held.listed),
        "chain": _encoded(held.chain),
        "authority": held.authority.algorithm if held.authority is not None else None,
    }


def _encoded(certificates: tuple[bytes, ...]) -> list[str]:
    return [base64std.encode(certificate) for certificate in certificates]


def _decoded(texts: list[str]) -> tuple[bytes, ...]:
    return tuple(base64std.decode(text) for text in texts)


def read(directory: Path) -> Parts:
    """Return the region below ``directory``.

    Raises:
        ConfigurationError: There is none, its files are not in order, or a private key is open to others.
    """
    try:
        octets = files.read(directory, REGION_FILE, max_bytes=_REGION_BYTES)
        document = strict_json.parse_object(octets, max_bytes=_REGION_BYTES)
        secrets = strict_json.parse_object(
            read_private(directory / PRIVATE / _SECRETS), max_bytes=LIMITS.key_file_bytes
        )
        if document["schema"] != SCHEMA:
            raise ConfigurationError("the region is of another schema")
        return _parts(document, secrets, private=directory / PRIVATE)
    except FetchError as unreadable:
        raise ConfigurationError(f"there is no region in {directory}") from unreadable
    except (InputError, KeyError, TypeError, ValueError, AttributeError) as malformed:
        raise ConfigurationError("the files of the region are not in order") from malformed


def _parts(document: Mapping[str, Any], secrets: Mapping[str, Any], *, private: Path) -> Parts:
    sources, published = document["sources"], document["published"]
    return Parts(
        environment=Environment(document["environment"]),
        made_at=parse_instant(document["made_at"]),
        sources=Sources(
            lists=_by_state(sources["lists"]),
            arrangements=tuple(sources["arrangements"]),
            purposes=sources["purposes"],
            relying_parties=tuple(sources["relying_parties"]),
        ),
        keys=_keys(document, secrets, private=private),
        published=Published(
            lists=_by_state(published["lists"]),
            sequences=_by_state(published["sequences"]),
            arrangements=MappingProxyType(
                {name: tuple(one.encode() for one in versions) for name, versions in published["arrangements"].items()}
            ),
            purposes=published["purposes"].encode(),
        ),
        guests=MappingProxyType({
            name: ServiceMaterial(tuple(guest["jwks"]), _decoded(guest["certificates"]))
            for name, guest in document["guests"].items()
        }),
    )  # fmt: skip


def _by_state(table: Mapping[str, Any]) -> Mapping[MemberState, Any]:
    return MappingProxyType({MemberState(state): value for state, value in table.items()})


def _keys(document: Mapping[str, Any], secrets: Mapping[str, Any], *, private: Path) -> Keys:
    lists = _by_state(document["published"]["lists"])
    return Keys(
        lists=MappingProxyType({state: load_signer(private / f"list-{state}.pem") for state in lists}),
        services=MappingProxyType(
            {name: _service_keys(name, held, private=private) for name, held in document["services"].items()}
        ),
        wallets=MappingProxyType({name: load_signer(private / f"wallet-{name}.pem") for name in document["wallets"]}),
        pairwise=MappingProxyType(
            {MemberState(state): PairwiseKey(base64url.decode(key)) for state, key in secrets["pairwise"].items()}
        ),
        api=MappingProxyType(dict(secrets["api"])),
        roles=RoleKeys(
            MappingProxyType({name: load_signer(private / f"role-{name}.pem") for name in role_key_names()})
        ),
        decryption=MappingProxyType(
            {
                state: tuple(load_signer(private / f"decryption-{state}-{number}.pem") for number in range(count))
                for state, count in _by_state(document["decryption"]).items()
            }
        ),
    )


def _service_keys(name: str, held: Mapping[str, Any], *, private: Path) -> ServiceKeys:
    authority = held["authority"]
    return ServiceKeys(
        signers=tuple(
            load_signer(private / f"service-{name}-{number}.pem", algorithm=algorithm)
            for number, algorithm in enumerate(held["algorithms"])
        ),
        listed=_decoded(held["listed"]),
        chain=_decoded(held["chain"]),
        authority=load_signer(private / f"authority-{name}.pem", algorithm=authority) if authority else None,
    )
