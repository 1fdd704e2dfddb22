"""What stands in a sample, read without believing any of it: claims, salts, digests, the key of the holder.

For checks that a verifier does not make, because no single credential shows it: salts that come again, one key for two
people, claims that were not hidden. One shape for every kind of credential.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from idbridge.codec import base64std, base64url, cbor, jcs
from idbridge.codec.cbor import Tagged
from idbridge.conformance.targets.issuer.samples import Sample
from idbridge.crypto.certificate_facts import certificate_facts
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import Format

EMBEDDED = 24
X5CHAIN = 33
_ISO_TIMES = frozenset({0, EMBEDDED, 1004})


@dataclass(frozen=True, slots=True)
class Contents:
    """``plain`` are the claims in everybody's sight, ``salts`` one for each that can be withheld.

    ``digests`` are those that are signed, in their order; ``algorithm`` is that of the digests, empty without any.
    ``holder`` is the holder's public key as text, empty if none is named; ``ends`` is when the credential ends, and
    ``certified_until`` when the certificate that it brings along does.
    """

    plain: Mapping[str, Any]
    hidden: Mapping[str, Any]
    salts: tuple[bytes, ...]
    digests: tuple[str, ...]
    algorithm: str
    holder: str
    ends: datetime | None
    certified_until: datetime | None
    status: Mapping[str, Any] | None


def contents_of(sample: Sample) -> Contents:
    """Return what stands in ``sample``.

    Raises:
        ConfigurationError: It is not in the form that ``samples.toml`` says.
        InputError: As above.
    """
    if sample.format is Format.MDOC:
        return _mdoc(sample.text)
    if sample.format is Format.QR:
        raise ConfigurationError("a code is looked at by its text")
    return _jwt(sample.text)


def parts_of(text: str) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    """Return header and payload of a JWS and the disclosures after it."""
    jws, *disclosures = text.split("~")
    header, payload, _ = jws.split(".")
    read = tuple(json.loads(base64url.decode(part)) for part in (header, payload))
    return read[0], read[1], tuple(one for one in disclosures if one and "." not in one)


def _jwt(text: str) -> Contents:
    header, payload, disclosures = parts_of(text)
    opened = [json.loads(base64url.decode(one)) for one in disclosures]
    said = payload.get("vc", payload)
    subject = said.get("credentialSubject", {})
    ends = payload.get("exp", payload.get("validUntil"))
    chain = header.get("x5c") or []
    until = certificate_facts(base64std.decode(chain[0])).not_after if chain else None
    holder = payload.get("cnf", {}).get("jwk") or (subject.get("id") if isinstance(subject, dict) else None)
    return Contents(
        plain=payload,
        hidden={one[1]: one[2] for one in opened if len(one) > 2},
        salts=tuple(base64url.decode(one[0]) for one in opened),
        digests=tuple(payload.get("_sd", ())),
        algorithm=str(payload.get("_sd_alg", "")),
        holder=_text(holder),
        ends=_instant(ends),
        certified_until=until,
        status=payload.get("status") or said.get("credentialStatus"),
    )


def _instant(value: Any) -> datetime | None:
    if value is None:
        return None
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else datetime.fromisoformat(value)


def _text(holder: Any) -> str:
    if holder is None:
        return ""
    return holder if isinstance(holder, str) else jcs.canonicalize(holder).decode()


def issuer_signed(text: str) -> dict[str, Any]:
    """Return the ``IssuerSigned`` of an mdoc: by itself, or in the only document of a response."""
    value = cbor.decode(base64url.decode(text), max_bytes=LIMITS.body_bytes, tags=_ISO_TIMES)
    signed: dict[str, Any] = value["documents"][0]["issuerSigned"] if "documents" in value else value
    return signed


def _mdoc(text: str) -> Contents:
    signed = issuer_signed(text)
    _, beside, payload, _ = signed["issuerAuth"]
    inside = cbor.decode(cbor.inside(payload) or payload, max_bytes=LIMITS.body_bytes, tags=_ISO_TIMES)
    items = [
        cbor.decode(one.value, max_bytes=LIMITS.body_bytes, tags=_ISO_TIMES)
        for listed in signed["nameSpaces"].values()
        for one in listed
    ]
    chain = beside.get(X5CHAIN, b"")
    leaf = chain if isinstance(chain, bytes) else chain[0]
    until = inside["validityInfo"]["validUntil"]
    return Contents(
        plain=inside,
        hidden={one["elementIdentifier"]: _value(one["elementValue"]) for one in items},
        salts=tuple(one["random"] for one in items),
        digests=tuple(digest.hex() for listed in inside["valueDigests"].values() for digest in listed.values()),
        algorithm=str(inside["digestAlgorithm"]),
        holder=cbor.encode(inside["deviceKeyInfo"]["deviceKey"]).hex(),
        ends=datetime.fromisoformat(_value(until)),
        certified_until=certificate_facts(leaf).not_after if leaf else None,
        status=inside.get("status"),
    )


def _value(value: Any) -> Any:
    return value.value if isinstance(value, Tagged) else value
