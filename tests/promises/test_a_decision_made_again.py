"""The fourth promise: another process, with other hash seeds and nothing remembered, makes the same decision again."""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from idbridge.clock import SystemClock
from idbridge.model.randomness import SystemRandomness
from idbridge.model.time import instant_text, parse_instant
from idbridge.sandbox.case import Kind
from idbridge.sandbox.catalogue import cases
from idbridge.sandbox.mint import mint
from idbridge.sandbox.questions import question
from idbridge.sandbox.region import Region
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.verifier import Verifier


def decisions(region: Region, *, at: datetime, asked: list[dict[str, str]]) -> list[str]:
    """Decide each of ``asked`` once, in order, with one verifier."""
    verifier = Verifier(trust=region.snapshot(at=at), status=EMPTY_STATUS)
    made = []
    for one in asked:
        party = region.registration(one["party"]).relying_party
        made.append(verifier.verify(question(json.loads(one["body"]), relying_party=party), at=at).decision().decode())
    return made


def main() -> None:
    """Decide again what standard input asks; run as a process of its own."""
    asked = json.load(sys.stdin)
    print(json.dumps(decisions(Region.load(Path(sys.argv[1])), at=parse_instant(sys.argv[2]), asked=asked)))  # noqa: T201


@pytest.fixture(scope="module")
def disputed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, datetime, list[dict[str, str]], list[str]]:
    """Return a region, the instant, every question of the catalogue that one credential answers, and the decisions."""
    folder, at = tmp_path_factory.mktemp("disputed"), SystemClock().now().replace(microsecond=0)
    region = Region.generate(at=at)
    region.save(folder)
    chosen = [case for case in cases() if case.kind is Kind.VERIFY and case.over_http]
    minted = [mint(case, region=region, at=at, randomness=SystemRandomness()) for case in chosen]
    asked = [{"party": str(one.case.relying_party), "body": one.body.decode()} for one in minted]
    return folder, at, asked, decisions(region, at=at, asked=asked)


@pytest.mark.parametrize("seed", ["1", "4294967295"])
def test_another_process_decides_the_same_byte_for_byte(
    disputed: tuple[Path, datetime, list[dict[str, str]], list[str]], seed: str
) -> None:
    folder, at, asked, first = disputed

    again = subprocess.run(
        [sys.executable, "-m", "tests.promises.test_a_decision_made_again", folder, instant_text(at)],
        input=json.dumps(asked).encode(),
        capture_output=True,
        check=True,
        timeout=120,
        env={**os.environ, "PYTHONHASHSEED": seed},
    )

    assert json.loads(again.stdout) == first


def test_the_order_of_questions_and_a_warm_verifier_change_nothing(
    disputed: tuple[Path, datetime, list[dict[str, str]], list[str]],
) -> None:
    folder, at, asked, first = disputed

    backwards = decisions(Region.load(folder), at=at, asked=[*reversed(asked), *reversed(asked)])

    assert backwards == [*reversed(first), *reversed(first)]


def test_each_decision_names_what_it_rests_on(
    disputed: tuple[Path, datetime, list[dict[str, str]], list[str]],
) -> None:
    made = [json.loads(one) for one in disputed[3]]

    assert len(made) > 60
    assert {one["indication"] for one in made} == {"PASSED", "FAILED", "INDETERMINATE"}
    named = ("trust_snapshot", "status_snapshot", "policy", "evaluated_at", "verifier_version")
    assert all(one[name] for one in made for name in named)


if __name__ == "__main__":
    main()
