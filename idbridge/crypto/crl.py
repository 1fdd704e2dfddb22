"""Certificate revocation lists: from octets to what one authority says of its certificates, or a refusal.

Decides whether a CRL is from the authority in question, in order, current at an instant and no older than one that was
accepted before (RFC 5280 sections 5 and 6.3.3). Narrower than the RFC where width would cost certainty: no delta and no
indirect CRL, none for some reasons only, nothing critical that is not understood, and a ``cRLSign`` that is said. What
is refused answers no question, so the answer stays open and never becomes "good". It does not know where a CRL is
fetched, nor who demands one.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NoReturn, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import SignatureAlgorithmOID

from idbridge.codec import length_prefixed
from idbridge.crypto.certificate_lint import HASHES, UnreadableError, guarded, read_certificate
from idbridge.errors import IssuerError, StatusError
from idbridge.limits import LIMITS

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)
_NUMBER_BITS: Final = 159  # 20 octets of a positive number (RFC 5280 section 5.2.3)
_UNDERSTOOD: Final = (x509.CRLNumber, x509.IssuingDistributionPoint, x509.AuthorityKeyIdentifier)
_HARMLESS: Final = (x509.CRLReason, x509.InvalidityDate)


class Scope(StrEnum):
    """Of which certificates of its authority a CRL speaks."""

    ALL = "all"
    END_ENTITIES = "end-entities"
    AUTHORITIES = "authorities"


@dataclass(frozen=True, slots=True)
class Revocation:
    """Since when a certificate is revoked, and for which reason of RFC 5280 section 5.3.1, if the CRL says."""

    since: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One step of a path, as revocation sees it: which certificate of which authority.

    ``authority`` is the SHA-256 (hex) of the authority's name and key, which its certificates of any year share.
    ``points`` are the distribution points that the certificate names for all reasons. ``deltas`` tells whether it names
    one where later revocations are published between two complete CRLs.
    """

    authority: str
    serial: int
    scope: Scope
    points: frozenset[str]
    deltas: bool


@dataclass(frozen=True, slots=True)
class CrlFloor:
    """The last CRL that was accepted for one authority and scope: its number and its digest."""

    number: int
    digest: str

    def require(self, crl: "VerifiedCrl") -> None:
        """Return if ``crl``, of the same authority and scope, is the very one that was accepted, or a later one.

        Raises:
            StatusError: ``status.crl_rollback``: it is older, or another one under the same number.
        """
        if crl.number <= self.number and crl.digest != self.digest:
            raise StatusError("status.crl_rollback", f"CRL number {crl.number} is not above {self.number}")


@dataclass(frozen=True, slots=True)
class VerifiedCrl:
    """What one authority said at one time. Made by ``verify_crl`` only.

    ``authority`` is named as in ``Link``, ``digest`` is the SHA-256 (hex) of the octets. ``points`` are the
    distribution points to whose certificates it is limited; empty: it is not. ``deltas`` is as
    in ``Link``. ``revoked`` maps serial numbers.
    """

    authority: str
    number: int
    this_update: datetime
    next_update: datetime
    scope: Scope
    points: frozenset[str]
    deltas: bool
    digest: str
    revoked: Mapping[int, Revocation] = field(compare=False, repr=False)

    @property
    def floor(self) -> CrlFloor:
        """What a later CRL of the same authority and scope must not fall below."""
        return CrlFloor(self.number, self.digest)

    def covers(self, asked: Link) -> bool:
        """Tell whether the silence of this CRL says that a certificate of the same authority is not revoked.

        It does by its scope and its points, and unless the authority says more in delta CRLs, which nobody reads here.
        """
        if self.scope not in (Scope.ALL, asked.scope) or self.deltas or asked.deltas:
            return False
        return not self.points or not self.points.isdisjoint(asked.points)

    def is_current(self, at: datetime) -> bool:
        """Tell whether ``at`` lies between this update and the next."""
        return self.this_update <= at < self.next_update


def verify_crl(octets: bytes, *, issuer: bytes, at: datetime, floor: CrlFloor | None = None) -> VerifiedCrl:
    """Return the CRL (DER) in ``octets`` as verified with the certificate ``issuer`` (DER), current ``at`` an instant.

    Whether that certificate is itself trusted and in force, the path says on which it stands.

    Raises:
        StatusError: ``status.crl_invalid``, ``status.crl_stale``, or ``status.crl_rollback`` for one that is older than
            ``floor`` or another one under the same number.
    """
    if len(octets) > LIMITS.crl_bytes:
        _invalid(f"a CRL of more than {LIMITS.crl_bytes} octets")
    try:
        authority = read_certificate(issuer)
        crl = guarded(lambda: x509.load_der_x509_crl(octets))
        verified = guarded(lambda: _verified(crl, authority, octets))
    except UnreadableError as unreadable:
        raise StatusError("status.crl_invalid", f"not a CRL: {unreadable}") from None
    except IssuerError as refusal:
        raise StatusError("status.crl_invalid", f"the issuer has {refusal.detail}") from None
    _refuse_out_of_date(verified, at)
    if floor is not None:
        floor.require(verified)
    return verified


def link(subject: x509.Certificate, authority: x509.Certificate) -> Link:
    """Return what a CRL has to be asked about ``subject``, which ``authority`` issued, as a path showed.

    The caller turns what the library raises into a refusal.
    """
    constraints = _found(subject.extensions, x509.BasicConstraints)
    return Link(
        authority=_authority_id(authority),
        serial=subject.serial_number,
        scope=Scope.AUTHORITIES if constraints is not None and constraints.value.ca else Scope.END_ENTITIES,
        points=_points_of(subject),
        deltas=_found(subject.extensions, x509.FreshestCRL) is not None,
    )


def _verified(crl: x509.CertificateRevocationList, authority: x509.Certificate, octets: bytes) -> VerifiedCrl:
    if octets[-1 - len(crl.signature)] != 0:  # as in a certificate: the count of unused bits is not signed
        _invalid("a CRL in a second spelling")
    if crl.issuer.public_bytes() != authority.subject.public_bytes():
        _invalid("a CRL of another authority")
    _refuse_unsigned(crl, authority)
    _refuse_not_understood(crl.extensions)
    scope, points = _scope(crl.extensions)
    if crl.next_update_utc is None:
        _invalid("a CRL that does not say when the next is due")
    return VerifiedCrl(
        authority=_authority_id(authority),
        number=_number(crl.extensions),
        this_update=crl.last_update_utc,
        next_update=crl.next_update_utc,
        scope=scope,
        points=points,
        deltas=_found(crl.extensions, x509.FreshestCRL) is not None,
        digest=hashlib.sha256(octets).hexdigest(),
        revoked=MappingProxyType(_revoked(crl)),
    )


def _authority_id(certificate: x509.Certificate) -> str:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(length_prefixed.encode(certificate.subject.public_bytes(), key)).hexdigest()


def _refuse_unsigned(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> None:
    usage = _found(authority.extensions, x509.KeyUsage)
    if usage is None or not usage.value.crl_sign:
        _invalid("the authority's key is not for signing CRLs")
    ed25519 = crl.signature_algorithm_oid == SignatureAlgorithmOID.ED25519
    if not ed25519 and not isinstance(crl.signature_hash_algorithm, HASHES):
        _invalid("a CRL signed with an algorithm that is not served")
    if not crl.is_signature_valid(authority.public_key()):  # type: ignore[arg-type]  # of a type that is served
        _invalid("the signature of the CRL does not verify")


def _refuse_not_understood(extensions: x509.Extensions) -> None:
    if _found(extensions, x509.DeltaCRLIndicator) is not None:
        _invalid("a delta CRL; only complete ones are served")
    for extension in extensions:
        if extension.critical and not isinstance(extension.value, _UNDERSTOOD):
            _invalid(f"a critical extension that is not understood ({extension.oid.dotted_string})")


def _number(extensions: x509.Extensions) -> int:
    found = _found(extensions, x509.CRLNumber)
    if found is None or found.critical:
        _invalid("a CRL without a number, or with a critical one")
    number = found.value.crl_number
    if number < 0 or number.bit_length() > _NUMBER_BITS:
        _invalid("a CRL with a number that is negative or longer than 20 octets")
    return number


def _scope(extensions: x509.Extensions) -> tuple[Scope, frozenset[str]]:
    """Return of which certificates the CRL speaks; one that speaks of a part in any other way is refused."""
    found = _found(extensions, x509.IssuingDistributionPoint)
    if found is None:
        return Scope.ALL, frozenset()
    point = found.value
    if not found.critical:
        _invalid("the scope of a CRL is critical")
    if point.indirect_crl or point.only_contains_attribute_certs:
        _invalid("an indirect CRL, or one of attribute certificates")
    if point.only_some_reasons is not None:
        _invalid("a CRL for some reasons only")
    if point.relative_name is not None:
        _invalid("a distribution point with a relative name")
    names = frozenset(map(_text, point.full_name or ()))
    if point.only_contains_ca_certs:
        return Scope.AUTHORITIES, names
    return Scope.END_ENTITIES if point.only_contains_user_certs else Scope.ALL, names


def _revoked(crl: x509.CertificateRevocationList) -> dict[int, Revocation]:
    if len(crl) > LIMITS.crl_entries:
        _invalid(f"a CRL of more than {LIMITS.crl_entries} entries")
    return {entry.serial_number: _revocation(entry) for entry in crl}


def _revocation(entry: x509.RevokedCertificate) -> Revocation:
    reason: str | None = None
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CertificateIssuer):
            _invalid("an entry about a certificate of another authority")
        if extension.critical and not isinstance(extension.value, _HARMLESS):
            _invalid(f"a critical extension of an entry that is not understood ({extension.oid.dotted_string})")
        if isinstance(extension.value, x509.CRLReason):
            reason = extension.value.reason.value
    if reason == x509.ReasonFlags.remove_from_crl.value:
        _invalid("an entry that takes a revocation back, which only a delta CRL can")
    return Revocation(entry.revocation_date_utc, reason)


def _refuse_out_of_date(crl: VerifiedCrl, at: datetime) -> None:
    if crl.this_update > at:
        raise StatusError("status.crl_stale", "the CRL is dated in the future")
    if crl.next_update <= at:
        raise StatusError("status.crl_stale", "the next CRL is overdue")


def _points_of(certificate: x509.Certificate) -> frozenset[str]:
    """Return the distribution points that answer for every reason and are the authority's own."""
    found = _found(certificate.extensions, x509.CRLDistributionPoints)
    points: Iterable[x509.DistributionPoint] = found.value if found is not None else ()
    return frozenset(
        _text(name)
        for point in points
        if point.crl_issuer is None and point.reasons is None
        for name in point.full_name or ()
    )


def _text(name: x509.GeneralName) -> str:
    if isinstance(name, x509.DirectoryName):
        return f"directory {name.value.public_bytes().hex()}"
    return f"{type(name).__name__} {name.value}"


def _found(extensions: x509.Extensions, kind: type[_Kind]) -> x509.Extension[_Kind] | None:
    try:
        return extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def _invalid(why: str) -> NoReturn:
    raise StatusError("status.crl_invalid", why)
