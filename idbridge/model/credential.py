"""A credential on its way from bytes to recognised identity: one type for each degree of trust.

The degrees are named tuples, because every verification makes one of each, and a frozen dataclass of twenty fields
costs three times as much to make. Whatever holds a credential, its claims or a name keeps them out of its ``repr``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from idbridge.model.check import Check
from idbridge.model.keys import PublicKey
from idbridge.model.query import Disclosed
from idbridge.model.region import AssuranceLevel, Environment, Format, MemberState
from idbridge.model.trust import TrustService
from idbridge.model.type_metadata import NO_DOCUMENTS, TypeDocuments

NO_GRACE: Final[Mapping[AssuranceLevel, timedelta]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ProtectedHeader:
    """The header of a signed message, parsed and accounted for, not yet signed for by anyone we know.

    ``certificates`` are the DER certificates of ``x5c`` or ``x5chain``, leaf first; empty without. Of a COSE message
    ``kid`` is its text (``crypto.cose``), and ``members`` are those of both buckets, by label.
    """

    algorithm: str
    type: str | None
    kid: str | None
    certificates: tuple[bytes, ...]
    members: Mapping[Any, Any]


class UnverifiedJws(NamedTuple):
    """A compact JWS taken apart. Nothing in it may be believed."""

    header: ProtectedHeader
    payload: bytes
    signed: bytes
    signature: bytes

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


class UnverifiedSign1(NamedTuple):
    """A COSE_Sign1 taken apart. Nothing in it may be believed. Made by ``crypto.cose.parse_unverified`` only.

    ``protected`` are the octets of the protected header, ``signed`` those that a signature is made over.
    """

    header: ProtectedHeader
    protected: bytes
    payload: bytes
    signed: bytes
    signature: bytes

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


class PresentedSdJwt(NamedTuple):
    """What came with the issuer's JWT of an SD-JWT: disclosures and key binding, as text, in the order received.

    ``sd_jwt`` is the text up to and including the last ``~`` before the key binding. ``key_binding_jws`` is the key
    binding taken apart, ``None`` where it cannot be: then V5 says why. ``types`` are those that documents are held of.
    """

    disclosures: tuple[str, ...] = ()
    key_binding: str | None = None
    sd_jwt: str = ""
    key_binding_jws: UnverifiedJws | None = None
    types: TypeDocuments = NO_DOCUMENTS

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


class UnverifiedCredential(NamedTuple):
    """Step V2: what the bytes say of themselves. Hints for the look-up in V3 and nothing more.

    ``message`` is what the issuer signed. ``unverified_issuer`` is ``None`` for a format that names its issuer by
    certificates alone. ``presented`` is what came beside the message, in a type that only the format itself reads.
    """

    format: Format
    message: UnverifiedJws | UnverifiedSign1
    unverified_claims: Mapping[str, Any]
    unverified_issuer: str | None
    presented: Any = None

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


class SignedClaims(NamedTuple):
    """Step V4: claims whose signature verified with a listed key. Made in ``crypto/signature.py`` only."""

    claims: Mapping[str, Any]
    header: ProtectedHeader
    key: PublicKey

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


class HolderMethod(StrEnum):
    """How the sender proved to hold the credential."""

    KB_JWT = "kb-jwt"
    DEVICE_SIG = "device_sig"
    DEVICE_MAC = "device_mac"
    LOGIN = "login"
    NONE = "none"


_NOT_PROVEN: Final = HolderMethod.NONE  # read once: it is asked for on every verification


@dataclass(frozen=True, slots=True)
class HolderBinding:
    """Whether the sender proved to hold the credential. A bearer credential has ``method`` NONE."""

    method: HolderMethod
    key_thumbprint: str | None = None

    @property
    def bound(self) -> bool:
        """Tell whether possession was proven."""
        return self.method is not _NOT_PROVEN


@dataclass(frozen=True, slots=True, repr=False)
class NamePartValue:
    """One part of a name as the source gives it; Latin forms are copied, never made."""

    kind: str
    native: str
    latin: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class PersonName:
    """A verified name in the source's order. A mononym has one part and no family name is made up."""

    display: str
    native: str
    latin: str | None
    parts: tuple[NamePartValue, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Mandate:
    """Whom a person represents, and how far. ``entity`` is ``{"scheme": ..., "value": ...}`` in two fields.

    ``itself``: no person represents it; the credential is the legal person's own, and its power has no bounds.
    """

    entity_scheme: str
    entity_value: str
    entity_name: str | None
    scope: frozenset[str]
    valid_from: datetime | None
    valid_until: datetime | None
    itself: bool = False


@dataclass(frozen=True, slots=True)
class OneTimeValue:
    """A value that may count once. ``key`` is a digest, so that nothing readable is stored."""

    key: bytes
    until: datetime


@dataclass(frozen=True, slots=True)
class AssertionOrigin:
    """What a recognised assertion of another node says of the credential it rests on.

    ``key_thumbprint`` is that of the key that signed the credential, ``None`` for a certified key that no list names.
    """

    member_state: MemberState
    issuer: str
    format: Format
    service_type: str
    algorithm: str
    key_thumbprint: str | None
    level: AssuranceLevel
    identity: AssuranceLevel
    authentication: AssuranceLevel
    purpose: str


class StatusClaims(NamedTuple):
    """The ``status`` and the ``credentialStatus`` of a credential that has both: where its status is, as found."""

    status: Any
    entries: Any

    def __repr__(self) -> str:
        """Name the type alone: an index in a status list names one person's credential."""
        return f"{type(self).__name__}(...)"


StatusReference = Mapping[str, Any] | list[Any] | StatusClaims


class VerifiedCredential(NamedTuple):
    """Step V5: every header and claim accounted for, in force, holder binding judged.

    Constructed by ``credential/verified.py`` only. ``claims`` holds regional claim names (see ``ClaimMap``);
    what the map does not name is not here. ``read_name`` reads the name, for whoever may know it. ``subject`` is the
    provider's own identifier of the person, ``None`` where the presentation does not disclose it: two strangers must
    never share one. ``key_thumbprint`` and ``algorithm`` are those with which the credential itself was signed.
    ``status_reference`` is the credential's ``status`` member as found, or its ``credentialStatus`` under that name, or
    both; ``None`` if it refers to none. ``disclosed`` is what a query is held against, ``None`` for a format that no
    query asks for.
    """

    format: Format
    service: TrustService
    key_thumbprint: str
    algorithm: str
    subject: str | None
    national_level: str | None
    identity: AssuranceLevel
    authentication: AssuranceLevel
    holder: HolderBinding
    claims: Mapping[str, Any]
    read_name: Callable[[], PersonName | None]
    mandate: Mandate | None
    issued_at: datetime | None
    expires_at: datetime | None
    authenticated_at: datetime | None
    status_reference: StatusReference | None
    environment: Environment
    checks: tuple[Check, ...]
    one_time: tuple[OneTimeValue, ...] = ()
    origin: AssertionOrigin | None = None
    disclosed: Disclosed | None = None

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"

    @property
    def name(self) -> PersonName | None:
        """The person's name as the source gives it; ``None`` if it gives none."""
        return self.read_name()

    @property
    def level(self) -> AssuranceLevel:
        """The regional level: the weaker of the two axes."""
        return self.identity if self.identity < self.authentication else self.authentication


class RecognisedIdentity(NamedTuple):
    """Step V7: recognised by a state, for a purpose, at a level. Made in ``recognition/recognise.py`` only.

    ``arrangement`` is ``None`` when the relying party's own state issued the credential. ``claims`` are the
    regional claim names that arrangement and purpose allow to be released. ``mandate`` is the one in force for this
    purpose, ``None`` where the person acts for themself. ``limits`` are plain words that the report must carry.
    ``grace`` is by how much the list of whoever signed may be out of date, by the level recognised; ``origin_grace``
    the same of the list of what an assertion rests on.
    """

    credential: VerifiedCredential
    by: MemberState
    purpose: str
    level: AssuranceLevel
    mapping: str
    arrangement: str | None
    arrangement_version: int | None
    claims: frozenset[str]
    mandate: Mandate | None = None
    limits: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    grace: Mapping[AssuranceLevel, timedelta] = NO_GRACE
    origin_grace: Mapping[AssuranceLevel, timedelta] = NO_GRACE

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"
