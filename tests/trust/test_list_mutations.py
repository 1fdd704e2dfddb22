"""Thousands of mutated lists, none of which is accepted, save those that say the very same again.

``IDBRIDGE_MUTATIONS=100000`` runs as many as that.
"""

import os
from collections import Counter

from idbridge.errors import TrustError
from idbridge.model.region import Environment
from idbridge.trust.snapshot import snapshot_of
from idbridge.trust.trusted_set import TrustedSet
from tests.trust.editions import NOON, SG, pins
from tests.trust.mutated_list import ORIGINAL, Mutation
from tests.trust.mutation import KINDS, mutations

COUNT = int(os.environ.get("IDBRIDGE_MUTATIONS", "8000"))
SEED = int(os.environ.get("IDBRIDGE_MUTATIONS_SEED", "1"))
EMPTY = TrustedSet(Environment.SANDBOX, pins())
HELD = EMPTY.with_list(ORIGINAL, state=SG, at=NOON)


def accepted(held: TrustedSet, mutation: Mutation) -> str | None:
    """What becomes of an offer: the code of its refusal, or ``None``; any other exception fails the test."""
    try:
        grown = held.with_list(mutation.offered, state=SG, at=NOON)
    except TrustError as refusal:
        return refusal.code
    return None if grown is held else "accepted"


def test_no_mutated_list_is_accepted_unless_it_says_the_same_again() -> None:
    before = snapshot_of(HELD).id
    wrong = []
    codes: Counter[str | None] = Counter()
    for mutation in mutations(seed=SEED, count=COUNT):
        code = accepted(HELD, mutation)
        codes[code] += 1
        if code == "accepted" or (code is None) is not mutation.harmless:
            wrong.append((mutation.story, code))
        if mutation.alien and accepted(EMPTY, mutation) in (None, "accepted"):
            wrong.append((mutation.story, "accepted by a node that holds nothing"))

    assert wrong == []
    assert snapshot_of(HELD).id == before
    assert sum(codes.values()) == COUNT
    assert {"trust.profile_violation", "trust.signature_invalid", "trust.signer_unknown", "trust.equivocation"} <= {
        *codes
    }


def test_the_same_seed_makes_the_same_stories_and_every_kind_comes() -> None:
    once, again = ([one.story for one in mutations(seed=3, count=len(KINDS))] for _ in range(2))

    assert once == again
    assert len(once) == len(KINDS)
