"""Cases about emergency denials: deny lists that a node is offered, and logins of who is denied.

Clause: architecture D1, emergency deny.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.case import Kind
from idbridge.sandbox.denials import KH, SG, TH, DeniedLogin, DenyListOffer, grants
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


def trials() -> Iterator[Trial]:
    """Yield the cases about denials."""
    yield from (LIST, STATE, LIFT, LOGIN, LAPSED, WITHHELD)
    yield from _lists()
    yield from _authority()
    yield from _logins()


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
