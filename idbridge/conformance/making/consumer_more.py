"""Cases of the trust-list consumer beyond the drill: bounds to the second, trees over time, and what comes after.

The drill asks whether an attack is refused. Whoever joins is asked as well whether what lies just inside a bound is
accepted, whether a node that was attacked goes on, and what of its denials is in force later.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from idbridge.conformance.making import consumer_acts as acts
from idbridge.conformance.making.consumer_acts import Denied, DenyListOf, Recovery, Standing
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.sandbox import forgeries
from idbridge.sandbox.cases import attacks_denials, attacks_freshness
from idbridge.sandbox.drill import contents, denying, edits, tampering, thefts
from idbridge.sandbox.drill.arena import HOUR, SG, TH
from idbridge.sandbox.drill.attack import Attack, accepted
from idbridge.sandbox.drill.publication import Publication
from idbridge.sandbox.drill.rotation import Rotation


@dataclass(frozen=True, slots=True)
class More:
    """An attack, or what is honest, with the requirements that it proves."""

    attack: Attack
    requirements: tuple[str, ...]


SECOND: Final = timedelta(seconds=1)
DAY: Final = timedelta(days=1)
_TIMESTAMP_ENDS: Final = DAY - 2 * HOUR  # the tree was last published two hours ago
_CLOCK: Final = 2 * HOUR + LIMITS.list_issue_skew  # so far behind a clock may be that saw the tree published

UNTOUCHED: Final = accepted(
    "tree-looked-at-again",
    "The tree that the node has seen, looked at again",
    why="Nothing is new, so nothing changes, and nobody is alarmed.",
    act=Standing(),
)
LAST_SECOND: Final = accepted(
    "timestamp-in-its-last-second",
    "The tree that the node has seen, a second before its timestamp ends",
    why="Until then it is in date.",
    act=Standing(clock=_TIMESTAMP_ENDS - SECOND),
)
CLOCK: Final = accepted(
    "clock-behind-within-bounds",
    "A node whose clock runs five minutes behind the last timestamp that it accepted",
    why="Clocks differ by seconds; five minutes are put up with.",
    act=Standing(clock=-_CLOCK),
)
FULL_STEP: Final = accepted(
    "list-ahead-within-bounds",
    "A list of Singapore a thousand editions ahead",
    why="So far a number may jump.",
    act=Publication(ahead=LIMITS.list_sequence_step),
)
LONGEST: Final = accepted(
    "list-good-for-the-longest-time",
    "A list of Singapore that is good for six months to the second",
    why="So long a list may be good.",
    act=Publication(life=LIMITS.list_lifetime),
)
SKEWED: Final = accepted(
    "list-issued-within-the-skew",
    "A list of Singapore issued five minutes from now",
    why="Clocks differ by seconds; five minutes are put up with.",
    act=Publication(issued=LIMITS.list_issue_skew),
)
ROLE_STEP: Final = accepted(
    "role-ahead-within-bounds",
    "A role of Singapore as far ahead as a version may run",
    why="So far a version may jump.",
    act=Publication(edits=edits.of("SG", edits.ahead(LIMITS.metadata_version_step - 1))),
)
DENIAL: Final = accepted(
    "denial-in-force-at-the-next-look",
    "The tree with a denial that the node took up, looked at again by a process that has just started",
    why="A denial is in force from the look that brought it, and after every restart.",
    act=Denied((SG,)),
)
LAPSED: Final = accepted(
    "denial-of-another-state-lapses",
    "A deny list with a denial that an officer of Thailand made eighty hours ago and nobody ratified",
    why="What an officer of another state denies alone lapses after three days.",
    act=Denied((TH,), age=denying.LAPSED),
)
OWN: Final = accepted(
    "own-denial-does-not-lapse",
    "A deny list with a denial that Singapore made of its own key eighty hours ago",
    why="What a state denies of its own stays denied until the state lifts it.",
    act=Denied((SG,), age=denying.LAPSED),
)
YOUNG: Final = accepted(
    "denial-of-another-state-in-force",
    "A deny list with a denial that an officer of Thailand made an hour ago",
    why="Whoever sees the damage first may stop it, wherever it is.",
    act=Denied((TH,)),
)
SAME_DENIALS: Final = accepted(
    "deny-list-with-nothing-new",
    "The region's next deny list, with what was denied before and nothing else",
    why="Its number follows, and nothing is missing.",
    act=DenyListOf(),
)
DENIALS: Final = attacks_denials.NEXT
NEXT: Final = attacks_freshness.NEXT
UNKNOWN_STATUS: Final = accepted(
    "list-with-unknown-status",
    "A list of Singapore with a service in a status that nobody knows",
    why="That entry gives no trust; the rest of the list does.",
    act=Publication(built=contents.login(contents.unknown_status)),
)
UNKNOWN_EXTENSION: Final = accepted(
    "list-with-unknown-critical-extension",
    "A list of Singapore with a service whose extension must be understood, and nobody knows it",
    why="That entry gives no trust; the rest of the list does.",
    act=Publication(built=contents.login(contents.unknown_critical_extension)),
)
FEWEST_ROOTS: Final = accepted(
    "one-new-root",
    "One new root, which exchanges the online key",
    why="The officers of the one before it signed it.",
    act=Rotation(length=1),
)
TOOK_UP: Final = accepted(
    "tree-looked-at-after-next-list",
    "The tree with Singapore's next list, looked at again",
    why="What was taken up stays.",
    act=Standing(begun=acts.took_up_next_list),
)
EXCHANGED: Final = accepted(
    "tree-looked-at-after-new-online-key",
    "The tree under a new online key, looked at again",
    why="What was taken up stays.",
    act=Standing(begun=acts.took_up_new_online_key),
)


def _recovered(name: str, what: str, shown: acts.Doing, *, mended: acts.Doing = acts.tree_of_before) -> Attack:
    return accepted(
        f"next-list-after-{name}",
        f"Singapore's next list at a node that was shown {what}",
        why="What was refused left no trace that keeps what is good out.",
        act=Recovery(shown, mended),
    )


def _as_it_is(_scene: Any) -> None:
    """Leave the tree as it is; the next publication goes over it."""


_RECOVERIES: Final = (
    _recovered("half-a-timestamp", "half a timestamp", tampering.half_a_timestamp),
    _recovered("a-mirror-that-was-gone", "no tree at all", acts.tree_gone),
    _recovered("the-tree-of-yesterday", "the tree of yesterday", lambda scene: scene.serve_yesterday()),
    _recovered("a-page", "a page to log in", tampering.overwritten("metadata/timestamp.json", b"<html>Welcome</html>")),
    _recovered(
        "a-broken-signature",
        "a list with a broken signature",
        acts.published(Publication(seal=forgeries.signature_changed)),
        mended=_as_it_is,
    ),
    _recovered(
        "a-role-short-of-signatures",
        "a role that lacked a signature",
        acts.published(Publication(signers=thefts.only("SG", 1))),
        mended=_as_it_is,
    ),
    _recovered(
        "an-older-list", "an older list under a new role", acts.published(Publication(ahead=-1)), mended=_as_it_is
    ),
    _recovered(
        "a-list-far-ahead",
        "a list a thousand and one editions ahead",
        acts.published(Publication(ahead=LIMITS.list_sequence_step + 1)),
        mended=_as_it_is,
    ),
)

MORE: Final = (
    More(UNTOUCHED, ("IDB-TL-006",)),
    More(TOOK_UP, ("IDB-TL-001",)),
    More(
        TOOK_UP.refused(
            "tree-of-before-after-next-list",
            "trust.rollback",
            "The tree that the node saw first, served after it took up the next one",
            why="Every file of it is genuine, in date, and older than what was accepted.",
            spoiled=acts.tree_of_before,
        ),
        ("IDB-TUF-001",),
    ),
    More(LAST_SECOND, ("IDB-TUF-002",)),
    More(
        LAST_SECOND.refused(
            "timestamp-at-its-end",
            "trust.expired",
            "The tree that the node has seen, at the second in which its timestamp ends",
            why="Whoever holds a new one back gains no second by it.",
            clock=_TIMESTAMP_ENDS,
        ),
        ("IDB-TUF-002",),
    ),
    More(
        LAST_SECOND.refused(
            "tree-that-nobody-renews",
            "trust.expired",
            "The tree that the node has seen, three days later",
            why="A region that falls silent is not believed for longer than a day.",
            clock=3 * DAY,
        ),
        ("IDB-TUF-002",),
    ),
    More(CLOCK, ("IDB-TUF-008",)),
    More(
        CLOCK.refused(
            "clock-behind-by-a-second-too-much",
            "trust.clock_behind",
            "A node whose clock runs five minutes and a second behind the last timestamp that it accepted",
            why="By that clock something that ran out might be good again.",
            clock=-_CLOCK - SECOND,
        ),
        ("IDB-TUF-008",),
    ),
    More(FULL_STEP, ("IDB-TL-007",)),
    More(LONGEST, ("IDB-TL-011",)),
    More(
        LONGEST.refused(
            "list-good-for-a-second-too-long",
            "trust.lifetime_too_long",
            "A list of Singapore that is good for six months and a second",
            why="A bound is a bound.",
            life=LIMITS.list_lifetime + SECOND,
        ),
        ("IDB-TL-011",),
    ),
    More(SKEWED, ("IDB-TL-012",)),
    More(
        SKEWED.refused(
            "list-issued-a-second-beyond-the-skew",
            "trust.issued_in_future",
            "A list of Singapore issued five minutes and a second from now",
            why="A bound is a bound.",
            issued=LIMITS.list_issue_skew + SECOND,
        ),
        ("IDB-TL-012",),
    ),
    More(ROLE_STEP, ("IDB-TUF-004",)),
    More(
        NEXT.refused(
            "tree-gone",
            "trust.unreachable",
            "A mirror from which the whole tree is gone",
            why="The node keeps what it holds, and tells.",
            spoiled=acts.tree_gone,
        ),
        ("IDB-TL-050",),
    ),
    More(
        NEXT.refused(
            "snapshot-missing",
            "trust.unreachable",
            "A mirror without the snapshot that its timestamp names",
            why="Half a publication is none.",
            spoiled=tampering.without(lambda head: f"metadata/{head.snapshot.version}.snapshot.json"),
        ),
        ("IDB-TL-050",),
    ),
    More(
        NEXT.refused(
            "role-missing",
            "trust.unreachable",
            "A mirror without the role of Singapore that its snapshot names",
            why="That state alone is kept back; its list that is held stays in force.",
            spoiled=tampering.without(lambda head: f"metadata/{head.roles['SG'].version}.SG.json"),
        ),
        ("IDB-TL-050",),
    ),
    More(UNKNOWN_STATUS, ("IDB-TL-019",)),
    More(UNKNOWN_EXTENSION, ("IDB-TL-019",)),
    More(FEWEST_ROOTS, ("IDB-TUF-025",)),
    More(EXCHANGED, ("IDB-TUF-025",)),
    More(
        EXCHANGED.refused(
            "old-online-key-after-its-exchange",
            "trust.threshold_missing",
            "A publication by the stolen online key, after the officers exchanged it",
            why="What the newest root names no more signs nothing, whatever version it writes.",
            spoiled=acts.old_online_key_goes_on,
        ),
        ("IDB-TUF-005",),
    ),
    More(
        EXCHANGED.refused(
            "newest-root-hidden-after-exchange",
            "trust.threshold_missing",
            "A publication by the old online key in a tree from which the newest root is gone, at a node that knows it",
            why="A root that was accepted is not forgotten because nobody serves it any more.",
            spoiled=acts.newest_root_gone,
        ),
        ("IDB-TUF-024",),
    ),
    *(More(recovery, ("IDB-TL-001",)) for recovery in _RECOVERIES),
    More(DENIAL, ("IDB-DENY-010",)),
    More(OWN, ("IDB-DENY-010",)),
    More(YOUNG, ("IDB-DENY-010",)),
    More(LAPSED, ("IDB-DENY-011",)),
    More(
        DENIAL.refused(
            "denial-outlives-the-mirror",
            "trust.unreachable",
            "The tree is gone after a node took up a denial",
            why="Denials are kept; whoever cuts the network cuts none of them off.",
            spoiled=acts.tree_gone,
        ),
        ("IDB-DENY-013",),
    ),
    More(
        DENIAL.refused(
            "denial-outlives-a-rollback",
            "trust.rollback",
            "The tree of before a denial, at a node that took it up",
            why="The tree is genuine, and knows nothing of the denial; the node does.",
            spoiled=acts.tree_of_before,
        ),
        ("IDB-DENY-013",),
    ),
    More(SAME_DENIALS, ("IDB-DENY-001",)),
    More(
        SAME_DENIALS.refused(
            "deny-list-of-live-environment",
            "trust.environment_mismatch",
            "A live deny list in the tree of the sandbox",
            why="Sandbox and live never mix.",
            environment=Environment.LIVE,
        ),
        ("IDB-DENY-008",),
    ),
    More(
        DENIALS.refused(
            "deny-list-a-step-too-far-ahead",
            "trust.sequence_jump",
            "A deny list a thousand and one numbers ahead",
            why="Accepted once, it would shut out every genuine denial.",
            number=denying.HELD_NUMBER + LIMITS.list_sequence_step + 1,
        ),
        ("IDB-DENY-007",),
    ),
    More(
        DENIALS.refused(
            "denial-issued-tomorrow",
            "trust.issued_in_future",
            "A denial issued tomorrow",
            why="Its three days would begin tomorrow, and nobody signs in the future.",
            written=acts.issued_tomorrow,
        ),
        ("IDB-DENY-008",),
    ),
)
