"""A few rows of the fault matrix that take seconds, and what the runner makes of what a row counted."""

import pytest

from idbridge.sandbox.people import population
from tests.chaos.__main__ import Ran, failed, run_row, summary
from tests.chaos.bench import Bench
from tests.chaos.keeper import Keeper
from tests.chaos.line import Answer
from tests.chaos.oracle import Count, Receipt
from tests.chaos.rows import Row, all_rows

QUICK = ("redis-full", "oversized", "killed-in-rotation")


@pytest.mark.parametrize("name", QUICK)
def test_a_fault_accepts_nothing_wrongly_loses_nothing_and_is_recovered_from(name: str) -> None:
    ran = run_row(all_rows()[name], short=True)

    assert ran.faults == ()
    assert ran.count.notes == []
    assert not failed(ran)


def ran(count: Count, *faults: str) -> Ran:
    return Ran(Row("one", "nothing", lambda _: None), count, None, 0.0, faults)


@pytest.mark.parametrize("counted", ["false_accepts", "lost_leaves", "unexpected_5xx"])
def test_one_of_anything_that_has_to_be_zero_fails_a_row_and_is_summed(counted: str) -> None:
    bad, good = ran(Count()), ran(Count(requests=5, accepted=2, in_grace=1))
    setattr(bad.count, counted, 1)

    assert failed(bad)
    assert not failed(good)
    assert summary([bad, good]) == {"rows": 2, "false_accepts": 0, "lost_leaves": 0, "unexpected_5xx": 0, counted: 1}


def test_a_row_that_broke_off_or_was_late_fails() -> None:
    def breaking(_: Bench) -> None:
        raise AssertionError("it broke off")

    def late(bench: Bench) -> None:
        bench.deadline("ready", 3_600.0, promised=1.0)

    assert failed(run_row(Row("breaking", "nothing", breaking)))
    assert run_row(Row("late", "nothing", late)).faults == ("late: ready: 3600.0 s, promised 1 s",)


def test_a_receipt_whose_leaf_is_not_in_the_log_is_a_lost_leaf() -> None:
    def losing(bench: Bench) -> None:
        bench.count.receipts.append(Receipt(3, "rep_lost"))

    lost = run_row(Row("losing", "nothing", losing))

    assert lost.count.lost_leaves == 1
    assert failed(lost)


def test_a_person_who_is_left_in_a_file_a_journal_or_a_problem_fails_a_row() -> None:
    tan = population().people["sg-tan"]

    def in_a_file(bench: Bench) -> None:
        bench.folder.joinpath("core").write_bytes(b"..." + tan.facts["address"].encode().hex().encode())

    def beside_a_source(bench: Bench) -> None:
        bench.sources.append("before/idbridge")
        bench.folder.joinpath("before", "idbridge").mkdir(parents=True)
        bench.folder.joinpath("before", "core").write_text(tan.display)

    def in_a_problem(bench: Bench) -> None:
        bench.oracle.judge(bench.oracle.bad(), Answer(400, {}, tan.facts["email"].encode()))

    def in_a_journal(bench: Bench) -> None:
        bench.keepers.append(Keeper(bench.settings(), {}, 0))
        bench.keepers[0].journal.add(f"refused {tan.display}")

    for row in (in_a_file, beside_a_source, in_a_problem, in_a_journal):
        left = run_row(Row("leaving", "nothing", row))
        assert failed(left)
        assert any(fault.startswith("somebody is left in ") for fault in left.faults)


def test_there_are_at_least_twenty_rows_and_each_says_what_fails() -> None:
    rows = all_rows()

    assert len(rows) >= 20
    assert all(row.fault and row.seconds <= 600 for row in rows.values())
