"""The operator's side: from a source document to a signed list, and to the directory that nodes read.

Makes lists and signs them; whether a list is acceptable is judged by ``profile`` and ``trusted_set`` alone, on every
node. The form of source documents is ``trust_lists/list.schema.json``. Clause: ETSI TS 119 602, TS 119 182-1.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from idbridge.codec import base64std, jcs
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState, ServiceType
from idbridge.model.time import instant_text
from idbridge.model.trust import ServiceStatus
from idbridge.trust import extension, files, jades, qr_listing, scheme
from idbridge.trust.agreements import ARRANGEMENTS, PURPOSES
from idbridge.trust.repository import LISTS

SOURCE_SCHEMA: Final = "idbridge-list-source-1"
_SERVICE_TYPES: Final = {entry.value.rpartition(":")[2]: entry for entry in ServiceType}
_STATUSES: Final = {entry.value.rpartition(":")[2]: entry for entry in ServiceStatus}
_LEEWAY_SECONDS: Final = int(LIMITS.clock_leeway.total_seconds())  # a signed list always says how much it allows
_OPTIONAL_CLAIMS: Final = {
    "mandate": "mandate", "display": "display", "display_latin": "displayLatin", "key_values": "keyValues",
    "acr_absent": "acrAbsent",
}  # fmt: skip
_ENTITY: Final = {"scheme_claim": "schemeClaim", "in_force": "inForce", "power_claim": "powerClaim"}
_NOTICE: Final[Mapping[Environment, str]] = {
    Environment.SANDBOX: "Made for practice. No real person, provider or state stands behind an entry.",
    Environment.LIVE: "Published under the rules of the region.",
}

Source = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ServiceMaterial:
    """The public keys of one service: JWKs, DER certificates, or both.

    Raises:
        ValueError: There is neither.
    """

    jwks: tuple[Mapping[str, Any], ...] = ()
    certificates: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not self.jwks and not self.certificates:
            raise ValueError("a service has at least one key or certificate")


def lote_from_source(
    source: Source,
    *,
    environment: Environment,
    sequence: int,
    issued_at: datetime,
    next_update: datetime,
    material: Callable[[str], ServiceMaterial],
    other_environment_issuers: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the list that ``source`` describes; ``material`` gives the keys of a service by its ``id``.

    Raises:
        ConfigurationError: The source document is not in its form.
    """
    try:
        if source["schema"] != SOURCE_SCHEMA:
            raise ConfigurationError("a source document of another schema")
        information = {
            "environment": environment.value,
            "tier": source["tier"],
            "otherEnvironmentIssuers": sorted(set(other_environment_issuers)),
        }
        return {
            "LoTE": {
                "ListAndSchemeInformation": {
                    **_scheme(source, environment=environment),
                    "LoTESequenceNumber": sequence,
                    "ListIssueDateTime": instant_text(issued_at.replace(microsecond=0)),
                    "NextUpdate": instant_text(next_update.replace(microsecond=0)),
                    "SchemeExtensions": [{extension.NAME: information}],
                },
                "TrustedEntitiesList": [_entity(provider, material) for provider in source["provider"]],
            }
        }
    except (KeyError, TypeError, AttributeError, ValueError) as gap:
        raise ConfigurationError(f"the source document of a list is not in its form: {gap}") from gap


def _scheme(source: Source, *, environment: Environment) -> dict[str, Any]:
    operator = source["operator"]
    return {
        "LoTEVersionIdentifier": scheme.VERSION,
        "LoTEType": scheme.LOTE_TYPE,
        "SchemeOperatorName": _texts(operator["name"]),
        "SchemeOperatorAddress": _location("SchemeOperator", operator["address"], source["information_uri"]),
        "SchemeName": _texts({scheme.LANGUAGE: f"{source['state']}: IdBridge trust list ({environment})"}),
        "SchemeInformationURI": _addresses(source["information_uri"]),
        "StatusDeterminationApproach": scheme.STATUS_DETERMINATION,
        "SchemeTypeCommunityRules": _addresses(scheme.COMMUNITY_RULES),
        "SchemeTerritory": source["state"],
        "PolicyOrLegalNotice": [{"LoTELegalNotice": _NOTICE[environment]}],
        "HistoricalInformationPeriod": scheme.HISTORY_FOR_EVER,
    }


def _texts(names: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"lang": language, "value": name} for language, name in names.items()]


def _addresses(uri: str) -> list[dict[str, str]]:
    return [{"lang": scheme.LANGUAGE, "uriValue": uri}]


def _location(prefix: str, address: Mapping[str, str], uri: str) -> dict[str, Any]:
    lines = {
        "StreetAddress": address["street"],
        "Locality": address.get("locality"),
        "PostalCode": address.get("postal_code"),
        "Country": address["country"],
    }
    postal = {"lang": scheme.LANGUAGE} | {name: line for name, line in lines.items() if line is not None}
    return {f"{prefix}PostalAddress": [postal], f"{prefix}ElectronicAddress": _addresses(uri)}


def _entity(provider: Source, material: Callable[[str], ServiceMaterial]) -> dict[str, Any]:
    about = {
        "TEName": _texts(provider["name"]),
        "TEAddress": _location("TE", provider["address"], provider["information_uri"]),
        "TEInformationURI": _addresses(provider["information_uri"]),
    }
    if "trade_name" in provider:
        about["TETradeName"] = _texts(provider["trade_name"])
    services = [_service(service, material(service["id"])) for service in provider["service"]]
    return {"TrustedEntityInformation": about, "TrustedEntityServices": services}


def _service(service: Source, material: ServiceMaterial) -> dict[str, Any]:
    """Return one entry: the last status as the present one, the others as its history, newest first."""
    about = {
        "ServiceName": _texts(service["name"]),
        "ServiceDigitalIdentity": _identity(material),
        "ServiceTypeIdentifier": _SERVICE_TYPES[service["type"]].value,
    }
    *past, present = (
        {"ServiceStatus": _STATUSES[period["status"]].value, "StatusStartingTime": period["from"]}
        for period in service["status"]
    )
    entry: dict[str, Any] = {
        "ServiceInformation": {
            **about,
            **present,
            "ServiceInformationExtensions": [{extension.NAME: _rules(service)}],
        }
    }
    if past:
        entry["ServiceHistory"] = [{**about, **period} for period in reversed(past)]
    return entry


def _identity(material: ServiceMaterial) -> dict[str, Any]:
    identity: dict[str, Any] = {}
    if material.certificates:
        identity["X509Certificates"] = [{"val": base64std.encode(octets)} for octets in material.certificates]
    if material.jwks:
        identity["PublicKeyValues"] = [dict(jwk) for jwk in material.jwks]
    return identity


def _rules(service: Source) -> dict[str, Any]:
    rules = {
        "issuer": service["issuer"],
        "formats": list(service["formats"]),
        "algorithms": list(service["algorithms"]),
        "credentialTypes": list(service["credential_types"]),
        "leewaySeconds": service.get("leeway_seconds", _LEEWAY_SECONDS),
        "holderBinding": service["holder_binding"],
        "ladder": [dict(rung) for rung in service["ladder"]],
        "claims": _claims(service["claims"]),
    }
    if "leaf_rule" in service:
        names = {"extended_key_usage": "extendedKeyUsage", "policy": "policy"}
        rules["leafRule"] = {names[name]: identifier for name, identifier in service["leaf_rule"].items()}
    if "crl" in service:
        rules["crl"] = list(service["crl"])
    if "status_lists" in service:
        rules["statusLists"] = list(service["status_lists"])
    if "key_set" in service:
        rules["keySet"] = service["key_set"]
    if "qr" in service:
        rules["qrProfile"] = qr_listing.written(service["qr"])
    if "encryption" in service:
        rules["encryption"] = service["encryption"]
    return rules


def _claims(claims: Source) -> dict[str, Any]:
    written: dict[str, Any] = {
        "subject": claims["subject"],
        "persistence": claims["persistence"],
        "acr": claims["acr"],
        "nameParts": [dict(part) for part in claims["name_parts"]],
        "map": dict(claims["map"]),
    }
    if "entity" in claims:
        written["entity"] = {_ENTITY.get(name, name): told for name, told in claims["entity"].items()}
    return written | {member: claims[name] for name, member in _OPTIONAL_CLAIMS.items() if name in claims}


def sign_list(lote: Mapping[str, Any], signer: Signer, *, at: datetime) -> str:
    """Return the compact JAdES-B-B of a list, over its canonical JSON."""
    return jades.sign(jcs.canonicalize(dict(lote)), signer, at=at)


def write_plain(
    directory: Path,
    *,
    lists: Mapping[MemberState, str],
    arrangements: Mapping[str, Sequence[bytes]],
    purposes: Mapping[int, bytes],
) -> None:
    """Write signed documents to ``directory`` in the form that ``PlainRepository`` reads; each whole or not at all.

    ``arrangements`` are by id, their versions from 1 upwards; ``purposes`` are by version. What is there under other
    names stays.

    Raises:
        ConfigurationError: A file or folder cannot be written.
    """
    listed, agreed, registered = (_folder(directory, name) for name in (LISTS, ARRANGEMENTS, PURPOSES))
    for state, signed in lists.items():
        files.write(listed, f"{state}.jws", signed.encode("ascii"))
    for name, versions in arrangements.items():
        for version, octets in enumerate(versions, start=1):
            files.write(_folder(agreed, name), f"{version}.json", octets)
    for version, octets in purposes.items():
        files.write(registered, f"{version}.json", octets)


def _folder(directory: Path, name: str) -> Path:
    folder = directory / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as unwritable:
        raise ConfigurationError(f"the folder {folder.name} cannot be made") from unwritable
    return folder
