"""Attacks 1 to 18: old lists, second lists, lists from the future, and versions that run ahead or stand still.

Clauses: reference on trust lists, section 7; TUF specification 5.3 to 5.6.
"""

from collections.abc import Iterator
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.sandbox.drill import edits, tampering
from idbridge.sandbox.drill.arena import HOUR, Scene
from idbridge.sandbox.drill.attack import Attack, accepted
from idbridge.sandbox.drill.publication import Publication
from idbridge.trust.tuf import roles

_DAY: Final = timedelta(days=1)
_NUMBERS: Final = MappingProxyType({
    "text": b'"3"', "negative": b"-3", "fraction": b"3.5", "exponent": b"3e0", "beyond": b"9223372036854775808",
})  # fmt: skip
NEXT: Final = accepted(
    "honest-next-list",
    "Singapore's next list in the region's next publication",
    why="Everybody signed what is theirs, and every number follows the one before it.",
    act=Publication(),
)
RESTARTED: Final = accepted(
    "honest-list-after-lost-cache",
    "Singapore's next list at a node that lost its cache",
    why="The cache is fetched again; what the node has accepted stands in its floors.",
    act=Publication(begun=tampering.forgot_its_cache),
)
OVERDUE: Final = accepted(
    "honest-list-after-overdue-one",
    "Singapore's next list at a node whose list of Singapore ran out",
    why="A list that came late is a good list.",
    act=Publication(ahead=2, begun=tampering.holds_a_list_past_its_end),
)
TWICE: Final = accepted(
    "attack-06-same-list-signed-again",
    "Singapore's present list, signed once more",
    why="It says the same under the same number: nothing changes, and nobody is alarmed.",
    act=Publication(ahead=0, issued=-2 * HOUR),
)


def attacks() -> Iterator[Attack]:
    """Yield the attacks on freshness and version."""
    yield from (NEXT, RESTARTED, OVERDUE)
    yield from _rollbacks()
    yield TWICE
    yield from _freezes()
    yield from _dates()
    yield from _numbers()
    yield from _mixtures()
    yield from _clocks()


def _rollbacks() -> Iterator[Attack]:
    yield NEXT.refused(
        "attack-01-rollback-sequence",
        "trust.rollback",
        "An older edition of Singapore's list under a new role",
        why="Signed by all the right keys, it would bring back what was withdrawn since.",
        ahead=-1,
    )
    yield RESTARTED.refused(
        "attack-02-rollback-after-restart",
        "trust.rollback",
        "The tree of yesterday, served to a node that lost its cache",
        why="The library starts anew without a cache; the floors of the node do not.",
        spoiled=Scene.serve_yesterday,
    )
    yield NEXT.refused(
        "attack-03-rollback-bundle",
        "trust.rollback",
        "A medium with the tree of yesterday, carried to a node without network",
        why="What is carried is judged like what is fetched; going back takes a quorum and a new number.",
        spoiled=Scene.serve_yesterday,
    )
    yield OVERDUE.refused(
        "attack-04-rollback-of-overdue-list",
        "trust.rollback",
        "An older list, offered while the node's own one has run out",
        why="A list that has run out is still the floor; otherwise patience would be an attack.",
        ahead=0,
    )
    yield NEXT.refused(
        "attack-05-second-list-under-one-number",
        "trust.equivocation",
        "Another list of Singapore under the number of the present one",
        why="Somebody is shown something else than everybody else.",
        ahead=0,
    )


def _freezes() -> Iterator[Attack]:
    yield NEXT.refused(
        "attack-07-freeze-timestamp-replayed",
        "trust.rollback",
        "The timestamp of yesterday, replayed over the new publication",
        why="It is genuine and in date, and older than the one that was accepted.",
        spoiled=tampering.timestamp_of_yesterday,
    )
    yield NEXT.refused(
        "attack-07-freeze-past-expiry",
        "trust.expired",
        "A mirror that shows no timestamp younger than a day",
        why="Whoever holds the new one back would hide every withdrawal in it.",
        edits=edits.of(roles.TIMESTAMP, edits.aged(_DAY + HOUR)),
    )
    yield NEXT.refused(
        "attack-08-freeze-one-state",
        "trust.expired",
        "A role of Singapore that ran out while the region moved on",
        why="That state alone is late; the others are untouched.",
        edits=edits.of("SG", edits.aged(101 * _DAY)),
    )


def _dates() -> Iterator[Attack]:
    yield NEXT.refused(
        "attack-09-expired-list",
        "trust.expired",
        "A list of Singapore past its next update, under a role in date",
        why="The list ends by its own date, whatever the role around it says.",
        life=timedelta(minutes=10),
    )
    yield NEXT.refused(
        "attack-10-next-update-too-far",
        "trust.lifetime_too_long",
        "A list of Singapore that is good for seven months",
        why="A stolen one would be good for as long.",
        life=timedelta(days=212),
    )
    yield NEXT.refused(
        "attack-11-next-update-before-issue",
        "trust.profile_violation",
        "A list that ends before it begins",
        why="It was never good for anything.",
        life=timedelta(minutes=-1),
    )
    yield NEXT.refused(
        "attack-12-issued-in-future",
        "trust.issued_in_future",
        "A list issued ten minutes from now",
        why="Clocks differ by seconds; five minutes are allowed.",
        issued=timedelta(minutes=10),
    )


def _numbers() -> Iterator[Attack]:
    yield NEXT.refused(
        "attack-13-fast-forward-list",
        "trust.sequence_jump",
        "A list of Singapore a thousand and one editions ahead, fully signed",
        why="Accepted once, it would shut out every genuine list for years.",
        ahead=LIMITS.list_sequence_step + 1,
    )
    yield NEXT.refused(
        "attack-13-fast-forward-role",
        "trust.sequence_jump",
        "A role of Singapore a hundred thousand versions ahead",
        why="Its next genuine version would look like a rollback for ever.",
        edits=edits.of("SG", edits.ahead(LIMITS.metadata_version_step)),
    )
    numbers = {
        "text": b'"3"',
        "negative": b"-3",
        "fraction": b"3.5",
        "exponent": b"3e0",
        "beyond": b"9223372036854775808",
    }
    for name, number in numbers.items():
        yield NEXT.refused(
            f"attack-14-sequence-as-{name}",
            "trust.profile_violation",
            f"A list whose sequence number is written as `{number.decode()}`",
            why="Two readers would read two numbers; one spelling is a number, and it is a whole one.",
            seal=edits.with_payload(b'"LoTESequenceNumber":3', b'"LoTESequenceNumber":' + number),
        )


def _mixtures() -> Iterator[Attack]:
    mixtures = {
        "role": ("The role of yesterday under the name of today's", tampering.role_of_yesterday),
        "snapshot": ("The snapshot of yesterday under today's timestamp", tampering.snapshot_of_yesterday),
        "list": ("The list of yesterday under the hash of today's", tampering.list_of_yesterday),
    }
    for name, (title, spoiled) in mixtures.items():
        yield NEXT.refused(
            f"attack-15-mix-and-match-{name}",
            "trust.snapshot_mismatch",
            title,
            why="Each file is genuine; the region never published them together.",
            spoiled=spoiled,
        )
    disagreements: dict[str, dict[str, Any]] = {"sequence": {"sequence": 4}, "digest": {"digest": "0" * 64}}
    for name, changes in disagreements.items():
        yield NEXT.refused(
            f"attack-16-role-and-list-disagree-on-{name}",
            "trust.entry_mismatch",
            f"A role of Singapore that names another {name} than its list has",
            why="Two kinds of keys say the same thing twice; where they differ, neither is believed.",
            named=edits.entry_saying(**changes),
        )


def _clocks() -> Iterator[Attack]:
    yield NEXT.refused(
        "attack-17-clock-backwards",
        "trust.clock_behind",
        "A node whose clock was set back three hours",
        why="By that clock everything that ran out since would be good again, so the node serves nothing.",
        clock=-3 * HOUR,
    )
    yield NEXT.refused(
        "attack-18-missing-next-update",
        "trust.profile_violation",
        "A list of Singapore that does not say when the next one is due",
        why="Nobody would ever notice that it was held back.",
        built=_without_next_update,
    )


def _without_next_update(lote: dict[str, Any]) -> dict[str, Any]:
    del lote["LoTE"]["ListAndSchemeInformation"]["NextUpdate"]
    return lote
