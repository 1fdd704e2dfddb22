"""`verify --explain`: the nine steps as a story, each check told once, nothing of the person in it, as it was written.

The stories that are compared letter by letter lie in `stories/`. Where the words change on purpose, `WRITE_STORIES=1`
writes them anew; then read them as whoever is refused would.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idbridge.cli.story import told
from idbridge.model.check import Result, Step
from idbridge.sandbox.catalogue import cases
from idbridge.sandbox.mint import mint
from idbridge.sandbox.run import reported
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.status.snapshot import EMPTY_STATUS
from tests.cli.ended import Ended
from tests.sandbox.regions import NOON, snapshot
from tests.sandbox.regions import region as region_of

Run = Callable[..., Ended]
Told = Callable[..., Ended]
STORIES = Path(__file__).parent / "stories"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
AS_TOWER = ("--for", "TH", "--purpose", "building-visit", "--as", "th-bank")
AS_BANK = ("--for", "TH", "--purpose", "account-opening", "--as", "th-bank")
COMPARED = {
    "sg-pid-opens-account": AS_BANK,
    "qr-expired": AS_TOWER,
    "qr-opens-account": AS_BANK,
    "qr-key-unknown": AS_TOWER,
    "qr-cut": AS_TOWER,
}
PERSONAL = ("Tan Hui Ling", "1991-04-17", "X0000001A", "u-7c1f0b52", "Bounmy")


@pytest.fixture
def explained(run: Run, region: Path) -> Told:
    def explain(name: str, *options: str) -> Ended:
        body = run("sandbox", "mint", name, "--region", str(region)).out
        return run("verify", "-", "--region", str(region), "--explain", *options, stdin=body)

    return explain


def story(printed: str) -> str:
    """The story without the report before it, all instants alike."""
    return INSTANT.sub("<instant>", printed[printed.index("V1  ") :])


@pytest.mark.parametrize("name", COMPARED)
def test_the_story_is_told_as_it_was_written(explained: Told, name: str) -> None:
    ended = explained(name, *COMPARED[name])
    if os.environ.get("WRITE_STORIES"):
        (STORIES / f"{name}.txt").write_text(story(ended.out), encoding="utf-8")

    assert story(ended.out) == (STORIES / f"{name}.txt").read_text(encoding="utf-8")


def _decider(as_json: dict[str, Any]) -> str | None:
    """The check that decided, which the last step names again."""
    decider: str | None = as_json["summary"]["decided_by"]
    return decider


@pytest.mark.parametrize("name", COMPARED)
def test_every_check_is_told_once_and_the_nine_steps_in_order(explained: Told, name: str) -> None:
    as_json = explained(name, *COMPARED[name], "--json").json

    printed = story(explained(name, *COMPARED[name]).out)

    ids = [check["id"] for chapter in as_json["results"] for check in chapter["checks"]]
    words = printed.split()
    assert [chapter["step"] for chapter in as_json["results"]] == [str(step) for step in Step]
    assert {name: words.count(name) for name in ids if words.count(name) != 1} in ({}, {_decider(as_json): 2})
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", COMPARED)
def test_nothing_of_the_person_is_in_the_story(explained: Told, name: str) -> None:
    printed = explained(name, *COMPARED[name]).out
    as_json = explained(name, *COMPARED[name], "--json").out

    assert not any(value in story(printed) or value in as_json for value in PERSONAL)


@pytest.mark.parametrize("name", COMPARED)
def test_the_story_ends_as_the_verdict_does(explained: Told, run: Run, name: str) -> None:
    plain = explained(name, *COMPARED[name])
    as_json = explained(name, *COMPARED[name], "--json")

    assert as_json.code == plain.code
    assert as_json.json["schema"] == "idbridge-explanation-1"
    assert as_json.json["summary"]["indication"] == plain.out.splitlines()[0]
    assert as_json.json["results"][-1]["result"] == as_json.json["summary"]["indication"]
    assert len(as_json.json["summary"]["not_proven"]) >= 2


def test_a_question_about_another_instant_says_that_it_accepts_nothing(explained: Told) -> None:
    printed = explained("sg-pid-opens-account", *AS_BANK, "--at", "2037-01-01T00:00:00Z").out

    assert "another instant than now, so the answer accepts nothing today" in printed


def test_a_question_that_may_not_be_asked_looks_at_nothing() -> None:
    case = next(case for case in cases() if case.code == "policy.purpose_not_registered")
    made = mint(case, region=region_of(case.environment), at=NOON, randomness=SeededRandomness(b"told"))
    trust = snapshot(case.environment)
    report = reported(made, region=region_of(case.environment), trust=trust, statuses=EMPTY_STATUS, at=NOON)

    said = {chapter.step: chapter for chapter in told(report)}

    assert said[Step.V2].said == ("It was not looked at: the question itself was refused.",)
    assert said[Step.V8].result is Result.FAILED
    assert said[Step.V7].result is Result.SKIPPED
