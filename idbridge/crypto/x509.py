"""X.509 paths at an instant (RFC 5280 section 6.1): from a credential's ``x5c`` to a certificate that a list names.

Decides whether the leaf is itself listed, or leads to a listed authority, at one instant; and whether it keeps our
profile: a key served here, for signatures, no authority, with the usage or policy that the list demands. Path
building is the library's; what it lets pass is refused here. It does not know revocation, whose list it is, nor
whether the name is the right one: ``names_issuer`` says that.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from itertools import pairwise
from typing import Final, NoReturn, TypeVar
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from idbridge.crypto.certificate_lint import UnreadableError, attempt, extension_of, guarded, read_certificate
from idbridge.crypto.crl import Link, link
from idbridge.crypto.iso_mdoc import IsoProfile, iso_profile
from idbridge.crypto.keys import JwkPublicKey, public_key_of
from idbridge.errors import IssuerError
from idbridge.limits import LIMITS
from idbridge.model.trust import LeafRule

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_COUNTRY_LETTERS: Final = 2
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_ANY_POLICY: Final = x509.ObjectIdentifier("2.5.29.32.0")
# What a leaf may mark as critical, because it is judged here (RFC 5280 section 4.2).
_UNDERSTOOD: Final[frozenset[type]] = frozenset({
    x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.CertificatePolicies, x509.SubjectAlternativeName,
})  # fmt: skip
# The leaf and the listed certificate count towards the depth; the library counts what stands between them.
_INTERMEDIATES: Final = LIMITS.path_depth - 2
_REMEMBERED: Final = 256  # listed certificates, and rules for leaves: a region has few that are in use


@dataclass(frozen=True, slots=True)
class VerifiedPath:
    """A path that was verified at an instant, and is good at any other from ``not_before`` to ``not_after``.

    At another instant another path may be found in its place: ``validity_changes`` says when.

    ``chain`` is in DER, leaf first, the listed certificate last; it has one member if the leaf itself is listed.
    ``uris`` and ``dns_names`` are the leaf's subject alternative names, ``subject`` is its RFC 4514 text and
    ``country`` the ``C`` of its subject, if any. ``links`` are what revocation is asked about: every certificate
    but the listed one. ``iso`` says how the path stands to the profile of mdocs. Made by ``verify_path`` only.
    """

    leaf_key: JwkPublicKey
    uris: tuple[str, ...]
    dns_names: tuple[str, ...]
    subject: str
    country: str | None
    not_before: datetime
    not_after: datetime
    chain: tuple[bytes, ...]
    links: tuple[Link, ...]
    iso: IsoProfile


def verify_path(
    certificates: tuple[bytes, ...], *, anchors: tuple[bytes, ...], at: datetime, rule: LeafRule | None
) -> VerifiedPath:
    """Return the path from ``certificates`` (DER, leaf first) to one of ``anchors``, as it stands ``at`` an instant.

    A leaf that is itself among ``anchors`` is trusted directly and must still be in force and keep the profile.

    Raises:
        IssuerError: ``issuer.chain_untrusted``, ``issuer.certificate_expired`` or ``issuer.certificate_profile``.
    """
    if not certificates or not anchors or len(certificates) > LIMITS.path_candidates:
        _untrusted("there is no path to look for")
    offered = [_load(der) for der in certificates]
    if certificates[0] in anchors:
        _refuse_out_of_force(offered[0], at)
        chain = offered[:1]
    else:
        chain = _build(offered, [_load_listed(anchor) for anchor in anchors], at=at, rule=rule)
    return attempt(lambda: _profiled(chain, rule), why="a certificate that cannot be read in full")


def validity_changes(certificates: Iterable[bytes]) -> Iterator[datetime]:
    """Yield the instants from which one of ``certificates`` (DER) is in force, or no longer is.

    Between two of them ``verify_path`` says the same of these certificates, whatever the instant: with one more or less
    in force it may choose another path. What cannot be read is in force at no instant and yields nothing.
    """
    for der in certificates:
        try:
            start, end = guarded(partial(_validity, der))
        except UnreadableError:
            continue
        yield start
        # The end is inclusive. A listed leaf is judged to the microsecond, a path to the second, by the library.
        for shift in (timedelta(microseconds=1), timedelta(seconds=1)):
            if end <= _LAST - shift:
                yield end + shift


def _validity(der: bytes) -> tuple[datetime, datetime]:
    certificate = x509.load_der_x509_certificate(der)
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def names_issuer(path: VerifiedPath, issuer: str) -> bool:
    """Tell whether the leaf of ``path`` names ``issuer`` (SD-JWT VC section 2.5).

    It does if a subject alternative name is that URI, or is the host of an ``https`` issuer that is nothing but a
    host, or if the whole subject is that text. There are no wildcards.
    """
    return bool(issuer) and (issuer in path.uris or issuer == path.subject or _host(issuer) in path.dns_names)


def _host(issuer: str) -> str | None:
    """Return the host if ``issuer`` is ``https://host`` and nothing more."""
    try:
        parts = urlsplit(issuer)
    except ValueError:
        return None
    return parts.hostname if parts.hostname and issuer == f"https://{parts.hostname}" else None


def _untrusted(why: str) -> NoReturn:
    raise IssuerError("issuer.chain_untrusted", why)


def _breaks_profile(why: str) -> NoReturn:
    raise IssuerError("issuer.certificate_profile", why)


def _load(der: bytes) -> x509.Certificate:
    """Read one certificate, small enough and with few enough names that a path through it stays cheap to judge."""
    certificate = read_certificate(der)
    if attempt(lambda: _names(certificate), why="not a certificate") > LIMITS.certificate_names:
        _breaks_profile("a certificate with too many names")
    return certificate


# What a list names is read once, though many leaves lead to it: a certificate is a pure function of its octets. What a
# credential brings is read each time, so that nobody's credentials push out what the lists name.
_load_listed: Final = lru_cache(maxsize=_REMEMBERED)(_load)


def _names(certificate: x509.Certificate) -> int:
    """Count alternative names and name constraints: the library compares each with each."""
    subject = _extension(certificate, x509.SubjectAlternativeName)
    issuer = _extension(certificate, x509.IssuerAlternativeName)
    constraints = _extension(certificate, x509.NameConstraints)
    count = len(tuple(subject or ())) + len(tuple(issuer or ()))
    if constraints is not None:
        count += len(constraints.permitted_subtrees or ()) + len(constraints.excluded_subtrees or ())
    return count


def _build(
    offered: list[x509.Certificate], anchors: list[x509.Certificate], *, at: datetime, rule: LeafRule | None
) -> list[x509.Certificate]:
    """Return a path from the first of ``offered`` to one of ``anchors``, leaf first."""
    # Namesakes multiply the signatures to try at each level; an authority that changes its key has two.
    namesakes = Counter(certificate.subject.public_bytes() for certificate in offered[1:])
    if any(count > LIMITS.path_namesakes for count in namesakes.values()):
        _untrusted("too many certificates for one authority")
    chain = _find(offered, anchors, at=at, rule=rule)
    if chain is not None:
        return chain
    # Was it the dates alone? A path that is in force at any instant is at its youngest certificate's first; asking at
    # two likely instants finds out without letting whoever sent the certificates choose how often we search.
    known = [*offered, *anchors]
    if any(not _in_force(certificate, at) for certificate in known):
        firsts = {offered[0].not_valid_before_utc, max(certificate.not_valid_before_utc for certificate in known)}
        if any(_find(offered, anchors, at=first, rule=rule) is not None for first in firsts):
            raise IssuerError("issuer.certificate_expired")
    _untrusted("the certificates lead to none that is listed")


def _find(
    offered: list[x509.Certificate], anchors: list[x509.Certificate], *, at: datetime, rule: LeafRule | None
) -> list[x509.Certificate] | None:
    def chain() -> list[x509.Certificate]:
        verifier = (
            PolicyBuilder()
            .store(Store(anchors))
            .time(at)
            .max_chain_depth(_INTERMEDIATES)
            .extension_policies(ca_policy=_authority_policy(rule), ee_policy=ExtensionPolicy.permit_all())
            .build_client_verifier()
        )
        return verifier.verify(offered[0], offered[1:]).chain

    try:
        return guarded(chain)
    except (VerificationError, UnreadableError):
        return None


@lru_cache(maxsize=_REMEMBERED)
def _authority_policy(rule: LeafRule | None) -> ExtensionPolicy:
    """The rules of the web for authorities, but for the usage that the list demands instead of the web's."""
    demanded = rule.extended_key_usage if rule is not None else None

    def usable(_: Policy, __: x509.Certificate, usage: x509.ExtendedKeyUsage | None) -> None:
        if usage is None or demanded is None:
            return
        if x509.ObjectIdentifier(demanded) not in usage and ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in usage:
            raise ValueError("an authority for another usage")

    # Constraints on policies are not evaluated here, so an authority that has any is not followed.
    return (
        ExtensionPolicy.webpki_defaults_ca()
        .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, usable)
        .require_not_present(x509.PolicyConstraints)
        .require_not_present(x509.InhibitAnyPolicy)
    )


def _in_force(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _refuse_out_of_force(certificate: x509.Certificate, at: datetime) -> None:
    if not _in_force(certificate, at):
        raise IssuerError("issuer.certificate_expired")


def _profiled(chain: list[x509.Certificate], rule: LeafRule | None) -> VerifiedPath:
    """Return ``chain`` as a verified path if its leaf keeps our profile and the list's rule."""
    leaf = chain[0]
    ders = tuple(certificate.public_bytes(Encoding.DER) for certificate in chain)
    key = public_key_of(leaf)
    _refuse_other_usage(leaf)
    _refuse_hidden_address(chain)
    if rule is not None:
        _refuse_against_rule(chain, rule)
    names = _extension(leaf, x509.SubjectAlternativeName)
    return VerifiedPath(
        leaf_key=key,
        uris=tuple(names.get_values_for_type(x509.UniformResourceIdentifier)) if names else (),
        dns_names=tuple(name.lower() for name in names.get_values_for_type(x509.DNSName)) if names else (),
        subject=leaf.subject.rfc4514_string(),
        country=_country(leaf),
        not_before=max(certificate.not_valid_before_utc for certificate in chain),
        not_after=min(certificate.not_valid_after_utc for certificate in chain),
        chain=ders,
        links=tuple(link(subject, authority) for subject, authority in pairwise(chain)),
        iso=iso_profile(chain),
    )


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    return extension_of(certificate.extensions, kind)


def _refuse_other_usage(leaf: x509.Certificate) -> None:
    """Refuse a leaf with an unknown demand, an authority, and a key not for signatures (RFC 5280 section 4.2)."""
    if any(extension.critical and type(extension.value) not in _UNDERSTOOD for extension in leaf.extensions):
        _breaks_profile("the leaf has a critical extension that is not understood")
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        _breaks_profile("the leaf is an authority")
    usage = _extension(leaf, x509.KeyUsage)
    if usage is None or not usage.digital_signature or usage.key_cert_sign:
        _breaks_profile("the key usage of the leaf is not digital signature")


def _refuse_hidden_address(chain: list[x509.Certificate]) -> None:
    """Refuse an address in a subject under constraints on addresses: they bind it, and the library overlooks it.

    They do where there is no subject alternative name (RFC 5280 section 4.2.1.10).
    """
    constraints = [found for authority in chain[1:] if (found := _extension(authority, x509.NameConstraints))]
    trees = [tree for each in constraints for tree in (each.permitted_subtrees, each.excluded_subtrees) if tree]
    if not any(isinstance(name, x509.RFC822Name) for tree in trees for name in tree):
        return
    for certificate in chain[:-1]:
        addresses = certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)
        if addresses and _extension(certificate, x509.SubjectAlternativeName) is None:
            _breaks_profile("an address in the subject, where addresses are constrained")


def _refuse_against_rule(chain: list[x509.Certificate], rule: LeafRule) -> None:
    """Refuse a leaf without the listed usage or policy; a policy counts only if every issuing authority allows it."""
    if rule.extended_key_usage is not None:
        usage = _extension(chain[0], x509.ExtendedKeyUsage)
        if usage is None or x509.ObjectIdentifier(rule.extended_key_usage) not in usage:
            _breaks_profile("the leaf lacks the listed extended key usage")
    if rule.policy is not None:
        policy = x509.ObjectIdentifier(rule.policy)
        if policy not in _policies(chain[0]):
            _breaks_profile("the leaf lacks the listed policy")
        if any(_policies(authority).isdisjoint({policy, _ANY_POLICY}) for authority in chain[1:-1]):
            _breaks_profile("an authority of the path does not allow the listed policy")
        # The library refuses a mapping that is critical, but overlooks any other (RFC 5280 section 4.2.1.5).
        if any(extension.oid == ExtensionOID.POLICY_MAPPINGS for each in chain[1:] for extension in each.extensions):
            _breaks_profile("an authority of the path maps policies, which may be the listed one")


def _policies(certificate: x509.Certificate) -> frozenset[x509.ObjectIdentifier]:
    policies = _extension(certificate, x509.CertificatePolicies)
    return frozenset(policy.policy_identifier for policy in policies or ())


def _country(leaf: x509.Certificate) -> str | None:
    countries = leaf.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    if not countries:
        return None
    country = str(countries[0].value)
    if len(countries) > 1 or len(country) != _COUNTRY_LETTERS:
        _breaks_profile("the leaf names more than one country, or none by its two letters")
    return country
