"""Enveloped XML signatures over a whole document: XAdES as ETSI TS 119 612 annex B wants it of a trusted list.

Decides whether one pinned certificate signed a document, and returns the octets that its signature covers and nothing
else: whoever reads a list reads those. It does not know what the list says. There is exactly one signature, a child of
the root, over the whole document and its own signed properties, with algorithms of a closed set; every identifier is
unique. Thus no element can be moved to where it is signed but not read, or read but not signed. The certificate is one
that the caller pinned, octet by octet; what stands inside the signature only says which of them.

``signxml`` computes digests and signatures, from the optional extra ``xml``. A document with a DOCTYPE is refused
before it is parsed, so there are no entities to expand, and nothing is fetched.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from idbridge.codec import base64std
from idbridge.crypto.keys import public_key_from_certificate
from idbridge.errors import ConfigurationError, InputError, IssuerError, TrustError
from idbridge.limits import LIMITS

_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_XADES: Final = "{http://uri.etsi.org/01903/v1.3.2#}"
_XINCLUDE: Final = "{http://www.w3.org/2001/XInclude}"
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_INCLUSIVE: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
# What a reference to a part of the signature may say: it may leave the canonical form to the standard's own.
_PART_TRANSFORMS: Final = ((), (_EXCLUSIVE,), (_INCLUSIVE,))
_SIGNATURE_PARTS: Final = ("SignedInfo", "SignatureValue", "KeyInfo", "Object")
_NAMED: Final = 3  # the list, the signed properties and the key: what a signature may refer to
_METHODS: Final = frozenset({
    "RSA_SHA256", "RSA_SHA384", "RSA_SHA512", "ECDSA_SHA256", "ECDSA_SHA384", "ECDSA_SHA512",
    "SHA256_RSA_MGF1", "SHA384_RSA_MGF1", "SHA512_RSA_MGF1",
})  # fmt: skip
_DIGESTS: Final = frozenset({"SHA256", "SHA384", "SHA512"})
_IDENTIFIERS: Final = frozenset({"Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id"})
_ENCODING: Final = re.compile(r"""<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """What a pinned certificate signed. Made by ``open_signed`` only.

    ``content`` is the document in its canonical form, without its signature, as it was digested; ``signer`` is the
    certificate in DER.
    """

    content: bytes
    signer: bytes


def open_signed(octets: bytes, *, signers: tuple[bytes, ...], at: datetime) -> SignedDocument:
    """Return what is signed in ``octets`` by one of ``signers`` (certificates in DER) that is in force at ``at``.

    Raises:
        TrustError: ``trust.profile_violation`` for what is no plain XML document, ``trust.signature_invalid`` for none,
            several or another kind of signature and one that does not verify, ``trust.signer_unknown`` for another
            certificate than ``signers``, and for one that is not in force.
        ConfigurationError: The extra ``xml`` is not installed.
    """
    root = _parse(octets)
    signature = _only_signature(root)
    count, place = _references(root, signature)
    signer = _pinned(signature, signers)
    return SignedDocument(content=_verified(root, signer, count=count, at=at)[place], signer=signer)


def unverified_content(octets: bytes) -> bytes:
    """Return the canonical form of a document, signed or not: it says where to look, and must not be believed.

    Raises:
        TrustError: ``trust.profile_violation``: it is no plain XML document.
        ConfigurationError: The extra ``xml`` is not installed.
    """
    return bytes(_etree().tostring(_parse(octets), method="c14n", exclusive=True, with_comments=False))


def _etree() -> Any:
    try:
        from lxml import etree  # type: ignore[import-untyped]  # it has no types
    except ImportError:
        raise _not_installed() from None
    return etree


def _not_installed() -> ConfigurationError:
    return ConfigurationError("XML lists need an optional library: pip install 'idbridge[xml]'")


def _parse(octets: bytes) -> Any:
    """Return the root element of a document in UTF-8 without DOCTYPE, bounded in size, depth and number of tags."""
    if len(octets) > LIMITS.trust_list_bytes:
        _violation(f"a list of more than {LIMITS.trust_list_bytes} octets")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    declared = _ENCODING.match(text)
    if "\0" in text or (declared is not None and declared[1].lower() != "utf-8"):
        _violation("a list that is not in UTF-8")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        _violation("a list with a DOCTYPE")
    if text.count("<") > LIMITS.xml_tags:
        _violation(f"a list of more than {LIMITS.xml_tags} tags")
    return _element(octets)


def _element(octets: bytes) -> Any:
    etree = _etree()
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(octets, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        _violation("a list that is not well-formed XML")
    if next(root.iter(f"{_XINCLUDE}*"), None) is not None:
        _violation("a list that includes other documents")
    return root


def _only_signature(root: Any) -> Any:
    """Return the one signature of the document, a child of its root with its own parts and no others."""
    signatures = list(root.iter(f"{_DS}Signature"))
    if not signatures:
        _invalid("the list is not signed")
    if len(signatures) > 1 or signatures[0].getparent() is not root:
        _invalid("a list has one signature, directly below its root")
    signature = signatures[0]
    if any(not isinstance(node.tag, str) for node in signature.iter()):
        _invalid("a comment or an instruction splits the signature")
    if tuple(part.tag.removeprefix(_DS) for part in signature) != _SIGNATURE_PARTS:
        _invalid("the signature holds more or less than its own parts")
    return signature


def _references(root: Any, signature: Any) -> tuple[int, int]:
    """Return how many references the signature has, and which of them is the one to the whole document."""
    information = _only(signature, f"{_DS}SignedInfo")
    if _algorithm(_only(information, f"{_DS}CanonicalizationMethod")) != _EXCLUSIVE:
        _invalid("the signature is not over the exclusive canonical form")
    properties = _own_properties(root, signature)
    keys = _only(signature, f"{_DS}KeyInfo")
    references = {reference.get("URI"): reference for reference in information.findall(f"{_DS}Reference")}
    count = len(information.findall(f"{_DS}Reference"))
    named = {"": "the list", f"#{properties.get('Id', '')}": "its properties", f"#{keys.get('Id', '')}": "its key"}
    if len(references) != count or not references.keys() <= named.keys() or len(named) != _NAMED:
        _invalid("the signature refers to something else than the list and itself, or to one of them twice")
    if not references.keys() >= {"", f"#{properties.get('Id', '')}"}:
        _invalid("a list is signed as a whole, with its signed properties")
    if any(_transforms(reference) not in _allowed_transforms(uri) for uri, reference in references.items()):
        _invalid("what is signed is not the whole list in its canonical form")
    return count, list(references).index("")


def _allowed_transforms(uri: str) -> tuple[tuple[str, ...], ...]:
    return _PART_TRANSFORMS if uri else ((_ENVELOPED, _EXCLUSIVE),)


def _own_properties(root: Any, signature: Any) -> Any:
    """Return the signed properties, which stand once, in this signature and for it (ETSI EN 319 132-1 section 4.3)."""
    carriers = list(root.iter(f"{_XADES}QualifyingProperties"))
    signed = list(root.iter(f"{_XADES}SignedProperties"))
    if len(carriers) != 1 or len(signed) != 1 or signed[0].getparent() is not carriers[0]:
        _invalid("a signature has its signed properties once")
    carrier = carriers[0]
    holder = carrier.getparent()
    if holder.tag != f"{_DS}Object" or holder.getparent() is not signature:
        _invalid("the signed properties do not stand in the signature")
    identifiers = [value for node in root.iter() for name, value in node.attrib.items() if name in _IDENTIFIERS]
    if len(set(identifiers)) != len(identifiers):
        _invalid("an identifier stands twice")
    if signature.get("Id") is None or carrier.get("Target") != f"#{signature.get('Id')}":
        _invalid("the signed properties are those of another signature")
    return signed[0]


def _transforms(reference: Any) -> tuple[str, ...]:
    return tuple(_algorithm(node) for node in reference.iterfind(f"{_DS}Transforms/*"))


def _algorithm(node: Any) -> str:
    """Return the algorithm of a node; one with parameters inside is none of ours."""
    return str(node.get("Algorithm")) if len(node) == 0 else ""


def _only(parent: Any, tag: str) -> Any:
    found = parent.findall(tag)
    return found[0] if len(found) == 1 else _invalid("a part of the signature is missing or stands twice")


def _pinned(signature: Any, signers: tuple[bytes, ...]) -> bytes:
    """Return the pinned certificate that the signature names first; it may bring others of its chain along."""
    for node in signature.iterfind(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate"):
        try:
            der = base64std.decode("".join((node.text or "").split()))
        except InputError:
            _invalid("a certificate of the signature is not in base64")
        if der in signers:
            return der
    raise TrustError("trust.signer_unknown", "the list names no certificate that is pinned")


def _verified(root: Any, signer: bytes, *, count: int, at: datetime) -> tuple[bytes, ...]:
    """Return what each reference covers, if the key of ``signer`` signed it."""
    try:
        public_key_from_certificate(signer)  # the closed table judges the key first
        certificate = x509.load_der_x509_certificate(signer)
    except (IssuerError, ValueError) as refusal:
        raise TrustError("trust.signature_invalid", "the pinned certificate has a key that is not served") from refusal
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise TrustError("trust.signer_unknown", "the pinned certificate of the signer is not in force")
    try:
        from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
        from signxml.exceptions import SignXMLException
        from signxml.xades.xades import XAdESSignatureConfiguration, XAdESVerifier
    except ImportError:
        raise _not_installed() from None
    rules = XAdESSignatureConfiguration(
        location="./",
        expect_references=count,
        signature_methods=frozenset(SignatureMethod[name] for name in _METHODS),
        digest_algorithms=frozenset(DigestAlgorithm[name] for name in _DIGESTS),
        default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
        verification_time=at,
    )
    try:
        results = XAdESVerifier().verify(root, x509_cert=certificate, expect_config=rules)
        return tuple(result.signed_data for result in results)
    except (
        # What the libraries raise over a hostile document; the last one for a transform or key that they do not know.
        SignXMLException, InvalidSignature, UnsupportedAlgorithm, _etree().LxmlError,
        ValueError, TypeError, KeyError, AttributeError, NotImplementedError,
    ):  # fmt: skip
        return _invalid("the signature of the list does not verify")


def _violation(why: str) -> NoReturn:
    raise TrustError("trust.profile_violation", why)


def _invalid(why: str) -> NoReturn:
    raise TrustError("trust.signature_invalid", why)
