"""The rows of the fault matrix, by name: what goes wrong, and the function that lets it."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.bench import Bench


@dataclass(frozen=True)
class Row:
    """One fault. ``seconds`` bound it; ``quick`` rows are run by ``make test`` too."""

    name: str
    fault: str
    run: Callable[[Bench], None]
    seconds: float = 180.0


_ROWS: dict[str, Row] = {}


def row(fault: str, *, seconds: float = 180.0) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    """Make a row of a function; its name is that of the row."""

    def made(run: Callable[[Bench], None]) -> Callable[[Bench], None]:
        name = run.__name__.replace("_", "-")
        _ROWS[name] = Row(name, fault, run, seconds)
        return run

    return made


def all_rows() -> dict[str, Row]:
    """Return every row, in the order of the matrix."""
    from tests.chaos import (  # noqa: F401 - they make themselves known
        rows_clock,
        rows_disk,
        rows_hosts,
        rows_load,
        rows_lost,
        rows_node,
        rows_pressed,
        rows_store,
        rows_trust,
    )  # fmt: skip

    return dict(_ROWS)
