"""Requirements: what somebody must do, in our words, with the clause that says so. One table, ``requirements.csv``."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from idbridge.conformance.profiles import Profile
from idbridge.errors import ConfigurationError

REQUIREMENTS_FILE: Final = "requirements.csv"
_ID: Final = re.compile(r"IDB-[A-Z0-9]+-[0-9]{3}")


class Level(StrEnum):
    """How binding a requirement is (RFC 2119)."""

    MUST = "MUST"
    SHOULD = "SHOULD"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement. ``not_tested`` is why no case tests it, empty if one does.

    ``clause`` is where it comes from, ``actor`` who has to keep it, ``profiles`` which runs prove it.

    Raises:
        ValueError: Its id has another form, or something that must be said is empty.
    """

    id: str
    clause: str
    text: str
    actor: str
    level: Level
    profiles: tuple[Profile, ...]
    not_tested: str

    def __post_init__(self) -> None:
        if _ID.fullmatch(self.id) is None:
            raise ValueError(f"{self.id} is no id of a requirement")
        if not (self.clause and self.text and self.actor and self.profiles):
            raise ValueError(f"requirement {self.id} leaves something out")


COLUMNS: Final = tuple(field.name for field in fields(Requirement))


def read_requirements(path: Path) -> Mapping[str, Requirement]:
    """Return the requirements in the table at ``path``, by id and in its order.

    Raises:
        ConfigurationError: The table is not there or not in order, or names an id twice.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise ConfigurationError("the requirements of the corpus cannot be read") from unreadable
    try:
        return MappingProxyType(_by_id(csv.DictReader(io.StringIO(text), strict=True)))
    except (ValueError, TypeError, csv.Error) as malformed:
        raise ConfigurationError(f"the table of requirements is not in order: {malformed}") from malformed


def _by_id(rows: "csv.DictReader[str]") -> dict[str, Requirement]:
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise ValueError(f"its columns are not {', '.join(COLUMNS)}")
    found: dict[str, Requirement] = {}
    for row in rows:
        requirement = _requirement(row)
        if requirement.id in found:
            raise ValueError(f"{requirement.id} stands twice")
        found[requirement.id] = requirement
    return found


def _requirement(row: Mapping[str, str]) -> Requirement:
    profiles = tuple(Profile(name) for name in row["profiles"].split())
    return Requirement(
        row["id"], row["clause"], row["text"], row["actor"], Level(row["level"]), profiles, row["not_tested"]
    )
