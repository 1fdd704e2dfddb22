"""The oracle itself: what it must not overlook, and what it counts apart."""

import json
from typing import Any

import pytest

from tests.chaos.line import NOTHING, Answer
from tests.chaos.oracle import GOOD, Oracle, Question, always
from tests.gateway.distributed import the_present_region


def answered(status: int = 200, *, headers: dict[str, str] | None = None, **report: Any) -> Answer:
    return Answer(status, headers or {}, json.dumps(report).encode())


ACCEPTED: dict[str, Any] = {"accepted": True, "indication": "PASSED"}


@pytest.fixture
def oracle() -> Oracle:
    return Oracle(the_present_region())


def test_a_bad_one_that_is_accepted_is_a_false_accept_and_said_by_name(oracle: Oracle) -> None:
    question = oracle.bad()

    oracle.judge(question, answered(**ACCEPTED))

    assert oracle.count.false_accepts == 1
    assert oracle.count.notes == [f"accepted bad {question.name}"]


def test_a_good_one_that_is_accepted_again_is_a_false_accept(oracle: Oracle) -> None:
    assert oracle.replay() is None
    oracle.judge(oracle.good(), answered(**ACCEPTED))
    again = oracle.replay()
    assert again is not None

    oracle.judge(again, answered(**ACCEPTED))

    assert (oracle.count.accepted, oracle.count.false_accepts) == (2, 1)


def test_what_a_row_made_untrue_may_not_be_accepted(oracle: Oracle) -> None:
    oracle.untrue = always

    oracle.judge(oracle.good(), answered(**ACCEPTED))

    assert oracle.count.false_accepts == 1


@pytest.mark.parametrize(
    ("status", "headers", "unexpected"),
    [(500, {}, 1), (502, {"retry-after": "1"}, 1), (503, {}, 1), (503, {"retry-after": "soon"}, 1)],
)
def test_a_server_fault_is_expected_only_as_503_that_says_when_to_come_back(
    oracle: Oracle, status: int, headers: dict[str, str], unexpected: int
) -> None:
    oracle.judge(oracle.good(), answered(status, headers=headers))
    oracle.judge(oracle.good(), answered(503, headers={"retry-after": "2"}))

    assert (oracle.count.unexpected_5xx, oracle.count.shed) == (unexpected, 1)


def test_what_is_accepted_in_grace_and_what_is_not_answered_is_counted_apart(oracle: Oracle) -> None:
    oracle.judge(oracle.good(), answered(accepted=True, indication="INDETERMINATE"))
    oracle.judge(oracle.good(), NOTHING)
    oracle.judge(oracle.good(), answered(accepted=False, indication="FAILED"))

    count = oracle.count
    assert (count.in_grace, count.unanswered, count.refused_good, count.false_accepts) == (1, 1, 1, 0)


def test_a_receipt_is_kept_to_be_looked_for(oracle: Oracle) -> None:
    oracle.judge(oracle.bad(), answered(accepted=False, report_id="rep_1", receipt={"index": 7}))

    assert [(one.index, one.report_id) for one in oracle.count.receipts] == [(7, "rep_1")]


def test_requests_are_of_every_kind(oracle: Oracle) -> None:
    oracle.judge(oracle.good(GOOD[0]), answered(**ACCEPTED))

    assert {oracle.some().kind for _ in range(100)} == {"good", "bad", "replay"}
    assert all(isinstance(one, Question) for one in oracle.spent())
