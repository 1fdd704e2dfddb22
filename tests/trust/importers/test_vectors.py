"""Real lists: European trusted lists and VICALs, read as a whole.

Counts are compared with ones that an independent reader makes: XPath for the XML lists, the CBOR library for VICALs.
"""

import base64
from collections import Counter
from datetime import timedelta
from typing import Any

import cbor2
import pytest
from lxml import etree

from idbridge.errors import IdBridgeError
from idbridge.trust.importers.imported import Offer, Terms
from idbridge.trust.importers.list_of_lists import import_list_of_lists
from idbridge.trust.importers.trusted_list import import_trusted_list
from tests.judges.lists import TSL, issued, read_vical, read_xml
from tests.vectors import shared_vectors

EUTL = shared_vectors("eutl")
VICAL = shared_vectors("vical")
# Entries of real lists that are left out, because our own lists may not name their certificates. All others are read.
LEFT_OUT = {
    "FI": {  # certificates signed with SHA-1, as all those of this table but for the ones named below
        "VRK Gov. CA for Citizen Qualified Certificates",
        "VRK Gov. CA for Citizen Qualified Certificates - G2",
        "VRK CA for Qualified Certificates",
        "VRK CA for Qualified Certificates - G2",
        "VRK CA for Healthcare Professionals Qualified Certificates",
    },
    "IE": {"Post.Trust Ltd - qualified certificate service"},
    "IS": {"Fulltgilt audkenni", "ocsp.audkenni.is"},
    "LI": {
        "Liechtenstein Post Advanced CA",
        "Liechtenstein Post Qualified CA",
        "lisign-qualified-01",
        "lisign-qualified-05",  # an RSA key with the exponent 3
    },
    "SE": {
        "SignGuard Europe AB - qualified certificate service",
        "SignGuard Europe AB – Qualified OCSP Service",
        "TrustWeaver Signature Validation Service",
    },
    "Austroads": {  # keys on Brainpool curves, and an extension that is no DER
        "C=NL, O=RDW, 2.5.4.5=01, CN=IACA GAT NL mDL",
        "C=GB, O=Fime, CN=Test Root CA cert 2 for mDL",
        "C=GB, ST=GB-EDH, O=Fime, CN=Test IACA Root cert 2 for mDL",
        "C=NL, O=T, CN=IACA_mDO_GEN_01",
    },
}


def named(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in cases]


def counted(octets: bytes, path: str) -> int:
    return len(etree.fromstring(octets).xpath(path, namespaces=TSL))


@pytest.mark.parametrize("case", named([case for case in EUTL if case["expected"] == "reject"]))
def test_a_european_list_that_is_damaged_or_anothers_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(IdBridgeError) as caught:
        read_xml(case)

    assert caught.value.code in {"trust.signature_invalid", "trust.signer_unknown"}


@pytest.mark.parametrize("case", named([case for case in EUTL if case["expected"] == "accept"]))
def test_a_european_list_is_read_with_as_many_services_and_pointers_as_xpath_counts(case: dict[str, Any]) -> None:
    octets = base64.b64decode(case["input"])

    found = read_xml(case)

    assert len(found.services) + len(found.dropped) == counted(octets, "//t:TSPService")
    assert len(found.pointers) == counted(octets, "//t:OtherTSLPointer")
    certificates = sum(len(pointer.signers) for pointer in found.pointers)
    unique = {
        (place, value.strip())
        for place, node in enumerate(etree.fromstring(octets).xpath("//t:OtherTSLPointer", namespaces=TSL))
        for value in node.xpath(".//t:X509Certificate/text()", namespaces=TSL)
    }
    assert certificates == len(unique)
    assert {one.name for one in found.dropped} == LEFT_OUT.get(case["context"]["territory"], set())
    assert {one.code for one in found.dropped} <= {"issuer.certificate_profile"}


def test_the_european_lists_have_the_verdicts_that_were_published() -> None:
    assert Counter(case["expected"] for case in EUTL) == {"accept": 9, "reject": 10}


@pytest.mark.parametrize("case", named([case for case in EUTL if case["expected"] == "accept"]))
def test_a_real_list_is_refused_once_it_is_out_of_date(case: dict[str, Any]) -> None:
    octets = base64.b64decode(case["input"])
    signers = tuple(base64.b64decode(signer) for signer in case["context"]["signers"])
    reader = import_list_of_lists if "lotl" in case["kind"] else import_trusted_list

    with pytest.raises(IdBridgeError) as caught:
        reader(Offer(octets, case["id"], issued(octets) + timedelta(days=184)), Terms(signers))

    assert caught.value.code in {"trust.expired", "trust.signer_unknown"}  # some signers end before their lists


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("case", named([case for case in VICAL if case["expected"] == "reject"]))
def test_a_real_vical_that_was_changed_is_refused(case: dict[str, Any], *, last: bool) -> None:
    with pytest.raises(IdBridgeError) as caught:
        read_vical(case, last=last, max_age=timedelta(days=30))

    assert caught.value.code == "trust.signature_invalid"


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("case", named([case for case in VICAL if case["expected"] == "accept"]))
def test_a_real_vical_is_read_with_as_many_certificates_as_cbor_counts(case: dict[str, Any], *, last: bool) -> None:
    payload = cbor2.loads(cbor2.loads(base64.b64decode(case["input"]))[2])

    found = read_vical(case, last=last, max_age=timedelta(days=30))

    assert len(found.services) + len(found.dropped) == len(payload["certificateInfos"])
    assert {one.name for one in found.dropped} == LEFT_OUT.get(payload["vicalProvider"], set())
    assert {one.code for one in found.dropped} <= {"issuer.certificate_profile"}
    types = {info["certificate"]: tuple(dict.fromkeys(info["docType"])) for info in payload["certificateInfos"]}
    assert all(types[service.certificates[0]] == service.doc_types for service in found.services)


def test_a_real_vical_that_names_no_end_is_read_only_under_an_age() -> None:
    (case,) = [case for case in VICAL if case["expected"] == "accept" and "AUSTROADS" in case["id"]]

    with pytest.raises(IdBridgeError) as caught:
        read_vical(case, last=True, max_age=None)

    assert caught.value.code == "trust.profile_violation"
