"""An XML list is what one pinned certificate signed as a whole; every other way to make a reader believe is refused."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from lxml import etree

from idbridge.crypto import xmldsig
from idbridge.errors import TrustError
from idbridge.model.time import Validity
from idbridge.trust.importers.trusted_list import import_trusted_list
from tests.crypto.chains import bespoke
from tests.trust.importers.xml_lists import (
    DS,
    ENVELOPED,
    EXCLUSIVE,
    GOOD,
    NOON,
    OPERATOR,
    STRANGER,
    TERMS,
    TSL,
    XADES,
    Operator,
    Signing,
    TrustedList,
    authority,
    b64,
    canonical,
    identity,
    numbered,
    octets,
    offer,
    reference,
    resign,
    sign,
    signed_list,
)

LIST = TrustedList()
NAMES = {"t": TSL, "ds": DS, "xades": XADES}
EVIL = replace(GOOD, digital_identity=identity(authority("Evil").certificate), name="Evil")
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"


def refusal(text: bytes, **how: Any) -> str:
    with pytest.raises(TrustError) as caught:
        import_trusted_list(offer(text, **how), TERMS)
    return caught.value.code


def reason(text: bytes) -> str:
    """Why a list whose signature is not what it has to be is refused."""
    with pytest.raises(TrustError) as caught:
        import_trusted_list(offer(text), TERMS)
    assert caught.value.code == "trust.signature_invalid"
    return caught.value.detail


def signature_of(root: Any) -> Any:
    return root.find("ds:Signature", NAMES)


def duplicate_properties(root: Any) -> None:
    root.find("t:SchemeInformation", NAMES).append(copy.deepcopy(root.find(".//xades:SignedProperties", NAMES)))


def properties_twice_in_one_place(root: Any) -> None:
    properties = root.find(".//xades:SignedProperties", NAMES)
    other = copy.deepcopy(properties)
    other.set("Id", "others")
    properties.addnext(other)


def empty_second_carrier(root: Any) -> None:
    carrier = root.find(".//xades:QualifyingProperties", NAMES)
    carrier.addnext(etree.Element(carrier.tag, Target="#signature"))


def properties_below_something_else(root: Any) -> None:
    properties = root.find(".//xades:SignedProperties", NAMES)
    etree.SubElement(properties.getparent(), f"{{{XADES}}}UnsignedProperties").append(properties)


def no_identifier_of_properties(root: Any) -> None:
    del root.find(".//xades:SignedProperties", NAMES).attrib["Id"]


def no_identifier_that_a_target_spells(root: Any) -> None:
    no_identifier(root)
    root.find(".//xades:QualifyingProperties", NAMES).set("Target", "#None")


def parameters_of_a_transform(root: Any) -> None:
    transform = root.findall(".//ds:Transform", NAMES)[1]
    etree.SubElement(transform, f"{{{EXCLUSIVE}}}InclusiveNamespaces", PrefixList="x")
    resign(root, Signing(with_properties=False))


def two_methods_of_canonical_form(root: Any) -> None:
    method = root.find(".//ds:CanonicalizationMethod", NAMES)
    method.addnext(copy.deepcopy(method))


def moved_properties(root: Any) -> None:
    carrier = root.find(".//xades:QualifyingProperties", NAMES)
    root.find("t:SchemeInformation", NAMES).append(carrier)


def spoofed_properties(root: Any) -> None:
    """A second carrier before the first, whose properties name another certificate (santuario 617)."""
    carrier = root.find(".//xades:QualifyingProperties", NAMES)
    other = copy.deepcopy(carrier)
    other.find("xades:SignedProperties", NAMES).set("Id", "others")
    carrier.addprevious(other)


def properties_of_another_signature(root: Any) -> None:
    root.find(".//xades:QualifyingProperties", NAMES).set("Target", "#another")


def twice_the_same_identifier(root: Any) -> None:
    root.find("t:SchemeInformation", NAMES).set("ID", "properties")


def no_identifier(root: Any) -> None:
    del signature_of(root).attrib["Id"]


def second_signature(root: Any) -> None:
    root.append(copy.deepcopy(signature_of(root)))


def evil_signature_first(root: Any) -> None:
    signature_of(root).addprevious(signature_of(sign(LIST.xml(), Signing(operator=STRANGER))))


def split_signature_value(root: Any) -> None:
    value = root.find(".//ds:SignatureValue", NAMES)
    text = value.text
    value.text = text[:10]
    value.append(etree.Comment("split"))
    value[0].tail = text[10:]


def split_digest(root: Any) -> None:
    value = root.find(".//ds:DigestValue", NAMES)
    value.append(etree.Comment("split"))


def no_signed_information(root: Any) -> None:
    signature_of(root).remove(root.find(".//ds:SignedInfo", NAMES))


def two_keys(root: Any) -> None:
    signature_of(root).append(copy.deepcopy(root.find(".//ds:KeyInfo", NAMES)))


def spoilt_certificate(root: Any) -> None:
    root.find(".//ds:X509Certificate", NAMES).text = "!!!!"


def changed_status(root: Any) -> None:
    root.find(".//t:ServiceStatus", NAMES).text = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/withdrawn"


def service_added(root: Any) -> None:
    root.find(".//t:TSPServices", NAMES).append(etree.fromstring(EVIL.xml().replace(">", f' xmlns="{TSL}">', 1)))


def other_prefix(root: Any) -> None:
    """The same name in another namespace, for readers that look at local names."""
    node = etree.fromstring(EVIL.xml().replace(">", ' xmlns="http://evil.example/">', 1))
    root.find(".//t:TSPServices", NAMES).append(node)


def changed_signing_time(root: Any) -> None:
    root.find(".//xades:SigningTime", NAMES).text = "2020-01-01T00:00:00Z"


def flipped_signature(root: Any) -> None:
    value = root.find(".//ds:SignatureValue", NAMES)
    value.text = ("B" if value.text[0] == "A" else "A") + value.text[1:]


def empty_signature(root: Any) -> None:
    root.find(".//ds:SignatureValue", NAMES).text = None


ONCE = "signed properties once"
STRANGERS = "those of another signature"
PLACE = "one signature, directly below its root"
PARTS = "more or less than its own parts"
SPLIT = "splits the signature"
DIGEST = "does not verify"
REFERENCE = "refers to something else"
PROPERTIES = "signed as a whole, with its signed properties"
WHOLE = "not the whole list in its canonical form"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (duplicate_properties, ONCE),
        (properties_twice_in_one_place, ONCE),
        (empty_second_carrier, ONCE),
        (properties_below_something_else, ONCE),
        (spoofed_properties, ONCE),
        (moved_properties, "do not stand in the signature"),
        (properties_of_another_signature, STRANGERS),
        (no_identifier, STRANGERS),
        (no_identifier_that_a_target_spells, STRANGERS),
        (parameters_of_a_transform, WHOLE),
        (no_identifier_of_properties, "refers to something else"),
        (twice_the_same_identifier, "an identifier stands twice"),
        (second_signature, PLACE),
        (evil_signature_first, PLACE),
        (split_signature_value, SPLIT),
        (split_digest, SPLIT),
        (no_signed_information, PARTS),
        (two_keys, PARTS),
        (spoilt_certificate, "not in base64"),
        (two_methods_of_canonical_form, "missing or stands twice"),
        (changed_status, DIGEST),
        (service_added, DIGEST),
        (other_prefix, DIGEST),
        (changed_signing_time, DIGEST),
        (flipped_signature, DIGEST),
        (empty_signature, DIGEST),
    ],
)
def test_a_list_whose_signature_was_touched_is_refused(spoil: Callable[[Any], None], why: str) -> None:
    root = sign(LIST.xml())
    spoil(root)

    assert why in reason(octets(root))


def test_a_list_without_signature_is_refused() -> None:
    assert refusal(LIST.xml().encode()) == "trust.signature_invalid"


SCHEME = Signing(uri="#scheme", part=lambda root: root.find("t:SchemeInformation", NAMES))
RSA = Operator.make("Scheme operator", algorithm="RS256")


def old_rsa(octets_: bytes) -> bytes:
    return RSA.signer.private_key.sign(octets_, padding.PKCS1v15(), hashes.SHA1())  # type: ignore[call-arg,arg-type]  # it is an RSA key  # noqa: S303


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (Signing(uri="#list"), REFERENCE),
        (SCHEME, REFERENCE),  # a part of the list only
        (replace(SCHEME, uri=""), DIGEST),
        (Signing(uri="http://evil.example/list.xml"), REFERENCE),
        (Signing(uri="#xpointer(/)"), REFERENCE),
        (Signing(transforms=(ENVELOPED,)), WHOLE),
        (Signing(transforms=(EXCLUSIVE,)), WHOLE),
        (Signing(transforms=(EXCLUSIVE, ENVELOPED)), WHOLE),
        (Signing(transforms=(ENVELOPED, XPATH, EXCLUSIVE)), WHOLE),
        (Signing(transforms=(ENVELOPED, f"{EXCLUSIVE}WithComments")), WHOLE),
        (Signing(transforms=()), WHOLE),
        (Signing(canonicalization=INCLUSIVE), "not over the exclusive canonical form"),
        (Signing(digest=SHA1), DIGEST),
        (Signing(method="http://www.w3.org/2000/09/xmldsig#hmac-sha1"), DIGEST),
        (Signing(method="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"), DIGEST),
        (Signing(method="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"), DIGEST),  # with a key on a curve
        (Signing(method="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha224"), DIGEST),
        (Signing(method="urn:unknown"), DIGEST),
        (Signing(target="#list"), STRANGERS),
        (Signing(with_properties=False), PROPERTIES),
        (Signing(bound_to=STRANGER.certificate), DIGEST),
        (Signing(operator=STRANGER, named=OPERATOR.certificate), DIGEST),
    ],
    ids=numbered(),
)
def test_a_signature_of_another_form_is_refused(how: Signing, why: str) -> None:
    document = LIST.xml().replace("<SchemeInformation>", '<SchemeInformation Id="scheme">')

    assert why in reason(octets(sign(document, how)))


def test_a_true_signature_with_an_old_hash_is_refused() -> None:
    how = Signing(operator=RSA, method="http://www.w3.org/2000/09/xmldsig#rsa-sha1")
    root = sign(LIST.xml(), how)
    information = canonical(root.find(".//ds:SignedInfo", NAMES))
    root.find(".//ds:SignatureValue", NAMES).text = b64(old_rsa(information))

    with pytest.raises(TrustError) as caught:
        xmldsig.open_signed(octets(root), signers=(RSA.certificate,), at=NOON)

    assert caught.value.code == "trust.signature_invalid"


def test_a_certificate_that_only_the_list_itself_brings_vouches_for_nothing() -> None:
    assert refusal(signed_list(LIST, Signing(operator=STRANGER))) == "trust.signer_unknown"


def test_another_certificate_for_the_pinned_key_is_not_the_pinned_one() -> None:
    again = Operator.make("Scheme operator")
    reissued = replace(OPERATOR, certificate=again.certificate)

    assert refusal(signed_list(LIST, Signing(operator=reissued))) == "trust.signer_unknown"


@pytest.mark.parametrize("shift", [timedelta(days=-500), timedelta(days=500)])
def test_a_pinned_signer_out_of_its_time_is_refused(shift: timedelta) -> None:
    validity = Validity(NOON + shift - timedelta(days=50), NOON + shift)
    late = Operator.make("Late", validity=validity)

    with pytest.raises(TrustError) as caught:
        xmldsig.open_signed(signed_list(LIST, Signing(operator=late)), signers=(late.certificate,), at=NOON)

    assert caught.value.code == "trust.signer_unknown"


@pytest.mark.parametrize(
    "pinned", [b"no certificate", bespoke([], key=ec.generate_private_key(ec.SECP192R1()))], ids=numbered()
)
def test_a_pinned_certificate_of_a_key_that_is_not_served_is_refused(pinned: bytes) -> None:
    with pytest.raises(TrustError) as caught:
        xmldsig.open_signed(signed_list(LIST, Signing(named=pinned)), signers=(pinned,), at=NOON)

    assert caught.value.code == "trust.signature_invalid"
    assert "not served" in caught.value.detail


def test_a_reference_to_something_else_beside_the_list_is_refused() -> None:
    root = sign(LIST.xml(), Signing(with_properties=False))
    information = root.find(".//ds:SignedInfo", NAMES)
    for name in ("", "#list"):
        extra = copy.deepcopy(information.find("ds:Reference", NAMES))
        extra.set("URI", name)
        information.append(extra)
        resign(root)
        assert refusal(octets(root)) == "trust.signature_invalid"
        information.remove(extra)


def test_a_comment_cannot_split_a_text_into_another() -> None:
    text = signed_list(TrustedList(services=(replace(GOOD, status=f"{GOOD.status[:-7]}withdrawn"),)))
    split = text.replace(b"Svcstatus/withdrawn", b"Svcstatus/<!-- -->with<!-- -->drawn").replace(
        b"Identity issuance", b"Identity<!-- --> issuance"
    )
    assert split.count(b"<!--") == 3

    found = import_trusted_list(offer(split), TERMS)

    assert [service.granted for service in found.services] == [False]
    assert found.services[0].name == "Identity issuance"
    assert found.provenance.content == import_trusted_list(offer(text), TERMS).provenance.content


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256"])
def test_a_list_signed_as_a_whole_by_a_pinned_certificate_is_read(algorithm: str) -> None:
    operator = Operator.make("Scheme operator", algorithm=algorithm)

    signed = xmldsig.open_signed(
        signed_list(LIST, Signing(operator=operator)), signers=(STRANGER.certificate, operator.certificate), at=NOON
    )

    assert signed.signer == operator.certificate
    assert b"Signature" not in signed.content


def test_a_signature_that_covers_its_key_as_well_is_read() -> None:
    root = sign(LIST.xml(), Signing(with_properties=False))
    keys = root.find(".//ds:KeyInfo", NAMES)
    keys.set("Id", "keys")
    text = reference("#keys", canonical(keys), transforms=[EXCLUSIVE])
    root.find(".//ds:SignedInfo", NAMES).append(etree.fromstring(f'<r xmlns:ds="{DS}">{text}</r>')[0])
    resign(root)

    assert import_trusted_list(offer(octets(root)), TERMS).services
    keys.find(".//ds:X509Certificate", NAMES).addnext(etree.Element(f"{{{DS}}}X509Certificate"))
    assert DIGEST in reason(octets(root))
