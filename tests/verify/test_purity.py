"""V2 to V9 are a pure function: with files, sockets, clocks and randomness forbidden, the decision is the same."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.source import ROOT
from tests.verify.without_the_world import FORBIDDEN, SOURCES

BOUND_SECONDS = 120


@pytest.fixture(scope="module")
def came() -> dict[str, Any]:
    """What came of it in a process of its own: servers of other tests run in threads of this one, and would end."""
    ran = subprocess.run(
        (sys.executable, "-m", "tests.verify.without_the_world"),
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=BOUND_SECONDS,
    )
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


@pytest.mark.parametrize("source", SOURCES)
def test_a_decision_needs_nothing_from_outside(came: dict[str, Any], source: str) -> None:
    assert came["same"][source] is True


def test_what_is_forbidden_would_be_noticed(came: dict[str, Any]) -> None:
    assert len(came["noticed"]) == len(FORBIDDEN)
    assert all(came["noticed"].values())
