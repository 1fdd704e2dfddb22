"""The retention table: every class of what a node keeps, and the one place that says for how long.

Decides how long the stores may keep a sealed value. ``docs/data-protection.md`` is written from it, and a test refuses
a store, a table, a file or a cookie that is no row of it. Clauses: ASVS 5.0 section 14.2.7; architecture D9.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from idbridge_gateway.retention.other_rows import (
    COOKIE_ROWS,
    GIVEN_ROWS,
    LOG_ROWS,
    MEMORY_ROWS,
    NEVER_ROWS,
    SPENT_ROWS,
    SQL_ROWS,
    STATE_ROWS,
)
from idbridge_gateway.retention.row import Row
from idbridge_gateway.retention.sealed_rows import SEALED_ROWS

SECTIONS: Final[Mapping[str, tuple[Row, ...]]] = MappingProxyType({
    "Sealed under handles": SEALED_ROWS,
    "Spent, counted and yet to be told": SPENT_ROWS,
    "In the memory of a process alone": MEMORY_ROWS,
    "In the database": SQL_ROWS,
    "In the state directory": STATE_ROWS,
    "In the log and beside it": LOG_ROWS,
    "In files that an operator gives": GIVEN_ROWS,
    "In browsers": COOKIE_ROWS,
    "Kept nowhere": NEVER_ROWS,
})  # fmt: skip
ROWS: Final[tuple[Row, ...]] = tuple(row for rows in SECTIONS.values() for row in rows)


def _longest() -> Mapping[str, timedelta]:
    found = {row.name: row.longest for row in SEALED_ROWS}
    return MappingProxyType({name: longest for name, longest in found.items() if longest is not None})


_LONGEST: Final = _longest()


def kept_until(name: str, asked: datetime, *, now: datetime) -> datetime:
    """Return until when a sealed value of the class ``name`` is kept: as was ``asked``, but not past its row.

    Raises:
        KeyError: There is no such row; a programming error.
    """
    return min(asked, now + _LONGEST[name])
