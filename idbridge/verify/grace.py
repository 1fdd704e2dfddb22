"""Grace: when a report counts although a trust list that it rests on is out of date. Part of step V9.

Decides nothing but that, from what the arrangements grant for the level recognised (architecture D3): up to seven days
at A1, up to a day at A2, never at A3, and nothing unless both states signed for it. A state has no arrangement with
itself, and so no grace at home. The ladder serves single lists that come late, not a region that went dark: once the
last timestamp is a day old, nobody knows what was denied since, and there is no grace at all.

Such a report stays INDETERMINATE ``trust.stale``. It is accepted, and says so in its limits and its summary.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from idbridge.model.credential import RecognisedIdentity
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.trust.snapshot import NO_TIME, TrustSnapshot

STALE: Final = "trust.stale"


@dataclass(frozen=True, slots=True)
class StaleList:
    """A state's list that is out of date ``since``, and ``until`` when an arrangement puts up with that."""

    state: MemberState
    since: datetime
    until: datetime

    @property
    def words(self) -> str:
        """What a report says of it."""
        since, until = instant_text(self.since), instant_text(self.until)
        return f"the list of {self.state} is out of date since {since}; the arrangement puts up with that until {until}"


@dataclass(frozen=True, slots=True)
class Grace:
    """The lists out of date on which a report is accepted all the same.

    Raises:
        ValueError: There is none; empty is not success.
    """

    lists: tuple[StaleList, ...]

    def __post_init__(self) -> None:
        if not self.lists:
            raise ValueError("grace is for a list that is out of date")

    @property
    def limits(self) -> tuple[str, ...]:
        """What the report must say."""
        return tuple(one.words for one in self.lists)

    def of(self, state: MemberState) -> StaleList | None:
        """Return the list of ``state`` if it is out of date."""
        return next((one for one in self.lists if one.state is state), None)


def granted(recognised: RecognisedIdentity, trust: TrustSnapshot, *, at: datetime) -> Grace | None:
    """Return the grace under which ``recognised`` counts at ``at``; ``None`` if a list out of date has none left.

    An assertion rests on two lists, that of the node's state and that of the origin's; each needs grace of its own.
    """
    credential, level = recognised.credential, recognised.level
    relied = [(credential.service.member_state, recognised.grace.get(level, NO_TIME))]
    if credential.origin is not None:
        relied.append((credential.origin.member_state, recognised.origin_grace.get(level, NO_TIME)))
    shortest = {state: min(grace for one, grace in relied if one is state) for state, _ in relied}
    stale = [_stale(trust, state, grace=grace) for state, grace in shortest.items() if trust.stale_from(state) <= at]
    if not stale or any(one.until <= one.since or one.until < at for one in stale):
        return None
    return Grace(tuple(stale))


def _stale(trust: TrustSnapshot, state: MemberState, *, grace: timedelta) -> StaleList:
    since, ends = trust.stale_from(state), trust.grace_ends()
    until = since + grace
    return StaleList(state, since, until if ends is None else min(until, ends))
