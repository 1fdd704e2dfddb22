"""Making the plain material: what the states of the corpus published, as files that a verifier loads.

What is secret of it (the keys with which nodes open what is encrypted to them, the API keys of relying parties) is not
written down: it follows from the published test seed, and is laid out beside the files when somebody loads them.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from idbridge.codec import base64std
from idbridge.conformance import parties
from idbridge.conformance.material import MATERIAL_FILE
from idbridge.conformance.node import PARTIES, STATUS, STATUS_INDEX, write_object
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.sandbox.region import Region
from idbridge.sandbox.services import Service
from idbridge.sandbox.sources import services_of
from idbridge.sandbox.statuses import documents

SCHEMA: Final = "idbridge-conformance-material-1"
FLAT: Final = "keys.json"
_NAME_CHARACTERS: Final = 16


def write_plain_material(region: Region, folder: Path, *, why: str, served: Mapping[str, bytes] | None = None) -> None:
    """Write the material of ``region``, as it is when it is made, to the empty ``folder``.

    ``served`` is what is fetched at which address, if not what the region serves.

    Raises:
        ConfigurationError: A file or folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    region.publish(folder)
    registrations = [region.registration(party["id"]).relying_party for party in region.sources.relying_parties]
    write_object(folder / PARTIES, parties.document(registrations))
    write_object(folder / FLAT, _flat(region))
    _write_status(folder / STATUS, documents(region, at=region.made_at) if served is None else served)
    about = {"schema": SCHEMA, "kind": "plain", "at": instant_text(region.made_at), "why": why}
    write_object(folder / MATERIAL_FILE, about)
    _pretty(folder / "pins.json")


def _pretty(path: Path) -> None:
    write_object(path, json.loads(path.read_bytes()))


def _write_status(folder: Path, served: Mapping[str, bytes]) -> None:
    """Write what is served at each address under a name of its own, and ``index.json`` that says which."""
    folder.mkdir(exist_ok=True)
    index = {}
    for address, octets in sorted(served.items()):
        name = hashlib.sha256(address.encode()).hexdigest()[:_NAME_CHARACTERS]
        (folder / name).write_bytes(octets)
        index[address] = name
    write_object(folder / STATUS_INDEX, index)


def _flat(region: Region) -> dict[str, Any]:
    """Return whose keys sign what, and what else the lists decide, for programs under test that read no trust lists."""
    return {
        source["id"]: _service(region.service(source["id"]), state)
        for state, table in region.sources.lists.items()
        for source in services_of(table)
    }


def _service(service: Service, state: MemberState) -> dict[str, Any]:
    return {
        "state": state.value,
        "issuer": service.issuer,
        "type": service.source["type"],
        "formats": list(service.source["formats"]),
        "algorithms": list(service.source["algorithms"]),
        "credential_types": list(service.source["credential_types"]),
        "holder_binding": service.source["holder_binding"],
        "leeway_seconds": service.source["leeway_seconds"],
        "status": [dict(period) for period in service.source["status"]],
        "jwks": [] if service.keys.listed else [dict(signer.public_jwk) for signer in service.keys.signers],
        "certificates": [base64std.encode(certificate) for certificate in service.keys.listed],
    }
