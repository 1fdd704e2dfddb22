"""The drill: every attack of the catalogue comes out as its case says, and a drill that is fooled would say so."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from idbridge.errors import TrustError
from idbridge.model.region import Environment
from idbridge.reasons import Indication
from idbridge.sandbox.catalogue import attacks
from idbridge.sandbox.drill import finding
from idbridge.sandbox.drill.arena import Arena, Scene
from idbridge.sandbox.drill.attack import Attack
from idbridge.sandbox.drill.finding import Finding, ToldBy
from idbridge.sandbox.drill.not_here import NOT_HERE
from idbridge.sandbox.drill.publication import looked
from idbridge.sandbox.drill.run import Row, document, run
from idbridge.trust import floors
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf import floors as distribution_floors

ATTACKS = tuple(attacks().values())
REFUSED = attacks()["attack-01-rollback-sequence"]
HONEST = attacks()["honest-next-list"]
AS_IT_SHOULD_BE = Finding(Indication.FAILED, "trust.rollback", unchanged=True, alerts=1, told_by=ToldBy.ALERT)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.case.name)
def test_each_attack_comes_out_as_its_case_says(attack: Attack, arena: Arena) -> None:
    (row,) = run([attack], arena=arena)

    assert (row.ok, row.finding.code) == (True, attack.case.code), row.finding


def test_all_seventy_two_attacks_eight_traps_and_at_least_eight_denials_are_tried() -> None:
    numbers = {attack.number for attack in ATTACKS if attack.case.code is not None or attack.number == "6"}

    assert {str(number) for number in range(1, 73)} <= numbers
    assert {f"T{number}" for number in range(1, 9)} <= numbers
    assert {f"D{number}" for number in range(1, 9)} <= numbers


def test_well_over_eighty_cases_are_refused() -> None:
    assert sum(attack.case.code is not None for attack in ATTACKS) > 200


def test_the_twin_of_each_attack_is_tried_as_well_and_by_the_same_act() -> None:
    for attack in ATTACKS:
        if attack.case.twin is not None:
            twin = attacks()[attack.case.twin]
            assert twin.case.code is None
            assert type(twin.act) is type(attack.act)


def test_what_cannot_be_tried_here_is_named_with_a_reason_and_not_counted() -> None:
    assert {left.number for left in NOT_HERE} == {"2", "72"}
    assert all(left.why.endswith(".") for left in NOT_HERE)
    assert len(NOT_HERE) == len(document([])["not_here"])
    assert document([])["cases"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"unchanged": False},
        {"alerts": 0},
        {"alerts": 2},
        {"code": "trust.equivocation"},
        {"indication": Indication.INDETERMINATE},
        {"indication": Indication.PASSED, "code": None},
    ],
)
def test_a_refusal_counts_only_with_its_code_the_last_good_state_and_one_alert(wrong: dict[str, object]) -> None:
    assert Row(REFUSED, AS_IT_SHOULD_BE).ok

    assert not Row(REFUSED, replace(AS_IT_SHOULD_BE, **wrong)).ok  # type: ignore[arg-type]  # fields of a finding


def test_false_accepts_and_false_refusals_are_counted_apart() -> None:
    accepted = finding.accepted(unchanged=False)
    told = document([
        Row(REFUSED, AS_IT_SHOULD_BE),
        Row(REFUSED, accepted),
        Row(HONEST, accepted),
        Row(HONEST, AS_IT_SHOULD_BE),
        Row(REFUSED, replace(AS_IT_SHOULD_BE, code="trust.expired")),
    ])  # fmt: skip

    assert (told["cases"], told["false_accepts"], told["false_refusals"]) == (5, 1, 1)
    assert Counter(row["ok"] for row in told["results"]) == {True: 2, False: 3}
    assert json.loads(json.dumps(told)) == told


def test_a_row_names_decision_code_last_good_alerts_and_twin() -> None:
    row = Row(REFUSED, AS_IT_SHOULD_BE).document()

    assert row["id"] == "attack-01-rollback-sequence"
    assert row["number"] == "1"
    assert row["expected"] == {"decision": "FAILED", "code": "trust.rollback"}
    assert (row["decision"], row["code"], row["last_good_unchanged"], row["alerts"]) == (
        "FAILED", "trust.rollback", True, 1,
    )  # fmt: skip
    assert (row["told_by"], row["ok"], row["twin"]) == ("alert", True, "honest-next-list")
    assert Row(HONEST, finding.accepted(unchanged=False)).document()["last_good_unchanged"] is None


def forgetful(scene: Scene) -> TrustSnapshot:
    """A node without memory, as one would be that keeps no floors."""
    for child in scene.memory.rglob("*"):
        if child.is_file() and child.parent == scene.memory:
            child.unlink()
    distribution_floors.initialise(scene.memory, Environment.SANDBOX)
    floors.initialise(scene.memory, Environment.SANDBOX)
    (scene.memory / "store" / "CURRENT").unlink()
    (scene.memory / "tuf").rename(scene.folder / "lost")
    return scene.arena.held


def test_a_node_that_keeps_no_floors_is_found_out(arena: Arena) -> None:
    weak = replace(REFUSED, act=replace(REFUSED.act, begun=forgetful))  # type: ignore[type-var]  # a publication
    (row,) = run([weak], arena=arena)

    assert row.is_false_accept
    assert not row.ok


def test_an_offer_that_is_neither_refused_nor_in_force_is_found_out(arena: Arena) -> None:
    class Ignored:
        """A tree that offers nothing new, where something new is waited for."""

        def struck(self, scene: Scene) -> Finding:
            return looked(scene, scene.arena.held, took=lambda _: False)

    (row,) = run([replace(HONEST, act=Ignored())], arena=arena)

    assert (row.finding.code, row.ok, row.is_false_refusal) == ("", False, True)


def test_an_act_that_fails_in_an_unforeseen_way_is_no_success(arena: Arena) -> None:
    class Broken:
        """An act that cannot be carried out."""

        def struck(self, scene: Scene) -> Finding:
            raise TrustError("trust.rollback", f"at {scene.at}")

    (row,) = run([replace(REFUSED, act=Broken())], arena=arena)

    assert not row.ok


def test_a_scene_that_nobody_touches_is_never_copied(arena: Arena) -> None:
    with arena.scene() as scene:
        assert scene.current()
        assert list(scene.folder.iterdir()) == []
        assert scene.tree.is_dir()
        assert scene.memory.is_dir()


def test_an_attack_leaves_the_arena_as_it_was(arena: Arena) -> None:
    with arena.scene() as scene:
        before = scene.read("metadata/timestamp.json")
    list(run([REFUSED, HONEST], arena=arena))
    with arena.scene() as scene:
        assert scene.read("metadata/timestamp.json") == before

    assert not list(arena.folder.glob("scene-*"))
