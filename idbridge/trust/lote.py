"""Lists of trusted entities: the data model of ETSI TS 119 602 v1.1.1 as we use it, frozen.

Decides whether a value has the shape of a list: every member known, required ones present, dates that are dates,
numbers that are whole numbers, certificates in DER. What the members may say, ``profile`` decides. Left out on purpose:
pointers to other lists (a state's list leads nowhere, so nobody can be led in a circle) and distribution points.

An extension is an object with one member, its name, and may carry ``"Critical": true`` beside it, as in TS 119 612.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from idbridge.codec import base64std, jcs
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.trust import members
from idbridge.trust.errors import violation

CRITICAL: Final = "Critical"

Value = TypeVar("Value")

_SCHEME = frozenset({
    "LoTEVersionIdentifier", "LoTESequenceNumber", "LoTEType", "SchemeOperatorName", "SchemeOperatorAddress",
    "SchemeName", "SchemeInformationURI", "StatusDeterminationApproach", "SchemeTypeCommunityRules",
    "SchemeTerritory", "PolicyOrLegalNotice", "HistoricalInformationPeriod", "ListIssueDateTime", "NextUpdate",
    "SchemeExtensions",
})  # fmt: skip
_ENTITY = frozenset({"TEName", "TEAddress", "TEInformationURI"})
_ENTITY_OPTIONAL = frozenset({"TETradeName", "TEInformationExtensions"})
_SERVICE = frozenset({
    "ServiceName", "ServiceDigitalIdentity", "ServiceTypeIdentifier", "ServiceStatus", "StatusStartingTime",
    "ServiceInformationExtensions",
})  # fmt: skip
_SERVICE_OPTIONAL = frozenset({"SchemeServiceDefinitionURI", "ServiceSupplyPoints", "ServiceDefinitionURI"})
_HISTORY = frozenset({"ServiceName", "ServiceDigitalIdentity", "ServiceStatus", "StatusStartingTime"})
_HISTORY_OPTIONAL = frozenset({"ServiceTypeIdentifier", "ServiceInformationExtensions"})
_IDENTITY = frozenset({"X509Certificates", "PublicKeyValues", "X509SubjectNames", "X509SKIs", "OtherIds"})
_POSTAL = frozenset({"lang", "StreetAddress", "Country"})
_POSTAL_OPTIONAL = frozenset({"Locality", "StateOrProvince", "PostalCode"})


@dataclass(frozen=True, slots=True)
class Extension:
    """A named extension with its content, not yet understood. One that is ``critical`` must be."""

    name: str
    content: Any
    critical: bool


@dataclass(frozen=True, slots=True)
class DigitalIdentity:
    """What identifies a service: DER certificates and JWKs. Names and key identifiers alone identify nobody."""

    certificates: tuple[bytes, ...]
    public_keys: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A status URI and the instant since which it holds."""

    status: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """One entry of the list. ``statuses`` is ordered oldest first; ``digest`` is the SHA-256 of the canonical entry."""

    names: Mapping[str, str]
    service_type: str
    identity: DigitalIdentity
    statuses: tuple[StatusEntry, ...]
    extensions: tuple[Extension, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class TrustedEntity:
    """A provider with its services. ``countries`` are those of its postal addresses."""

    names: Mapping[str, str]
    countries: frozenset[str]
    services: tuple[ServiceEntry, ...]


@dataclass(frozen=True, slots=True)
class SchemeInformation:
    """Who publishes the list, for which territory, and for how long it is good."""

    version: int
    sequence: int
    lote_type: str
    operator: Mapping[str, str]
    countries: frozenset[str]
    status_determination: str
    community_rules: tuple[str, ...]
    territory: str
    history_period: int
    issued_at: datetime
    next_update: datetime
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
    lote = members.table(
        outer["LoTE"], required=frozenset({"ListAndSchemeInformation", "TrustedEntitiesList"}), where="LoTE"
    )
    return ListOfTrustedEntities(
        scheme=_scheme(lote["ListAndSchemeInformation"]),
        entities=members.array(lote["TrustedEntitiesList"], _entity, where="TrustedEntitiesList"),
    )


def _scheme(value: Any) -> SchemeInformation:
    read = members.table(value, required=_SCHEME, where="ListAndSchemeInformation")
    members.by_language(read["SchemeName"], where="SchemeName")
    members.addresses(read["SchemeInformationURI"], where="SchemeInformationURI")
    members.array(read["PolicyOrLegalNotice"], _notice, where="PolicyOrLegalNotice")
    return SchemeInformation(
        version=members.count(read["LoTEVersionIdentifier"], where="LoTEVersionIdentifier", least=1, most=1),
        sequence=members.count(
            read["LoTESequenceNumber"], where="LoTESequenceNumber", least=1, most=LIMITS.list_sequence
        ),
        lote_type=members.address(read["LoTEType"], where="LoTEType"),
        operator=members.by_language(read["SchemeOperatorName"], where="SchemeOperatorName"),
        countries=_location(read["SchemeOperatorAddress"], "SchemeOperator"),
        status_determination=members.address(read["StatusDeterminationApproach"], where="StatusDeterminationApproach"),
        community_rules=members.addresses(read["SchemeTypeCommunityRules"], where="SchemeTypeCommunityRules"),
        territory=members.text(read["SchemeTerritory"], where="SchemeTerritory"),
        history_period=members.count(
            read["HistoricalInformationPeriod"], where="HistoricalInformationPeriod", least=0, most=2**31
        ),
        issued_at=members.instant(read["ListIssueDateTime"], where="ListIssueDateTime"),
        next_update=members.instant(read["NextUpdate"], where="NextUpdate"),
        extensions=members.array(read["SchemeExtensions"], _extension, where="SchemeExtensions"),
    )


def _notice(value: Any) -> str:
    """Return a policy address or a legal notice: exactly one of the two."""
    read = members.table(
        value, required=frozenset(), optional=frozenset({"LoTEPolicy", "LoTELegalNotice"}), where="PolicyOrLegalNotice"
    )
    if len(read) != 1:
        raise violation("PolicyOrLegalNotice is a policy or a legal notice")
    if "LoTELegalNotice" in read:
        return members.text(read["LoTELegalNotice"], where="LoTELegalNotice")
    return members.addresses([read["LoTEPolicy"]], where="LoTEPolicy")[0]


def _location(value: Any, prefix: str) -> frozenset[str]:
    """Return the countries of an address; ``prefix`` is ``SchemeOperator`` or ``TE``."""
    postal, electronic = f"{prefix}PostalAddress", f"{prefix}ElectronicAddress"
    read = members.table(value, required=frozenset({postal, electronic}), where=f"{prefix}Address")
    members.addresses(read[electronic], where=electronic)
    return frozenset(members.array(read[postal], _country, where=postal))


def _country(value: Any) -> str:
    read = members.table(value, required=_POSTAL, optional=_POSTAL_OPTIONAL, where="a postal address")
    for name, line in read.items():
        members.text(line, where=name)
    return members.text(read["Country"], where="Country")


def _entity(value: Any) -> TrustedEntity:
    read = members.table(
        value, required=frozenset({"TrustedEntityInformation", "TrustedEntityServices"}), where="a trusted entity"
    )
    about = members.table(
        read["TrustedEntityInformation"],
        required=_ENTITY,
        optional=_ENTITY_OPTIONAL,
        where="TrustedEntityInformation",
    )
    members.addresses(about["TEInformationURI"], where="TEInformationURI")
    if "TETradeName" in about:
        members.by_language(about["TETradeName"], where="TETradeName")
    if "TEInformationExtensions" in about:
        _refuse_critical(about["TEInformationExtensions"])
    return TrustedEntity(
        names=members.by_language(about["TEName"], where="TEName"),
        countries=_location(about["TEAddress"], "TE"),
        services=members.array(read["TrustedEntityServices"], _service, where="TrustedEntityServices"),
    )


def _service(value: Any) -> ServiceEntry:
    read = members.table(
        value,
        required=frozenset({"ServiceInformation"}),
        optional=frozenset({"ServiceHistory"}),
        where="a trusted entity service",
    )
    now = members.table(
        read["ServiceInformation"], required=_SERVICE, optional=_SERVICE_OPTIONAL, where="ServiceInformation"
    )
    for name in ("SchemeServiceDefinitionURI", "ServiceDefinitionURI"):
        if name in now:
            members.addresses(now[name], where=name)
    if "ServiceSupplyPoints" in now:
        members.array(now["ServiceSupplyPoints"], _supply_point, where="ServiceSupplyPoints")
    past: tuple[StatusEntry, ...] = ()
    if "ServiceHistory" in read:
        past = members.array(read["ServiceHistory"], lambda entry: _past(entry, now=now), where="ServiceHistory")
    return ServiceEntry(
        names=members.by_language(now["ServiceName"], where="ServiceName"),
        service_type=members.address(now["ServiceTypeIdentifier"], where="ServiceTypeIdentifier"),
        identity=_identity(now["ServiceDigitalIdentity"]),
        statuses=tuple(reversed((_status(now), *past))),
        extensions=members.array(now["ServiceInformationExtensions"], _extension, where="ServiceInformationExtensions"),
        digest=_digest(value),
    )


def _supply_point(value: Any) -> str:
    read = members.table(
        value, required=frozenset({"uriValue"}), optional=frozenset({"ServiceType"}), where="ServiceSupplyPoints"
    )
    if "ServiceType" in read:
        members.address(read["ServiceType"], where="ServiceType")
    return members.address(read["uriValue"], where="uriValue")


def _status(value: Mapping[str, Any]) -> StatusEntry:
    return StatusEntry(
        status=members.address(value["ServiceStatus"], where="ServiceStatus"),
        since=members.instant(value["StatusStartingTime"], where="StatusStartingTime"),
    )


def _past(value: Any, *, now: Mapping[str, Any]) -> StatusEntry:
    """Return an earlier status of the service that ``now`` describes: of this service and of no other."""
    read = members.table(value, required=_HISTORY, optional=_HISTORY_OPTIONAL, where="ServiceHistory")
    members.by_language(read["ServiceName"], where="ServiceName")
    if read["ServiceDigitalIdentity"] != now["ServiceDigitalIdentity"]:
        raise violation("a ServiceHistory entry is about another digital identity")
    if read.get("ServiceTypeIdentifier", now["ServiceTypeIdentifier"]) != now["ServiceTypeIdentifier"]:
        raise violation("a ServiceHistory entry is about another type of service")
    if "ServiceInformationExtensions" in read:
        _refuse_critical(read["ServiceInformationExtensions"])
    return _status(read)


def _identity(value: Any) -> DigitalIdentity:
    """Return the keys of a digital identity; one that has only names or key identifiers has none."""
    read = members.table(value, required=frozenset(), optional=_IDENTITY, where="ServiceDigitalIdentity")
    for name in ("X509SubjectNames", "X509SKIs", "OtherIds"):  # the standard's; never a reason for trust
        if name in read:
            members.array(read[name], lambda entry: members.text(entry, where="an identity"), where=name)
    identity = DigitalIdentity(certificates=_listed(read, "X509Certificates", _certificate),
                               public_keys=_listed(read, "PublicKeyValues", _public_key))  # fmt: skip
    if not identity.certificates and not identity.public_keys:
        raise violation("a ServiceDigitalIdentity has neither a certificate nor a public key")
    return identity


def _listed(read: Mapping[str, Any], name: str, entry: Callable[[Any], Value]) -> tuple[Value, ...]:
    return members.array(read[name], entry, where=name, most=LIMITS.keys_per_service) if name in read else ()


def _certificate(value: Any) -> bytes:
    """Return the DER of a listed certificate. PEM inside ``val`` is refused by the alphabet."""
    read = members.table(
        value, required=frozenset({"val"}), optional=frozenset({"encoding", "specRef"}), where="X509Certificates"
    )
    for name in ("encoding", "specRef"):  # said of DER in base64, whatever it says
        if name in read:
            members.text(read[name], where=name)
    try:
        octets = base64std.decode(members.string(read["val"], where="val"))
    except InputError:
        raise violation("a listed certificate is not in base64") from None
    if not 0 < len(octets) <= LIMITS.certificate_bytes:
        raise violation("a listed certificate is empty or too large")
    return octets


def _public_key(value: Any) -> Mapping[str, Any]:
    if type(value) is not dict:
        raise violation("a PublicKeyValue is not an object")
    return value


def _extension(value: Any) -> Extension:
    if type(value) is not dict:
        raise violation("an extension is not an object")
    critical = value.get(CRITICAL, False)
    names = [name for name in value if name != CRITICAL]
    if type(critical) is not bool or len(names) != 1:
        raise violation("an extension has one name, and `Critical` is true or false")
    return Extension(names[0], value[names[0]], critical)


def _refuse_critical(value: Any) -> None:
    """Refuse an extension that must be understood, at a place where none is."""
    for extension in members.array(value, _extension, where="extensions"):
        if extension.critical:
            raise violation(f"critical extension {extension.name[:80]} is not known here")


def _digest(entry: Any) -> str:
    try:
        return jcs.digest_hex(entry)
    except InputError:
        raise violation("a service entry has no canonical form") from None
