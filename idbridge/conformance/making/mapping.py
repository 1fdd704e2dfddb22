"""Mapping: which case of the sandbox catalogue proves which requirements, by one table of names and patterns of names.

The most specific rule wins: a name before a pattern, and of two patterns the one with more letters of its own. There is
no rule for "everything else", so that a new case is looked at before it counts. Whether the requirements exist is for
``corpus``, whether all of them have a case for ``coverage``.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Final

from idbridge.errors import ConfigurationError
from idbridge.sandbox.case import Case

MAPPING_FILE: Final = Path(__file__).parent / "requirements" / "mapping.toml"
_WILD: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Rules:
    """Requirements by the name of a case, and by patterns of names, the most specific pattern first."""

    names: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, tuple[str, ...]]

    def requirements_of(self, case: Case) -> tuple[str, ...]:
        """Return the ids of the requirements that ``case`` proves.

        Raises:
            ConfigurationError: No rule is about the case, or two patterns that are equally specific are.
        """
        if case.name in self.names:
            return self.names[case.name]
        fitting = [pattern for pattern in self.patterns if fnmatchcase(case.name, pattern)]
        if not fitting:
            raise ConfigurationError(f"no rule says which requirement the case {case.name} proves")
        if len(fitting) > 1 and _letters(fitting[0]) == _letters(fitting[1]):
            raise ConfigurationError(f"two rules are equally about the case {case.name}: {fitting[0]}, {fitting[1]}")
        return self.patterns[fitting[0]]


def read_rules(text: str) -> Rules:
    """Return the rules that ``text`` (TOML, one table ``cases``) spells out.

    Raises:
        ConfigurationError: It is no such table, or a rule names no requirement, or one of them twice.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as malformed:
        raise ConfigurationError("the mapping of cases to requirements is not in order") from malformed
    if document.keys() != {"cases"} or not isinstance(document["cases"], dict):
        raise ConfigurationError("the mapping of cases to requirements is one table called `cases`")
    rules = {name: _ids(name, ids) for name, ids in document["cases"].items()}
    patterns = sorted((name for name in rules if not _WILD.isdisjoint(name)), key=_letters, reverse=True)
    return Rules(
        {name: ids for name, ids in rules.items() if _WILD.isdisjoint(name)},
        {pattern: rules[pattern] for pattern in patterns},
    )


@cache
def shipped_rules() -> Rules:
    """Return the rules that came with this installation, read once.

    Raises:
        ConfigurationError: They are damaged.
    """
    return read_rules(MAPPING_FILE.read_text("utf-8"))


def requirements_of(case: Case) -> tuple[str, ...]:
    """Return the ids of the requirements that ``case`` proves, by the rules of this installation.

    Raises:
        ConfigurationError: No rule is about the case.
    """
    return shipped_rules().requirements_of(case)


def _ids(name: str, ids: object) -> tuple[str, ...]:
    if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
        raise ConfigurationError(f"the rule for {name} names no requirement")
    if len(set(ids)) != len(ids):
        raise ConfigurationError(f"the rule for {name} names a requirement twice")
    return tuple(ids)


def _letters(pattern: str) -> int:
    return sum(letter not in _WILD for letter in pattern)
