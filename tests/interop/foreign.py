"""Issuers, wallets and a login provider that are not ours, run as programs, and the list entries that name them."""

import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge.trust.publish import ServiceMaterial
from tests.engines import require_engine, require_node_packages

LEVEL = "urn:example:guest:loa:2"
NODE_SECONDS = 60


def run_node(script: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a script of ``tests/node`` answers; its last line is one JSON object."""
    folder = require_node_packages()
    finished = subprocess.run(
        [require_engine("node"), folder / script],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=NODE_SECONDS,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    answer: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return answer


def listed(region: Region, *, service: Mapping[str, Any], jwks: list[dict[str, Any]], at: datetime) -> Region:
    """Return a region in which Singapore lists ``service`` of a guest provider, with these public keys."""
    address = {"street": "9 Sample Quay", "locality": "Singapore", "postal_code": "000009", "country": "SG"}
    provider = {
        "name": {"en": f"Guest provider of {service['id']}"},
        "address": address,
        "information_uri": "https://guest.sg.example/",
        "service": [service],
    }
    material = {str(service["id"]): ServiceMaterial(tuple(jwks), ())}
    return region.with_guest(MemberState.SG, provider, material=material, at=at)


def login_service(issuer: str) -> Mapping[str, Any]:
    """Return the list entry of a login provider that calls the level of a login ``assurance``."""
    return _service("guest-login", "login", issuer, formats=["id_token"], acr="assurance")


def credential_service(issuer: str, credential_type: str) -> Mapping[str, Any]:
    """Return the list entry of an issuer of person identification data."""
    return _service(
        "guest-pid", "pid-issuance", issuer, formats=["dc+sd-jwt"], types=[credential_type], binding="optional"
    )


def w3c_service(issuer: str, credential_type: str) -> Mapping[str, Any]:
    """Return the list entry of an issuer of W3C credentials of version 1.1, which say everything of their subject."""
    listed = _service(
        "guest-vc", "pid-issuance", issuer, formats=["jwt_vc_json"], types=[credential_type], binding="optional"
    )
    subject = "$.credentialSubject."
    return MappingProxyType(
        {
            **listed,
            "claims": {
                "subject": f"{subject}number",
                "persistence": "lasting",
                "acr": f"{subject}assurance",
                "name_parts": [
                    {"kind": "given", "native": f"{subject}given_name"},
                    {"kind": "family", "native": f"{subject}family_name"},
                ],
                "map": {name: f"{subject}{name}" for name in ("birthdate", "nationality")},
            },
        }
    )


def _service(
    identifier: str,
    kind: str,
    issuer: str,
    *,
    formats: list[str],
    types: list[str] | None = None,
    acr: str = "acr",
    binding: str = "none",
) -> Mapping[str, Any]:
    names = [
        {"kind": "given", "native": "given_name"},
        {"kind": "family", "native": "family_name"},
    ]
    return MappingProxyType({
        "id": identifier,
        "name": {"en": "Guest service"},
        "type": kind,
        "issuer": issuer,
        "formats": formats,
        "algorithms": ["ES256"],
        "credential_types": types or [],
        "leeway_seconds": 60,
        "holder_binding": binding,
        "material": {"kind": "jwks", "algorithm": "ES256", "count": 1},
        "status": [{"status": "granted", "from": "2026-01-01T00:00:00Z"}],
        "ladder": [{"national": LEVEL, "identity": "A2", "authentication": "A2"}],
        "claims": {
            "subject": "sub",
            "persistence": "lasting",
            "acr": acr,
            "name_parts": names,
            "map": {"birthdate": "birthdate", "nationality": "nationality"},
        },
    })  # fmt: skip


def seconds(instant: datetime) -> int:
    """Return whole seconds since 1970, as tokens write instants."""
    return int(instant.astimezone(UTC).timestamp())
