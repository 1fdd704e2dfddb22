"""The harnesses with some inputs each beside their seeds, and that they would notice: a fault that is put in is found.

`make fuzz` runs them for 20 seconds each.
"""

from functools import cache

import pytest

from idbridge.errors import InputError
from tests.fuzz.harness import Harness
from tests.fuzz.harnesses import HARNESSES
from tests.fuzz.run import Outcome, run

INPUTS = 3_000
SEEDS = {harness.name: len(harness.seeds()) for harness in HARNESSES}
NAMES = list(SEEDS)


@cache
def outcomes() -> dict[str, Outcome]:
    """What came of each, all fuzzed once."""
    return {outcome.name: outcome for outcome in run(NAMES, inputs=INPUTS)}


def refusing(_octets: bytes) -> None:
    raise InputError("input.malformed")


def stumbling(_octets: bytes) -> None:
    raise KeyError("x")


@pytest.mark.parametrize("name", NAMES)
def test_hostile_octets_are_refused_and_nothing_falls_over_or_takes_longer_than_it_may(name: str) -> None:
    outcome = outcomes()[name]

    assert outcome.found == "", f"input in hexadecimal: {outcome.input.hex() if outcome.input else '(none)'}"
    assert outcome.seeds > 0
    assert outcome.tried >= INPUTS + outcome.seeds


def test_a_refusal_is_no_fault_and_any_other_exception_is_one() -> None:
    Harness("refusing", refusing, list, 1).fed(b"")

    with pytest.raises(KeyError):
        Harness("stumbling", stumbling, list, 1).fed(b"")


def test_there_are_enough_harnesses_and_each_has_a_name_of_its_own_and_seeds() -> None:
    assert len(NAMES) == len(HARNESSES) >= 10
    assert all(SEEDS.values())
