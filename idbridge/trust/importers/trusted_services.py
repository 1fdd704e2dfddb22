"""The services of a trusted list (ETSI TS 119 612 sections 5.4 to 5.6): each is read, or left out with a reason.

Decides which entries are read: those with a certificate of a key that is served here, statuses that are known and in
order, and no critical extension that is not understood. A name or a key identifier alone identifies nobody. What is
wrong with one entry costs that entry and never the list.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Final
from xml.etree.ElementTree import Element

from idbridge.crypto.listed import ListedCertificate, listed_certificate
from idbridge.errors import IssuerError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.trust import ServiceStatus
from idbridge.trust.errors import violation
from idbridge.trust.importers import elements
from idbridge.trust.importers.elements import QUALIFICATIONS, TSL
from idbridge.trust.importers.imported import Dropped, ImportedExtension, ImportedService, ImportedStatus

_STATUS: Final = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
_BEFORE_2016: Final = "http://uri.etsi.org/TrstSvc/Svcstatus/eSigDir-1999-93-EC-TrustedList/Svcstatus/"
_GRANTED: Final = (
    "granted", "recognisedatnationallevel", "setbynationallaw", "undersupervision", "supervisionincessation",
    "accredited",
)  # fmt: skip
_WITHDRAWN: Final = (
    "withdrawn", "deprecatedatnationallevel", "deprecatedbynationallaw", "supervisionceased", "supervisionrevoked",
    "accreditationceased", "accreditationrevoked",
)  # fmt: skip
# TS 119 612 section 5.5.4 and annex D.5, with the words of the editions before 2016 that stand in histories. Whatever
# is not here gives no trust and drops its entry.
STATUSES: Final[Mapping[str, ServiceStatus]] = MappingProxyType({
    f"{prefix}{word}": status
    for prefix in (_STATUS, _BEFORE_2016)
    for words, status in ((_GRANTED, ServiceStatus.GRANTED), (_WITHDRAWN, ServiceStatus.WITHDRAWN))
    for word in words
})  # fmt: skip
# Critical extensions that are understood: what kind of service it is, how long its revocation lists reach back, and for
# what its certificates are qualified, which nothing here relies on and the operator is told. TakenOverBy, which changes
# whom the entry vouches for, is not among them.
_UNDERSTOOD: Final = frozenset({
    f"{TSL}AdditionalServiceInformation", f"{TSL}ExpiredCertsRevocationInfo", f"{QUALIFICATIONS}Qualifications",
})  # fmt: skip
_CRITICAL: Final = MappingProxyType({"true": True, "1": True, "false": False, "0": False})
_UNNAMED: Final = "(unnamed)"


@dataclass(frozen=True, slots=True)
class _Identity:
    """The certificates of a service, all of one key, and what is known of that key."""

    certificates: tuple[bytes, ...]
    facts: ListedCertificate


def read_services(root: Element) -> tuple[tuple[ImportedService, ...], tuple[Dropped, ...]]:
    """Return the services of a list, and the entries that were left out.

    Raises:
        TrustError: ``trust.profile_violation``: there are more than ``LIMITS.services_per_list``.
    """
    providers = list(elements.children(root, "TrustServiceProviderList/TrustServiceProvider"))
    entries = [(one, node) for one in providers for node in elements.children(one, "TSPServices/TSPService")]
    if len(entries) > LIMITS.services_per_list:
        raise violation(f"a list of more than {LIMITS.services_per_list} services")
    services: list[ImportedService] = []
    dropped: list[Dropped] = []
    general = _general_objection(root)
    for provider, node in entries:
        try:
            if general:
                raise violation(general)
            services.append(_service(node, provider))
        except (TrustError, IssuerError) as refusal:
            dropped.append(
                Dropped(_label(provider, "TSPName"), _label(node, "ServiceName"), refusal.code, refusal.detail)
            )
    return tuple(services), tuple(dropped)


def _general_objection(root: Element) -> str:
    """Return why no entry can be read: an extension of the whole scheme that must be understood and is not."""
    try:
        _extensions(root, f"{TSL}SchemeInformation/{TSL}SchemeExtensions/{TSL}Extension")
    except TrustError as refusal:
        return refusal.detail
    return ""


def _label(parent: Element, name: str) -> str:
    """Return a name for a person who reads about an entry that was left out; it may be what is wrong with it."""
    found = parent.find(f".//{TSL}{name}/{TSL}Name")
    return " ".join((found.text or "").split())[: LIMITS.identifier_characters] if found is not None else _UNNAMED


def _service(node: Element, provider: Element) -> ImportedService:
    about = elements.only(node, "ServiceInformation")
    _extensions(provider, f"{TSL}TSPInformation/{TSL}TSPInformationExtensions/{TSL}Extension")
    identity = _identity(elements.only(about, "ServiceDigitalIdentity"))
    service_type = elements.text(elements.only(about, "ServiceTypeIdentifier"))
    past = [
        _past(instance, service_type, identity)
        for instance in elements.children(node, "ServiceHistory/ServiceHistoryInstance")
    ]
    return ImportedService(
        provider=elements.named(elements.only(provider, "TSPInformation"), "TSPName"),
        name=elements.named(about, "ServiceName"),
        service_type=service_type,
        certificates=identity.certificates,
        statuses=_in_order((_status(about), *past)),
        extensions=_extensions(about, f"{TSL}ServiceInformationExtensions/{TSL}Extension"),
    )


def _identity(node: Element) -> _Identity:
    """Return the certificates of a digital identity.

    Raises:
        TrustError: There is none, or they are of several keys.
        IssuerError: One is no certificate, or of a key that is not served here.
    """
    found = [
        elements.octets(one, max_bytes=LIMITS.certificate_bytes)
        for one in elements.children(node, "DigitalId/X509Certificate")
    ]
    if not found:
        raise violation("a name or a key identifier without a certificate identifies nobody")
    if len(found) > LIMITS.keys_per_service:
        raise violation(f"a service with more than {LIMITS.keys_per_service} certificates")
    facts = [listed_certificate(der) for der in found]
    if len({fact.key.thumbprint for fact in facts}) > 1:
        raise violation("the certificates of one service are of several keys")
    return _Identity(certificates=tuple(dict.fromkeys(found)), facts=facts[0])


def _past(node: Element, service_type: str, identity: _Identity) -> ImportedStatus:
    """Return an earlier status of a service: of its type, of its key, and under no condition that is not understood."""
    if elements.text(elements.only(node, "ServiceTypeIdentifier")) != service_type:
        raise violation("an earlier status is about another type of service")
    _extensions(node, f"{TSL}ServiceInformationExtensions/{TSL}Extension")
    known = identity.facts.key_identifier
    for one in elements.children(node, "ServiceDigitalIdentity/DigitalId/X509SKI"):
        if known is not None and elements.octets(one, max_bytes=LIMITS.certificate_bytes) != known:
            raise violation("an earlier status is about another key")
    for one in elements.children(node, "ServiceDigitalIdentity/DigitalId/X509Certificate"):
        der = elements.octets(one, max_bytes=LIMITS.certificate_bytes)
        if listed_certificate(der).key.thumbprint != identity.facts.key.thumbprint:
            raise violation("an earlier status is about another key")
    return _status(node)


def _status(node: Element) -> ImportedStatus:
    named = elements.text(elements.only(node, "ServiceStatus"))
    status = STATUSES.get(named.rstrip("/"))
    if status is None:
        raise violation(f"the status {named} is not known")
    return ImportedStatus(status, elements.instant(elements.only(node, "StatusStartingTime")), named)


def _in_order(newest_first: Iterable[ImportedStatus]) -> tuple[ImportedStatus, ...]:
    statuses = tuple(newest_first)[::-1]
    if any(later.since <= earlier.since for earlier, later in pairwise(statuses)):
        raise TrustError("trust.status_order", "the statuses of a service are not in order")
    return statuses


def _extensions(parent: Element, path: str) -> tuple[ImportedExtension, ...]:
    """Return the extensions at ``path``.

    Raises:
        TrustError: ``trust.profile_violation``: one must be understood and is not.
    """
    return tuple(_extension(node) for node in parent.findall(path))


def _extension(node: Element) -> ImportedExtension:
    critical = _CRITICAL.get(node.get("Critical", ""), True)
    names = [child.tag for child in node] or [_UNNAMED]
    unknown = [name for name in names if name not in _UNDERSTOOD]
    if critical and unknown:
        raise violation(f"the critical extension {unknown[0].rpartition('}')[2]} is not understood")
    stated = (" ".join(one.text.split()) for one in node.iter(f"{TSL}URI") if one.text)
    qualifiers = (one.get("uri", "") for one in node.iter(f"{QUALIFICATIONS}Qualifier"))
    values = tuple(value[: LIMITS.identifier_characters] for value in (*stated, *qualifiers))
    return ImportedExtension(names[0].rpartition("}")[2], critical, values)
