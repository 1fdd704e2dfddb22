"""Cases about emergencies: deny lists that a node is offered, logins of who is denied, and lists that come late.

Clauses: architecture D1, emergency deny; D3, grace.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.case import Kind
from idbridge.sandbox.denials import KH, SG, TH, DeniedLogin, DenyListOffer, grants
from idbridge.sandbox.graces import HIGH, LOW, NO_GRACE, SECOND, LateList
from idbridge.sandbox.trial import Trial, accepted

_AFTER: Final = LIMITS.deny_unratified + timedelta(hours=1)

LIST: Final = accepted(
    "deny-list-next",
    "The next deny list, in which Singapore denies its own login key",
    why="One key of the affected state is enough, and nothing that was denied before is missing.",
    state=MemberState.SG,
    attempt=DenyListOffer(),
    kind=Kind.TRUST,
)
STATE: Final = accepted(
    "deny-state-by-two-states",
    "Thailand and Cambodia deny the whole of Singapore",
    why="Officers of two other states together may stop a state for three days.",
    state=MemberState.SG,
    attempt=DenyListOffer(whole_state=True, denied_by=(TH, KH)),
    kind=Kind.TRUST,
)
LIFT: Final = accepted(
    "deny-lifted-by-the-region",
    "The region lifts what an officer of Thailand denied",
    why="Three of the region's states signed.",
    state=MemberState.SG,
    attempt=DenyListOffer(lifted_by=(SG, TH, KH)),
    kind=Kind.TRUST,
)
LOGIN: Final = accepted(
    "login-beside-a-denial",
    "A login of Singapore while the key of another service of Singapore is denied",
    why="A denial reaches what it names and nothing else.",
    state=MemberState.SG,
    attempt=DeniedLogin(),
    kind=Kind.TRUST,
)
LAPSED: Final = accepted(
    "denial-by-officer-lapsed",
    "A login of Singapore three days after an officer of Thailand denied its key, and nobody ratified that",
    why="What officers of other states deny alone ends by itself.",
    state=MemberState.SG,
    attempt=DeniedLogin("sg-login", by=(TH,), later=_AFTER),
    kind=Kind.TRUST,
)
WITHHELD: Final = accepted(
    "deny-list-withheld-beside-a-login",
    "A login of Singapore at a node that was started anew and is offered no deny list any more",
    why="What the node remembers to be denied is something else.",
    state=MemberState.SG,
    attempt=DeniedLogin(withheld=True),
    kind=Kind.TRUST,
)
LATE: Final = accepted(
    "late-list-in-grace",
    "A login of Singapore at A2, a day to the second after Singapore's list went out of date",
    why="Both states signed that a day late is put up with; the answer says so and stays undecided.",
    state=MemberState.SG,
    attempt=LateList(),
    kind=Kind.TRUST,
)
LATE_LOW: Final = accepted(
    "late-list-in-longer-grace",
    "A login of Singapore at A1, seven days to the second after Singapore's list went out of date",
    why="At the lowest level the states may agree on a week.",
    state=MemberState.SG,
    attempt=LateList(level=LOW, late=LIMITS.grace_low),
    kind=Kind.TRUST,
)
LATE_UNDER_TIMESTAMP: Final = accepted(
    "late-list-under-a-timestamp-of-yesterday",
    "A login of Singapore under a late list, a day to the second after the region's last timestamp",
    why="One list is late and the region is not: what was denied until a day ago is known.",
    state=MemberState.SG,
    attempt=LateList(late=timedelta(hours=2), timestamp_age=LIMITS.deny_freshness),
    kind=Kind.TRUST,
)


def trials() -> Iterator[Trial]:
    """Yield the cases about denials."""
    yield from (LIST, STATE, LIFT, LOGIN, LAPSED, WITHHELD, LATE, LATE_LOW, LATE_UNDER_TIMESTAMP)
    yield from _lists()
    yield from _authority()
    yield from _logins()
    yield from _late()


def _lists() -> Iterator[Trial]:
    yield LIST.refused(
        "deny-entry-dropped",
        "trust.deny_dropped",
        "A deny list from which one denial is gone",
        why="A denial leaves by a lift, never by silence.",
        keeps=False,
    )
    yield LIST.refused(
        "deny-list-rolled-back",
        "trust.rollback",
        "An older deny list",
        why="It would forget what was denied since.",
        ahead=-1,
    )
    yield LIST.refused(
        "deny-list-with-two-faces",
        "trust.equivocation",
        "Another deny list under the same number",
        why="Somebody is shown other denials than somebody else.",
        ahead=0,
    )
    yield LIST.refused(
        "deny-list-far-ahead",
        "trust.sequence_jump",
        "A deny list a thousand and one numbers ahead",
        why="Accepted once, it would shut out every genuine denial.",
        ahead=LIMITS.list_sequence_step + 1,
    )
    yield LIST.refused(
        "deny-list-of-another-environment",
        "trust.environment_mismatch",
        "A live deny list at a node of the sandbox",
        why="Sandbox and live never mix.",
        environment=Environment.LIVE,
    )
    yield LIST.refused(
        "denial-from-the-future",
        "trust.issued_in_future",
        "A denial issued tomorrow",
        why="Its three days would begin tomorrow, and nobody signs in the future.",
        issued=timedelta(days=1),
    )


def _authority() -> Iterator[Trial]:
    yield LIST.refused(
        "deny-role-signs-a-grant",
        "trust.deny_invalid",
        "An entry of the deny list that grants something",
        why="Whoever may deny fast may do nothing else.",
        written=grants,
    )
    yield STATE.refused(
        "deny-state-by-one-officer",
        "trust.deny_invalid",
        "An officer of Thailand denies the whole of Singapore alone",
        why="One state cannot stop another.",
        denied_by=(TH,),
    )
    yield LIFT.refused(
        "deny-lift-below-quorum",
        "trust.deny_invalid",
        "Two states lift what an officer denied",
        why="Removing trust is quick; giving it back takes the quorum that trust takes.",
        lifted_by=(SG, TH),
    )


def _logins() -> Iterator[Trial]:
    yield LOGIN.refused(
        "login-under-a-denied-key",
        "issuer.denied",
        "A login of Singapore whose key Singapore denied",
        why="The state warned of its own key, and no list has to be made for that.",
        denied="sg-login",
    )
    yield LOGIN.refused(
        "login-of-a-denied-state",
        "issuer.denied",
        "A login of Singapore, which denied itself altogether",
        why="A state that lost control of its keys can stop everything with one that is left.",
        denied=None,
    )
    yield LAPSED.refused(
        "self-denial-does-not-lapse",
        "issuer.denied",
        "A login of Singapore three days after Singapore denied its own key",
        why="What a state denies of its own stays denied until the state lifts it.",
        by=(SG,),
    )
    yield LAPSED.refused(
        "denial-by-officer-in-force",
        "issuer.denied",
        "A login of Singapore a minute after an officer of Thailand denied its key",
        why="Whoever sees the damage first may stop it, wherever it is.",
        later=timedelta(minutes=1),
    )
    yield WITHHELD.refused(
        "deny-list-withheld",
        "issuer.denied",
        "A login under a denied key, after the node was started anew and is offered no deny list any more",
        why="A denial that was accepted is written down with the floors; silence does not undo it.",
        denied="sg-login",
    )


def _late() -> Iterator[Trial]:
    yield LATE.refused(
        "late-list-past-its-grace",
        "trust.stale",
        "A login of Singapore at A2, a day and a second after Singapore's list went out of date",
        why="Put up with is what was agreed, to the second.",
        late=LIMITS.grace_substantial + SECOND,
    )
    yield LATE.refused(
        "late-list-at-the-highest-level",
        "trust.stale",
        "A login of Singapore at A3 under a list that is out of date",
        why="At the highest level there is no grace, whatever anybody signs.",
        level=HIGH,
    )
    yield LATE.refused(
        "late-list-without-agreement",
        "trust.stale",
        "A login of Singapore under a list out of date, where the arrangement says nothing of grace",
        why="The default is none.",
        grace=NO_GRACE,
    )
    yield LATE.refused(
        "late-list-and-another-key",
        "trust.stale",
        "A login of Singapore under a list out of date and a key that it does not name",
        why="Only what is good in every other way has grace.",
        header={"kid": "another"},
    )
    yield LATE_LOW.refused(
        "late-list-past-its-longer-grace",
        "trust.stale",
        "A login of Singapore at A1, seven days and a second after Singapore's list went out of date",
        why="A week is the most that anybody may agree on.",
        late=LIMITS.grace_low + SECOND,
    )
    yield LATE_UNDER_TIMESTAMP.refused(
        "late-list-in-a-region-gone-dark",
        "trust.stale",
        "A login of Singapore under a late list, a day and a second after the region's last timestamp",
        why="Nobody knows what was denied since; grace is for one late list and not for a region gone dark.",
        timestamp_age=LIMITS.deny_freshness + SECOND,
    )
