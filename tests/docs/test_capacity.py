"""The capacity model: what the page says is what the program prints, and what it prints can be worked out by hand."""

import re
import subprocess
import sys

import pytest

from scripts.capacity import SCENARIOS, Demand, Figures, demand, nodes, nodes_of_state, tables
from tests.source import ROOT

PROGRAM = ROOT / "scripts" / "capacity.py"
PAGE = ROOT / "docs" / "capacity.md"
AADHAAR, SINGPASS, BORDER = (demand(scenario, Figures()) for scenario in SCENARIOS)


def printed(*options: str) -> str:
    return subprocess.run([sys.executable, PROGRAM, *options], capture_output=True, text=True, check=True).stdout


def test_the_page_shows_what_the_program_prints() -> None:
    found = re.search(r"<!-- capacity -->\n(.*)<!-- /capacity -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    assert found is not None
    assert found[1] == printed()


def test_the_command_of_the_page_prints_the_tables() -> None:
    command = re.search(r"scripts/capacity\.py (--.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert command is not None
    assert printed(*command[1].split()) == tables(Figures())


def test_other_figures_give_other_tables() -> None:
    assert printed("--people", "1000000") == tables(Figures(people=1_000_000)) != tables(Figures())


@pytest.mark.parametrize(
    ("found", "mean", "busy", "flash"),
    [(AADHAAR, 450, 1_350, 4_500), (SINGPASS, 1_350, 4_050, 13_500), (BORDER, 68, 200, 675)],
)
def test_the_rates_are_those_of_the_countries_that_they_are_taken_from(
    found: Demand, mean: float, busy: float, flash: float
) -> None:
    assert (found.mean, found.busy, found.flash) == pytest.approx((mean, busy, flash), rel=0.015)


def test_nodes_are_loaded_to_six_tenths_and_a_state_has_one_to_spare() -> None:
    assert nodes(900, Figures()) == 1
    assert nodes(901, Figures()) == 2
    assert nodes(SINGPASS.flash, Figures()) == 15
    assert nodes_of_state(1, Figures()) == 2
    assert nodes_of_state(SINGPASS.flash, Figures()) == 3


def test_store_and_log_are_as_large_as_what_they_hold() -> None:
    figures = Figures()

    assert SINGPASS.flash * figures.replay_seconds * figures.replay_octets == pytest.approx(474e6, rel=0.01)
    assert SINGPASS.daily * figures.leaf_octets == pytest.approx(41e9, rel=0.01)
    assert SINGPASS.daily * figures.hash_octets == pytest.approx(3.7e9, rel=0.01)
