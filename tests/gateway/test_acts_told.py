"""What changed while a node was down is a leaf when it starts next, once; a hold of a key is one while it runs too."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from idbridge.errors import ConfigurationError
from idbridge.evidence import dispute_holds
from idbridge.evidence.day_keys import DayKeys
from idbridge.evidence.errors import UnrecordedError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.trust.alerts import Alert, AlertKind, Severity
from idbridge_gateway.evidence.acts import Acts
from idbridge_gateway.evidence.told import NAME, Told, ToldFile
from tests.gateway.asking import Node
from tests.gateway.clocks import NOON
from tests.gateway.test_acts import Kept

DAY = NOON.date()
HOLDER = f"rep_{'7' * 32}"


@dataclass
class Life:
    """A node that starts, looks and is killed, again and again, beside one memory and one folder of keys."""

    node: Node
    line: Kept
    folder: Path

    @property
    def days(self) -> DayKeys:
        return DayKeys(self.folder / "days", SystemRandomness())

    def started(self) -> Acts:
        parts = self.node.app.state.parts
        memory = ToldFile(self.folder)
        return Acts(self.line, turns=parts.turns, registry=parts.registry, days=self.days, memory=memory)

    def round(self, acts: Acts | None = None, *, killed: bool = False) -> list[tuple[str, dict[str, Any]]]:
        """One look of a node that just started, or of ``acts``; what it told of parties and holds."""
        mark, acts = len(self.line.told), acts or self.started()

        async def looked() -> None:
            acts.look()
            await acts.look_at_holds()
            await acts.write()
            if not killed:
                await acts.remember()

        asyncio.run(looked())
        return [told for told in self.line.told[mark:] if told[0] in ("rp", "policy", "hold")]

    def register(self, change: Callable[[list[Any]], list[Any]]) -> None:
        registry = self.node.app.state.parts.registry
        registry.exchange(change(list(registry.registrations)))


@pytest.fixture
def life(node: Node, tmp_path: Path) -> Life:
    (tmp_path / "days").mkdir(mode=0o700)
    made = Life(node, Kept(), tmp_path)
    made.days.key(DAY)
    return made


def changed(everybody: list[Any]) -> list[Any]:
    first, *others = everybody
    return [replace(first, relying_party=replace(first.relying_party, name="Another name")), *others]


@pytest.mark.parametrize(
    "spoilt", [b"", b"{}", b"null", b'{"parties":{"a":1},"holds":[]}', b'{"holds": [], "parties": {}, "schema": "x"}']
)
def test_a_node_does_not_start_on_a_memory_that_is_damaged(life: Life, spoilt: bytes) -> None:
    life.round()
    (life.folder / NAME).write_bytes(spoilt)

    with pytest.raises(ConfigurationError, match="damaged") as caught:
        life.started()

    assert caught.value.code == "system.configuration"


def test_a_memory_that_is_longer_than_any_is_not_read(life: Life) -> None:
    life.round()
    (life.folder / NAME).write_bytes(b" " * (LIMITS.acts_told_bytes + 1))

    with pytest.raises(ConfigurationError, match="cannot be read"):
        life.started()


def test_the_first_node_of_all_tells_of_no_registration_and_the_next_ones_of_none_that_stayed(life: Life) -> None:
    assert life.round() == []
    assert life.round() == []
    assert (life.folder / NAME).stat().st_mode & 0o777 == 0o600


def test_a_registration_that_changed_while_no_node_ran_is_told_at_the_next_start_and_once(life: Life) -> None:
    life.round()

    life.register(changed)
    told = life.round()
    assert [(kind, members["act"]) for kind, members in told] == [("rp", "change")]
    assert life.round() == []

    life.register(lambda everybody: everybody[1:])
    assert [members["act"] for _, members in life.round()] == ["remove"]
    assert life.round() == []


def test_what_the_disk_did_not_take_and_what_a_killed_node_did_not_remember_is_told_again(life: Life) -> None:
    life.round()
    life.register(changed)

    life.line.refusal = UnrecordedError("the disk is full")
    assert life.round() == []
    life.line.refusal = None
    first = life.round(killed=True)

    assert first == life.round() != []
    assert life.round() == []


def test_what_there_was_no_room_for_is_told_once_there_is(life: Life, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever has lists refused without end, while the disk is full, hides no change of a registration."""
    acts = life.started()
    life.round(acts)
    life.line.refusal = UnrecordedError("the disk is full")
    for _ in range(LIMITS.acts_waiting):
        acts.heard(Alert(AlertKind.KEYS, Severity.CRITICAL, "lists/TH", "trust.rollback", "", NOON))

    life.register(changed)
    dispute_holds.hold_day(life.folder / "days", DAY, by=HOLDER)
    assert life.round(acts) == []
    life.line.refusal = None
    told = [*life.round(acts), *life.round(acts)]

    assert [(kind, members["act"]) for kind, members in told] == [("rp", "change"), ("hold", "hold")]
    assert "acts that could not be written down" not in caplog.text
    assert life.round() == []


def test_a_hold_of_a_key_and_its_end_are_leaves_once_each_whether_a_node_runs_or_not(life: Life) -> None:
    acts = life.started()
    assert life.round(acts) == []

    dispute_holds.hold_day(life.folder / "days", DAY, by=HOLDER)
    hold = ("hold", {"act": "hold", "day": str(DAY), "req": HOLDER})
    assert (life.round(acts), life.round(acts), life.round()) == ([hold], [], [])

    dispute_holds.release_day(life.folder / "days", DAY, by=HOLDER)
    assert life.round() == [("hold", {"act": "release", "day": str(DAY), "req": HOLDER})]
    assert life.round() == []


def test_a_folder_that_cannot_be_read_ends_no_hold(life: Life, caplog: pytest.LogCaptureFixture) -> None:
    dispute_holds.hold_day(life.folder / "days", DAY, by=HOLDER)
    acts = life.started()
    life.round(acts)

    (life.folder / "days").rename(life.folder / "away")
    assert life.round(acts) == []

    assert "holds of keys of days cannot be read" in caplog.text


def test_a_memory_that_cannot_be_written_is_told_of(life: Life, caplog: pytest.LogCaptureFixture) -> None:
    acts = life.started()
    (life.folder / NAME).mkdir()

    life.round(acts)

    assert "cannot be remembered" in caplog.text


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    told = Told({"th-bank": ("digest", 3)}, frozenset({f"{DAY}.{HOLDER}"}))
    ToldFile(tmp_path).keep(told)

    assert ToldFile(tmp_path).read() == told
