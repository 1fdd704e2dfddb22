"""Attacks on denials: on the deny list, on its role, and on what a node remembers of it.

Clause: architecture D1, emergency deny.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from idbridge.sandbox.drill import denying, edits, tampering, thefts
from idbridge.sandbox.drill.arena import SG, TH
from idbridge.sandbox.drill.attack import Attack, accepted
from idbridge.sandbox.drill.denying import DeniedLogin, DenyPublication
from idbridge.trust.tuf import roles

INVALID: Final = "trust.deny_invalid"
DROPPED: Final = "trust.deny_dropped"

NEXT: Final = accepted(
    "honest-next-deny-list",
    "The region's next deny list, with what was denied before and one denial more",
    why="One key of the affected state is enough for that, and nothing is missing.",
    act=DenyPublication(),
)
WHOLE: Final = accepted(
    "honest-denial-of-a-state",
    "A deny list in which officers of two states stop a third one",
    why="Two of them together may, for three days.",
    act=DenyPublication(whole_state=True, denied_by=denying.BOTH),
)
LIFTED: Final = accepted(
    "honest-lift",
    "A deny list in which officers of three states lift what one of another denied",
    why="That is the quorum which gives trust at all.",
    act=DenyPublication(lifted_by=denying.THREE),
)
RATIFIED: Final = accepted(
    "honest-ratification",
    "A deny list in which officers of three states ratify what one of them denied",
    why="From then on it does not lapse.",
    act=DenyPublication(ratified_by=denying.THREE),
)
LOGIN: Final = accepted(
    "honest-login-beside-denial",
    "A login of Singapore at a node that took up the denial of another key of Singapore",
    why="A denial reaches what it names.",
    act=DeniedLogin(),
)
OFFICER: Final = accepted(
    "honest-login-after-lapse",
    "A login of Singapore eighty hours after an officer of Thailand denied its key",
    why="Nobody ratified that, and so it lapsed after three days.",
    act=DeniedLogin(of="sg-login", by=(TH,), age=denying.LAPSED),
)
DARK: Final = accepted(
    "honest-login-without-mirror",
    "A login of Singapore at a node that was started anew without a mirror",
    why="The lists that it holds are in date, and what it remembers to be denied is something else.",
    act=DeniedLogin(since=denying.mirror_gone),
)


def attacks() -> Iterator[Attack]:
    """Yield the attacks on denials."""
    yield from (NEXT, WHOLE, LIFTED, RATIFIED, LOGIN, OFFICER, DARK)
    yield from _lists()
    yield from _authority()
    yield from _role()
    yield from _logins()


def _lists() -> Iterator[Attack]:
    yield NEXT.refused(
        "deny-01-entry-dropped",
        DROPPED,
        "A deny list of the region without the denial that a node holds",
        why="A denial ends by a lift, never by silence.",
        keeps=False,
    )
    yield NEXT.refused(
        "deny-02-list-rolled-back",
        "trust.rollback",
        "The first deny list, under a new role",
        why="It knows nothing of what was denied since.",
        number=1,
    )
    yield NEXT.refused(
        "deny-03-list-withheld",
        DROPPED,
        "A deny role that lists no deny list any more",
        why="An empty shelf is no lift.",
        listed=denying.nothing_listed,
    )
    yield NEXT.refused(
        "deny-03-list-kept-back-by-mirror",
        "trust.unreachable",
        "A mirror without the deny list that its role names",
        why="What cannot be had changes nothing of what is held, and somebody is told.",
        spoiled=tampering.without_deny_list,
    )
    yield NEXT.refused(
        "deny-09-second-list-under-one-number",
        "trust.equivocation",
        "Another deny list under the number of the one held",
        why="Two nodes would be shown two.",
        number=denying.HELD_NUMBER,
    )


def _authority() -> Iterator[Attack]:
    yield NEXT.refused(
        "deny-04-role-signs-a-grant",
        INVALID,
        "A deny list with an entry that grants",
        why="Whoever may deny fast may do nothing else.",
        written=denying.grants,
    )
    yield WHOLE.refused(
        "deny-05-officer-denies-state-alone",
        INVALID,
        "A deny list in which one officer stops another state",
        why="One state does not stop another.",
        denied_by=(TH,),
    )
    yield LIFTED.refused(
        "deny-07-lift-below-quorum",
        INVALID,
        "A deny list in which officers of two states lift a denial",
        why="Giving trust back takes the quorum that giving it takes.",
        lifted_by=(SG, TH),
    )
    yield RATIFIED.refused(
        "deny-10-ratification-below-quorum",
        INVALID,
        "A deny list in which officers of two states ratify a denial",
        why="What never lapses needs more than whoever was on call.",
        ratified_by=(SG, TH),
    )


def _role() -> Iterator[Attack]:
    yield NEXT.refused(
        "deny-04-role-lists-a-trust-list",
        "trust.territory_mismatch",
        "A deny role that lists a trust list of Singapore",
        why="One officer on call would otherwise speak for a state.",
        edits=edits.of(roles.DENY, thefts.lists("lists/SG/list.jws")),
    )
    yield NEXT.refused(
        "deny-08-expired-deny-role",
        "trust.expired",
        "A deny role that ran out",
        why="What is held stays denied; that nobody renewed the role is told.",
        edits=edits.of(roles.DENY, edits.aged(timedelta(days=8))),
    )
    yield NEXT.refused(
        "deny-11-role-by-online-key",
        "trust.threshold_missing",
        "A deny role that the stolen online key signed",
        why="Not even the carrier is the online key's to write.",
        signers=thefts.instead(roles.DENY, thefts.online_key),
    )


def _logins() -> Iterator[Attack]:
    yield LOGIN.refused(
        "deny-12-login-under-denied-key",
        "issuer.denied",
        "A login of Singapore at a node that took up the denial of its key",
        why="No list had to be made for that.",
        of="sg-login",
    )
    yield OFFICER.refused(
        "deny-06-self-denial-does-not-lapse",
        "issuer.denied",
        "A login of Singapore eighty hours after Singapore denied its own key",
        why="What a state denies of its own stays denied until the state lifts it.",
        by=(SG,),
    )
    yield DARK.refused(
        "deny-13-denial-survives-lost-mirror",
        "issuer.denied",
        "A login under a denied key at a node that was started anew without a mirror",
        why="Denials are kept with the floors; whoever cuts the network cuts none of them off.",
        of="sg-login",
    )
