"""Looking at trust: what is listed, since when, and why an issuer is not trusted."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from idbridge.model.region import MemberState
from tests.cli.conftest import Ended

Run = Callable[..., Ended]


@pytest.fixture
def copy(region: Path, tmp_path: Path) -> Path:
    place = tmp_path / "copy"
    shutil.copytree(region, place)
    return place


@pytest.mark.parametrize("verb", [("list",), ("show", "SG"), ("explain", "https://x.example")])
def test_missing_material_is_never_an_empty_answer(run: Run, tmp_path: Path, verb: tuple[str, ...]) -> None:
    ended = run("trust", *verb, "--region", str(tmp_path / "absent"))

    assert ended.code == 5
    assert ended.out == ""


@pytest.mark.parametrize(
    ("issuer", "code", "exit_code"),
    [
        ("https://nobody.example", "issuer.unknown", 1),
        ("https://sandbox.login.sg.example/", "issuer.unknown", 1),
        ("HTTPS://sandbox.login.sg.example", "issuer.unknown", 1),
        ("https://login.sg.example", "recognition.environment_mismatch", 1),
    ],
)
def test_an_issuer_that_nobody_lists_is_not_trusted(
    run: Run, region: Path, issuer: str, code: str, exit_code: int
) -> None:
    ended = run("trust", "explain", issuer, "--region", str(region), "--json")

    assert ended.code == exit_code
    assert ended.json["summary"]["trusted"] is False
    assert ended.json["summary"]["code"] == code


@pytest.mark.parametrize(
    ("at", "code", "exit_code"),
    [("2020-01-01T00:00:00Z", "issuer.not_yet_granted", 1), ("2040-01-01T00:00:00Z", "trust.stale", 3)],
)
def test_an_issuer_is_not_trusted_outside_of_its_time(
    run: Run, region: Path, at: str, code: str, exit_code: int
) -> None:
    ended = run("trust", "explain", "https://sandbox.login.sg.example", "--at", at, "--region", str(region))

    assert ended.code == exit_code
    assert code in ended.out


def test_a_granted_issuer_is_explained_with_its_edition_and_history(run: Run, region: Path) -> None:
    ended = run("trust", "explain", "https://sandbox.login.sg.example", "--region", str(region))

    assert ended.code == 0
    assert "is trusted at" in ended.out
    assert "listed by    SG, sequence 1" in ended.out
    assert "superseded" in ended.out


def test_a_list_that_was_altered_costs_its_own_state_only(run: Run, copy: Path) -> None:
    altered = copy / "trust" / "lists" / "SG.jws"
    altered.write_text(altered.read_text()[:-4] + "AAAA")

    ended = run("trust", "list", "--region", str(copy), "--json")

    rows = {row["state"]: row for row in ended.json["results"]}
    assert rows["SG"]["listed"] is False
    assert rows["SG"]["code"] == "trust.signature_invalid"
    assert ended.json["summary"]["usable"] == len(MemberState) - 1
    assert run("trust", "show", "SG", "--region", str(copy)).code == 4
    assert run("trust", "show", "TH", "--region", str(copy)).code == 0


def test_no_usable_list_at_all_ends_as_unusable(run: Run, region: Path) -> None:
    ended = run("trust", "list", "--at", "2040-01-01T00:00:00Z", "--region", str(region))

    assert ended.code == 4
    assert "trust.stale" in ended.out
    assert "0 of 11 lists usable" in ended.out


def test_the_list_names_all_eleven_states(run: Run, region: Path) -> None:
    ended = run("trust", "list", "--region", str(region))

    assert ended.code == 0
    assert [row[:2] for row in ended.out.splitlines()[1:12]] == sorted(MemberState)


def test_a_state_is_shown_with_every_service(run: Run, region: Path) -> None:
    listed = run("trust", "show", "sg", "--region", str(region), "--json").json["results"]

    text = run("trust", "show", "SG", "--region", str(region)).out
    assert len(listed) >= 5
    assert all(service["issuer"] in text for service in listed)


def test_an_unknown_state_is_a_usage_error(run: Run, region: Path) -> None:
    ended = run("trust", "show", "XX", "--region", str(region))

    assert ended.code == 2
    assert "none of BN, ID, KH" in ended.err
