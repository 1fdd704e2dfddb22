"""The capacity model of the region: what 680 million people ask of its nodes, computed from a few measured figures.

`.venv/bin/python scripts/capacity.py` prints the tables of docs/capacity.md; options put other figures in their place.
A test compares the page with what is printed.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

STATES: Final = 11
DAY_SECONDS: Final = 86_400
BUSY_HOUR: Final = 3  # times the mean of a day
FLASH: Final = 10  # times the mean: a deadline, a benefit that is paid out, a broadcast
ORDINARY_LOAD: Final = 0.6  # of what a node can do, so that one can fail and the others carry on
CROSS_BORDER: Final = 0.05  # of all uses, an assumption


@dataclass(frozen=True, slots=True)
class Figures:
    """What the model rests on. Octets and rates are measured; the rest says how people behave."""

    people: int = 680_000_000
    node_rate: float = 1_500.0  # verdicts with assertion and receipt, each second, of two processor cores
    replay_seconds: int = 300  # for which a login that was accepted is remembered
    replay_octets: int = 117  # of the store, for one of them
    leaf_octets: int = 350
    hash_octets: int = 32
    status_entries: int = 1_000_000  # of one list, one for each person
    status_list_octets: int = 13_700  # with 1 % revoked, compressed
    status_refresh_seconds: int = 900
    list_octets: int = 200_000
    offline_parties: int = 100_000  # relying parties that verify by themselves
    list_poll_seconds: int = 3_600


@dataclass(frozen=True, slots=True)
class Scenario:
    """How often people use a digital ID; ``share`` is the part of these uses that comes to a node."""

    name: str
    basis: str
    uses: float  # of one person in a day
    share: float = 1.0


SCENARIOS: Final = (
    Scenario("as Aadhaar", "80 million a day of 1.4 billion people", 80e6 / 1.4e9),
    Scenario("as Singpass", "350 million a year of 5.6 million people", 350e6 / 365 / 5.6e6),
    Scenario("cross-border only", "5 % of the latter", 350e6 / 365 / 5.6e6, CROSS_BORDER),
)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one scenario asks of the region."""

    scenario: Scenario
    daily: float

    @property
    def mean(self) -> float:
        """Verdicts each second."""
        return self.daily / DAY_SECONDS

    @property
    def busy(self) -> float:
        """Verdicts each second of the busy hour."""
        return self.mean * BUSY_HOUR

    @property
    def flash(self) -> float:
        """Verdicts each second of a flash."""
        return self.mean * FLASH


def demand(scenario: Scenario, figures: Figures) -> Demand:
    """Return what ``scenario`` asks of the region."""
    return Demand(scenario, figures.people * scenario.uses * scenario.share)


def nodes(rate: float, figures: Figures) -> int:
    """Return how many nodes carry ``rate`` verdicts each second at their ordinary load."""
    return math.ceil(rate / (ORDINARY_LOAD * figures.node_rate))


def nodes_of_state(rate: float, figures: Figures) -> int:
    """Return how many nodes an average state has: those for its part, and one more that may fail."""
    return math.ceil(rate / STATES / (ORDINARY_LOAD * figures.node_rate)) + 1


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "|".join(" --- " if number == 0 else " ---: " for number in range(len(heads))) + "|"
    yield from ("| " + " | ".join(row) + " |" for row in rows)


def _demands(found: Sequence[Demand]) -> Iterator[str]:
    heads = ("People use it", "a day", "mean /s", "busy hour /s", "flash /s")
    rows = [
        (f"{one.scenario.name} ({one.scenario.basis})", _millions(one.daily), _rounded(one.mean), _rounded(one.busy),
         _rounded(one.flash))
        for one in found
    ]  # fmt: skip
    return _table(heads, rows)


def _machines(found: Sequence[Demand], figures: Figures) -> Iterator[str]:
    heads = ("People use it", "nodes, busy hour", "nodes, flash", "of a state, with a spare", "store, flash")
    rows = [
        (
            one.scenario.name,
            str(nodes(one.busy, figures)),
            str(nodes(one.flash, figures)),
            str(nodes_of_state(one.flash, figures)),
            _octets(one.flash * figures.replay_seconds * figures.replay_octets),
        )
        for one in found
    ]
    return _table(heads, rows)


def _disks(found: Sequence[Demand], figures: Figures) -> Iterator[str]:
    heads = ("People use it", "log of the region, a day", "of a state, a day", "hashes to keep, a year")
    rows = [
        (
            one.scenario.name,
            _octets(one.daily * figures.leaf_octets),
            _octets(one.daily * figures.leaf_octets / STATES),
            _octets(one.daily * figures.hash_octets * 365),
        )
        for one in found
    ]
    return _table(heads, rows)


def _lines(figures: Figures) -> Iterator[str]:
    lists = math.ceil(figures.people / figures.status_entries)
    held = lists * figures.status_list_octets
    heads = ("What is fetched", "how much")
    rows = [
        (f"{lists} status lists, held by every node", _octets(held)),
        (f"the same, fetched by one node every {figures.status_refresh_seconds // 60} min",
         f"{_octets(held / figures.status_refresh_seconds)}/s"),
        (f"trust lists, asked for by {figures.offline_parties:,} relying parties every hour",
         f"{_rounded(figures.offline_parties / figures.list_poll_seconds)} requests/s"),
        ("the same, if all lists changed in one hour",
         f"{_octets(figures.offline_parties * figures.list_octets / figures.list_poll_seconds)}/s"),
    ]  # fmt: skip
    return _table(heads, rows)


def tables(figures: Figures) -> str:
    """Return the tables of the page."""
    found = [demand(scenario, figures) for scenario in SCENARIOS]
    parts = (_demands(found), _machines(found, figures), _disks(found, figures), _lines(figures))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _rounded(number: float) -> str:
    """Return ``number`` with three digits that count: the model knows no more."""
    digits = 2 - math.floor(math.log10(abs(number))) if number else 0
    return f"{round(number, digits):,.0f}"


def _millions(number: float) -> str:
    return f"{number / 1e6:,.1f} million"


def _octets(number: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number:.0f} B"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="What the people of the region ask of its nodes.")
    for name in ("people", "node_rate", "leaf_octets", "replay_octets"):
        default = getattr(Figures(), name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    print(tables(Figures(**vars(parser.parse_args()))), end="")


if __name__ == "__main__":
    main()
