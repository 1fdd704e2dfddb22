"""Widening, held against a definition so plain that it cannot be wrong: look at every cell there is."""

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.model.region import AssuranceLevel, Format, MemberState, ServiceType
from idbridge.recognition.assurance import map_level
from idbridge.recognition.rule import RecognitionRule, parse_rules, widened_pairs, widens
from tests.recognition.documents import MY, SG, TH, rule
from tests.recognition.strategies import PARTIES, PURPOSE_CODES, edited, rule_sets

Cell = tuple[MemberState, MemberState, ServiceType, Format, str]


def parsed(documents: list[dict[str, Any]]) -> tuple[RecognitionRule, ...]:
    return parse_rules(documents, parties=frozenset(PARTIES))


def grants(rules: tuple[RecognitionRule, ...]) -> dict[Cell, RecognitionRule]:
    """What is recognised, cell by cell."""
    return {
        (one.recognising, one.recognised, service, form, purpose): one
        for one in rules
        for service, form, purpose in product(one.service_types, one.formats, one.purposes)
    }


def exceeds(new: RecognitionRule, old: RecognitionRule | None, purpose: str) -> bool:
    """Tell whether ``new`` gives more in a cell than ``old`` does."""
    return (
        old is None
        or any(map_level(new.levels, level) > map_level(old.levels, level) for level in AssuranceLevel)
        or new.minimum_level < old.minimum_level
        or not new.claims <= old.claims
        or (purpose in new.bearer_purposes) > (purpose in old.bearer_purposes)
        or any(new.grace[level] > old.grace[level] for level in new.grace)
    )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_rules_widen_exactly_if_some_cell_gives_more(data: st.DataObject) -> None:
    documents = data.draw(rule_sets())
    old, new = parsed(documents), parsed(data.draw(edited(documents)))
    before = grants(old)
    wider = {cell[:2] for cell, one in grants(new).items() if exceeds(one, before.get(cell), cell[4])}

    assert widened_pairs(old, new) == wider
    assert widens(old, new) is bool(wider)


@settings(max_examples=50, deadline=None)
@given(rule_sets())
def test_rules_never_widen_themselves_nor_when_all_are_dropped(documents: list[dict[str, Any]]) -> None:
    rules = parsed(documents)

    assert not widens(rules, rules)
    assert not widens(rules, ())
    assert widens((), rules)


def test_splitting_a_rule_into_its_cells_is_no_widening() -> None:
    whole = parsed([rule(TH, "SG")])
    split = parsed([
        rule(TH, "SG", formats=[form], purposes=[code], bearer_purposes=[code] if code == "building-visit" else [])
        for form in ("id_token", "dc+sd-jwt")
        for code in PURPOSE_CODES
    ])  # fmt: skip

    assert not widens(whole, split)
    assert not widens(split, whole)


def test_only_the_pairs_that_gain_are_named() -> None:
    old = parsed([rule(TH, "*", levels={"A2": "A1"})])
    new = parsed([rule(TH, "SG", levels={"A2": "A2"}), rule(TH, "MY", levels={"A2": "A1"})])

    assert widened_pairs(old, new) == {(TH, SG)}
    assert widened_pairs(new, old) == set()
    assert (TH, MY) not in widened_pairs(old, new)
