"""Structured mutation of a signed list: what an attacker, a broken tool or a colleague in a hurry could make of it.

``mutations`` yields as many as are wanted, the same ones for the same seed. Mutations are made of the parts of a list
before it is signed again, by whoever signs it in the story, so that each costs little more than its verification.
"""

import random
from collections.abc import Callable, Iterator
from typing import Final

from tests.trust import mutated_content as content
from tests.trust import mutated_travel as travel
from tests.trust.mutated_list import Mutation

KINDS: Final[tuple[Callable[[random.Random], Mutation], ...]] = (
    content.another_type,
    content.empty_text,
    content.number_edge,
    content.odd_number,
    content.removed,
    content.renamed,
    content.added,
    content.duplicated_member,
    content.duplicated_entry,
    content.reordered,
    content.swapped,
    content.text_flipped,
    content.key_flipped,
    content.payload_cut,
    content.payload_octet,
    travel.bit_flipped,
    travel.part_octet_flipped,
    travel.travel_form,
    travel.header_edited,
    travel.header_spelled,
    travel.signed_by_another,
    travel.transplanted,
    travel.signature_edge,
    content.of_another_place,
    travel.harmless,
)


def mutations(*, seed: int, count: int) -> Iterator[Mutation]:
    """Yield ``count`` mutations of one list, every kind in turn."""
    chance = random.Random(seed)
    for number in range(count):
        yield KINDS[number % len(KINDS)](chance)
