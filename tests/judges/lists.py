"""Lists that others published: European trusted lists (XML), VICALs (CBOR) and TS 119 602 examples (JSON)."""

import base64
from datetime import UTC, datetime, timedelta

from lxml import etree

from idbridge.crypto import cose
from idbridge.errors import IdBridgeError
from idbridge.limits import LIMITS
from idbridge.trust import lote
from idbridge.trust.importers.imported import ImportedList, Offer, Terms
from idbridge.trust.importers.list_of_lists import import_list_of_lists
from idbridge.trust.importers.trusted_list import import_trusted_list
from idbridge.trust.importers.vical import import_vical
from tests.judges.court import ACCEPTED, Case, Court

TSL = {"t": "http://uri.etsi.org/02231/v2#"}
VICAL_READ_AT = datetime(2024, 9, 25, tzinfo=UTC)
VICAL_AGE = timedelta(days=30)


def issued(octets: bytes) -> datetime:
    """When an XML list says that it was issued: all of them are years old, and no clock comes with them."""
    (text,) = etree.fromstring(octets).xpath("//t:SchemeInformation/t:ListIssueDateTime/text()", namespaces=TSL)
    return datetime.fromisoformat(text)


def read_xml(case: Case) -> ImportedList:
    """The list as it was when it was issued.

    Raises:
        IdBridgeError: It is refused.
    """
    octets = base64.b64decode(case["input"])
    signers = tuple(base64.b64decode(signer) for signer in case["context"]["signers"])
    terms = Terms(signers, territory=case["context"]["territory"])
    offer = Offer(octets, case["id"], issued(octets))
    return import_list_of_lists(offer, terms) if "lotl" in case["kind"] else import_trusted_list(offer, terms)


def read_vical(case: Case, *, last: bool, max_age: timedelta | None) -> ImportedList:
    """The list under the first or the last certificate that it brings, which the operator has confirmed.

    Raises:
        IdBridgeError: It is refused.
    """
    octets = base64.b64decode(case["input"])
    certificates = cose.parse_unverified(octets, max_bytes=LIMITS.trust_list_bytes).header.certificates
    terms = Terms((certificates[-1 if last else 0],), max_age=max_age)
    return import_vical(Offer(octets, case["id"], VICAL_READ_AT), terms)


def judge_xml(case: Case) -> str:
    """Signature, signer and content of an XML list."""
    try:
        read_xml(case)
    except IdBridgeError as refused:
        return refused.code
    return ACCEPTED


def judge_vical(case: Case) -> str:
    """Signature, signer and content of a VICAL."""
    try:
        read_vical(case, last=True, max_age=VICAL_AGE)
    except IdBridgeError as refused:
        return refused.code
    return ACCEPTED


def judge_lote(case: Case) -> str:
    """The data model of a JSON list, not our strict profile of it."""
    try:
        lote.parse(case["input"])
    except IdBridgeError as refused:
        return refused.code
    return ACCEPTED


EUTL = Court("eutl", dict.fromkeys(("eutl:tl-x", "eutl:lotl", "eutl:tl", "eutl:lotl-damaged"), judge_xml))
VICAL = Court("vical", {"vical": judge_vical})
LOTE = Court("lote", {"lote:schema": judge_lote})
