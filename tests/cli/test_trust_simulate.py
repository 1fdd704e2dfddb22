"""Simulating a list: which verdicts it would change, told before anybody signs, without a word of any credential."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from idbridge.clock import SystemClock
from idbridge.codec import base64url
from idbridge.model.randomness import SystemRandomness
from idbridge.model.time import instant_text
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region
from tests.cli.ended import Ended
from tests.cli.proposals import as_it_is, proposal

Run = Callable[..., Ended]
CASE = "sg-login-opens-account"


@cache
def request_in(region: Path) -> Any:
    case = case_named(CASE)
    return mint(case, region=Region.load(region), at=SystemClock().now(), randomness=SystemRandomness()).document()


def recorded(region: Path, **changes: Any) -> dict[str, Any]:
    """A line of a bundle: a login of Singapore at a bank in Bangkok."""
    return {"request": request_in(region), "for": "TH", "as": case_named(CASE).relying_party, **changes}


def bundle(to: Path, *lines: Any) -> Path:
    to.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return to


@pytest.fixture
def gone(region: Path, tmp_path: Path) -> str:
    """The list of Singapore without its login service."""
    dropped = {"sg-login", "sg-login-2025"}
    return str(proposal(region, tmp_path / "gone.jws", lambda one: None if one["id"] in dropped else one))


@pytest.fixture
def bare(region: Path, tmp_path: Path) -> Path:
    """A node without a pretend region."""
    place = tmp_path / "bare"
    shutil.copytree(region, place)
    (place / "region.json").unlink()
    return place


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("absent.jws", "--state", "SG"), 5, "cannot be read as a signed list"),
        (("pins.json", "--state", "SG"), 4, "lacks LoTE"),
        (("trust/lists/TH.jws", "--state", "SG"), 4, "speaks for TH"),
        (("trust/lists/SG.jws",), 2, "missing option '--state'"),
        (("trust/lists/SG.jws", "--state", "SG", "--bundle", "x"), 2, "is not NAME=FILE"),
        (("trust/lists/SG.jws", "--state", "SG", "--bundle", "x=absent.jsonl"), 5, "the bundle"),
    ],
)
def test_what_cannot_be_simulated_is_an_error(
    run: Run, region: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, word: str
) -> None:
    monkeypatch.chdir(region)
    ended = run("trust", "simulate", *arguments, "--region", str(region))

    assert (ended.code, ended.out) == (code, "")
    assert word in ended.err


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "{",
        '{"for": "TH"}',
        '{"request": "eyJ", "for": "TH", "as": "th-bank"}',
        {"for": "XX"},
        {"as": "nobody"},
        {"for": "SG"},
        {"at": "yesterday"},
        {"as": 7, "for": "TH"},
        {"secret": 1},
        {"request": {"credential": "x"}},
    ],
)
def test_a_line_that_is_no_recorded_request_is_named_and_not_quoted(
    run: Run, region: Path, tmp_path: Path, line: Any
) -> None:
    good = recorded(region)
    written = bundle(tmp_path / "b.jsonl", good, {**good, **line} if isinstance(line, dict) else line)
    same = str(region / "trust" / "lists" / "SG.jws")
    ended = run("trust", "simulate", same, "--state", "SG", "--bundle", f"bank={written}", "--region", str(region))

    assert (ended.code, ended.out) == (1, "")
    assert good["request"]["credential"] not in ended.err


def test_with_nothing_to_ask_nothing_is_said_to_be_well(run: Run, bare: Path) -> None:
    ended = run("trust", "simulate", str(bare / "trust" / "lists" / "SG.jws"), "--state", "SG", "--region", str(bare))

    assert ended.code == 5
    assert "there is nothing to ask" in ended.err


def test_verdicts_that_change_are_listed_and_end_with_one(run: Run, region: Path, gone: str) -> None:
    ended = run("trust", "simulate", gone, "--state", "SG", "--region", str(region), "--json")

    assert ended.code == 1
    assert {
        "group": "sandbox",
        "case": CASE,
        "before": "PASSED",
        "before_code": None,
        "after": "FAILED",
    }.items() <= next(row for row in ended.json["results"] if row["case"] == CASE).items()
    summary = ended.json["summary"]
    assert summary["changed"] == len(ended.json["results"])
    assert 0 < summary["share"] < 0.5
    assert (summary["present"]["sequence"], summary["proposed"]["sequence"]) == (1, 2)
    assert summary["refused"] is None


def test_a_list_that_changes_no_verdict_ends_with_zero(run: Run, region: Path, tmp_path: Path) -> None:
    same = proposal(region, tmp_path / "same.jws", as_it_is)
    ended = run("trust", "simulate", str(same), "--state", "SG", "--region", str(region))

    assert ended.code == 0
    assert ended.out.startswith("0 of ")
    assert ended.err == ""


def test_a_list_that_nodes_would_refuse_is_told_as_such(run: Run, region: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin.jws"
    payload = (region / "trust" / "lists" / "SG.jws").read_text().split(".")[1]
    listed = json.loads(base64url.decode(payload))
    listed["LoTE"]["ListAndSchemeInformation"]["NextUpdate"] = "2027-01-01T00:00:00Z"
    twin.write_text(json.dumps(listed))
    ended = run("trust", "simulate", str(twin), "--state", "SG", "--region", str(region))

    assert ended.code == 1
    assert "would refuse this one: trust.equivocation" in ended.err


def test_recorded_requests_are_asked_too_under_the_name_of_their_bundle(
    run: Run, region: Path, bare: Path, gone: str, tmp_path: Path
) -> None:
    request = recorded(region)["request"]
    described = {
        "request": request,
        "for": "TH",
        "name": "described",
        "audiences": ["https://bank.th.example"],
        "clients": {"https://sandbox.login.sg.example": "th-bank"},
    }
    written = bundle(tmp_path / "b.jsonl", recorded(region, name="registered"), "", described)
    asked = ("trust", "simulate", gone, "--state", "SG", "--bundle", f"bank={written}")
    with_region = run(*asked, "--region", str(region), "--json").json

    rows = {row["case"]: row for row in with_region["results"] if row["group"] == "bank"}
    assert set(rows) == {"registered", "described"}
    assert rows["registered"]["before"] == "PASSED"
    assert rows["registered"]["code"] == "issuer.unknown"
    only = bundle(tmp_path / "c.jsonl", described)
    alone = run("trust", "simulate", gone, "--state", "SG", "--bundle", f"bank={only}", "--region", str(bare))
    assert alone.code == 1
    assert "bank: described" in alone.out
    assert "1 of 1 verdicts change (100.0%)" in alone.out
    assert request["credential"] not in alone.out + alone.err


def test_an_end_that_is_announced_shows_at_an_instant_after_it(run: Run, region: Path, tmp_path: Path) -> None:
    now = SystemClock().now().replace(microsecond=0)
    end = {"status": "withdrawn", "from": instant_text(now + timedelta(days=20))}

    def ending(service: dict[str, Any]) -> dict[str, Any]:
        return {**service, "status": [*service["status"], end]} if service["id"] == "sg-login" else service

    announced = str(proposal(region, tmp_path / "announced.jws", ending))
    simulated = ("trust", "simulate", announced, "--state", "SG", "--region", str(region))

    assert run(*simulated).code == 0
    assert run(*simulated, "--at", instant_text(now + timedelta(days=30))).code == 1
    assert run(*simulated, "--at", instant_text(now + timedelta(days=300))).code == 4
