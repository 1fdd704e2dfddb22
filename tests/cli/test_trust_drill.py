"""`idbridge trust drill`: the attack catalogue at the command line."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from idbridge.cli import trust_drill
from idbridge.cli.exits import Exit
from idbridge.sandbox.catalogue import attacks
from idbridge.sandbox.drill import finding
from idbridge.sandbox.drill.run import Row
from tests.cli.ended import Ended

Run = Callable[..., Ended]
CASE = "attack-05-second-list-under-one-number"


@pytest.fixture(scope="module")
def fooled() -> Row:
    """What a drill would have found, had the node accepted a second list under one number."""
    return Row(attacks()[CASE], finding.accepted(unchanged=False))


def test_a_case_that_nobody_knows_is_a_usage_error_with_a_hint(run: Run) -> None:
    ended = run("trust", "drill", "--case", "attack-05-second-list-under-number")

    assert ended.code == Exit.USAGE
    assert CASE in ended.err
    assert "names them all" in run("trust", "drill", "--case", "zzz").err


def test_one_case_is_tried_with_the_accepted_one_that_it_differs_from(run: Run) -> None:
    ended = run("trust", "drill", "--case", CASE, "--json")

    assert ended.code == Exit.DONE
    assert [row["id"] for row in ended.json["results"]] == ["honest-next-list", CASE]
    assert {"schema", "results", "cases", "false_accepts", "false_refusals", "not_here"} <= ended.json.keys()
    assert (ended.json["cases"], ended.json["false_accepts"], ended.json["false_refusals"]) == (2, 0, 0)
    assert ended.err == ""


def test_a_person_sees_each_case_with_what_came_of_it(run: Run) -> None:
    ended = run("trust", "drill", "--case", CASE)

    assert ended.code == Exit.DONE
    assert "trust.equivocation" in ended.out
    assert "2 cases, 0 false accepts, 0 false refusals" in ended.out
    assert "not here: 72, Redis down" in ended.out


def test_anything_surprising_ends_with_one(fooled: Row, capsys: pytest.CaptureFixture[str]) -> None:
    code = trust_drill.tell([fooled], as_json=True)
    told: dict[str, Any] = json.loads(capsys.readouterr().out)

    assert code is Exit.REFUSED
    assert (told["cases"], told["false_accepts"]) == (1, 1)
    assert told["summary"] == {"as_expected": 0, "surprising": 1}


def test_what_is_surprising_is_named_on_standard_error(fooled: Row, capsys: pytest.CaptureFixture[str]) -> None:
    code = trust_drill.tell([fooled], as_json=False)
    printed = capsys.readouterr()

    assert code is Exit.REFUSED
    assert CASE in printed.err
    assert "1 false accepts" in printed.out
