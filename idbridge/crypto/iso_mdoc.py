"""The certificates behind an mdoc: does a path keep the profile of ISO 18013-5 for its two kinds of certificate?

Decides what the rules of the web leave open (ISO 18013-5, Annex B.1): a document signer is for signatures alone, says
critically that it signs mdocs, and is issued by its authority (IACA) directly, in its time and for its country and
province; an IACA certifies and revokes, and nothing below it certifies. It does not know whether the path is genuine,
nor whose list it leads to: ``x509.verify_path`` does, and it is the only caller.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.x509.oid import NameOID

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
DOCUMENT_SIGNING: Final = "1.0.18013.5.1.2"
_USAGE: Final = x509.ObjectIdentifier(DOCUMENT_SIGNING)
_LINKS: Final = 2  # the document signer and its authority
_USAGES: Final = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign",
)  # fmt: skip
_SIGNS: Final = frozenset({"digital_signature"})
_CERTIFIES: Final = frozenset({"key_cert_sign", "crl_sign"})


@dataclass(frozen=True, slots=True)
class IsoProfile:
    """How a path stands to the profile: ``fault`` is what it breaks, ``None`` if it keeps all of it.

    ``country``, in capitals, and ``province`` are those of the document signer, ``not_before`` and ``not_after`` its
    own validity, which a signature has to lie in.
    """

    fault: str | None
    country: str | None
    province: str | None
    not_before: datetime
    not_after: datetime


def iso_profile(chain: list[x509.Certificate]) -> IsoProfile:
    """Return how the verified path ``chain``, leaf first, stands to the profile."""
    signer = chain[0]
    country = _attribute(signer, NameOID.COUNTRY_NAME)
    return IsoProfile(
        fault=_fault(chain),
        country=country.upper() if country is not None else None,
        province=_attribute(signer, NameOID.STATE_OR_PROVINCE_NAME),
        not_before=signer.not_valid_before_utc,
        not_after=signer.not_valid_after_utc,
    )


def _fault(chain: list[x509.Certificate]) -> str | None:
    if len(chain) != _LINKS:
        return "a document signer is issued by a listed authority, directly"
    signer, authority = chain
    return _fault_of_signer(signer) or _fault_of_authority(authority) or _fault_between(signer, authority)


def _fault_of_signer(signer: x509.Certificate) -> str | None:
    if _usages(signer) != _SIGNS:
        return "the key usage of the document signer is not, critically, digital signature alone"
    usage = _find(signer, x509.ExtendedKeyUsage)
    if usage is None or not usage.critical or _USAGE not in usage.value:
        return f"the document signer lacks the extended key usage {DOCUMENT_SIGNING}, marked critical"
    return None


def _fault_of_authority(authority: x509.Certificate) -> str | None:
    constraints = _find(authority, x509.BasicConstraints)
    if constraints is None or not constraints.critical or not constraints.value.ca:
        return "the IACA does not say critically that it is an authority"
    if constraints.value.path_length != 0:
        return "the IACA allows authorities below it"
    if _usages(authority) != _CERTIFIES:
        return "the key usage of the IACA is not, critically, certificates and revocation lists alone"
    if _find(authority, x509.IssuerAlternativeName) is None:
        return "the IACA names no contact in an issuer alternative name"
    if _find(authority, x509.CRLDistributionPoints) is None:
        return "the IACA does not say where its revocation lists are"
    return None


def _fault_between(signer: x509.Certificate, authority: x509.Certificate) -> str | None:
    if not (
        authority.not_valid_before_utc <= signer.not_valid_before_utc
        and signer.not_valid_after_utc <= authority.not_valid_after_utc
    ):
        return "the document signer outlives its IACA, or is older"
    country = _attribute(signer, NameOID.COUNTRY_NAME)
    if country is None or country != _attribute(authority, NameOID.COUNTRY_NAME):
        return "document signer and IACA name no country, or two"
    provinces = {_attribute(one, NameOID.STATE_OR_PROVINCE_NAME) for one in (signer, authority)} - {None}
    return "document signer and IACA name two provinces" if len(provinces) > 1 else None


def _usages(certificate: x509.Certificate) -> frozenset[str]:
    """Return what the key may be used for; nothing if that is not marked critical."""
    usage = _find(certificate, x509.KeyUsage)
    if usage is None or not usage.critical:
        return frozenset()
    return frozenset(name for name in _USAGES if getattr(usage.value, name))


def _find(certificate: x509.Certificate, kind: type[_Extension]) -> "x509.Extension[_Extension] | None":
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def _attribute(certificate: x509.Certificate, name: x509.ObjectIdentifier) -> str | None:
    """Return the one value of an attribute of the subject; of several, none counts."""
    values = certificate.subject.get_attributes_for_oid(name)
    return str(values[0].value) if len(values) == 1 else None
