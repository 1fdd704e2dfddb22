"""Our strict profile of ETSI TS 119 602: what one state's trust list may say, and what follows from it.

Decides whether a list, taken by itself, may be believed: signed by a key pinned for the state, speaking for that state
only and for one environment, with a history and keys that leave no doubt. It does not know what was held before, nor
the time; that is for ``trusted_set``. This is the only module that makes ``TrustService``.

A list that breaks the profile is refused whole. Three things spare the list and cost the entry its trust, so that a
state may publish what older readers do not understand: an unknown status, an unknown type of service, and an unknown
extension that is critical.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from idbridge.codec import base64std
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.listed import ListedCertificate, listed_certificate
from idbridge.errors import InputError, IssuerError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import CommitmentTier, Environment, MemberState, ServiceType
from idbridge.model.trust import ListProvenance, ServiceProfile, ServiceStatus, StatusPeriod, TrustService
from idbridge.trust import (
    collection,
    extension,
    history,
    jades,
    log_names,
    members,
    payload,
    published_test_keys,
    scheme,
)
from idbridge.trust.digital_identity import DigitalIdentity
from idbridge.trust.errors import violation
from idbridge.trust.extension import RuleBook, SchemeRules
from idbridge.trust.lote import ServiceEntry, StatusEntry, TrustedEntity

_SERVICE_TYPES: Final[Mapping[str | None, ServiceType]] = MappingProxyType({one.value: one for one in ServiceType})
_STATUSES: Final[Mapping[str, ServiceStatus]] = MappingProxyType({one.value: one for one in ServiceStatus})
FOREIGN: Final = "another state speaks for this issuer"
DISPUTED: Final = "several states list this issuer"


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key of a service, by the names under which a header or a certificate may call it.

    ``kid`` is the thumbprint for a public key that is listed without one, and ``None`` for a certificate's.
    """

    thumbprint: str
    kid: str | None
    key_identifier: bytes | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list as judged. ``service`` is ``None`` where it gives no trust; ``untrusted`` then says why.

    ``withheld`` is the service that an entry would be trusted for if no other state listed its issuer.
    """

    service_id: str
    issuer: str
    name: str
    keys: tuple[ListedKey, ...]
    service: TrustService | None
    untrusted: str = ""
    withheld: TrustService | None = None


@dataclass(frozen=True, slots=True)
class TrustList:
    """A state's list as read. ``content`` is the SHA-256 (hex) of its payload, however often it was signed.

    ``addresses`` are those by which the list calls itself, where it says that more of it can be read.
    """

    provenance: ListProvenance
    environment: Environment
    operator: str
    content: str
    signed_at: datetime
    entries: tuple[Entry, ...]
    services: tuple[TrustService, ...]
    other_environment_issuers: frozenset[str]
    addresses: frozenset[str]

    @property
    def untrusted(self) -> tuple[Entry, ...]:
        """The entries that give no trust."""
        return tuple(entry for entry in self.entries if entry.service is None)

    @property
    def not_its_own(self) -> tuple[Entry, ...]:
        """The entries that give no trust because another state lists their issuer too."""
        return tuple(entry for entry in self.entries if entry.untrusted in (FOREIGN, DISPUTED))

    @property
    def issuers(self) -> frozenset[str]:
        """The issuers that this list speaks for, with or without trust."""
        return frozenset(entry.issuer for entry in self.entries)


@dataclass(frozen=True, slots=True)
class _Said:
    """What an entry says beside its issuer and its keys, as judged; no type and no history if a word is ``unknown``."""

    profile: ServiceProfile
    name: str
    unknown: str
    service_type: ServiceType | None = None
    history: tuple[StatusPeriod, ...] = ()


@dataclass(frozen=True, slots=True)
class _Origin:
    """What all entries of one provider in one list share. ``said`` is what entries that are alike have in common."""

    state: MemberState
    scheme: SchemeRules
    rules: RuleBook
    provider: str
    said: dict[int, _Said]


def parse(
    offered: bytes,
    *,
    state: MemberState,
    environment: Environment,
    keys: tuple[PublicKey, ...],
    distribution: str = "plain",
) -> TrustList:
    """Return the list of ``state`` that ``offered`` holds; ``keys`` are those pinned for that state.

    Raises:
        TrustError: ``trust.signer_unknown``, ``trust.signature_invalid``, ``trust.profile_violation``,
            ``trust.territory_mismatch``, ``trust.environment_mismatch``, ``trust.lifetime_too_long``,
            ``trust.status_order`` or ``trust.published_test_key``.
    """
    with collection.put_off():
        signed = jades.open_list(offered, keys=keys)
        listed, digests = payload.read(signed.payload)
        if not listed.entities:
            raise violation("the list has no entries")
        rules = scheme.judge(listed.scheme, state=state, environment=environment)
        left, book = iter(digests), RuleBook(rules.tier)
        entries = tuple(
            entry for entity in listed.entities for entry in _entries(entity, left, _origin(entity, state, rules, book))
        )
        _refuse_ambiguous(entries)
        named = (key.thumbprint for entry in entries for key in entry.keys)
        published_test_keys.refuse(named, environment=environment, where=f"the list of {state}")
    provenance = ListProvenance(
        member_state=state,
        sequence=listed.scheme.sequence,
        digest=signed.digest,
        issued_at=listed.scheme.issued_at,
        next_update=listed.scheme.next_update,
        signer=signed.signer,
        tier=rules.tier,
        distribution=distribution,
    )
    return TrustList(
        provenance=provenance,
        environment=environment,
        operator=scheme.english(listed.scheme.operator),
        content=signed.content,
        signed_at=signed.signed_at,
        entries=entries,
        services=_trusted(entries),
        other_environment_issuers=rules.other_environment_issuers,
        addresses=frozenset(listed.scheme.information),
    )


def without_foreign_issuers(listed: TrustList, *, foreign: frozenset[str]) -> TrustList:
    """Return ``listed`` with no trust in the entries whose issuer another state already speaks for.

    The entry and not the list pays, so that nobody can stop a state's emergency by naming its next issuer first.
    """
    if listed.issuers.isdisjoint(foreign):
        return listed
    entries = tuple(
        replace(entry, service=None, untrusted=FOREIGN) if entry.issuer in foreign else entry
        for entry in listed.entries
    )
    return replace(listed, entries=entries, services=_trusted(entries))


def without_disputed_issuers(listed: TrustList, *, disputed: frozenset[str]) -> TrustList:
    """Return ``listed`` with no trust in the entries whose issuer is ``disputed``, and in no other entry less."""
    if not disputed and all(entry.withheld is None for entry in listed.entries):
        return listed
    entries = tuple(_weighed(entry, disputed=entry.issuer in disputed) for entry in listed.entries)
    if all(one is other for one, other in zip(entries, listed.entries, strict=True)):
        return listed
    return replace(listed, entries=entries, services=_trusted(entries))


def _weighed(entry: Entry, *, disputed: bool) -> Entry:
    if disputed and entry.service is not None:
        return replace(entry, service=None, untrusted=DISPUTED, withheld=entry.service)
    if not disputed and entry.withheld is not None:
        return replace(entry, service=entry.withheld, untrusted="", withheld=None)
    return entry


def _trusted(entries: tuple[Entry, ...]) -> tuple[TrustService, ...]:
    return tuple(entry.service for entry in entries if entry.service is not None)


def _refuse_ambiguous(entries: tuple[Entry, ...]) -> None:
    """Refuse a list in which an entry stands twice, or one issuer calls two keys by one name."""
    if len(entries) > LIMITS.services_per_list:
        raise violation(f"a list of more than {LIMITS.services_per_list} services")
    if len({entry.service_id for entry in entries}) != len(entries):
        raise violation("a list names a service twice")
    named = {(entry.issuer, key.kid, key.thumbprint) for entry in entries for key in entry.keys if key.kid is not None}
    if any(number > 1 for number in Counter((issuer, kid) for issuer, kid, _ in named).values()):
        raise violation("an issuer has two keys of one key id")


def _origin(entity: TrustedEntity, state: MemberState, rules: SchemeRules, book: RuleBook) -> _Origin:
    extension.refuse_critical(entity.extensions)
    scheme.require_territory(entity.countries, state=state)
    return _Origin(state, rules, book, scheme.english(entity.names), {})


def _entries(entity: TrustedEntity, digests: Iterator[str], origin: _Origin) -> Iterator[Entry]:
    """Yield the entries of one provider as judged; ``digests`` are those of its entries and of those after it."""
    return (_entry(entry, next(digests), origin) for entry in entity.services)


def _entry(entry: ServiceEntry, digest: str, origin: _Origin) -> Entry:
    """Judge one entry, its keys even if it has an unknown word, so that none ever hides a broken entry."""
    issuer, said = _said(entry, origin)
    keys = _keys(entry.identity, said.profile)
    listed = tuple([ListedKey(key.thumbprint, key.kid or key.thumbprint, None) for key in keys])
    anchors = _anchors(entry.identity) if entry.identity.certificates else ()
    if anchors:
        certificates = _certificates(anchors, said.profile, state=origin.state)
        listed += tuple(ListedKey(one.key.thumbprint, None, one.key_identifier) for one in certificates)
    if len(listed) > 1 and len({key.thumbprint for key in listed}) != len(listed):
        raise violation("a service names one key twice")
    service: TrustService | None = None
    if said.service_type is not None:
        log_names.require_listable(said.service_type, said.profile, issuer=issuer, certified=bool(anchors))
        service = TrustService(
            service_id=digest,
            member_state=origin.state,
            environment=origin.scheme.environment,
            observer=origin.scheme.tier is CommitmentTier.OBSERVER,
            provider=origin.provider,
            name=said.name,
            service_type=said.service_type,
            issuer=issuer,
            keys=keys,
            anchors=anchors,
            history=said.history,
            profile=said.profile,
        )
    return Entry(
        service_id=digest,
        issuer=issuer,
        name=said.name,
        keys=listed,
        service=service,
        untrusted=said.unknown,
    )


def _said(entry: ServiceEntry, origin: _Origin) -> tuple[str, _Said]:
    """Return the issuer of an entry, and all else that it says beside its keys."""
    known = origin.said.get(entry.alike) if entry.alike is not None else None
    if known is not None:  # the issuer is all that its one extension says of its own
        return members.issuer(entry.extensions[0].content["issuer"], where="issuer"), known
    issuer, profile = origin.rules.service_rules(extension.only(entry.extensions))
    name = scheme.english(entry.names)
    statuses = _statuses(entry)
    unknown = _unknown_word(entry, statuses)
    if unknown is not None:
        said = _Said(profile, name, unknown)
    else:
        told = history.periods(tuple([(_STATUSES[one.status], one.since) for one in statuses]))
        said = _Said(profile, name, "", _service_type(entry, profile), told)
    if entry.alike is not None:
        origin.said[entry.alike] = said
    return issuer, said


def _statuses(entry: ServiceEntry) -> tuple[StatusEntry, ...]:
    """Return every status of the service, oldest first: of this service and of no other, and the present one too."""
    if entry.service_type is None or entry.status is None:
        raise violation("ServiceInformation lacks the type of the service or its status")
    for past in entry.history:
        if past.identity != entry.identity:
            raise violation("a ServiceHistory entry is about another digital identity")
        if past.service_type not in (None, entry.service_type):
            raise violation("a ServiceHistory entry is about another type of service")
        extension.refuse_critical(past.extensions)
    return (*[past.status for past in reversed(entry.history)], entry.status)


def _unknown_word(entry: ServiceEntry, statuses: tuple[StatusEntry, ...]) -> str | None:
    """Return what this reader does not understand of the entry, and so cannot trust; ``None`` if it all is known."""
    critical = extension.unknown_critical(entry.extensions)
    if critical is not None:
        return f"critical extension {critical[:80]} is not known"
    if entry.service_type not in _SERVICE_TYPES:
        return "the type of the service is not known"
    for one in statuses:
        if one.status not in _STATUSES:
            return "a status of the service is not known"
    return None


def _service_type(entry: ServiceEntry, profile: ServiceProfile) -> ServiceType:
    """Return the type of the service, if one of this type may sign the formats listed for it."""
    service_type = _SERVICE_TYPES[entry.service_type]
    allowed = extension.FORMATS[service_type]
    if not profile.formats <= allowed or bool(profile.formats) is not bool(allowed):
        raise violation(f"a service of type {service_type} cannot sign the formats listed for it")
    extension.require_role(profile, service_type)
    return service_type


def _keys(identity: DigitalIdentity, profile: ServiceProfile) -> tuple[PublicKey, ...]:
    """Return the listed public keys; an identity that has only names or key identifiers has no key at all."""
    if not identity.certificates and not identity.public_keys:
        raise violation("a ServiceDigitalIdentity has neither a certificate nor a public key")
    if max(len(identity.certificates), len(identity.public_keys)) > LIMITS.keys_per_service:
        raise violation(f"a service with more than {LIMITS.keys_per_service} keys or certificates")
    try:
        return tuple([parse_jwk(jwk, allowed=profile.algorithms) for jwk in identity.public_keys])
    except JoseError as refusal:
        raise violation(f"a listed public key: {refusal.detail}") from None


def _anchors(identity: DigitalIdentity) -> tuple[bytes, ...]:
    """Return the DER of the listed certificates. PEM inside ``val`` is refused by the alphabet."""
    try:
        anchors = tuple(base64std.decode(text) for text in identity.certificates)
    except InputError:
        raise violation("a listed certificate is not in base64") from None
    if any(not 0 < len(octets) <= LIMITS.certificate_bytes for octets in anchors):
        raise violation("a listed certificate is empty or too large")
    return anchors


def _certificates(
    anchors: tuple[bytes, ...], profile: ServiceProfile, *, state: MemberState
) -> tuple[ListedCertificate, ...]:
    """Return the facts of the listed certificates, each of this state if it names one at all."""
    try:
        certificates = tuple(listed_certificate(octets) for octets in anchors)
    except IssuerError as refusal:
        raise violation(f"a listed certificate: {refusal.detail}") from None
    for certificate in certificates:
        if certificate.countries:
            scheme.require_territory(certificate.countries, state=state)
        # Without a rule, whatever a national authority ever signs, a web server's certificate too, could issue.
        if certificate.authority and profile.leaf_rule is None:
            raise violation("a certificate authority is listed without a rule for its leaves")
        if not certificate.authority and certificate.key.algorithms.isdisjoint(profile.algorithms):
            raise violation("the key of a listed certificate fits none of the listed algorithms")
    return certificates
