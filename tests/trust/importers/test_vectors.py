"""Real lists and codes: European trusted lists, VICALs, and health certificates against right and wrong trust lists.

Counts are compared with ones that an independent reader makes: XPath for the XML lists, the CBOR library for VICALs.
"""

import base64
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cbor2
import pytest
from lxml import etree

from idbridge.codec import base45
from idbridge.codec.inflate import inflate
from idbridge.crypto import cose
from idbridge.crypto.keys import JwkPublicKey, public_key_from_certificate
from idbridge.errors import IdBridgeError, JoseError
from idbridge.limits import LIMITS
from idbridge.trust.importers.imported import ImportedList, Offer, Terms
from idbridge.trust.importers.list_of_lists import import_list_of_lists
from idbridge.trust.importers.trusted_list import import_trusted_list
from idbridge.trust.importers.vical import import_vical
from tests.vectors import shared_vectors

EUTL = shared_vectors("eutl")
VICAL = shared_vectors("vical")
TSL = {"t": "http://uri.etsi.org/02231/v2#"}
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


def issued(octets: bytes) -> datetime:
    (text,) = etree.fromstring(octets).xpath("//t:SchemeInformation/t:ListIssueDateTime/text()", namespaces=TSL)
    return datetime.fromisoformat(text)


def read_xml(case: dict[str, Any]) -> ImportedList:
    """The list as it was when it was issued: all of them are years old, and no clock comes with them."""
    octets = base64.b64decode(case["input"])
    signers = tuple(base64.b64decode(signer) for signer in case["context"]["signers"])
    terms = Terms(signers, territory=case["context"]["territory"])
    offer = Offer(octets, case["id"], issued(octets))
    return import_list_of_lists(offer, terms) if "lotl" in case["kind"] else import_trusted_list(offer, terms)


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


def read_vical(case: dict[str, Any], *, last: bool, max_age: timedelta | None) -> ImportedList:
    """The list under the first or the last certificate that it brings, which the operator has confirmed."""
    octets = base64.b64decode(case["input"])
    certificates = cose.parse_unverified(octets, max_bytes=LIMITS.trust_list_bytes).header.certificates
    terms = Terms((certificates[-1 if last else 0],), max_age=max_age)
    return import_vical(Offer(octets, case["id"], datetime(2024, 9, 25, tzinfo=UTC)), terms)


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


# Health certificates across borders: which state's certificates are asked is the trust list's to say.

REFUSED: Mapping[str, str] = json.loads(
    (Path(__file__).parent / "crossborder_refused.json").read_text(encoding="utf-8")
)["refused"]
# Disputed by their publishers, and so not scored where they should be accepted: the expiry of three, and the key usage
# of one. A wrong list has to refuse them all the same.
DISPUTED = {
    "crossborder/ES/2DCode/raw/1501.json#own": "expiry",
    "crossborder/ES/2DCode/raw/1502.json#own": "expiry",
    "crossborder/ES/2DCode/raw/1503.json#own": "expiry",
    "crossborder/IS/2DCode/raw/3.json#own": "key usage",
}
ALGORITHMS = frozenset({"ES256", "PS256"})  # of the specification of the certificates, volume 1 section 2.2
MAX_CHARACTERS = 4_296  # of the largest QR code


def states() -> Mapping[str, tuple[JwkPublicKey, ...]]:
    """The keys of each state, from the certificates that it published with its own examples."""
    found: dict[str, dict[str, JwkPublicKey]] = defaultdict(dict)
    for case in shared_vectors("dgc"):
        context = case["context"]
        if context["country"] != "common":  # examples of nobody's
            key = public_key_from_certificate(base64.b64decode(context["certificate"]))
            found[context["country"]][key.thumbprint] = key
    return {state: tuple(keys.values()) for state, keys in found.items()}


def listed(rule: str, state: str, published: Mapping[str, tuple[JwkPublicKey, ...]]) -> tuple[JwkPublicKey, ...]:
    """The keys that a case lists for ``state``; where another's are swapped in, those of every other state."""
    if rule == "full":
        return published[state]
    if rule == f"without:{state}":
        return ()
    assert rule.startswith(f"swap:{state}:")
    return tuple(key for other, keys in published.items() if other != state for key in keys)


def code_of(text: str, keys: tuple[JwkPublicKey, ...]) -> str:
    """Why the code of a QR is refused under ``keys``; the empty text if one of them signed it."""
    code = "issuer.unknown"
    try:
        octets = base45.decode(text.removeprefix("HC1:"), max_characters=MAX_CHARACTERS)
        message = cose.parse_unverified(inflate(octets, max_bytes=LIMITS.token_bytes))
        for key in keys:
            try:
                cose.verify(message, key=key, algorithms=ALGORITHMS)
            except JoseError as refused:
                code = refused.code
            else:
                return ""
    except IdBridgeError as refused:
        return refused.code
    return code


def test_health_certificates_are_accepted_under_their_own_states_list_and_no_other() -> None:
    published = states()
    cases = shared_vectors("crossborder")
    wrong: dict[str, str] = {}
    for case in cases:
        context = case["context"]
        code = code_of(case["input"], listed(context["list"], context["state"], published))
        if case["expected"] == "reject":
            if not code:
                wrong[case["id"]] = "accepted"
        elif code and case["id"] not in DISPUTED:
            wrong[case["id"]] = code

    assert len(cases) == 726
    assert wrong.keys() == REFUSED.keys()
    assert all(REFUSED[name].startswith(("jose.alg_key_mismatch", code)) for name, code in wrong.items())


@pytest.mark.parametrize("kind", ["dgc:base45", "dgc:zlib"])
def test_the_codes_of_real_certificates_are_taken_apart_as_published(kind: str) -> None:
    verdicts: Counter[tuple[str, str]] = Counter()
    for case in shared_vectors("dgc"):
        if case["kind"] != kind:
            continue
        text, expect = case["input"], case["context"]["expect"]
        try:
            if kind == "dgc:base45":
                octets = base45.decode(text, max_characters=MAX_CHARACTERS)
                same = octets.hex() == (expect.get("COMPRESSED") or octets.hex()).lower()
            else:
                octets = inflate(bytes.fromhex(text), max_bytes=LIMITS.token_bytes)
                same = octets.hex() == (expect.get("COSE") or octets.hex()).lower()
            verdicts[case["expected"], "accept" if same else "mismatch"] += 1
        except IdBridgeError:
            verdicts[case["expected"], "reject"] += 1

    assert {pair for pair in verdicts if pair[0] != pair[1]} == set()
    assert sum(verdicts.values()) > 200
