"""However a signed list is changed, it is refused with a code or reads exactly as it did before."""

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from idbridge.errors import IdBridgeError
from idbridge.trust.importers.imported import ImportedList
from idbridge.trust.importers.trusted_list import import_trusted_list
from tests.trust.importers import test_vical as vicals
from tests.trust.importers.xml_lists import (
    ENVELOPED,
    EXCLUSIVE,
    GOOD,
    STATUS,
    TERMS,
    Service,
    TrustedList,
    authority,
    identity,
    octets,
    offer,
    past,
    signed_list,
)

ROUNDS = 1_000
SECOND = Service(
    identity(authority("Second").certificate), name="Second", history=past(f"{STATUS}granted", "2024-01-01T00:00:00Z")
)
XML = signed_list(TrustedList(services=(GOOD, SECOND)))
VICAL = vicals.vical(vicals.entry(), vicals.entry(vicals.B))
PIECES = [
    b"<", b">", b"&", b'"', b"<!--x-->", b"<?pi x?>", b"&#x41;", b"&#0;", b"\xff", b"<![CDATA[", b"]]>",
    b' xmlns="urn:x"', b' Id="properties"', b"\xef\xbb\xbf", b"granted", b"withdrawn",
]  # fmt: skip
NAMES = ["Id", "ID", "id", "URI", "Algorithm", "Target", "Critical"]
VALUES = ["list", "signature", "properties", "#properties", "#list", "", EXCLUSIVE, ENVELOPED]


def read_xml(text: bytes) -> ImportedList:
    return import_trusted_list(offer(text), TERMS)


def said(found: ImportedList) -> Any:
    """All that an import says, but for the digest of the file, which may differ in what nobody reads."""
    return found.provenance.content, found.provenance.sequence, found.services, found.dropped, found.pointers


def change_octets(text: bytes, chance: random.Random) -> bytes:
    changed = bytearray(text)
    place, kind = chance.randrange(len(changed)), chance.random()
    if kind < 0.4:
        changed[place] ^= 1 << chance.randrange(8)
    elif kind < 0.6:
        del changed[place : place + chance.randrange(1, 60)]
    elif kind < 0.8:
        changed[place:place] = chance.choice(PIECES)
    else:
        target = chance.randrange(len(changed))
        changed[target:target] = changed[place : place + chance.randrange(1, 400)]
    return bytes(changed)


def change_elements(text: bytes, chance: random.Random) -> bytes:
    root = etree.fromstring(text)
    elements = [one for one in root.iter() if isinstance(one.tag, str)]
    one, other, kind = chance.choice(elements[1:]), chance.choice(elements), chance.random()
    if kind < 0.25:
        one.getparent().remove(one)
    elif kind < 0.5 and other not in list(one.iter()):
        other.insert(chance.randrange(len(other) + 1), one)
    elif kind < 0.7:
        other.insert(chance.randrange(len(other) + 1), copy.deepcopy(one))
    elif kind < 0.8:
        one.text = chance.choice(["", "granted", other.text])
    elif kind < 0.9:
        one.set(chance.choice(NAMES), chance.choice(VALUES))
    else:
        other.append(etree.Comment("x"))
    return octets(root)


@pytest.mark.parametrize(
    ("text", "read", "change"),
    [(XML, read_xml, change_octets), (XML, read_xml, change_elements), (VICAL, vicals.read, change_octets)],
    ids=["xml-octets", "xml-elements", "vical-octets"],
)
def test_no_changed_list_says_anything_else(
    text: bytes, read: Callable[[bytes], ImportedList], change: Callable[[bytes, random.Random], bytes]
) -> None:
    chance = random.Random(20261128)
    genuine = said(read(text))
    refused = 0

    for _ in range(ROUNDS):
        changed = text
        for _ in range(chance.choice([1, 1, 2, 3])):
            try:
                changed = change(changed, chance)
            except etree.XMLSyntaxError:
                break
        try:
            found = read(changed)
        except IdBridgeError:
            refused += 1
        else:
            assert said(found) == genuine

    assert refused > ROUNDS * 0.9
