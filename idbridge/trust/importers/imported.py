"""What is read from a list of somebody else, with where it came from: one shape for every kind of list.

Decides nothing. What stands here was signed by whom the operator pinned, or confirmed by its digest; it becomes trust
only when the operator puts it into a list of the own state, which is linted, proposed and signed like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from idbridge.model.trust import ServiceStatus
from idbridge.trust.floor import Floor


class ListKind(StrEnum):
    """The kinds of list that are read."""

    TL_XML = "tl-xml"
    LOTL_XML = "lotl-xml"
    VICAL = "vical"
    JWKS = "jwks"


@dataclass(frozen=True, slots=True)
class Offer:
    """Octets that are said to be a list: where they were found, and the instant at which they are judged."""

    octets: bytes
    place: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator knows of a list before it is read.

    ``anchors`` are DER certificates that were confirmed by another way: its signers, or for a VICAL also the authority
    that leads to its signer. ``held`` is the edition imported before. Without ``max_age`` a list must say when its next
    edition is due and must not be past it; with it, the list may be that old at most, whatever it says of itself.

    Raises:
        ValueError: There is no anchor, or the age is not positive.
    """

    anchors: tuple[bytes, ...]
    held: Floor | None = None
    max_age: timedelta | None = None
    territory: str | None = None

    def __post_init__(self) -> None:
        if not self.anchors:
            raise ValueError("a list is imported under at least one anchor")
        if self.max_age is not None and self.max_age <= timedelta(0):
            raise ValueError("the age that a list may have is positive")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a list came from. Digests are SHA-256 in hexadecimal.

    ``octets`` is the digest of the file, ``content`` that of what was signed, which stays the same when the same list
    is signed again; ``signer`` that of the signer's certificate, ``None`` where nothing is signed. ``good_until`` is
    when the import has to be repeated.
    """

    kind: ListKind
    place: str
    imported_at: datetime
    octets: str
    content: str
    signer: str | None = None
    sequence: int | None = None
    issued_at: datetime | None = None
    next_update: datetime | None = None
    good_until: datetime | None = None
    operator: str | None = None
    territory: str | None = None


@dataclass(frozen=True, slots=True)
class ImportedStatus:
    """A status, the instant since which it holds, and the address or word by which the list calls it."""

    status: ServiceStatus
    since: datetime
    named: str


@dataclass(frozen=True, slots=True)
class ImportedExtension:
    """An extension of a service that was understood, or that nobody has to understand."""

    name: str
    critical: bool
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportedService:
    """A service with at least one key. ``statuses`` is ordered oldest first and empty where the list knows none.

    ``doc_types`` are the types of document that its certificates may sign; a VICAL says so for each.
    """

    provider: str
    name: str
    service_type: str
    certificates: tuple[bytes, ...] = ()
    jwks: tuple[Mapping[str, Any], ...] = ()
    statuses: tuple[ImportedStatus, ...] = ()
    doc_types: tuple[str, ...] = ()
    extensions: tuple[ImportedExtension, ...] = ()
    territory: str | None = None

    def __post_init__(self) -> None:
        if not self.certificates and not self.jwks:
            raise ValueError("an imported service has at least one key")

    @property
    def granted(self) -> bool:
        """Whether the list still vouches for the service; one that knows no status vouches for all that it names."""
        return not self.statuses or self.statuses[-1].status is ServiceStatus.GRANTED


@dataclass(frozen=True, slots=True)
class Dropped:
    """An entry that was left out, with the code and the reason. The rest of its list stays."""

    provider: str
    name: str
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class ImportedPointer:
    """Another list that this one points to, with the certificates of its signers: anchors for the next import."""

    location: str
    territory: str | None
    list_type: str | None
    media_type: str | None
    signers: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ImportedList:
    """All that was read, and all that was left out. ``trail`` names the lists of lists that led to the signer."""

    provenance: Provenance
    services: tuple[ImportedService, ...]
    dropped: tuple[Dropped, ...]
    pointers: tuple[ImportedPointer, ...] = ()
    trail: tuple[str, ...] = ()
