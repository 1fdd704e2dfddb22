"""Cases of live profiles: written down in one table for each profile, and unfolded into the common form of a case.

A row says what is done (``input``), why, and by which requirements; a row with a ``code`` is a case that has to be
refused, and names its accepted twin. Adding a case of a known procedure needs no Python.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from idbridge.conformance.case import NEGATIVE, SCHEMA
from idbridge.errors import ConfigurationError

ROWS: Final = Path(__file__).parent / "rows"
_REQUIRED: Final = frozenset({"id", "title", "why", "requirements", "tags", "input"})
_REFUSED: Final = frozenset({"code", "twin"})

Written = tuple[dict[str, Any], dict[str, Any]]  # what becomes case.json, and input.json beside it


def written_cases(name: str, folder: Path = ROWS) -> Iterator[Written]:
    """Yield the cases of the table ``name``, each as its two documents.

    Raises:
        ConfigurationError: The table is not there, or a row leaves out or adds something.
    """
    try:
        table = tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
        rows, profile = table["case"], table["profile"]
    except (OSError, ValueError, KeyError) as odd:
        raise ConfigurationError(f"the table of cases {name} is not in order") from odd
    for row in rows:
        if row.keys() not in (_REQUIRED, _REQUIRED | _REFUSED):
            raise ConfigurationError(f"the case {row.get('id')} in {name} has other members than it must have")
        yield _case(row, profile=profile), dict(row["input"])


def _case(row: Mapping[str, Any], *, profile: str) -> dict[str, Any]:
    refused = "code" in row
    return {
        "schema": SCHEMA,
        "id": row["id"],
        "profile": profile,
        "tags": [*row["tags"], *([NEGATIVE] if refused else [])],
        "title": row["title"],
        "why": row["why"],
        "requirements": row["requirements"],
        "material": None,
        "at": None,
        "expect": {"indication": "FAILED" if refused else "PASSED", "code": row.get("code")},
        "twin": row.get("twin"),
        "state": None,
        "frozen": False,
    }
