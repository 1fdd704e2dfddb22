"""Two runs are equal or they are not, and whatever is another is named: a case, the corpus, the target, the choice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from idbridge.conformance.answer import Observation
from idbridge.conformance.comparison import compared
from idbridge.conformance.judge import judged
from idbridge.conformance.record import Record
from idbridge.conformance.target import Description
from tests.conformance.records import ALTERED, AT, OURS, accepted, as_it_must, cases, record, refused_case

REFUSED = refused_case()
GOOD = judged(REFUSED, as_it_must(REFUSED))
FEW = [judged(case, as_it_must(case)) for case in cases(3)]
OTHERS: dict[str, Callable[[Record], Record]] = {
    "corpus version": lambda one: replace(one, corpus_version="1.0.1"),
    "corpus digest": lambda one: replace(one, corpus_digest="0" * 64),
    "suite version": lambda one: replace(one, suite_version="0.2.0"),
    "target": lambda one: replace(one, target="builtin"),
    "target name": lambda one: replace(one, description=Description("another", "2.1")),
    "target version": lambda one: replace(one, description=Description(OURS.name, "2.2")),
    "not implemented": lambda one: replace(one, description=Description(OURS.name, "2.1", frozenset({"qr"}))),
    "pins": lambda one: replace(one, description=Description(OURS.name, "2.1", pinned="0" * 64)),
    "profiles": lambda one: replace(one, profiles=()),
    "chosen by": lambda one: replace(one, chosen_by=("qr",)),
    "waived cases": lambda one: replace(one, waivers={"mdoc-expired": "later"}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_whatever_is_another_about_the_run_is_named(name: str) -> None:
    made = record(FEW)
    found = compared(made, OTHERS[name](made))

    assert not found.is_equal
    assert [one.name for one in found.facts] == [name]


def test_a_case_that_came_out_otherwise_is_changed() -> None:
    found = compared(record([GOOD]), record([judged(REFUSED, accepted(REFUSED))]))

    (change,) = found.changed
    assert change.document()["before"]["outcome"] == "passed"
    assert change.document()["after"] == {
        "outcome": "failed", "expected": str(REFUSED.expect), "got": "PASSED",
        "detail": f"expected {REFUSED.expect}, got PASSED",
    }  # fmt: skip
    assert (found.new, found.gone) == ((), ())


def test_a_failure_for_another_reason_is_changed() -> None:
    one = record([judged(REFUSED, accepted(REFUSED))])
    other = record([judged(REFUSED, Observation(ALTERED, REFUSED.state))])

    assert [change.case for change in compared(one, other).changed] == [REFUSED.id]


def test_a_failure_with_the_same_verdict_and_another_state_is_changed() -> None:
    one, other = (
        record([judged(REFUSED, Observation(REFUSED.expect, {**(REFUSED.state or {}), "spent": spent}))])
        for spent in (7, 8)
    )

    assert [change.case for change in compared(one, other).changed] == [REFUSED.id]


def test_a_waiver_for_another_reason_is_named() -> None:
    one, other = (record(FEW, waivers={"mdoc-expired": why}) for why in ("until May", "until June"))

    assert [fact.name for fact in compared(one, other).facts] == ["waived cases"]


def test_cases_that_are_new_and_gone_are_told_apart() -> None:
    found = compared(record(FEW[:2]), record(FEW[1:]))

    assert [one.case for one in found.new] == [FEW[2].case.id]
    assert [one.case for one in found.gone] == [FEW[0].case.id]
    assert found.changed == ()


def test_neither_time_nor_order_makes_a_difference() -> None:
    slow = [replace(one, milliseconds=500.0) for one in reversed(FEW)]
    found = compared(record(FEW), record(slow, at=AT + timedelta(days=1)))

    assert found.is_equal
