"""Trust services: who may sign what, for which state, and when. Constructed in ``trust/profile.py`` only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from idbridge.model.keys import PublicKey
from idbridge.model.qr_profile import QrProfile
from idbridge.model.region import AssuranceLevel, CommitmentTier, Environment, Format, MemberState, ServiceType
from idbridge.model.time import Validity


class ServiceStatus(StrEnum):
    """Status of a trust service. ``granted`` is the only one that gives trust; the others say why it ended."""

    GRANTED = "urn:idbridge:status:granted"
    SUPERSEDED = "urn:idbridge:status:superseded"
    WITHDRAWN = "urn:idbridge:status:withdrawn"
    COMPROMISED = "urn:idbridge:status:compromised"


class IdentifierPersistence(StrEnum):
    """How lasting the subject identifier of a provider is (architecture D2, D9)."""

    LASTING = "lasting"
    TRANSIENT = "transient"


class HolderBindingRule(StrEnum):
    """Whether a presentation of this service's credentials must carry a key binding."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NONE = "none"


class EncryptionRule(StrEnum):
    """Whether the tokens of a login service come encrypted; ``NONE``, where its list says nothing."""

    REQUIRED = "required"
    ALLOWED = "allowed"
    NONE = "none"


class EntitySubject(StrEnum):
    """Who is spoken of where a legal person is named: somebody who represents it, or the legal person itself."""

    REPRESENTATIVE = "representative"
    ITSELF = "itself"


@dataclass(frozen=True, slots=True)
class StatusPeriod:
    """One period of a service's status. For COMPROMISED ``validity.start`` is the instant "compromised since"."""

    status: ServiceStatus
    validity: Validity


@dataclass(frozen=True, slots=True)
class LadderRung:
    """What one national level is worth in the region, on both axes (architecture D2)."""

    national: str
    identity: AssuranceLevel
    authentication: AssuranceLevel


@dataclass(frozen=True, slots=True)
class NamePart:
    """Where one part of a person's name stands in the provider's claims, in the source's order.

    ``kind`` is ``given``, ``family``, ``patronymic``, ``middle`` or ``single`` (a mononym).
    """

    kind: str
    native: str
    latin: str | None = None


@dataclass(frozen=True, slots=True)
class EntityMap:
    """Where a provider names a legal person in claims of its own.

    ``identifier`` is its number in the register ``scheme``; where the provider says which register, ``scheme_claim``
    does, and ``schemes`` says what its words mean. ``status`` names the claim of its standing, good if ``in_force`` has
    the value. What a representative may do is ``power``, or stands in ``power_claim``. ``complete`` are the regional
    names that have to be there too, or the set is not complete (eIDAS: minimum data sets).
    """

    subject: EntitySubject
    identifier: str
    scheme: str | None = None
    scheme_claim: str | None = None
    schemes: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    status: str | None = None
    in_force: frozenset[str] = frozenset()
    power: frozenset[str] = frozenset()
    power_claim: str | None = None
    until: str | None = None
    complete: frozenset[str] = frozenset()

    @property
    def sources(self) -> frozenset[str]:
        """The provider's claims that are named here."""
        named = (self.identifier, self.scheme_claim, self.name, self.status, self.power_claim, self.until)
        return frozenset(one for one in named if one is not None)


PATH: Final = "$."  # begins the name of a claim that stands inside others, their names joined by dots


@dataclass(frozen=True, slots=True)
class ClaimMap:
    """How a provider's claims are named: data of the signed list, never code.

    ``claims`` maps regional names (``birthdate``, ``nationality``) to the provider's own. ``subject`` names the
    claim that identifies the person at the provider. ``display``, when set, names a claim with the full name.
    ``sources`` are all the provider's claims that are named here; the rest of a credential is never released.
    ``paths`` are those among them that stand inside others, ``key_values`` the claims that are texts like ``a=1,b=2``.
    ``lowest_without_acr`` lets a token that says no level count as the lowest that the ladder has, and never above A1.
    ``whole`` is the claim at the top in which the mandate stands: in one piece, since half of it may say more than all.
    """

    claims: Mapping[str, str]
    name_parts: tuple[NamePart, ...] = ()
    display: str | None = None
    display_latin: str | None = None
    subject: str = "sub"
    persistence: IdentifierPersistence = IdentifierPersistence.LASTING
    acr: str = "acr"
    mandate: str | None = None
    entity: EntityMap | None = None
    key_values: frozenset[str] = frozenset()
    lowest_without_acr: bool = False
    sources: frozenset[str] = field(init=False, compare=False, repr=False)
    paths: frozenset[str] = field(init=False, compare=False, repr=False)
    whole: str | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        optional = (self.display, self.display_latin, self.mandate, *(part.latin for part in self.name_parts))
        named = {self.subject, self.acr, *self.claims.values(), *(part.native for part in self.name_parts), *optional}
        sources = {one for one in named if one is not None} | (self.entity.sources if self.entity else frozenset())
        paths = frozenset(one for one in sources if one.startswith(PATH))
        roots = frozenset(map(_top, paths))
        object.__setattr__(self, "sources", frozenset(sources - paths) | roots)
        object.__setattr__(self, "paths", paths)
        object.__setattr__(self, "whole", None if self.mandate is None else _top(self.mandate))


def _top(name: str) -> str:
    """Return the claim at the top that ``name`` is, or in which its path begins."""
    return name.split(".", 2)[1] if name.startswith(PATH) else name


@dataclass(frozen=True, slots=True)
class LeafRule:
    """What the leaf of an ``x5c`` path must carry: an extended key usage or a policy (dotted OIDs)."""

    extended_key_usage: str | None = None
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceProfile:
    """The signed per-service rules of the IdBridge profile of a trust list."""

    formats: frozenset[Format]
    algorithms: frozenset[str]
    credential_types: frozenset[str]  # `vct` values; empty for formats that have none
    ladder: tuple[LadderRung, ...]
    claim_map: ClaimMap
    leeway: timedelta
    holder_binding: HolderBindingRule
    leaf_rule: LeafRule | None = None
    crl: frozenset[str] = frozenset()  # where its authority publishes; not empty: revocation must be known
    status_lists: frozenset[str] = frozenset()  # of a revocation service: the addresses whose lists it signs
    key_set: str | None = None  # of a login service: where it publishes the keys that its state does not list
    encryption: EncryptionRule = EncryptionRule.NONE  # of a login service
    tier: CommitmentTier = CommitmentTier.T0
    qr: QrProfile | None = None  # set exactly where the formats have `qr`


@dataclass(frozen=True, slots=True)
class TrustService:
    """One listed service: its digital identity, its history and its rules.

    ``service_id`` is the SHA-256 (hex) of the canonical list entry, so a report can name exactly what it relied
    on. ``keys`` are listed JWKs; ``anchors`` are DER certificates, a CA or the signing certificate itself. At
    least one of the two is not empty. ``history`` is ordered oldest first, without gap; the last period is open.
    """

    service_id: str
    member_state: MemberState
    environment: Environment
    observer: bool
    provider: str
    name: str
    service_type: ServiceType
    issuer: str
    keys: tuple[PublicKey, ...]
    anchors: tuple[bytes, ...]
    history: tuple[StatusPeriod, ...]
    profile: ServiceProfile

    def status_at(self, instant: datetime) -> StatusPeriod | None:
        """Return the status in force at ``instant``; ``None`` before the first period."""
        for period in reversed(self.history):
            if period.validity.start <= instant:
                return period
        return None


@dataclass(frozen=True, slots=True)
class PolledKeys:
    """The signature keys of a key set as it was fetched, each with a ``kid``, and until when they count.

    ``digest`` is the SHA-256 (hex) of the octets. Made by ``status/key_sets.py`` only.
    """

    keys: tuple[PublicKey, ...]
    until: datetime
    digest: str


# By state and address, so that what one state lists never answers for another.
Polled = Mapping[tuple[MemberState, str], PolledKeys]
NO_POLLED_KEYS: Final[Polled] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ListProvenance:
    """Which edition of a state's list a verdict relied on, and how fresh it was."""

    member_state: MemberState
    sequence: int
    digest: str  # SHA-256 (hex) of the compact JWS as received
    issued_at: datetime
    next_update: datetime
    signer: str  # RFC 7638 thumbprint of the list signing key
    tier: CommitmentTier
    distribution: str  # "plain" or "tuf"
