"""The cases of looks come of the drill, the same each time; what no tree tells is left out by name, nothing else is."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from idbridge.conformance.corpus import Corpus
from idbridge.conformance.looks import looks_of
from idbridge.conformance.making import consumer
from idbridge.conformance.making.consumer_more import MORE
from idbridge.conformance.making.left_out import left_out, read_left_out
from idbridge.errors import ConfigurationError
from idbridge.reasons import Indication
from idbridge.sandbox.catalogue import attacks, cases, trials
from idbridge.sandbox.denials import DenyListOffer
from idbridge.sandbox.drill.arena import Arena
from idbridge.sandbox.offers import ArrangementOffer, ListOffer
from tests.conformance.consumer.conftest import FEW, keys, write_few

LISTS = (ListOffer, ArrangementOffer, DenyListOffer)
# Of these something is taken up, and something in it is not: a list with an entry that gives no trust.
PARTLY = {"attack-49-issuer-of-neighbour"}


def contents_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_attack_and_every_trial_about_lists_is_a_case_or_left_out_and_not_both() -> None:
    drilled = set(attacks()) | {name for name, one in trials().items() if isinstance(one.attempt, LISTS)}
    made = {attack.case.name for attack, _ in consumer.told()} - {more.attack.case.name for more in MORE}

    assert made | left_out().keys() == drilled
    assert made & left_out().keys() == set()


def test_no_name_is_of_two_cases() -> None:
    more = [one.attack.case.name for one in MORE]

    assert max(Counter(more).values()) == 1
    assert {case.name for case in cases()}.isdisjoint(more)


def test_the_twin_of_each_case_is_one_too() -> None:
    twins = {attack.case.twin for attack, _ in consumer.told()} - {None}

    assert twins <= {attack.case.name for attack, _ in consumer.told() if attack.case.code is None}


def test_most_cases_are_refused_and_there_are_many() -> None:
    told = [attack.case.code is not None for attack, _ in consumer.told()]

    assert len(told) > 180
    assert sum(told) / len(told) > 0.6


def one_for_each_reason() -> list[str]:
    found = {why: name for name, why in left_out().items() if name in attacks() and attacks()[name].case.code}
    return sorted(found.values())


@pytest.mark.parametrize("name", one_for_each_reason())
def test_what_is_left_out_cannot_be_told_by_trees(name: str, arena: Arena, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        consumer.Maker.of(arena, tmp_path / "material").case(attacks()[name], ("IDB-TL-001",))


def test_whatever_is_left_out_has_a_reason() -> None:
    assert all(why.endswith(".") for why in left_out().values())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "left = 3",
        '[[left]]\nwhy = "a reason"',
        '[[left]]\nwhy = ""\ncases = ["one"]',
        '[[left]]\nwhy = "a reason"\ncases = ["one", "one"]',
        "[[left",
    ],
)
def test_a_table_of_what_is_left_out_that_is_not_in_order_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        read_left_out(text)


def test_making_the_corpus_again_changes_no_octet(vectors: Path, tmp_path: Path) -> None:
    with consumer.arena_of(keys()) as another:
        write_few(another, tmp_path)

    assert contents_of(tmp_path) == contents_of(vectors)


def test_a_refused_look_leaves_what_was_held(few: Corpus) -> None:
    for case in few.cases.values():
        looks = looks_of(case)
        for before, look in pairwise(looks):
            if look.expect.code is not None and case.id not in PARTLY:
                assert look.state == before.state, case.id


def test_the_first_look_is_at_the_honest_tree_and_takes_all_of_it_up(few: Corpus) -> None:
    assert set(few.cases) == set(FEW)
    for case in few.cases.values():
        first = looks_of(case)[0]
        assert (first.expect.indication, dict(first.files), first.removed) == (Indication.PASSED, {}, ())
        assert len(first.state["lists"]) == 11


def test_the_state_tells_which_denials_are_in_force_and_which_have_lapsed(few: Corpus) -> None:
    denied, lapsed = (few.case(name).state for name in ("honest-next-deny-list", "denial-of-another-state-lapses"))

    assert denied is not None
    assert lapsed is not None
    assert (len(denied["denials"]), lapsed["denials"]) == (2, [])


def test_the_state_tells_how_many_services_give_trust(few: Corpus) -> None:
    before, after = (look.state["services"]["SG"] for look in looks_of(few.case("list-with-unknown-status")))

    assert after == before - 1
