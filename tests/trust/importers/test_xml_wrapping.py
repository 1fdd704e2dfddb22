"""Signature wrapping: nothing can be moved to where it is signed and not read, or read and not signed."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from idbridge.errors import TrustError
from idbridge.trust.importers.trusted_list import import_trusted_list
from tests.trust.importers.xml_lists import (
    DS,
    GOOD,
    TERMS,
    TSL,
    XADES,
    Signing,
    TrustedList,
    authority,
    identity,
    octets,
    offer,
    sign,
)

LIST = TrustedList()
NAMES = {"t": TSL, "ds": DS, "xades": XADES}
EVIL = replace(GOOD, digital_identity=identity(authority("Evil").certificate), name="Evil")


def refusal(text: bytes) -> str:
    """Why a list whose signature is not what it has to be is refused."""
    with pytest.raises(TrustError) as caught:
        import_trusted_list(offer(text), TERMS)
    assert caught.value.code == "trust.signature_invalid"
    return caught.value.detail


def evil() -> Any:
    return etree.fromstring(TrustedList(services=(EVIL,), sequence="9").xml().encode())


def signature_of(root: Any) -> Any:
    return root.find("ds:Signature", NAMES)


# Each takes a list that is honestly signed, as a whole or by its identifier as some signers do, and moves things
# so that a reader who looks for services, and a verifier who looks for the signed element, would see different ones.


def original_in_an_object(root: Any, outer: Any) -> Any:
    """The signed list goes into its own signature, which goes into an evil list."""
    signature = signature_of(root)
    root.remove(signature)
    holder = etree.SubElement(signature, f"{{{DS}}}Object")
    holder.append(root)
    outer.append(signature)
    return outer


def original_beside_the_signature(root: Any, outer: Any) -> Any:
    signature = signature_of(root)
    root.remove(signature)
    outer.append(root)
    outer.append(signature)
    return outer


def original_among_the_providers(root: Any, outer: Any) -> Any:
    signature = signature_of(root)
    root.remove(signature)
    outer.find("t:TrustServiceProviderList", NAMES).append(root)
    outer.append(signature)
    return outer


def whole_original_in_an_evil_list(root: Any, outer: Any) -> Any:
    outer.append(root)
    return outer


def evil_list_first(root: Any, other: Any) -> Any:
    root.insert(0, other)
    return root


def evil_services_first(root: Any, other: Any) -> Any:
    root.insert(0, other.find("t:TrustServiceProviderList", NAMES))
    return root


def both_in_a_wrapper(root: Any, other: Any) -> Any:
    outer = etree.Element(f"{{{TSL}}}TrustServiceStatusList")
    outer.append(other)
    outer.append(root)
    return outer


def original_in_an_extension(root: Any, outer: Any) -> Any:
    signature = signature_of(root)
    root.remove(signature)
    extensions = etree.SubElement(outer.find("t:SchemeInformation", NAMES), f"{{{TSL}}}SchemeExtensions")
    etree.SubElement(extensions, f"{{{TSL}}}Extension", Critical="false").append(root)
    outer.append(signature)
    return outer


def signature_below_the_scheme(root: Any, _: Any) -> Any:
    root.find("t:SchemeInformation", NAMES).append(signature_of(root))
    return root


def signature_in_a_signature(root: Any, _: Any) -> Any:
    inner = signature_of(root)
    outer = copy.deepcopy(inner)
    root.replace(inner, outer)
    etree.SubElement(outer, f"{{{DS}}}Object").append(inner)
    return root


def evil_list_in_the_signature(root: Any, other: Any) -> Any:
    etree.SubElement(signature_of(root), f"{{{DS}}}Object").append(other)
    return root


def evil_list_beside_the_properties(root: Any) -> Any:
    other = evil()
    del other.attrib["Id"]
    root.find(".//xades:QualifyingProperties", NAMES).getparent().append(other)
    return root


PLACE = "one signature, directly below its root"
PARTS = "more or less than its own parts"
TWICE = "an identifier stands twice"
REFERENCE = "refers to something else"
DIGEST = "does not verify"


@pytest.mark.parametrize(
    ("move", "why"),
    [
        (original_in_an_object, {PARTS}),
        (original_beside_the_signature, {TWICE, REFERENCE, DIGEST}),
        (original_among_the_providers, {TWICE, REFERENCE, DIGEST}),
        (whole_original_in_an_evil_list, {PLACE}),
        (evil_list_first, {TWICE, REFERENCE, DIGEST}),
        (evil_services_first, {REFERENCE, DIGEST}),
        (both_in_a_wrapper, {PLACE}),
        (original_in_an_extension, {TWICE, REFERENCE, DIGEST}),
        (signature_below_the_scheme, {PLACE}),
        (signature_in_a_signature, {PLACE}),
        (evil_list_in_the_signature, {PARTS}),
    ],
)
def test_a_signature_that_was_wrapped_is_refused(move: Callable[[Any, Any], Any], why: set[str]) -> None:
    reasons = set()
    for uri in ("", "#list"):
        for identifier in ("list", "another"):
            other = evil()
            other.set("Id", identifier)
            told = refusal(octets(move(sign(LIST.xml(), Signing(uri=uri)), other)))
            reasons |= {reason for reason in (PLACE, PARTS, TWICE, REFERENCE, DIGEST) if reason in told}

    assert reasons == why


def test_what_stands_in_the_signature_is_never_read() -> None:
    inside = octets(evil_list_beside_the_properties(sign(LIST.xml())))

    found = import_trusted_list(offer(inside), TERMS)

    assert [service.name for service in found.services] == ["Identity issuance"]
    assert found.provenance.sequence == 7
