"""Trusted lists in XML as the tests need them: written, signed and spoiled here, without the library that verifies."""

import base64
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import etree

from idbridge.crypto.certificates import Authority, Subject, make_authority, make_leaf
from idbridge.crypto.signer import FileSigner, generate
from idbridge.model.time import Validity, instant_text
from idbridge.trust.importers.imported import Offer, Terms

TSL = "http://uri.etsi.org/02231/v2#"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
STATUS = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
LIST_TYPE = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric"
LISTS_TYPE = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists"
METHODS = {
    "ES256": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "ES384": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "RS256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
}
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ISSUED = NOON - timedelta(days=1)
YEARS = Validity(NOON - timedelta(days=400), NOON + timedelta(days=400))


@dataclass(frozen=True, slots=True)
class Operator:
    """Who signs lists: a key and its certificate."""

    signer: FileSigner
    certificate: bytes

    @classmethod
    def make(cls, name: str, *, algorithm: str = "ES256", validity: Validity = YEARS) -> "Operator":
        signer = generate(algorithm)
        subject = Subject(name, "SG")
        return cls(signer, make_leaf(signer, subject=subject, validity=validity, issuer=None))


OPERATOR = Operator.make("Scheme operator")
STRANGER = Operator.make("Stranger")


def authority(name: str = "Issuing authority") -> Authority:
    return make_authority(generate("ES256"), subject=Subject(name, "SG"), validity=YEARS)


def numbered() -> Iterator[str]:
    """Names of cases whose keys are made anew in every process, so that all processes call them the same."""
    return map(str, itertools.count())


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def identity(*certificates: bytes) -> str:
    return "".join(f"<DigitalId><X509Certificate>{b64(der)}</X509Certificate></DigitalId>" for der in certificates)


@dataclass(frozen=True, slots=True)
class Service:
    """One service, with what a test wants to be odd about it."""

    digital_identity: str
    name: str = "Identity issuance"
    status: str = f"{STATUS}granted"
    since: str = "2025-01-01T00:00:00Z"
    extensions: str = ""
    history: str = ""
    kind: str = "http://uri.etsi.org/TrstSvc/Svctype/CA/QC"

    def xml(self) -> str:
        extensions = f"<ServiceInformationExtensions>{self.extensions}</ServiceInformationExtensions>"
        return (
            f"<TSPService><ServiceInformation><ServiceTypeIdentifier>{self.kind}</ServiceTypeIdentifier>"
            f'<ServiceName><Name xml:lang="en">{self.name}</Name></ServiceName>'
            f"<ServiceDigitalIdentity>{self.digital_identity}</ServiceDigitalIdentity>"
            f"<ServiceStatus>{self.status}</ServiceStatus><StatusStartingTime>{self.since}</StatusStartingTime>"
            f"{extensions if self.extensions else ''}</ServiceInformation>"
            f"{f'<ServiceHistory>{self.history}</ServiceHistory>' if self.history else ''}</TSPService>"
        )


ISSUER = authority()
GOOD = Service(identity(ISSUER.certificate))


def past(
    status: str, since: str, *, digital_identity: str = "", kind: str = GOOD.kind, extensions: str = ""
) -> str:  # fmt: skip
    more = f"<ServiceInformationExtensions>{extensions}</ServiceInformationExtensions>" if extensions else ""
    return (
        f"<ServiceHistoryInstance><ServiceTypeIdentifier>{kind}</ServiceTypeIdentifier>"
        f'<ServiceName><Name xml:lang="en">Identity issuance</Name></ServiceName>'
        f"<ServiceDigitalIdentity>{digital_identity}</ServiceDigitalIdentity>"
        f"<ServiceStatus>{status}</ServiceStatus><StatusStartingTime>{since}</StatusStartingTime>{more}"
        f"</ServiceHistoryInstance>"
    )


@dataclass(frozen=True, slots=True)
class TrustedList:
    """A list to be written; what stands here by default makes a good one."""

    services: tuple[Service, ...] = (GOOD,)
    version: str = "5"
    sequence: str = "7"
    list_type: str = LIST_TYPE
    territory: str = "SG"
    issued: datetime = ISSUED
    next_update: str = field(default_factory=lambda: f"<dateTime>{instant_text(NOON + timedelta(days=90))}</dateTime>")
    information: tuple[str, ...] = ("https://trust.sg.example/",)
    pointers: str = ""
    scheme_extensions: str = ""
    provider_extensions: str = ""

    def xml(self) -> str:
        addresses = "".join(f'<URI xml:lang="en">{address}</URI>' for address in self.information)
        return (
            f'<TrustServiceStatusList xmlns="{TSL}" Id="list" TSLTag="http://uri.etsi.org/19612/TSLTag">'
            f"<SchemeInformation><TSLVersionIdentifier>{self.version}</TSLVersionIdentifier>"
            f"<TSLSequenceNumber>{self.sequence}</TSLSequenceNumber><TSLType>{self.list_type}</TSLType>"
            f'<SchemeOperatorName><Name xml:lang="en">Lion Gate Trust Office</Name></SchemeOperatorName>'
            f"<SchemeInformationURI>{addresses}</SchemeInformationURI>"
            f"<SchemeTerritory>{self.territory}</SchemeTerritory>"
            f"<PointersToOtherTSL>{self.pointers}</PointersToOtherTSL>"
            f"<ListIssueDateTime>{instant_text(self.issued)}</ListIssueDateTime>"
            f"<NextUpdate>{self.next_update}</NextUpdate>{self.scheme_extensions}</SchemeInformation>"
            f"<TrustServiceProviderList><TrustServiceProvider><TSPInformation>"
            f'<TSPName><Name xml:lang="en">Lion Gate Identity</Name></TSPName>{self.provider_extensions}'
            f"</TSPInformation><TSPServices>{''.join(one.xml() for one in self.services)}</TSPServices>"
            f"</TrustServiceProvider></TrustServiceProviderList></TrustServiceStatusList>"
        )


def pointer(
    location: str, *signers: bytes, territory: str = "SG", list_type: str = LISTS_TYPE
) -> str:  # fmt: skip
    identities = f"<ServiceDigitalIdentity>{identity(*signers)}</ServiceDigitalIdentity>"
    return (
        f"<OtherTSLPointer><ServiceDigitalIdentities>{identities}</ServiceDigitalIdentities>"
        f"<TSLLocation>{location}</TSLLocation><AdditionalInformation>"
        f"<OtherInformation><TSLType>{list_type}</TSLType></OtherInformation>"
        f"<OtherInformation><SchemeTerritory>{territory}</SchemeTerritory></OtherInformation>"
        f"</AdditionalInformation></OtherTSLPointer>"
    )


def canonical(element: Any) -> bytes:
    """The exclusive canonical form of an element where it stands."""
    return bytes(etree.tostring(element, method="c14n", exclusive=True, with_comments=False))


def reference(uri: str, digested: bytes, *, transforms: Iterable[str], digest: str = SHA256) -> str:
    octets = hashlib.sha1(digested).digest() if digest.endswith("sha1") else hashlib.sha256(digested).digest()  # noqa: S324 - what must be refused
    steps = "".join(f'<ds:Transform Algorithm="{step}"/>' for step in transforms)
    return (
        f'<ds:Reference URI="{uri}"><ds:Transforms>{steps}</ds:Transforms><ds:DigestMethod Algorithm="{digest}"/>'
        f"<ds:DigestValue>{b64(octets)}</ds:DigestValue></ds:Reference>"
    )


@dataclass(frozen=True, slots=True)
class Signing:
    """How a list is signed; what stands here by default makes a good signature."""

    operator: Operator = OPERATOR
    uri: str = ""
    transforms: tuple[str, ...] = (ENVELOPED, EXCLUSIVE)
    digest: str = SHA256
    method: str | None = None
    canonicalization: str = EXCLUSIVE
    target: str = "#signature"
    with_properties: bool = True
    bound_to: bytes | None = None
    named: bytes | None = None
    part: Callable[[Any], Any] = lambda root: root


def sign(document: str, how: Signing = Signing()) -> Any:
    """The root of ``document`` with its signature as last child."""
    root = etree.fromstring(document.encode())
    digested = canonical(how.part(root))
    bound = how.bound_to or how.operator.certificate
    properties = (
        f'<xades:SignedProperties Id="properties"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{instant_text(ISSUED)}</xades:SigningTime><xades:SigningCertificateV2><xades:Cert>"
        f'<xades:CertDigest><ds:DigestMethod Algorithm="{SHA256}"/>'
        f"<ds:DigestValue>{b64(hashlib.sha256(bound).digest())}</ds:DigestValue></xades:CertDigest></xades:Cert>"
        f"</xades:SigningCertificateV2></xades:SignedSignatureProperties></xades:SignedProperties>"
    )
    method = how.method or METHODS[how.operator.signer.algorithm]
    root.append(
        etree.fromstring(
            f'<ds:Signature xmlns:ds="{DS}" xmlns:xades="{XADES}" Id="signature"><ds:SignedInfo>'
            f'<ds:CanonicalizationMethod Algorithm="{how.canonicalization}"/>'
            f'<ds:SignatureMethod Algorithm="{method}"/>'
            f"{reference(how.uri, digested, transforms=how.transforms, digest=how.digest)}</ds:SignedInfo>"
            f"<ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
            f"{b64(how.named or how.operator.certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
            f'<ds:Object><xades:QualifyingProperties Target="{how.target}">{properties}</xades:QualifyingProperties>'
            f"</ds:Object></ds:Signature>"
        )
    )
    resign(root, how)
    return root


def resign(root: Any, how: Signing = Signing()) -> None:
    """Put the reference to the signed properties and the signature value in place."""
    names = {"ds": DS, "xades": XADES}
    information = root.find("ds:Signature/ds:SignedInfo", names)
    if how.with_properties:
        signed = canonical(root.find(".//xades:SignedProperties", names))
        text = reference("#properties", signed, transforms=[EXCLUSIVE])
        information.append(etree.fromstring(f'<r xmlns:ds="{DS}">{text}</r>')[0])
    value = how.operator.signer.sign(canonical(information))
    root.find("ds:Signature/ds:SignatureValue", names).text = b64(value)


def octets(root: Any) -> bytes:
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def signed_list(made: TrustedList = TrustedList(), how: Signing = Signing()) -> bytes:
    return octets(sign(made.xml(), how))


def offer(text: bytes, *, at: datetime = NOON) -> Offer:
    return Offer(text, "list.xml", at)


TERMS = Terms((OPERATOR.certificate,))
