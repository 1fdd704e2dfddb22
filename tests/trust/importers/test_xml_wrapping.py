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
    with pytest.raises(TrustError) as caught:
        import_trusted_list(offer(text), TERMS)
    return caught.value.code


def evil() -> Any:
    return etree.fromstring(TrustedList(services=(EVIL,), sequence="9").xml().encode())


def signature_of(root: Any) -> Any:
    return root.find("ds:Signature", NAMES)


# Each takes a list that is honestly signed, as a whole or by its identifier as some signers do, and moves things
# so that a reader who looks for services, and a verifier who looks for the signed element, would see different ones.


def original_in_an_object(root: Any) -> Any:
    """The signed list goes into its own signature, which goes into an evil list."""
    outer, signature = evil(), signature_of(root)
    root.remove(signature)
    holder = etree.SubElement(signature, f"{{{DS}}}Object")
    holder.append(root)
    outer.append(signature)
    return outer


def original_beside_the_signature(root: Any) -> Any:
    outer, signature = evil(), signature_of(root)
    root.remove(signature)
    outer.append(root)
    outer.append(signature)
    return outer


def original_among_the_providers(root: Any) -> Any:
    outer, signature = evil(), signature_of(root)
    root.remove(signature)
    outer.find("t:TrustServiceProviderList", NAMES).append(root)
    outer.append(signature)
    return outer


def whole_original_in_an_evil_list(root: Any) -> Any:
    outer = evil()
    outer.append(root)
    return outer


def evil_list_with_the_same_identifier_first(root: Any) -> Any:
    root.insert(0, evil())
    return root


def evil_services_first(root: Any) -> Any:
    root.insert(0, evil().find("t:TrustServiceProviderList", NAMES))
    return root


def both_in_a_wrapper(root: Any) -> Any:
    outer = etree.Element(f"{{{TSL}}}TrustServiceStatusList")
    outer.append(evil())
    outer.append(root)
    return outer


def original_in_an_extension(root: Any) -> Any:
    outer, signature = evil(), signature_of(root)
    root.remove(signature)
    extensions = etree.SubElement(outer.find("t:SchemeInformation", NAMES), f"{{{TSL}}}SchemeExtensions")
    etree.SubElement(extensions, f"{{{TSL}}}Extension", Critical="false").append(root)
    outer.append(signature)
    return outer


def signature_below_the_scheme(root: Any) -> Any:
    root.find("t:SchemeInformation", NAMES).append(signature_of(root))
    return root


def signature_in_a_signature(root: Any) -> Any:
    inner = signature_of(root)
    outer = copy.deepcopy(inner)
    root.replace(inner, outer)
    etree.SubElement(outer, f"{{{DS}}}Object").append(inner)
    return root


def evil_list_in_the_signature(root: Any) -> Any:
    etree.SubElement(signature_of(root), f"{{{DS}}}Object").append(evil())
    return root


def evil_list_beside_the_properties(root: Any) -> Any:
    other = evil()
    del other.attrib["Id"]
    root.find(".//xades:QualifyingProperties", NAMES).getparent().append(other)
    return root


MOVES = [
    original_in_an_object,
    original_beside_the_signature,
    original_among_the_providers,
    whole_original_in_an_evil_list,
    evil_list_with_the_same_identifier_first,
    evil_services_first,
    both_in_a_wrapper,
    original_in_an_extension,
    signature_below_the_scheme,
    signature_in_a_signature,
    evil_list_in_the_signature,
]


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("uri", ["", "#list"])
def test_a_signature_that_was_wrapped_is_refused(move: Callable[[Any], Any], uri: str) -> None:
    wrapped = move(sign(LIST.xml(), Signing(uri=uri)))

    assert refusal(octets(wrapped)) == "trust.signature_invalid"


def test_what_stands_in_the_signature_is_never_read() -> None:
    inside = octets(evil_list_beside_the_properties(sign(LIST.xml())))

    found = import_trusted_list(offer(inside), TERMS)

    assert [service.name for service in found.services] == ["Identity issuance"]
    assert found.provenance.sequence == 7
