"""The guide to conformance: its table is that of the code, and a team and an operator walk through its blocks."""

import os
import re
import subprocess
import sys
from pathlib import Path

from idbridge.conformance.profiles import PROFILES, Reach, Terms
from idbridge.limits import LIMITS
from tests.docs.walk import Walk, blocks
from tests.source import ROOT

PAGE = "conformance.md"
GUIDE = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")


def _targets(terms: Terms) -> str:
    return " ".join(f"`{reach.value}`" for reach in terms.reaches)


def test_the_table_of_profiles_is_that_of_the_code() -> None:
    rows = [
        f"| `{profile.value}` | {terms.proved_by} | {terms.about} | {_targets(terms)} |"
        for profile, terms in PROFILES.items()
    ]

    assert [line for line in GUIDE.splitlines() if line.startswith("| `")] == rows


def test_every_way_to_reach_a_target_is_named() -> None:
    assert all(re.search(rf"`{one.value}[:`]", GUIDE) for one in Reach)


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"first {LIMITS.conformance_findings} failures" in GUIDE
    assert f"first {LIMITS.conformance_shown_characters} characters" in GUIDE
    assert f"older than {LIMITS.conformance_attestation_age.days} days" in GUIDE


def test_a_team_goes_from_nothing_to_an_attestation_and_an_operator_checks_it(tmp_path: Path) -> None:
    found = [one for one in blocks(PAGE) if not one.is_by_hand]
    walk = Walk(tmp_path)
    walk.machine("team")
    walk.passphrase("team")

    walk.through(*found)

    page = (walk.machine("team") / "report.html").read_text("utf-8")
    assert {one.machine for one in found} == {"team", "node"}
    assert "<h1>Passed</h1>" in page


def test_the_suite_is_put_to_the_test_from_a_checkout() -> None:
    (block,) = [one for one in blocks(PAGE) if one.is_by_hand and "conformance mutants" in one.text]
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    told = subprocess.run(
        ["bash", "-euc", block.text], cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, text=True,
        timeout=240, check=False,
    )  # fmt: skip

    assert told.returncode == 0, told.stderr
    assert "1 mutants, 1 caught, 0 survivors" in told.stdout
