"""The sandbox on the command line: every case is listed, what is minted is what the catalogue says."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from idbridge.sandbox.catalogue import cases
from tests.cli.ended import Ended

Run = Callable[..., Ended]


def test_an_unknown_case_is_a_usage_error_with_the_nearest_one(run: Run, region: Path) -> None:
    ended = run("sandbox", "mint", "sg-pid-open-account", "--region", str(region))

    assert ended.code == 2
    assert "did you mean `sg-pid-opens-account`?" in ended.err


def test_a_case_that_is_tried_in_process_cannot_be_minted(run: Run, region: Path) -> None:
    inside = next(case for case in cases() if case.kind.value == "trust")

    ended = run("sandbox", "mint", inside.name, "--region", str(region))

    assert ended.code == 2
    assert "cannot be sent" in ended.err
    assert ended.out == ""


def test_minting_without_a_region_makes_none(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "absent"

    ended = run("sandbox", "mint", "sg-pid-opens-account", "--region", str(place))

    assert ended.code == 5
    assert not place.exists()


def test_a_private_key_that_others_may_read_is_refused(run: Run, region: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(region, copy)
    key = next((copy / "private").glob("*.pem"))
    key.chmod(0o644)

    assert run("sandbox", "mint", "sg-pid-opens-account", "--region", str(copy)).code == 5
    assert run("doctor", "--region", str(copy)).code == 5


def test_the_list_has_every_case(run: Run) -> None:
    listed = run("sandbox", "list", "--json").json

    assert [row["name"] for row in listed["results"]] == [case.name for case in cases()]
    assert listed["summary"]["states"] == 11


def test_the_list_is_narrowed_by_state_and_code(run: Run) -> None:
    listed = run("sandbox", "list", "--state", "th", "--code", "jose.alg_none", "--json").json["results"]

    assert listed
    assert all((row["state"], row["code"]) == ("TH", "jose.alg_none") for row in listed)


def test_standard_output_is_the_body_and_nothing_else(run: Run, region: Path) -> None:
    ended = run("sandbox", "mint", "sg-pid-opens-account", "--region", str(region))

    body = json.loads(ended.out)
    assert body["purpose"] == "account-opening"
    assert "expected PASSED" in ended.err


def test_the_credential_alone_can_be_inspected(run: Run, region: Path) -> None:
    credential = run("sandbox", "mint", "sg-pid-opens-account", "--credential", "--region", str(region)).out

    ended = run("inspect", "-", stdin=credential)

    assert ended.code == 0
    assert "https://sandbox.pid.sg.example" in ended.out
    assert "Tan" not in ended.out


def test_a_request_without_a_credential_says_so(run: Run, region: Path) -> None:
    bodies = [case.name for case in cases() if case.kind.value == "request" and case.over_http]

    ended = [run("sandbox", "mint", name, "--credential", "--region", str(region)) for name in bodies]

    assert {one.code for one in ended} <= {0, 2}
    assert 2 in {one.code for one in ended}


@pytest.mark.parametrize("name", ["sg-pid-opens-account", "sd-jwt-alg-none"])
def test_the_json_is_the_whole_request_and_what_is_expected(run: Run, region: Path, name: str) -> None:
    minted = run("sandbox", "mint", name, "--json", "--region", str(region)).json

    assert minted["summary"]["expected"]["status"] == 200
    request = minted["results"][-1]
    assert (request["method"], request["path"]) == ("POST", "/v1/verify")
    assert request["headers"]["Authorization"].startswith("Bearer idb_test_")
    assert "credential" in json.loads(request["body"])
