"""The oracle: makes every request itself, knows what is true of it, and counts what a node says otherwise.

A request is *good* (an accepted case of the catalogue, shown for the first time), a *replay* (of a good one that was
accepted, whose nonce or token counts once), or *bad* (a refused case: forged, expired, of another audience, of nobody
that is known). Accepting anything but a good one is a false accept, whatever else is broken. What a row makes untrue
while it runs, it says: a service that was withdrawn, a list that ended, a clock that lies.
"""

import json
import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from threading import Lock
from typing import Any

from idbridge.clock import SystemClock
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.case import Case, Kind, MintedCase
from idbridge.sandbox.catalogue import case_named, entries
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region
from idbridge.trust.snapshot import TrustSnapshot
from tests.chaos.line import NOTHING, Answer

# Accepted cases of several states and formats whose nonce or token counts once, and that need no status list.
GOOD = (
    "sg-login-opens-account", "id-login-opens-account", "my-login-sends-money", "bn-login-visits-hospital",
    "vn-login-opens-account", "ph-login-checks-age-at-hotel", "sg-pid-opens-account", "la-card-opens-account",
    "sg-mdoc-opens-account", "sg-vc-opens-account", "kh-residence-at-home", "mm-card-at-home",
)  # fmt: skip
OF_STATUS = ("sg-pid-in-force", "sg-login-in-force", "sg-vc-in-force")
_PROBLEMS_KEPT = 500
_KEPT = 256  # good questions that are asked again
_OK, _UNAVAILABLE, _SERVER_FAULT = 200, 503, 500


@dataclass(frozen=True)
class Question:
    """One request and the truth of it."""

    minted: MintedCase
    kind: str

    @property
    def state(self) -> MemberState:
        return self.minted.case.state

    @property
    def name(self) -> str:
        return self.minted.case.name


@dataclass(frozen=True)
class Receipt:
    """What a node gave out for a leaf that it says is on a disk."""

    index: int
    report_id: str


@dataclass
class Count:
    """What was counted of one row; ``notes`` say of false accepts and server faults which they were."""

    requests: int = 0
    accepted: int = 0
    refused_good: int = 0
    shed: int = 0
    unanswered: int = 0
    false_accepts: int = 0
    unexpected_5xx: int = 0
    in_grace: int = 0
    lost_leaves: int = 0
    receipts: list[Receipt] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    decided: list[float] = field(default_factory=list)
    put_off: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: set[bytes] = field(default_factory=set)  # bodies of answers that are no verdicts, as many as are kept


@cache
def bad_cases() -> tuple[Case, ...]:
    """Every refused case that is one request to the node of Thailand."""
    return tuple(
        entry.case
        for entry in entries().values()
        if entry.case.kind is Kind.VERIFY
        and entry.case.node is MemberState.TH
        and entry.case.environment is Environment.SANDBOX
        and entry.case.over_http
        and entry.case.code is not None
    )


def never(_: Question) -> bool:
    """Nothing that is good has become untrue."""
    return False


def always(_: Question) -> bool:
    """Everything that is good has become untrue."""
    return True


class Oracle:
    """Makes requests of ``region`` and judges the answers. It may be asked by several threads.

    ``trust_at`` is when the lists are read by which requests are made, where one of them has ended by ``clock``.
    """

    def __init__(
        self,
        region: Region,
        *,
        good: Iterable[str] = GOOD,
        clock: Callable[[], datetime] | None = None,
        trust_at: datetime | None = None,
    ) -> None:
        self.region = region
        self.count = Count()
        self.untrue: Callable[[Question], bool] = never
        self._trust_at = trust_at
        self._good = tuple(map(case_named, good))
        self._now = clock or SystemClock().now
        self._chance = random.Random(11)
        self._spent: deque[Question] = deque(maxlen=_KEPT)
        self._trust: tuple[Region, TrustSnapshot] | None = None
        self._lock = Lock()

    def good(self, name: str | None = None) -> Question:
        """A request that may be accepted, once."""
        return Question(self._minted(case_named(name) if name else self._chance.choice(self._good)), "good")

    def bad(self) -> Question:
        """A request that nobody may accept."""
        return Question(self._minted(self._chance.choice(bad_cases())), "bad")

    def replay(self) -> Question | None:
        """A request that was accepted before, if there is one."""
        with self._lock:
            return (
                Question(self._spent[self._chance.randrange(len(self._spent))].minted, "replay")
                if self._spent
                else None
            )

    def spent(self) -> list[Question]:
        """Everything that was accepted and is remembered, to be shown once more."""
        with self._lock:
            return [Question(one.minted, "replay") for one in self._spent]

    def some(self) -> Question:
        """Any request: half of them good, of the others some replays."""
        drawn = self._chance.random()
        return self.good() if drawn < 0.5 else (self.replay() if drawn < 0.65 else None) or self.bad()

    def judge(self, question: Question, answer: Answer, *, seconds: float = 0.0) -> bool:
        """Count an answer; tell whether it accepted."""
        with self._lock:
            count = self.count
            count.requests += 1
            count.seconds.append(seconds)
            if answer.status:
                (count.put_off if answer.status == _UNAVAILABLE else count.decided).append(seconds)
            if answer is NOTHING or answer.status == 0:
                count.unanswered += 1
                return False
            if answer.status != _OK and len(count.problems) < _PROBLEMS_KEPT:
                count.problems.add(answer.body)
            if answer.status >= _SERVER_FAULT:
                self._server_fault(question, answer)
                return False
            return self._verdict(question, answer)

    def _server_fault(self, question: Question, answer: Answer) -> None:
        if answer.status == _UNAVAILABLE and answer.headers.get("retry-after", "").isdigit():
            self.count.shed += 1
            return
        self.count.unexpected_5xx += 1
        self.count.notes.append(f"{answer.status} for {question.name}: {answer.body[:120]!r}")

    def _verdict(self, question: Question, answer: Answer) -> bool:
        report: dict[str, Any] = json.loads(answer.body) if answer.status == _OK else {}
        count, accepted = self.count, bool(report.get("accepted"))
        if "receipt" in report and report["receipt"] is not None:
            count.receipts.append(Receipt(int(report["receipt"]["index"]), str(report["report_id"])))
        if not accepted:
            count.refused_good += question.kind == "good"
            return False
        count.accepted += 1
        count.in_grace += report.get("indication") != "PASSED"
        if question.kind != "good" or self.untrue(question):
            count.false_accepts += 1
            count.notes.append(f"accepted {question.kind} {question.name}")
        elif question.name in _ONCE:
            self._spent.append(question)
        return True

    def _minted(self, case: Case) -> MintedCase:
        at = self._now()
        if self._trust is None or self._trust[0] is not self.region:
            self._trust = self.region, self.region.snapshot(at=self._trust_at or at)
        return mint(case, region=self.region, at=at, randomness=SystemRandomness(), trust=self._trust[1])


_ONCE = frozenset(GOOD)
