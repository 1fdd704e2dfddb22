"""`list` and `explain` show what there is, name what is near, and end as the table of exit codes says."""

import json

import pytest
from click.testing import CliRunner, Result

from idbridge.cli.exits import Exit
from idbridge.cli.main import root
from idbridge.conformance.corpus import shipped
from idbridge.conformance.profiles import PROFILES, Profile

CASE = "mdoc-expired"


def said(*words: str) -> Result:
    return CliRunner().invoke(root, ["conformance", *words])


def test_a_case_that_there_is_not_is_a_mistake_and_one_that_is_near_is_named() -> None:
    told = said("explain", "mdoc-expird")

    assert told.exit_code == Exit.USAGE
    assert f"did you mean `{CASE}`?" in told.stderr


@pytest.mark.parametrize("words", [("--tag", "nowhere"), ("--profile", "wallet", "--tag", "qr")])
def test_a_choice_of_no_case_is_a_mistake(words: tuple[str, ...]) -> None:
    assert said("list", *words).exit_code == Exit.USAGE


def test_a_case_is_explained_by_what_must_come_of_it_why_by_which_clause_and_what_to_do() -> None:
    case = shipped().cases[CASE]
    told = " ".join(said("explain", CASE).stdout.split())

    assert case.why in told
    assert str(case.expect) in told
    assert "remedy" in told
    for name in case.requirements:
        assert f"{name} MUST ({shipped().requirements[name].clause})" in told


def test_the_input_of_a_case_is_shown_as_it_stands_in_its_file() -> None:
    _, _, shown = said("explain", CASE).stdout.partition("input:\n")

    assert json.loads(shown) == shipped().cases[CASE].input


def test_as_json_a_case_is_one_object() -> None:
    told = json.loads(said("explain", CASE, "--json").stdout)

    assert told["results"][0]["expected"] == {"indication": "FAILED", "code": shipped().cases[CASE].expect.code}


def test_every_profile_is_listed_with_its_cases_and_targets() -> None:
    told = json.loads(said("list", "--json").stdout)

    assert [one["profile"] for one in told["results"]] == [profile.value for profile in Profile]
    assert sum(one["cases"] for one in told["results"]) == len(shipped().cases)
    assert told["summary"]["digest"] == shipped().digest()
    for one in told["results"]:
        assert one["targets"] == [reach.value for reach in PROFILES[Profile(one["profile"])].reaches]


def test_the_cases_of_a_profile_with_a_tag_are_listed() -> None:
    told = json.loads(said("list", "--profile", "wallet", "--tag", "mdoc", "--json").stdout)

    assert told["summary"]["cases"] == len(told["results"])
    assert {one["case"] for one in told["results"]} == {
        case.id for case in shipped().chosen([Profile.WALLET], ["mdoc"])
    }  # fmt: skip
