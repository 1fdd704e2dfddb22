"""Certificates that sign lists for an authority, as the signer of a VICAL (ISO/IEC 18013-5 annex B) is one.

Decides whether a certificate is itself pinned, or leads to a pinned authority at an instant, and whether it is for
signing such lists: its key usage is to commit to content, or digital signature, and it has the demanded extended key
usage. ``x509`` judges the certificates of those who sign what people show; these may not sign that, and the other way
round.
"""

from datetime import datetime
from typing import Final, NoReturn

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from idbridge.crypto.keys import JwkPublicKey, public_key_from_certificate
from idbridge.errors import IssuerError
from idbridge.limits import LIMITS

_UNREADABLE: Final = (
    ValueError, TypeError, OverflowError, UnsupportedAlgorithm, Warning,
    x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion,
)  # fmt: skip
_INTERMEDIATES: Final = LIMITS.path_depth - 2
_UNDERSTOOD: Final = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.CertificatePolicies)


def list_signer_key(
    certificates: tuple[bytes, ...], *, anchors: tuple[bytes, ...], at: datetime, usage: str
) -> JwkPublicKey:
    """Return the key of the first of ``certificates`` (DER, leaf first), if it may sign lists under ``anchors``.

    ``usage`` is the extended key usage, as a dotted object identifier, that it must have.

    Raises:
        IssuerError: ``issuer.chain_untrusted``, ``issuer.certificate_expired`` or ``issuer.certificate_profile``.
    """
    if not certificates or not anchors or len(certificates) > LIMITS.path_candidates:
        raise IssuerError("issuer.chain_untrusted", "there is no path to look for")
    try:
        offered = [_load(der) for der in certificates]
        leaf = offered[0]
        if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
            raise IssuerError("issuer.certificate_expired")
        _require_usage(leaf, usage)
        if certificates[0] not in anchors and not _leads(offered, [_load(one) for one in anchors], at=at):
            raise IssuerError("issuer.chain_untrusted", "the certificates lead to none that is pinned")
    except _UNREADABLE:
        _breaks_profile("a certificate that cannot be read in full")
    return public_key_from_certificate(certificates[0])


def _load(der: bytes) -> x509.Certificate:
    if len(der) > LIMITS.certificate_bytes:
        _breaks_profile("a certificate that is too large")
    return x509.load_der_x509_certificate(der)


def _require_usage(leaf: x509.Certificate, usage: str) -> None:
    kinds = {type(extension.value): extension.value for extension in leaf.extensions}
    if any(extension.critical and not isinstance(extension.value, _UNDERSTOOD) for extension in leaf.extensions):
        _breaks_profile("the signer has a critical extension that is not understood")
    constraints, keys = kinds.get(x509.BasicConstraints), kinds.get(x509.KeyUsage)
    if isinstance(constraints, x509.BasicConstraints) and constraints.ca:
        _breaks_profile("the signer is an authority")
    if not isinstance(keys, x509.KeyUsage) or not (keys.content_commitment or keys.digital_signature):
        _breaks_profile("the key usage of the signer is not to sign")
    extended = kinds.get(x509.ExtendedKeyUsage)
    if not isinstance(extended, x509.ExtendedKeyUsage) or x509.ObjectIdentifier(usage) not in extended:
        _breaks_profile("the signer lacks the extended key usage of those who sign lists")


def _leads(offered: list[x509.Certificate], anchors: list[x509.Certificate], *, at: datetime) -> bool:
    """Tell whether the library finds a path to one of ``anchors``."""
    authority = (
        ExtensionPolicy.webpki_defaults_ca()
        .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, None)
        .require_not_present(x509.PolicyConstraints)
        .require_not_present(x509.InhibitAnyPolicy)
    )
    verifier = (
        PolicyBuilder()
        .store(Store(anchors))
        .time(at)
        .max_chain_depth(_INTERMEDIATES)
        .extension_policies(ca_policy=authority, ee_policy=ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    try:
        return bool(verifier.verify(offered[0], offered[1:]).chain)
    except VerificationError:
        return False


def _breaks_profile(why: str) -> NoReturn:
    raise IssuerError("issuer.certificate_profile", why)
