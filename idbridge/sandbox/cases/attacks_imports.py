"""Attacks on lists that are imported: 18, 37 to 40, 46, 62, 68 to 70, in XML and in CBOR.

Clauses: reference on trust lists, section 7; ETSI TS 119 612, TS 119 615; ISO/IEC 18013-5 annex C; RFC 8949.
"""

from collections.abc import Iterator
from typing import Final

from idbridge.limits import LIMITS
from idbridge.sandbox.drill import importing
from idbridge.sandbox.drill.attack import Attack, accepted
from idbridge.sandbox.drill.importing import DAY, PivotImport, VicalImport, XmlImport
from idbridge.sandbox.drill.xml_lists import TRICKS, WRAPPINGS

PROFILE: Final = "trust.profile_violation"
SIGNATURE: Final = "trust.signature_invalid"
SIGNER: Final = "trust.signer_unknown"

XML: Final = accepted(
    "honest-xml-list",
    "A trusted list in XML under its pinned signer",
    why="What is read is what the signature covers, and nothing beside it.",
    act=XmlImport(),
)
LISTS: Final = accepted(
    "honest-list-of-lists",
    "A list of lists whose signer changed twice, with both pivots",
    why="The pinned signer named the next one, and that one the present one.",
    act=PivotImport(),
)
VICAL: Final = accepted(
    "honest-vical",
    "A VICAL under its pinned signer",
    why="Signed, in date, each authority for its types of document.",
    act=VicalImport(),
)


def attacks() -> Iterator[Attack]:
    """Yield the attacks on imports."""
    yield from (XML, LISTS, VICAL)
    yield from _signers()
    yield from _pivots()
    yield from _xml()
    yield from _cbor()


def _signers() -> Iterator[Attack]:
    yield VICAL.refused(
        "attack-18-vical-without-next-update",
        PROFILE,
        "A VICAL that does not say when the next one is due, and no age is set for it",
        why="Without either, an old one would be good for ever.",
        members=importing.without_next_update,
    )
    for name, twin in (("xml-list", XML), ("vical", VICAL)):
        yield twin.refused(
            f"attack-37-signer-of-{name}-expired",
            SIGNER,
            f"A list ({name}) under a signer's certificate that expired yesterday",
            why="That it was pinned once does not keep it alive.",
            ends=-DAY,
        )
        yield twin.refused(
            f"attack-38-signer-of-{name}-not-yet-valid",
            SIGNER,
            f"A list ({name}) under a signer's certificate of tomorrow",
            why="Nobody signs before their time.",
            starts=DAY,
        )
    yield VICAL.refused(
        "attack-39-signer-is-authority",
        SIGNER,
        "A VICAL that an authority signed itself, with a key that is for certificates",
        why="Who issues certificates does not sign lists with the same key.",
        certificate=importing.certificate_of_authority,
    )
    yield XML.refused(
        "attack-40-list-of-another-territory",
        "trust.territory_mismatch",
        "A list in XML of Thailand, where one of Singapore is expected",
        why="The signer is right, and speaks for somebody else.",
        territory="TH",
    )
    yield XML.refused(
        "attack-30-xml-list-of-another-signer",
        SIGNER,
        "A list in XML that a stranger signed, whose certificate it brings along",
        why="The pinned certificate is compared octet by octet; the one inside recommends itself.",
        signed_by="officer",
    )


def _pivots() -> Iterator[Attack]:
    served = {
        "missing": ("of which the first is missing", importing.first_missing, SIGNER),
        "not-signed": ("of which the first is not signed", importing.first_not_signed, SIGNATURE),
        "loop": ("of which the second leads back to the first", importing.first_again, SIGNER),
    }
    for name, (what, change, code) in served.items():
        yield LISTS.refused(
            f"attack-46-pivot-{name}",
            code,
            f"A list of lists with pivots {what}",
            why="There is no warning and going on: whoever hides one pivot would choose the signer.",
            served=change,
        )
    yield LISTS.refused(
        "attack-70-pointer-loop",
        PROFILE,
        "A list of lists that names one pivot twice",
        why="Nobody walks in a circle.",
        named=(importing.SECOND_PIVOT, importing.FIRST_PIVOT, importing.SECOND_PIVOT),
    )
    yield LISTS.refused(
        "attack-70-pointer-depth",
        PROFILE,
        "A list of lists that names more pivots than anybody walks",
        why="A chain has an end, and the end is ours to set.",
        named=tuple(f"https://lists.example/{number}.xml" for number in range(LIMITS.import_pivots + 1)),
    )


def _xml() -> Iterator[Attack]:
    for name, moved in WRAPPINGS.items():
        yield XML.refused(
            f"attack-68-wrapping-{name}",
            SIGNATURE,
            f"A list in XML that was wrapped: {name.replace('-', ' ')}",
            why="One signature, directly below the root, over the whole; so nothing can be moved beside it.",
            moved=moved,
        )
    for name, (moved, code) in TRICKS.items():
        yield XML.refused(
            f"attack-68-{name}",
            code,
            f"A list in XML with a trick: {name.replace('-', ' ')}",
            why="Nothing is expanded, fetched or included, and what is signed is what is read.",
            moved=moved,
        )
    yield XML.refused(
        "attack-70-pointer-fan-out",
        PROFILE,
        "A list in XML that points to more lists than there are",
        why="Following them all would be somebody else's attack.",
        pointers=LIMITS.import_pointers + 1,
    )


def _cbor() -> Iterator[Attack]:
    yield VICAL.refused(
        "attack-62-one-identifier-for-two-keys",
        PROFILE,
        "A VICAL in which one key identifier stands for two keys",
        why="Whoever looks a key up by it would find either; none is taken in silence.",
        members=importing.shared_identifier,
    )
    encodings = {
        "without-length": ("without a length", importing.indefinite),
        "duplicate-key": ("with one member twice", importing.member_twice),
        "tag-bomb": ("of tags within tags", importing.tag_bomb),
        "nested": ("of arrays within arrays", importing.nested),
    }
    for name, (what, change) in encodings.items():
        yield VICAL.refused(
            f"attack-69-cbor-{name}",
            PROFILE,
            f"A VICAL in CBOR {what}",
            why="There is one spelling of everything, and a depth at which one stops.",
            encoded=change,
        )
