"""An imported list as source material for the operator: stanzas of ``list.toml``, certificates, keys, provenance.

Decides nothing about trust. The stanzas say what the imported list says and leave open what only the operator knows:
for which state and issuer a service stands, in which formats, at which levels. Linting refuses them until that is
decided. File names are made of digests, never of what a document says.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from idbridge.codec import length_prefixed, pem, strict_json
from idbridge.crypto.algorithms import find
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.crypto.listed import listed_certificate
from idbridge.errors import ConfigurationError, FetchError, InputError
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text
from idbridge.model.trust import ServiceStatus
from idbridge.trust import files
from idbridge.trust.floor import Floor
from idbridge.trust.importers.imported import ImportedList, ImportedService, Provenance

SCHEMA: Final = "idbridge-import-1"
PROVENANCE: Final = "provenance.json"
LIST: Final = "list.toml"
CERTIFICATES: Final = "certificates"
KEYS: Final = "keys"
ANCHORS: Final = "anchors"
_ID_CHARACTERS: Final = 16
_OPEN: Final = (
    "for the operator to decide: issuer, formats, algorithms, credential_types, holder_binding, leeway_seconds, "
    "ladder, claims, and leaf_rule for an authority"
)


def named_services(services: Iterable[ImportedService]) -> Iterator[tuple[str, ImportedService]]:
    """Yield each service with a name that the same entry has in every edition; equal entries are numbered."""
    seen: Counter[str] = Counter()
    for service in services:
        keys: tuple[str | bytes, ...] = (*service.certificates, *(parse_jwk(jwk).thumbprint for jwk in service.jwks))
        octets = length_prefixed.encode(service.service_type, service.name, *keys)
        name = f"import-{hashlib.sha256(octets).hexdigest()[:_ID_CHARACTERS]}"
        seen[name] += 1
        yield (name if seen[name] == 1 else f"{name}-{seen[name]}"), service


def document(found: ImportedList) -> dict[str, Any]:
    """Return the import as JSON values: where it came from, what was read, and what was left out and why."""
    return {
        "schema": SCHEMA,
        "provenance": _provenance(found.provenance),
        "trail": list(found.trail),
        "services": [_service(name, service) for name, service in named_services(found.services)],
        "dropped": [
            {"provider": one.provider, "name": one.name, "code": one.code, "why": one.why} for one in found.dropped
        ],
        "pointers": [
            {
                "location": one.location,
                "territory": one.territory,
                "list_type": one.list_type,
                "media_type": one.media_type,
                "signers": [_digest(signer) for signer in one.signers],
            }
            for one in found.pointers
        ],
    }


def source_files(found: ImportedList) -> Mapping[str, bytes]:
    """Return the files of an import by their path below its folder."""
    made: dict[str, bytes] = {LIST: _list(found).encode()}
    for name, service in named_services(found.services):
        for number, der in enumerate(service.certificates, start=1):
            made[f"{CERTIFICATES}/{_numbered(name, number)}.pem"] = _pem(der)
        for number, jwk in enumerate(service.jwks, start=1):
            made[f"{KEYS}/{_numbered(name, number)}.jwk"] = _json(dict(jwk))
    for pointer in found.pointers:
        for signer in pointer.signers:
            made[f"{ANCHORS}/{_digest(signer)}.pem"] = _pem(signer)
    made[PROVENANCE] = _json(document(found))
    return made


def _numbered(service: str, number: int) -> str:
    """Return the name of a service's file as the folder of a state has it: the first one bears no number."""
    return service if number == 1 else f"{service}.{number}"


def write(folder: Path, found: ImportedList) -> tuple[str, ...]:
    """Write an import into ``folder``, which is new or empty, provenance last; return the paths of its files.

    Raises:
        ConfigurationError: The folder holds something already, or cannot be written to.
    """
    made = source_files(found)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConfigurationError(f"the folder {folder.name} is not empty; an import never replaces another")
        for part in sorted({path.partition("/")[0] for path in made if "/" in path}):
            (folder / part).mkdir()
    except OSError as unwritable:
        raise ConfigurationError(f"the folder {folder.name} cannot be written to") from unwritable
    for path, octets in made.items():
        place = folder / path
        files.write(place.parent, place.name, octets)
    return tuple(made)


def read_floor(folder: Path) -> Floor:
    """Return the edition that was imported into ``folder`` before: nothing older is read again.

    Raises:
        ConfigurationError: There is no import, or of a list without numbers.
    """
    try:
        octets = files.read(folder, PROVENANCE, max_bytes=LIMITS.trust_list_bytes)
        provenance = strict_json.parse_object(octets, max_bytes=LIMITS.trust_list_bytes)["provenance"]
        return Floor(sequence=provenance["sequence"], digest=provenance["content"])
    except (FetchError, InputError, KeyError, TypeError, ValueError) as unreadable:
        raise ConfigurationError(f"the folder {folder.name} holds no import of a numbered list") from unreadable


def _provenance(provenance: Provenance) -> dict[str, Any]:
    return {
        "kind": provenance.kind.value,
        "place": provenance.place,
        "imported_at": instant_text(provenance.imported_at),
        "octets": provenance.octets,
        "content": provenance.content,
        "signer": provenance.signer,
        "sequence": provenance.sequence,
        "issued_at": _moment(provenance.issued_at),
        "next_update": _moment(provenance.next_update),
        "good_until": _moment(provenance.good_until),
        "operator": provenance.operator,
        "territory": provenance.territory,
    }


def _service(name: str, service: ImportedService) -> dict[str, Any]:
    return {
        "id": name,
        "provider": service.provider,
        "name": service.name,
        "type": service.service_type,
        "territory": service.territory,
        "granted": service.granted,
        "doc_types": list(service.doc_types),
        "certificates": [_digest(der) for der in service.certificates],
        "keys": [parse_jwk(jwk).thumbprint for jwk in service.jwks],
        "history": [
            {"status": _word(one.status), "from": instant_text(one.since), "named": one.named}
            for one in service.statuses
        ],
        "extensions": [
            {"name": one.name, "critical": one.critical, "values": list(one.values)} for one in service.extensions
        ],
    }


def _list(found: ImportedList) -> str:
    lines = [_comment("Imported, and trusted by nobody until it is linted, proposed and signed.")]
    lines += [
        _comment(f"{name}: {value}") for name, value in _provenance(found.provenance).items() if value is not None
    ]
    for one in found.dropped:
        lines.append(_comment(f"left out: {one.provider}, {one.name}: {one.code}, {one.why}"))
    for provider, named in groupby(named_services(found.services), key=lambda pair: pair[1].provider):
        lines += ["", "[[provider]]", f"name = {{ en = {_text(provider)} }}"]
        for name, service in named:
            lines += ["", *_stanza(name, service, since=found.provenance.issued_at or found.provenance.imported_at)]
    return "\n".join([*lines, ""])


def _stanza(name: str, service: ImportedService, *, since: datetime) -> Iterator[str]:
    yield "[[provider.service]]"
    yield f"id = {_text(name)}"
    yield f"name = {{ en = {_text(service.name)} }}"
    yield _comment(f"type in the imported list: {service.service_type}")
    for doc_type in service.doc_types:
        yield _comment(f"listed for documents of the type {doc_type} only")
    for extension in service.extensions:
        yield _comment(f"{extension.name}: {', '.join(extension.values) or 'without values'}")
    yield f"material = {{ {', '.join(f'{member} = {value}' for member, value in _material(service).items())} }}"
    periods = _periods(service) or ((ServiceStatus.GRANTED, since),)
    yield "status = ["
    for status, start in periods:
        yield f"  {{ status = {_text(_word(status))}, from = {_text(instant_text(start.replace(microsecond=0)))} }},"
    yield "]"
    yield _comment(_OPEN)


def _material(service: ImportedService) -> dict[str, str]:
    """Return what kind of keys there are, as a source document says it."""
    if service.certificates:
        facts = [listed_certificate(der) for der in service.certificates]
        kind = "authority" if any(fact.authority for fact in facts) else "certificate"
        keys: list[JwkPublicKey] = [fact.key for fact in facts]
    else:
        kind = "jwk" if len(service.jwks) == 1 else "jwks"
        keys = [parse_jwk(jwk) for jwk in service.jwks]
    algorithm = min(find(name).name for name in keys[0].algorithms)
    return {"kind": _text(kind), "algorithm": _text(algorithm), "count": str(len(keys))}


def _periods(service: ImportedService) -> tuple[tuple[ServiceStatus, datetime], ...]:
    """Return the history as a source document has it: what follows a status and is the same adds nothing."""
    periods: list[tuple[ServiceStatus, datetime]] = []
    for one in service.statuses:
        if not periods or periods[-1][0] is not one.status:
            periods.append((one.status, one.since))
    return tuple(periods)


def _word(status: ServiceStatus) -> str:
    return status.value.rpartition(":")[2]


def _digest(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def _moment(instant: datetime | None) -> str | None:
    return instant_text(instant) if instant is not None else None


def _comment(text: str) -> str:
    """Return ``text`` as one comment: nothing in it can end the line or tell a terminal lies."""
    return "# " + "".join(character if character.isprintable() else "?" for character in text)


def _text(text: str) -> str:
    """Return ``text`` as a basic string of TOML, whose escapes are those of JSON."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return json.dumps(shown, ensure_ascii=False)


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _pem(der: bytes) -> bytes:
    return pem.encode(der, label=pem.CERTIFICATE).encode("ascii")
