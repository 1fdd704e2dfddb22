"""Lists of trusted entities: the data model of ETSI TS 119 602 v1.1.1, frozen.

Decides whether a value is a list as the standard allows one: required members there and none unknown, dates that are
dates, numbers that are whole numbers, a status with its date. The JSON schema that comes with the standard lets all of
these slip. Which optional members a list must have and what they may say, ``profile`` decides; lists of other regions,
without status, history or extensions, are read here too. Pointers to other lists are read and never followed.

An extension is an object with one member, its name, and may carry ``"Critical": true`` beside it, as in TS 119 612.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeVar

from idbridge.limits import LIMITS
from idbridge.trust import digital_identity, members
from idbridge.trust.digital_identity import DigitalIdentity
from idbridge.trust.errors import violation

CRITICAL: Final = "Critical"
Value = TypeVar("Value")

_LOTE: Final = frozenset({"ListAndSchemeInformation"})
_LOTE_OPTIONAL: Final = frozenset({"TrustedEntitiesList"})
_SCHEME: Final = frozenset({
    "LoTEVersionIdentifier", "LoTESequenceNumber", "SchemeOperatorName", "ListIssueDateTime", "NextUpdate",
})  # fmt: skip
_SCHEME_OPTIONAL: Final = frozenset({
    "LoTEType", "SchemeOperatorAddress", "SchemeName", "SchemeInformationURI", "StatusDeterminationApproach",
    "SchemeTypeCommunityRules", "SchemeTerritory", "PolicyOrLegalNotice", "HistoricalInformationPeriod",
    "PointersToOtherLoTE", "DistributionPoints", "SchemeExtensions",
})  # fmt: skip
_POINTER: Final = frozenset({"LoTELocation", "ServiceDigitalIdentities", "LoTEQualifiers"})
_QUALIFIER: Final = frozenset({"LoTEType", "SchemeOperatorName", "MimeType"})
_QUALIFIER_OPTIONAL: Final = frozenset({"SchemeTypeCommunityRules", "SchemeTerritory"})
_TRUSTED_ENTITY: Final = frozenset({"TrustedEntityInformation", "TrustedEntityServices"})
_ENTITY: Final = frozenset({"TEName", "TEAddress", "TEInformationURI"})
_ENTITY_OPTIONAL: Final = frozenset({"TETradeName", "TEInformationExtensions"})
_ENTRY: Final = frozenset({"ServiceInformation"})
_ENTRY_OPTIONAL: Final = frozenset({"ServiceHistory"})
_SERVICE: Final = frozenset({"ServiceName", "ServiceDigitalIdentity"})
_SERVICE_OPTIONAL: Final = frozenset({
    "ServiceTypeIdentifier", "ServiceStatus", "StatusStartingTime", "SchemeServiceDefinitionURI",
    "ServiceSupplyPoints", "ServiceDefinitionURI", "ServiceInformationExtensions",
})  # fmt: skip
_SERVICE_ASIDE: Final = frozenset({"SchemeServiceDefinitionURI", "ServiceDefinitionURI", "ServiceSupplyPoints"})
_SUPPLY_POINT: Final = frozenset({"uriValue"})
_SUPPLY_POINT_OPTIONAL: Final = frozenset({"ServiceType"})
_HISTORY: Final = frozenset({"ServiceName", "ServiceDigitalIdentity", "ServiceStatus", "StatusStartingTime"})
_HISTORY_OPTIONAL: Final = frozenset({"ServiceTypeIdentifier", "ServiceInformationExtensions"})
_NOTICES: Final = frozenset({"LoTEPolicy", "LoTELegalNotice"})
_POSTAL: Final = frozenset({"lang", "StreetAddress", "Country"})
_POSTAL_OPTIONAL: Final = frozenset({"Locality", "StateOrProvince", "PostalCode"})
_TERRITORY_CHARACTERS: Final = 2
_NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension with its content, not yet understood. One that is ``critical`` must be.

    ``name`` is empty for an object of several members, which the standard allows and nobody can know by name; the
    whole object is its content then.
    """

    name: str
    content: Any
    critical: bool


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A status URI and the instant since which it holds."""

    status: str
    since: datetime


@dataclass(frozen=True, slots=True)
class PastEntry:
    """What the list says of a service as it was: its identity, type and extensions may have been others."""

    names: Mapping[str, str]
    service_type: str | None
    identity: DigitalIdentity
    status: StatusEntry
    extensions: tuple[Extension, ...]


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """One entry of the list. ``history`` is in the order of the list.

    Entries of one list with the same number in ``alike`` say the same but for their identity and the issuer in their
    one extension, and have no history; ``None`` tells nothing.
    """

    names: Mapping[str, str]
    service_type: str | None
    identity: DigitalIdentity
    status: StatusEntry | None
    history: tuple[PastEntry, ...]
    extensions: tuple[Extension, ...]
    alike: int | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TrustedEntity:
    """A provider with its services. ``countries`` are those of its postal addresses."""

    names: Mapping[str, str]
    countries: frozenset[str]
    extensions: tuple[Extension, ...]
    services: tuple[ServiceEntry, ...]


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where another list is said to be, and of which types."""

    location: str
    lote_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SchemeInformation:
    """Who publishes the list, for which territory, and for how long it is good. What is optional may be empty."""

    version: int
    sequence: int
    lote_type: str | None
    operator: Mapping[str, str]
    countries: frozenset[str]
    names: Mapping[str, str]
    information: tuple[str, ...]
    status_determination: str | None
    community_rules: tuple[str, ...]
    territory: str | None
    notices: tuple[str, ...]
    history_period: int | None
    pointers: tuple[Pointer, ...]
    issued_at: datetime
    next_update: datetime
    distribution_points: tuple[str, ...]
    extensions: tuple[Extension, ...]


@dataclass(frozen=True, slots=True)
class ListOfTrustedEntities:
    """A list as it stands in its payload, signed by whomever."""

    scheme: SchemeInformation
    entities: tuple[TrustedEntity, ...]


def parse(value: Any) -> ListOfTrustedEntities:
    """Return the list that ``value``, parsed from strict JSON, holds.

    Raises:
        TrustError: ``trust.profile_violation``: it is not in the shape of the standard.
    """
    outer = members.table(value, required=frozenset({"LoTE"}), where="the document")
    lote = members.table(outer["LoTE"], required=_LOTE, optional=_LOTE_OPTIONAL, where="LoTE")
    return ListOfTrustedEntities(
        scheme=scheme(lote["ListAndSchemeInformation"]), entities=_listed(lote, "TrustedEntitiesList", _entity)
    )


def _listed(read: Mapping[str, Any], name: str, entry: Callable[[Any], Value]) -> tuple[Value, ...]:
    """Return the entries of an optional list; none if it is not there."""
    return members.array(read[name], entry, where=name) if name in read else ()


def _optional_address(read: Mapping[str, Any], name: str) -> str | None:
    return members.address(read[name], where=name) if name in read else None


def _optional_addresses(read: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return members.addresses(read[name], where=name) if name in read else ()


def _optional_names(read: Mapping[str, Any], name: str) -> Mapping[str, str]:
    return members.by_language(read[name], where=name) if name in read else _NO_NAMES


def scheme(value: Any) -> SchemeInformation:
    """Return what a list says of itself.

    Raises:
        TrustError: ``trust.profile_violation``: it is not in the shape of the standard.
    """
    read = members.table(value, required=_SCHEME, optional=_SCHEME_OPTIONAL, where="ListAndSchemeInformation")
    return SchemeInformation(
        version=members.count(read["LoTEVersionIdentifier"], where="LoTEVersionIdentifier", least=1, most=1),
        sequence=members.count(
            read["LoTESequenceNumber"], where="LoTESequenceNumber", least=1, most=LIMITS.list_sequence
        ),
        lote_type=_optional_address(read, "LoTEType"),
        operator=members.by_language(read["SchemeOperatorName"], where="SchemeOperatorName"),
        countries=_location(read, "SchemeOperator"),
        names=_optional_names(read, "SchemeName"),
        information=_optional_addresses(read, "SchemeInformationURI"),
        status_determination=_optional_address(read, "StatusDeterminationApproach"),
        community_rules=_optional_addresses(read, "SchemeTypeCommunityRules"),
        territory=_optional_territory(read),
        notices=_listed(read, "PolicyOrLegalNotice", _notice),
        history_period=_optional_period(read),
        pointers=_listed(read, "PointersToOtherLoTE", _pointer),
        issued_at=members.instant(read["ListIssueDateTime"], where="ListIssueDateTime"),
        next_update=members.instant(read["NextUpdate"], where="NextUpdate"),
        distribution_points=_listed(
            read, "DistributionPoints", lambda one: members.address(one, where="DistributionPoints")
        ),
        extensions=_listed(read, "SchemeExtensions", _extension),
    )


def _optional_territory(read: Mapping[str, Any]) -> str | None:
    if "SchemeTerritory" not in read:
        return None
    territory = members.text(read["SchemeTerritory"], where="SchemeTerritory")
    if len(territory) != _TERRITORY_CHARACTERS:
        raise violation("SchemeTerritory is a code of two letters")
    return territory


def _optional_period(read: Mapping[str, Any]) -> int | None:
    name = "HistoricalInformationPeriod"
    return members.count(read[name], where=name, least=0, most=2**31) if name in read else None


def _notice(value: Any) -> str:
    """Return a policy address or a legal notice: exactly one of the two."""
    read = members.table(value, required=frozenset(), optional=_NOTICES, where="PolicyOrLegalNotice")
    if len(read) != 1:
        raise violation("PolicyOrLegalNotice is a policy or a legal notice")
    if "LoTELegalNotice" in read:
        return members.prose(read["LoTELegalNotice"], where="LoTELegalNotice")
    return members.addresses([read["LoTEPolicy"]], where="LoTEPolicy")[0]


def _pointer(value: Any) -> Pointer:
    read = members.table(value, required=_POINTER, where="PointersToOtherLoTE")
    members.array(
        read["ServiceDigitalIdentities"], digital_identity.parse_pointed, where="ServiceDigitalIdentities"
    )  # fmt: skip
    return Pointer(
        location=members.address(read["LoTELocation"], where="LoTELocation"),
        lote_types=members.array(read["LoTEQualifiers"], _qualified_type, where="LoTEQualifiers"),
    )


def _qualified_type(value: Any) -> str:
    read = members.table(value, required=_QUALIFIER, optional=_QUALIFIER_OPTIONAL, where="LoTEQualifiers")
    members.by_language(read["SchemeOperatorName"], where="SchemeOperatorName")
    members.text(read["MimeType"], where="MimeType")
    _optional_addresses(read, "SchemeTypeCommunityRules")
    _optional_territory(read)
    return members.address(read["LoTEType"], where="LoTEType")


def _location(read: Mapping[str, Any], prefix: str) -> frozenset[str]:
    """Return the countries of an address, none without one; ``prefix`` is ``SchemeOperator`` or ``TE``."""
    address, postal, electronic = (f"{prefix}{part}Address" for part in ("", "Postal", "Electronic"))
    if address not in read:
        return frozenset()
    where = members.table(read[address], required=frozenset({postal, electronic}), where=address)
    members.addresses(where[electronic], where=electronic)
    return frozenset(members.array(where[postal], _country, where=postal))


def _country(value: Any) -> str:
    read = members.table(value, required=_POSTAL, optional=_POSTAL_OPTIONAL, where="a postal address")
    for name, line in read.items():
        members.text(line, where=name)
    return members.text(read["Country"], where="Country")


def _entity(value: Any) -> TrustedEntity:
    read = members.table(value, required=_TRUSTED_ENTITY, where="a trusted entity")
    services = members.array(read["TrustedEntityServices"], service, where="TrustedEntityServices")
    return entity(read["TrustedEntityInformation"], services)


def entity(information: Any, services: tuple[ServiceEntry, ...]) -> TrustedEntity:
    """Return the provider of ``services`` of which ``information`` tells.

    Raises:
        TrustError: ``trust.profile_violation``: it is not in the shape of the standard.
    """
    about = members.table(
        information, required=_ENTITY, optional=_ENTITY_OPTIONAL, where="TrustedEntityInformation"
    )  # fmt: skip
    members.addresses(about["TEInformationURI"], where="TEInformationURI")
    _listed(about, "TETradeName", lambda entry: members.in_language(entry, where="TETradeName"))
    return TrustedEntity(
        names=members.by_language(about["TEName"], where="TEName"),
        countries=_location(about, "TE"),
        extensions=_listed(about, "TEInformationExtensions", _extension),
        services=services,
    )


def service(value: Any) -> ServiceEntry:
    """Return one entry of a list.

    Raises:
        TrustError: ``trust.profile_violation``: it is not in the shape of the standard.
    """
    read = members.table(value, required=_ENTRY, optional=_ENTRY_OPTIONAL, where="a trusted entity service")
    now = members.table(
        read["ServiceInformation"], required=_SERVICE, optional=_SERVICE_OPTIONAL, where="ServiceInformation"
    )
    if not _SERVICE_ASIDE.isdisjoint(now):
        _optional_addresses(now, "SchemeServiceDefinitionURI")
        _optional_addresses(now, "ServiceDefinitionURI")
        _listed(now, "ServiceSupplyPoints", _supply_point)
    if ("ServiceStatus" in now) is not ("StatusStartingTime" in now):
        raise violation("ServiceInformation has a status without the instant since when, or the other way round")
    return ServiceEntry(
        names=members.by_language(now["ServiceName"], where="ServiceName"),
        service_type=_optional_address(now, "ServiceTypeIdentifier"),
        identity=digital_identity.parse(now["ServiceDigitalIdentity"]),
        status=_status(now) if "ServiceStatus" in now else None,
        history=_listed(read, "ServiceHistory", _past),
        extensions=_listed(now, "ServiceInformationExtensions", _extension),
    )


def _supply_point(value: Any) -> str:
    read = members.table(
        value, required=_SUPPLY_POINT, optional=_SUPPLY_POINT_OPTIONAL, where="ServiceSupplyPoints"
    )  # fmt: skip
    _optional_address(read, "ServiceType")
    return members.address(read["uriValue"], where="uriValue")


def _status(value: Mapping[str, Any]) -> StatusEntry:
    return StatusEntry(
        status=members.address(value["ServiceStatus"], where="ServiceStatus"),
        since=members.instant(value["StatusStartingTime"], where="StatusStartingTime"),
    )


def _past(value: Any) -> PastEntry:
    read = members.table(value, required=_HISTORY, optional=_HISTORY_OPTIONAL, where="ServiceHistory")
    return PastEntry(
        names=members.by_language(read["ServiceName"], where="ServiceName"),
        service_type=_optional_address(read, "ServiceTypeIdentifier"),
        identity=digital_identity.parse(read["ServiceDigitalIdentity"]),
        status=_status(read),
        extensions=_listed(read, "ServiceInformationExtensions", _extension),
    )


def _extension(value: Any) -> Extension:
    if type(value) is not dict or not value:
        raise violation("an extension is not an object with members")
    critical = value.get(CRITICAL, False)
    if type(critical) is not bool:
        raise violation("`Critical` is true or false")
    names = [name for name in value if name != CRITICAL]
    if len(names) == 1:
        return Extension(names[0], value[names[0]], critical)
    return Extension("", value, critical)
