"""An XML list is what one pinned certificate signed as a whole; every other way to make a reader believe is refused."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from idbridge.crypto import xmldsig
from idbridge.errors import ConfigurationError, TrustError
from idbridge.limits import LIMITS
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
    identity,
    numbered,
    octets,
    offer,
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


def signature_of(root: Any) -> Any:
    return root.find("ds:Signature", NAMES)


def duplicate_properties(root: Any) -> None:
    root.find("t:SchemeInformation", NAMES).append(copy.deepcopy(root.find(".//xades:SignedProperties", NAMES)))


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


@pytest.mark.parametrize(
    "spoil",
    [
        duplicate_properties, moved_properties, spoofed_properties, properties_of_another_signature,
        twice_the_same_identifier, no_identifier, second_signature, evil_signature_first, split_signature_value,
        split_digest, no_signed_information, two_keys, spoilt_certificate, changed_status, service_added, other_prefix,
        changed_signing_time, flipped_signature, empty_signature,
    ],
)  # fmt: skip
def test_a_list_whose_signature_was_touched_is_refused(spoil: Callable[[Any], None]) -> None:
    root = sign(LIST.xml())
    spoil(root)

    assert refusal(octets(root)) == "trust.signature_invalid"


def test_a_list_without_signature_is_refused() -> None:
    assert refusal(LIST.xml().encode()) == "trust.signature_invalid"


@pytest.mark.parametrize(
    "how",
    [
        Signing(uri="#list"),
        Signing(uri="#scheme", part=lambda root: root.find("t:SchemeInformation", NAMES)),  # a part of the list only
        Signing(part=lambda root: root.find("t:SchemeInformation", NAMES)),
        Signing(uri="http://evil.example/list.xml"),
        Signing(uri="#xpointer(/)"),
        Signing(transforms=(ENVELOPED,)),
        Signing(transforms=(EXCLUSIVE,)),
        Signing(transforms=(EXCLUSIVE, ENVELOPED)),
        Signing(transforms=(ENVELOPED, XPATH, EXCLUSIVE)),
        Signing(transforms=(ENVELOPED, f"{EXCLUSIVE}WithComments")),
        Signing(canonicalization=INCLUSIVE),
        Signing(digest=SHA1),
        Signing(method="http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        Signing(method="http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        Signing(method="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        Signing(method="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),  # with a key on a curve
        Signing(method="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha224"),
        Signing(method="urn:unknown"),
        Signing(target="#list"),
        Signing(with_properties=False),
        Signing(bound_to=STRANGER.certificate),
        Signing(operator=STRANGER, named=OPERATOR.certificate),
    ],
    ids=numbered(),
)
def test_a_signature_of_another_form_is_refused(how: Signing) -> None:
    document = LIST.xml().replace("<SchemeInformation>", '<SchemeInformation Id="scheme">')

    assert refusal(octets(sign(document, how))) == "trust.signature_invalid"


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


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol" * 10}">' for n in range(10))


@pytest.mark.parametrize(
    "head",
    [
        "<!DOCTYPE TrustServiceStatusList>",
        f"<!DOCTYPE TrustServiceStatusList [{BOMB}]>",
        '<!DOCTYPE TrustServiceStatusList [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE TrustServiceStatusList [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
        '<!DOCTYPE TrustServiceStatusList SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE TrustServiceStatusList PUBLIC "x" "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE TrustServiceStatusList [<!ATTLIST TrustServiceStatusList Id ID "list">]>',
    ],
    ids=numbered(),
)
@pytest.mark.parametrize("body", ["Identity issuance", "&x;", "&e9;"])
def test_a_document_type_is_refused_before_it_is_parsed(head: str, body: str) -> None:
    text = octets(sign(LIST.xml())).decode().replace("?>\n", f"?>\n{head}", 1).replace("Identity issuance", body)

    assert refusal(text.encode()) == "trust.profile_violation"


def test_a_document_that_includes_others_is_refused() -> None:
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    made = LIST.xml().replace("</SchemeTerritory>", f"</SchemeTerritory>{include}")

    assert refusal(octets(sign(made))) == "trust.profile_violation"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html><body>temporarily unavailable",
        b"<!DOCTYPE html><html></html>",
        b"{}",
        signed_list()[:-20],
        signed_list() + b"<again/>",
        signed_list().decode().encode("utf-16"),
        signed_list().replace(b"encoding='UTF-8'", b"encoding='ISO-8859-1'"),
        signed_list().replace(b"encoding='UTF-8'", b"encoding='UTF-7'"),
        signed_list().replace(b"Lion Gate Trust Office", b"Lion\xff"),
        signed_list().replace(b"Lion Gate Trust Office", b"&x;"),
        signed_list().replace(b"Lion Gate Trust Office", b"Lion\0"),
        b"<a>" * 1_000 + b"</a>" * 1_000,
    ],
    ids=numbered(),
)  # fmt: skip
def test_what_is_no_plain_document_is_refused(text: bytes) -> None:
    assert refusal(text) == "trust.profile_violation"


def test_size_and_number_of_tags_are_bounded() -> None:
    assert refusal(b" " * (LIMITS.trust_list_bytes + 1)) == "trust.profile_violation"
    assert refusal(b"<a>" + b"<b/>" * LIMITS.xml_tags + b"</a>") == "trust.profile_violation"


def test_a_page_is_html_and_no_list_even_when_it_is_well_formed() -> None:
    assert refusal(b"<html/>") == "trust.signature_invalid"
    assert refusal(octets(sign("<html/>"))) == "trust.profile_violation"


@pytest.mark.parametrize("library", ["signxml.algorithms", "lxml"])
def test_without_the_library_an_operator_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(__import__("sys").modules, library, None)

    with pytest.raises(ConfigurationError, match=r"pip install 'idbridge\[xml\]'"):
        import_trusted_list(offer(signed_list()), TERMS)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256"])
def test_a_list_signed_as_a_whole_by_a_pinned_certificate_is_read(algorithm: str) -> None:
    operator = Operator.make("Scheme operator", algorithm=algorithm)

    signed = xmldsig.open_signed(
        signed_list(LIST, Signing(operator=operator)), signers=(STRANGER.certificate, operator.certificate), at=NOON
    )

    assert signed.signer == operator.certificate
    assert b"Signature" not in signed.content
