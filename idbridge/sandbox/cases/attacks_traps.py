"""The traps T1 to T8: what the TUF library lets pass, and an attacker or an accident makes use of.

Clause: reference on TUF, section 4.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from idbridge.limits import LIMITS
from idbridge.sandbox.cases.attacks_freshness import NEXT
from idbridge.sandbox.cases.attacks_signatures import TOP
from idbridge.sandbox.drill import edits, tampering, thefts
from idbridge.sandbox.drill.arena import HOUR, Scene
from idbridge.sandbox.drill.attack import Attack, accepted
from idbridge.sandbox.drill.publication import Publication
from idbridge.sandbox.drill.standing import Standing
from idbridge.trust.tuf import roles

METADATA: Final = "trust.metadata_invalid"
_CENTURIES: Final = timedelta(days=365 * 1000)

ZEROES: Final = accepted(
    "honest-list-after-cache-of-zeroes",
    "Singapore's next list at a node whose cache a crash left empty",
    why="What the library forgot is fetched again.",
    act=Publication(begun=tampering.lost_its_cache_to_zeroes),
)
SECOND_ROOT: Final = accepted(
    "honest-tree-with-second-root",
    "The tree under its second root, at a node that lost its cache",
    why="Every root is there, and so the node walks to the newest again.",
    act=Standing(begun=tampering.walked_to_the_second_root),
)


def attacks() -> Iterator[Attack]:
    """Yield the traps."""
    yield from (ZEROES, SECOND_ROOT)
    yield from _keys()
    yield from _reach()
    yield from _memory()
    yield from _bounds()


def _keys() -> Iterator[Attack]:
    keys = {
        "t1-one-key-under-two-labels": ("that names one key under two labels", thefts.key_under_second_label),
        "t1-one-key-in-two-spellings": ("that spells one key in two ways", thefts.key_in_second_spelling),
        "t1-one-key-of-two-states": (
            "in which Thailand's key stands in Singapore's role too",
            thefts.key_of_two_states,
        ),
        "t7-unknown-key-type": ("with a key type that older nodes cannot read", thefts.key_of_unknown_type),
    }
    for name, (what, edit) in keys.items():
        yield TOP.refused(
            f"trap-{name}",
            METADATA,
            f"A top level, signed by three states, {what}",
            why="One key counts once, for one state, in one spelling that every node reads.",
            edits=edits.of(roles.TARGETS, edit),
        )


def _reach() -> Iterator[Attack]:
    yield NEXT.refused(
        "trap-t2-state-role-delegates",
        METADATA,
        "A role of Singapore that delegates to somebody else",
        why="Role names are one space for the whole region; whoever delegates could take a neighbour's name.",
        edits=edits.of("SG", thefts.delegates_further),
    )
    yield NEXT.refused(
        "trap-t2-snapshot-without-hashes",
        METADATA,
        "A snapshot that names files by their number alone",
        why="Two files of one number could be shown to two nodes.",
        edits=edits.of(roles.SNAPSHOT, thefts.names_without_hash),
    )
    yield NEXT.refused(
        "trap-t3-role-lists-denials",
        "trust.territory_mismatch",
        "A role of Singapore that lists a deny list of its own",
        why="The library never asks the role for that path; who reads the file as it stands must not either.",
        edits=edits.of("SG", thefts.lists("deny/list.json")),
    )


def _memory() -> Iterator[Attack]:
    yield ZEROES.refused(
        "trap-t4-cache-of-zeroes",
        "trust.rollback",
        "The tree of yesterday, served to a node whose cache a crash left empty",
        why="The library starts its memory anew without a word; the floors of the node do not.",
        spoiled=Scene.serve_yesterday,
    )
    yield SECOND_ROOT.refused(
        "trap-t5-missing-root",
        "trust.rollback",
        "A tree from which the second root is gone, at a node that lost its cache",
        why="A missing root looks like the newest one to the library.",
        spoiled=tampering.second_root_gone,
    )
    yield NEXT.refused(
        "trap-t8-clock-set-back",
        "trust.clock_behind",
        "A clock six minutes behind the last timestamp that was accepted",
        why="The library never looks; five minutes are put up with.",
        clock=-(2 * HOUR + LIMITS.list_issue_skew + timedelta(minutes=1)),
    )


def _bounds() -> Iterator[Attack]:
    yield NEXT.refused(
        "trap-t6-role-for-ever",
        "trust.lifetime_too_long",
        "A role of Singapore that is good for a thousand years",
        why="Nobody could ever take it back by waiting.",
        edits=edits.of("SG", edits.lasting(_CENTURIES)),
    )
    yield NEXT.refused(
        "trap-t6-version-out-of-bounds",
        METADATA,
        "A role of Singapore in version 2 to the 60th",
        why="There would be no next one.",
        edits=edits.of("SG", edits.ahead(2**60)),
    )
