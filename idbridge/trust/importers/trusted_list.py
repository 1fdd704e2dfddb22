"""Trusted lists in XML (ETSI TS 119 612, versions 5 and 6), imported under pinned signers.

Decides whether a list is signed by one of the certificates that the operator pinned, whether it is the newest that was
seen and in its time, and reads only what its signature covers. Certificates that only the list itself brings along
vouch for nothing.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from idbridge.crypto import xmldsig
from idbridge.crypto.xmldsig import SignedDocument
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.trust.errors import violation
from idbridge.trust.importers import edition, elements
from idbridge.trust.importers.elements import ADDITIONAL, TSL
from idbridge.trust.importers.imported import (
    Dropped,
    ImportedList,
    ImportedPointer,
    ImportedService,
    ListKind,
    Offer,
    Provenance,
    Terms,
)
from idbridge.trust.importers.trusted_services import read_services

_VERSIONS: Final = frozenset({"5", "6"})
_OF_LISTS: Final = "listofthelists"
_LAST_SEQUENCE_DIGITS: Final = 15
_ADDRESSES: Final = frozenset({"https", "http"})


@dataclass(frozen=True, slots=True)
class TrustedListContent:
    """A trusted list as its signed octets say it; ``information`` are the addresses about its scheme, in order."""

    sequence: int
    of_lists: bool
    operator: str
    territory: str
    issued_at: datetime
    next_update: datetime | None
    information: tuple[str, ...]
    pointers: tuple[ImportedPointer, ...]
    services: tuple[ImportedService, ...]
    dropped: tuple[Dropped, ...]


def import_trusted_list(offer: Offer, terms: Terms) -> ImportedList:
    """Return the trusted list in ``offer``, signed by one of ``terms.anchors``.

    Raises:
        TrustError: ``trust.signer_unknown``, ``trust.signature_invalid``, ``trust.profile_violation``, and as for
            ``edition.require_current``.
        ConfigurationError: The extra ``xml`` is not installed.
    """
    signed = xmldsig.open_signed(offer.octets, signers=terms.anchors, at=offer.at)
    content = read(signed.content)
    if content.of_lists:
        raise violation("a list of lists, where a list of services is asked for")
    return imported(ListKind.TL_XML, offer, terms, signed=signed, content=content)


def imported(
    kind: ListKind, offer: Offer, terms: Terms, *, signed: SignedDocument, content: TrustedListContent
) -> ImportedList:
    """Return ``content`` with its provenance, if the edition may be read now.

    Raises:
        TrustError: As for ``edition.require_current``.
    """
    provenance = Provenance(
        kind=kind,
        place=offer.place,
        imported_at=offer.at,
        octets=hashlib.sha256(offer.octets).hexdigest(),
        content=hashlib.sha256(signed.content).hexdigest(),
        signer=hashlib.sha256(signed.signer).hexdigest(),
        sequence=content.sequence,
        issued_at=content.issued_at,
        next_update=content.next_update,
        good_until=edition.good_until(content.issued_at, content.next_update, terms),
        operator=content.operator,
        territory=content.territory,
    )
    edition.require_current(provenance, terms)
    return ImportedList(provenance, content.services, content.dropped, content.pointers)


def read(content: bytes) -> TrustedListContent:
    """Return what the canonical octets of a trusted list say.

    Raises:
        TrustError: ``trust.profile_violation``: they are not in the shape of the standard.
    """
    root = elements.document(content)
    scheme = elements.only(root, "SchemeInformation")
    if elements.text(elements.only(scheme, "TSLVersionIdentifier")) not in _VERSIONS:
        raise violation("a trusted list of another version than 5 and 6")
    services, dropped = read_services(root)
    pointers, astray = _pointers(scheme)
    return TrustedListContent(
        sequence=_sequence(elements.text(elements.only(scheme, "TSLSequenceNumber"))),
        of_lists=is_of_lists(elements.text(elements.only(scheme, "TSLType"))),
        operator=elements.named(scheme, "SchemeOperatorName"),
        territory=elements.text(elements.only(scheme, "SchemeTerritory")),
        issued_at=elements.instant(elements.only(scheme, "ListIssueDateTime")),
        next_update=_next_update(elements.only(scheme, "NextUpdate")),
        information=tuple(elements.text(one) for one in elements.children(scheme, "SchemeInformationURI/URI")),
        pointers=pointers,
        services=services,
        dropped=dropped + astray,
    )


def is_of_lists(list_type: str) -> bool:
    """Tell whether a TSLType is that of a list of lists (TS 119 612 annex D.1)."""
    return list_type.lower().endswith(_OF_LISTS)


def _sequence(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= _LAST_SEQUENCE_DIGITS) or int(text) < 1:
        raise violation("TSLSequenceNumber is no whole number from 1")
    return int(text)


def _next_update(node: Element) -> datetime | None:
    """Return when the next edition is due; a closed list names no instant (section 5.3.15)."""
    stated = elements.optional(node, "dateTime")
    return elements.instant(stated) if stated is not None else None


def _pointers(scheme: Element) -> tuple[tuple[ImportedPointer, ...], tuple[Dropped, ...]]:
    found = list(elements.children(scheme, "PointersToOtherTSL/OtherTSLPointer"))
    if len(found) > LIMITS.import_pointers:
        raise violation(f"a list that points to more than {LIMITS.import_pointers} others")
    pointers: list[ImportedPointer] = []
    dropped: list[Dropped] = []
    for node in found:
        try:
            pointers.append(_pointer(node))
        except TrustError as refusal:
            dropped.append(Dropped("pointer", _said(node, f"{TSL}TSLLocation") or "", refusal.code, refusal.detail))
    return tuple(pointers), tuple(dropped)


def _pointer(node: Element) -> ImportedPointer:
    location = elements.text(elements.only(node, "TSLLocation"))
    try:
        parts = urlsplit(location)
    except ValueError:
        raise violation("a pointer to what is no address") from None
    if parts.scheme not in _ADDRESSES or not parts.hostname or parts.username is not None:
        raise violation("a pointer to what is no address of the web")
    path = "ServiceDigitalIdentities/ServiceDigitalIdentity/DigitalId/X509Certificate"
    signers = tuple(
        elements.octets(one, max_bytes=LIMITS.certificate_bytes) for one in elements.children(node, path)
    )  # fmt: skip
    if not signers:
        raise violation("a pointer to a list without the certificate of its signer")
    return ImportedPointer(
        location=location,
        territory=_said(node, f".//{TSL}SchemeTerritory"),
        list_type=_said(node, f".//{TSL}TSLType"),
        media_type=_said(node, f".//{ADDITIONAL}MimeType"),
        signers=tuple(dict.fromkeys(signers)),
    )


def _said(node: Element, path: str) -> str | None:
    found = node.find(path)
    return " ".join((found.text or "").split())[: LIMITS.identifier_characters] if found is not None else None
