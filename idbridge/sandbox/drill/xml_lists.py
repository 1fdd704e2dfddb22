"""Trusted lists in XML as others publish them: written in canonical form by hand, so that what is signed is the text.

No XML library is used: what is written here is what is digested, and an attacker moves text around.
Clauses: ETSI TS 119 612 annex B; ETSI EN 319 132-1; Exclusive XML Canonicalization 1.0.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from idbridge.codec import base64std
from idbridge.crypto.signer import FileSigner
from idbridge.model.time import instant_text

_TSL: Final = "http://uri.etsi.org/02231/v2#"
_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_ECDSA: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
_TYPES: Final = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/"
OF_SERVICES: Final = f"{_TYPES}EUgeneric"
OF_LISTS: Final = f"{_TYPES}EUlistofthelists"
_GRANTED: Final = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted"
_END: Final = "</TrustServiceStatusList>"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who signs a list: a key and its certificate."""

    signer: FileSigner
    certificate: bytes


@dataclass(frozen=True, slots=True)
class XmlList:
    """A list to be written. ``pointers`` are places of other lists with the certificates of their signers."""

    sequence: int
    territory: str
    issued_at: datetime
    next_update: datetime
    listed: tuple[bytes, ...] = ()
    kind: str = OF_SERVICES
    information: tuple[str, ...] = ("https://trust.sg.example/",)
    pointers: tuple[tuple[str, bytes], ...] = ()

    def text(self) -> str:
        """Return the list in canonical form, not signed."""
        due = f"<dateTime>{instant_text(self.next_update)}</dateTime>"
        addresses = "".join(f'<URI xml:lang="en">{one}</URI>' for one in self.information)
        return (
            f'<TrustServiceStatusList xmlns="{_TSL}" Id="list" TSLTag="http://uri.etsi.org/19612/TSLTag">'
            f"<SchemeInformation><TSLVersionIdentifier>5</TSLVersionIdentifier>"
            f"<TSLSequenceNumber>{self.sequence}</TSLSequenceNumber><TSLType>{self.kind}</TSLType>"
            f'<SchemeOperatorName><Name xml:lang="en">Harbour Trust Office</Name></SchemeOperatorName>'
            f"<SchemeInformationURI>{addresses}</SchemeInformationURI>"
            f"<SchemeTerritory>{self.territory}</SchemeTerritory>"
            f"<PointersToOtherTSL>{''.join(self._pointer(*one) for one in self.pointers)}</PointersToOtherTSL>"
            f"<ListIssueDateTime>{instant_text(self.issued_at)}</ListIssueDateTime>"
            f"<NextUpdate>{due}</NextUpdate></SchemeInformation><TrustServiceProviderList><TrustServiceProvider>"
            f'<TSPInformation><TSPName><Name xml:lang="en">Harbour Identity</Name></TSPName></TSPInformation>'
            f"<TSPServices>{''.join(map(_service, self.listed))}</TSPServices></TrustServiceProvider>"
            f"</TrustServiceProviderList>{_END}"
        )

    def _pointer(self, location: str, signer: bytes) -> str:
        return (
            f"<OtherTSLPointer><ServiceDigitalIdentities>{_identity(signer)}</ServiceDigitalIdentities>"
            f"<TSLLocation>{location}</TSLLocation><AdditionalInformation>"
            f"<OtherInformation><TSLType>{self.kind}</TSLType></OtherInformation>"
            f"<OtherInformation><SchemeTerritory>{self.territory}</SchemeTerritory></OtherInformation>"
            f"</AdditionalInformation></OtherTSLPointer>"
        )


def _identity(certificate: bytes) -> str:
    return (
        f"<ServiceDigitalIdentity><DigitalId><X509Certificate>{base64std.encode(certificate)}</X509Certificate>"
        f"</DigitalId></ServiceDigitalIdentity>"
    )


def _service(certificate: bytes) -> str:
    return (
        f"<TSPService><ServiceInformation><ServiceTypeIdentifier>http://uri.etsi.org/TrstSvc/Svctype/CA/QC"
        f'</ServiceTypeIdentifier><ServiceName><Name xml:lang="en">Identity issuance</Name></ServiceName>'
        f"{_identity(certificate)}<ServiceStatus>{_GRANTED}</ServiceStatus>"
        f"<StatusStartingTime>2025-01-01T00:00:00Z</StatusStartingTime></ServiceInformation></TSPService>"
    )


def signed(text: str, by: Operator, *, at: datetime) -> str:
    """Return ``text`` with an enveloped signature as its last child."""
    properties = _properties(by.certificate, at=at)
    references = _reference("", text, (_ENVELOPED, _EXCLUSIVE)) + _reference("#properties", properties, (_EXCLUSIVE,))
    information = (
        f'<ds:SignedInfo xmlns:ds="{_DS}"><ds:CanonicalizationMethod Algorithm="{_EXCLUSIVE}">'
        f'</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="{_ECDSA}"></ds:SignatureMethod>'
        f"{references}</ds:SignedInfo>"
    )
    value = base64std.encode(by.signer.sign(information.encode()))
    signature = (
        f'<ds:Signature xmlns:ds="{_DS}" xmlns:xades="{_XADES}" Id="signature">{information}'
        f"<ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
        f"{base64std.encode(by.certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo><ds:Object>"
        f'<xades:QualifyingProperties Target="#signature">{properties}</xades:QualifyingProperties></ds:Object>'
        f"</ds:Signature>"
    )
    return f"{text.removesuffix(_END)}{signature}{_END}"


def _properties(certificate: bytes, *, at: datetime) -> str:
    digest = base64std.encode(hashlib.sha256(certificate).digest())
    return (
        f'<xades:SignedProperties xmlns:xades="{_XADES}" Id="properties"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{instant_text(at)}</xades:SigningTime><xades:SigningCertificateV2><xades:Cert>"
        f'<xades:CertDigest><ds:DigestMethod xmlns:ds="{_DS}" Algorithm="{_SHA256}"></ds:DigestMethod>'
        f'<ds:DigestValue xmlns:ds="{_DS}">{digest}</ds:DigestValue></xades:CertDigest></xades:Cert>'
        f"</xades:SigningCertificateV2></xades:SignedSignatureProperties></xades:SignedProperties>"
    )


def _reference(uri: str, text: str, transforms: tuple[str, ...]) -> str:
    steps = "".join(f'<ds:Transform Algorithm="{one}"></ds:Transform>' for one in transforms)
    digest = base64std.encode(hashlib.sha256(text.encode()).digest())
    return (
        f'<ds:Reference URI="{uri}"><ds:Transforms>{steps}</ds:Transforms><ds:DigestMethod Algorithm="{_SHA256}">'
        f"</ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
    )


# What is done to the text on the way. Each wrapping shows one list to who looks for services and another to who looks
# for what is signed.

Moved = Callable[[str], str]


def as_sent(text: str) -> str:
    """Change nothing."""
    return text


def _parts(text: str) -> tuple[str, str, str]:
    """Return the signed list without its end, its signature, and an evil list that has nothing of either."""
    start = text.index("<ds:Signature ")
    body, signature = text[:start], text[start:].removesuffix(_END)
    return body, signature, body.replace("Identity issuance", "Evil issuance")


def _renamed(evil: str) -> str:
    return evil.replace(' Id="list"', ' Id="evil"')


def _original_in_an_object(text: str) -> str:
    body, signature, evil = _parts(text)
    inside = signature.replace("</ds:Signature>", f"<ds:Object>{body}{_END}</ds:Object></ds:Signature>")
    return _renamed(evil) + inside + _END


def _original_beside(text: str) -> str:
    body, signature, evil = _parts(text)
    return f"{_renamed(evil)}{body}{_END}{signature}{_END}"


def _original_among_providers(text: str) -> str:
    body, signature, evil = _parts(text)
    hidden = evil.replace("</TrustServiceProviderList>", f"{body}{_END}</TrustServiceProviderList>")
    return f"{hidden}{signature}{_END}"


def _original_in_an_extension(text: str) -> str:
    body, signature, evil = _parts(text)
    extension = f"<SchemeExtensions><Extension>{body}{_END}</Extension></SchemeExtensions></SchemeInformation>"
    return f"{evil.replace('</SchemeInformation>', extension)}{signature}{_END}"


def _signed_whole_in_evil(text: str) -> str:
    _, _, evil = _parts(text)
    return f"{evil}{text}{_END}"


def _evil_first(text: str) -> str:
    body, signature, evil = _parts(text)
    head, _, rest = body.partition("<SchemeInformation>")
    return f"{head}{evil}{_END}<SchemeInformation>{rest}{signature}{_END}"


def _both_in_a_wrapper(text: str) -> str:
    _, _, evil = _parts(text)
    return f'<TrustServiceStatusList xmlns="{_TSL}">{evil}{_END}{text}{_END}'


def _signature_in_a_signature(text: str) -> str:
    body, signature, _ = _parts(text)
    outer = signature.replace("</ds:Signature>", f"<ds:Object>{signature}</ds:Object></ds:Signature>")
    return f"{body}{outer}{_END}"


WRAPPINGS: Final[dict[str, Moved]] = {
    "original-in-an-object": _original_in_an_object,
    "original-beside-the-signature": _original_beside,
    "original-among-the-providers": _original_among_providers,
    "original-in-an-extension": _original_in_an_extension,
    "signed-list-inside-another": _signed_whole_in_evil,
    "another-list-first": _evil_first,
    "both-in-a-wrapper": _both_in_a_wrapper,
    "signature-in-a-signature": _signature_in_a_signature,
}
_BOMB: Final = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(10))


def _with_doctype(declarations: str, use: str) -> Moved:
    """Return what declares entities and uses one in the name of a service."""

    def moved(text: str) -> str:
        return f"<!DOCTYPE TrustServiceStatusList [{declarations}]>" + text.replace("Identity issuance", use)

    return moved


def _including(text: str) -> str:
    inclusion = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"></xi:include>'
    return text.replace("Identity issuance", f"Identity issuance{inclusion}")


def _split_by_comment(text: str) -> str:
    return text.replace("<SchemeTerritory>SG<", "<SchemeTerritory>SG<!-- -->X<")


def _signature_split_by_comment(text: str) -> str:
    return text.replace("<ds:SignatureValue>", "<!-- --><ds:SignatureValue>")


def _another_namespace(text: str) -> str:
    return text.replace(_TSL, f"{_TSL}v3")


def _properties_of_another(text: str) -> str:
    return text.replace('Target="#signature"', 'Target="#other"')


def _properties_twice(text: str) -> str:
    start, end = text.index("<xades:QualifyingProperties"), text.index("</ds:Object>")
    return f"{text[:end]}{text[start:end]}{text[end:]}"


def _without_signature(text: str) -> str:
    return _parts(text)[0] + _END


TRICKS: Final[dict[str, tuple[Moved, str]]] = {
    "entity-bomb": (_with_doctype(_BOMB, "&a9;"), "trust.profile_violation"),
    "external-entity": (
        _with_doctype('<!ENTITY file SYSTEM "file:///etc/hostname">', "&file;"), "trust.profile_violation",
    ),
    "doctype": (_with_doctype("", "Identity issuance"), "trust.profile_violation"),
    "inclusion": (_including, "trust.profile_violation"),
    "comment-in-text": (_split_by_comment, "trust.signature_invalid"),
    "comment-in-signature": (_signature_split_by_comment, "trust.signature_invalid"),
    "another-namespace": (_another_namespace, "trust.signature_invalid"),
    "properties-of-another-signature": (_properties_of_another, "trust.signature_invalid"),
    "properties-twice": (_properties_twice, "trust.signature_invalid"),
    "no-signature": (_without_signature, "trust.signature_invalid"),
}  # fmt: skip
