"""VICALs (ISO/IEC 18013-5 annex C): signed CBOR lists of authorities that issue mobile documents.

Decides whether the list is signed by a certificate that the operator pinned, or by one that a pinned authority issued
for signing VICALs; whether it is in its time; and which entries are read. The types of document for which a certificate
is listed stay with it: an authority listed for driving licences vouches for nothing else.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from idbridge.codec import cbor
from idbridge.codec.cbor import Tagged
from idbridge.crypto import cose
from idbridge.crypto.keys import JwkPublicKey
from idbridge.crypto.list_signer import list_signer_key
from idbridge.crypto.listed import listed_certificate
from idbridge.errors import InputError, IssuerError, JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.credential import UnverifiedSign1
from idbridge.trust.errors import violation
from idbridge.trust.importers import edition
from idbridge.trust.importers.imported import (
    Dropped,
    ImportedList,
    ImportedService,
    ListKind,
    Offer,
    Provenance,
    Terms,
)

SIGNING: Final = "1.0.18013.5.1.8"  # the extended key usage of a VICAL signer, annex B
SERVICE_TYPE: Final = "urn:iso:std:iso-iec:18013:-5:vical"
_DATE: Final = 0
_BIG_NUMBER: Final = 2
_TAGS: Final = frozenset({_DATE, _BIG_NUMBER})
_OCTET_STRING: Final = 0x04
_HEAD: Final = 2
_SHORT_LENGTH: Final = 0x80
_REQUIRED: Final = frozenset({"version", "vicalProvider", "date", "certificateInfos"})


@dataclass(frozen=True, slots=True)
class _Entry:
    """One certificate of the list, with what identifies its key."""

    service: ImportedService
    key_identifier: bytes
    thumbprint: str


def import_vical(offer: Offer, terms: Terms) -> ImportedList:
    """Return the VICAL in ``offer``, signed under ``terms.anchors``.

    Raises:
        TrustError: ``trust.signer_unknown``, ``trust.signature_invalid``, ``trust.profile_violation``, and as for
            ``edition.require_current``.
    """
    try:
        unverified = cose.parse_unverified(offer.octets, max_bytes=LIMITS.trust_list_bytes)
    except (InputError, JoseError) as refusal:
        raise violation(f"no COSE_Sign1 of a VICAL: {refusal.detail}") from refusal
    payload = _verified(unverified, terms, at=offer.at)
    members = _members(payload)
    provenance = _provenance(offer, terms, members, payload=payload, signer=unverified.header.certificates[0])
    edition.require_current(provenance, terms)
    services, dropped = _services(members, _text(members["vicalProvider"]))
    return ImportedList(provenance, services, dropped)


def _verified(unverified: UnverifiedSign1, terms: Terms, *, at: datetime) -> bytes:
    """Return the payload, if the certificates beside it lead to an anchor and the first of them signed it."""
    key = _signer(unverified.header.certificates, terms.anchors, at=at)
    try:
        return cose.verify(unverified, key=key, algorithms=key.algorithms)
    except JoseError as refusal:
        raise TrustError("trust.signature_invalid", refusal.detail) from refusal


def _signer(certificates: tuple[bytes, ...], anchors: tuple[bytes, ...], *, at: datetime) -> JwkPublicKey:
    try:
        return list_signer_key(certificates, anchors=anchors, at=at, usage=SIGNING)
    except IssuerError as refusal:
        raise TrustError("trust.signer_unknown", f"the signer leads to no anchor: {refusal.detail}") from refusal


def _members(payload: bytes) -> Mapping[str, Any]:
    try:
        value = cbor.decode(payload, max_bytes=LIMITS.trust_list_bytes, tags=_TAGS)
    except InputError as refusal:
        raise violation(f"the payload of the VICAL: {refusal.detail}") from refusal
    if type(value) is not dict or not value.keys() >= _REQUIRED:
        raise violation("a VICAL has a version, a provider, a date and certificates")
    if value["version"] != "1.0":
        raise violation("a VICAL of another version than 1.0")
    return value


def _provenance(
    offer: Offer, terms: Terms, members: Mapping[str, Any], *, payload: bytes, signer: bytes
) -> Provenance:  # fmt: skip
    issued_at = _instant(members["date"])
    next_update = _instant(members["nextUpdate"]) if "nextUpdate" in members else None
    return Provenance(
        kind=ListKind.VICAL,
        place=offer.place,
        imported_at=offer.at,
        octets=hashlib.sha256(offer.octets).hexdigest(),
        content=hashlib.sha256(payload).hexdigest(),
        signer=hashlib.sha256(signer).hexdigest(),
        sequence=_sequence(members, issued_at),
        issued_at=issued_at,
        next_update=next_update,
        good_until=edition.good_until(issued_at, next_update, terms),
        operator=_text(members["vicalProvider"]),
    )


def _sequence(members: Mapping[str, Any], issued_at: datetime) -> int:
    """Return the number of the issue; where the provider counts none, its date in seconds keeps the order."""
    if "vicalIssueID" not in members:
        return int(issued_at.timestamp())
    number = members["vicalIssueID"]
    if type(number) is not int or number < 1:
        raise violation("vicalIssueID is no whole number from 1")
    return number


def _services(members: Mapping[str, Any], provider: str) -> tuple[tuple[ImportedService, ...], tuple[Dropped, ...]]:
    entries = members["certificateInfos"]
    if type(entries) is not list or len(entries) > LIMITS.services_per_list:
        raise violation(f"certificateInfos is no list of at most {LIMITS.services_per_list} entries")
    found: list[_Entry] = []
    dropped: list[Dropped] = []
    for number, entry in enumerate(entries):
        try:
            found.append(_entry(entry, provider))
        except (TrustError, IssuerError) as refusal:
            dropped.append(Dropped(provider, _label(entry, number), refusal.code, refusal.detail))
    _refuse_shared_identifiers(found)
    return tuple(one.service for one in found), tuple(dropped)


def _refuse_shared_identifiers(entries: list[_Entry]) -> None:
    """Refuse a list in which one key identifier stands for two keys: who looks a key up by it would find either."""
    keys: dict[bytes, str] = {}
    for entry in entries:
        if keys.setdefault(entry.key_identifier, entry.thumbprint) != entry.thumbprint:
            raise violation("one key identifier stands for two keys")


def _entry(value: Any, provider: str) -> _Entry:
    if type(value) is not dict or not value.keys() >= {"certificate", "ski", "docType"}:
        raise violation("an entry without certificate, key identifier or type of document")
    der, ski = value["certificate"], value["ski"]
    if type(der) is not bytes or type(ski) is not bytes or not 0 < len(der) <= LIMITS.certificate_bytes:
        raise violation("a certificate or key identifier that is empty, too large or no octets")
    facts = listed_certificate(der)
    if facts.key_identifier is None or _unwrapped(ski) != facts.key_identifier:
        raise violation("the key identifier is not that of the certificate")
    country = value.get("issuingCountry")
    return _Entry(
        service=ImportedService(
            provider=_text(value.get("issuingAuthority", provider)),
            name=_text(value.get("issuingAuthority", provider)),
            service_type=SERVICE_TYPE,
            certificates=(der,),
            doc_types=_doc_types(value["docType"]),
            territory=_text(country) if country is not None else None,
        ),
        key_identifier=facts.key_identifier,
        thumbprint=facts.key.thumbprint,
    )


def _unwrapped(identifier: bytes) -> bytes:
    """Return a key identifier without the DER heads around it, which one real provider leaves in place."""
    while len(identifier) > _HEAD and identifier[0] == _OCTET_STRING and identifier[1] == len(identifier) - _HEAD:
        identifier = identifier[_HEAD:]
    return identifier


def _doc_types(value: Any) -> tuple[str, ...]:
    if type(value) is not list or not value:
        raise violation("a certificate that is listed for no type of document")
    return tuple(dict.fromkeys(_text(one) for one in value))


def _label(entry: Any, number: int) -> str:
    named = entry.get("issuingAuthority") if type(entry) is dict else None
    return named[: LIMITS.identifier_characters] if type(named) is str and named else f"entry {number}"


def _text(value: Any) -> str:
    if type(value) is not str or not value.strip() or len(value) > LIMITS.identifier_characters:
        raise violation("a text of the VICAL is empty or too long")
    return " ".join(value.split())


def _instant(value: Any) -> datetime:
    """Return a ``tdate`` (RFC 8949 section 3.4.1) as a UTC instant."""
    text = value.value if type(value) is Tagged and value.tag == _DATE else None
    try:
        moment = datetime.fromisoformat(text) if type(text) is str else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise violation("a date of the VICAL is no instant with a zone")
