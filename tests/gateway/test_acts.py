"""What changes by what a node answers is a leaf too: lists, keys, policies and registrations, and nothing twice."""

import asyncio
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.errors import RequestError
from idbridge.evidence.day_keys import DayKeys
from idbridge.evidence.errors import UnrecordedError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.trust.alerts import Alert, AlertKind, Severity
from idbridge_gateway.evidence.acts import Acts
from idbridge_gateway.evidence.line import Written
from tests.gateway.asking import Node
from tests.gateway.clocks import NOON
from tests.gateway.test_repeated import moved

OVER = tuple(NOON.date() - timedelta(days=before) for before in (2, 1))


# A process that erases a day, and is killed by itself behind one step of it.
KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from idbridge.evidence.day_keys import DayKeys
from idbridge.model.randomness import SystemRandomness

folder, day, step, today = sys.argv[1:]
keys = DayKeys(Path(folder), SystemRandomness())

def then_killed(method):
    return lambda *given, **named: (method(*given, **named), os.kill(os.getpid(), signal.SIGKILL))

if step == "rename":
    keys.put_out_of_use = then_killed(keys.put_out_of_use)
elif step == "sweep":
    keys._sweep = then_killed(keys._sweep)
recorded = then_killed(print) if step == "leaf" else print
keys.erase(date.fromisoformat(day), today=date.fromisoformat(today), record=recorded)
"""


class Kept:
    """A line that keeps what it is told, or refuses it as a disk does."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.refusal: RequestError | None = None

    async def append(self, kind: Any, members: Any, *, opening: Any = None) -> Written:
        """Take a leaf, which is about no credential."""
        assert opening is None
        if self.refusal is not None:
            raise self.refusal
        self.told.append((kind.value, dict(members)))
        return Written(len(self.told) - 1, b"")

    async def close(self) -> None:
        """End."""

    def since(self, mark: int) -> list[str]:
        """The types of what was told after the first ``mark``."""
        return [kind for kind, _ in self.told[mark:]]

    @property
    def is_broken(self) -> bool:
        """Tell whether it refuses."""
        return self.refusal is not None

    async def look(self) -> None:
        """Look again."""


@pytest.fixture
def line() -> Kept:
    return Kept()


@pytest.fixture
def acts(node: Node, line: Kept) -> Acts:
    parts = node.app.state.parts
    return Acts(line, turns=parts.turns, registry=parts.registry)


def written(acts: Acts) -> None:
    acts.look()
    asyncio.run(acts.write())


def test_what_the_disk_does_not_take_is_written_later_in_its_order_and_once(acts: Acts, line: Kept) -> None:
    line.refusal = UnrecordedError("the disk is full")
    written(acts)
    assert line.told == []

    line.refusal = None
    written(acts)
    written(acts)

    kinds = [kind for kind, _ in line.told]
    assert kinds == ["start", *["list.accept"] * 11, "key"]
    assert line.told[-1][1]["act"] == "use"


class Slow(Kept):
    """A line whose disk lets others go on while it writes."""

    async def append(self, kind: Any, members: Any, *, opening: Any = None) -> Written:
        """Take a leaf after a while."""
        await asyncio.sleep(0)
        return await super().append(kind, members, opening=opening)


def test_two_who_write_at_once_write_each_act_once(node: Node) -> None:
    line, parts = Slow(), node.app.state.parts
    acts = Acts(line, turns=parts.turns, registry=parts.registry)
    acts.look()

    async def at_once() -> None:
        await asyncio.gather(*(acts.write() for _ in range(3)))

    asyncio.run(at_once())
    assert [kind for kind, _ in line.told] == ["start", *["list.accept"] * 11, "key"]


def test_no_more_waits_for_the_disk_than_may(acts: Acts, line: Kept, caplog: pytest.LogCaptureFixture) -> None:
    line.refusal = UnrecordedError("the disk is full")
    alert = Alert(AlertKind.KEYS, Severity.CRITICAL, "lists/SG", "trust.threshold_not_met", "", NOON)
    for _ in range(LIMITS.acts_waiting):
        acts.heard(alert)

    assert "acts that could not be written down: 1" in caplog.text
    line.refusal = None
    asyncio.run(acts.write())
    assert len(line.told) == LIMITS.acts_waiting


def test_a_worker_that_another_one_speaks_for_tells_nothing(acts: Acts, line: Kept) -> None:
    acts.silence()
    written(acts)

    assert line.told == []


def test_a_list_that_is_taken_and_one_that_is_refused_are_leaves(node: Node, acts: Acts, line: Kept) -> None:
    written(acts)
    mark = len(line.told)

    node.app.state.trust.exchange(moved(node, service="my-login", status="withdrawn"))
    acts.heard(Alert(AlertKind.FRESHNESS, Severity.CRITICAL, "lists/SG", "trust.rollback", "older", NOON))
    acts.heard(Alert(AlertKind.NODE_KEYS, Severity.WARNING, "node/assertion-keys", None, "locked", NOON))
    written(acts)

    kinds = line.since(mark)
    assert kinds[0] == "list.reject"
    assert line.told[mark][1] == {"state": "SG", "code": "trust.rollback"}
    taken = {members["state"] for kind, members in line.told[mark:] if kind == "list.accept"}
    assert "MY" in taken


@pytest.fixture
def days(tmp_path: Path) -> DayKeys:
    """The keys of three days, of which the last is today."""
    keys = DayKeys(tmp_path, SystemRandomness())
    for day in (*OVER, NOON.date()):
        keys.key(day)
    return keys


def erasing(node: Node, line: Kept, days: DayKeys) -> None:
    parts = node.app.state.parts
    asyncio.run(Acts(line, turns=parts.turns, registry=parts.registry, days=days).erase())


def test_a_key_out_of_use_is_not_destroyed_while_nothing_can_be_written_down(
    node: Node, line: Kept, days: DayKeys
) -> None:
    days.put_out_of_use(OVER[0], today=NOON.date())
    line.refusal = UnrecordedError("the disk is full")

    erasing(node, line, days)
    assert days.being_erased() == OVER[:1]

    line.refusal = None
    erasing(node, line, days)
    erasing(node, line, days)
    assert line.told == [("erase", {"day": OVER[0].isoformat()})]
    assert (days.being_erased(), days.days()) == ((), (OVER[1], NOON.date()))


def test_a_worker_that_another_one_speaks_for_destroys_no_key(
    node: Node, acts: Acts, line: Kept, days: DayKeys
) -> None:
    days.put_out_of_use(OVER[0], today=NOON.date())
    parts = node.app.state.parts
    quiet = Acts(line, turns=parts.turns, registry=parts.registry, days=days)
    quiet.silence()

    asyncio.run(quiet.erase())

    assert (line.told, days.being_erased()) == ([], OVER[:1])


@pytest.mark.parametrize("step", ["rename", "leaf", "sweep"])
def test_a_process_that_is_killed_within_an_erasure_leaves_a_key_that_the_next_node_destroys(
    node: Node, line: Kept, days: DayKeys, tmp_path: Path, step: str
) -> None:
    """Killed behind each step: out of use and no leaf, a leaf and a key, what others left swept away and a key."""
    days_of = [str(tmp_path), str(OVER[0]), step, str(NOON.date())]
    ran = subprocess.run([sys.executable, "-c", KILLED, *days_of], check=False)
    assert ran.returncode == -signal.SIGKILL
    assert days.kept(OVER[0]) is None
    assert days.being_erased() == OVER[:1]

    erasing(node, line, days)

    assert line.told == [("erase", {"day": OVER[0].isoformat()})]
    assert (days.being_erased(), days.days()) == ((), (OVER[1], NOON.date()))


def test_a_key_that_cannot_be_destroyed_is_told_of_and_tried_again(
    node: Node, line: Kept, days: DayKeys, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "mine.erasing").touch()

    erasing(node, line, days)

    assert "cannot be destroyed" in caplog.text
    assert line.told == []


def test_a_registration_that_changed_is_a_leaf_and_so_is_its_policy(node: Node, acts: Acts, line: Kept) -> None:
    written(acts)
    registry, mark = node.app.state.parts.registry, len(line.told)
    bank, *others = sorted(registry.registrations, key=lambda one: one.id != "th-bank")
    gone, *rest = others
    party = replace(bank.relying_party, policy_version=bank.relying_party.policy_version + 1)

    registry.exchange([replace(bank, relying_party=party), *rest])
    written(acts)
    told = line.told[mark:]
    registry.exchange([replace(bank, relying_party=party), *others])
    written(acts)

    by_act = {(kind, members["act"], members["rp"]) for kind, members in told}
    assert by_act == {("rp", "change", "th-bank"), ("policy", "change", "th-bank"), ("rp", "remove", gone.id)}
    assert [members["pol"] for kind, members in told if kind == "policy"] == [str(party.policy_version)]
    assert [(kind, members["act"], members["rp"]) for kind, members in line.told[mark + 3 :]] == [
        ("rp", "add", gone.id)
    ]


def test_a_key_that_signs_no_longer_and_one_that_does_are_leaves(node: Node, acts: Acts, line: Kept) -> None:
    written(acts)
    mark, issuing = len(line.told), node.app.state.parts.turns.issuing

    issuing.stop()
    written(acts)

    assert [(kind, members["act"]) for kind, members in line.told[mark:]] == [("key", "leave")]


def test_a_node_that_lives_writes_its_acts_into_its_log(node: Node) -> None:
    async def lived() -> None:
        async with node.app.router.lifespan_context(node.app):
            await node.app.state.acts.write()

    before = node.ask().json()["receipt"]["index"]
    asyncio.run(lived())
    after = node.ask().json()["receipt"]["index"]

    assert after - before > 11
