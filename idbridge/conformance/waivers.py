"""Waivers: cases that are expected to fail, each with a reason that somebody wrote down. One TOML table."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from idbridge.conformance.corpus import Corpus
from idbridge.errors import ConfigurationError


def read_waivers(path: Path, corpus: Corpus) -> Mapping[str, str]:
    """Return why cases are expected to fail, by case: the table ``[expected-failures]`` of the file at ``path``.

    Raises:
        ConfigurationError: It is not in order, gives no reason, or names a case that there is not.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as unreadable:
        raise ConfigurationError("the waivers cannot be read as TOML") from unreadable
    table = document.get("expected-failures")
    if document.keys() != {"expected-failures"} or not isinstance(table, dict):
        raise ConfigurationError("waivers are one table, `[expected-failures]`")
    for case, why in table.items():
        if case not in corpus.cases:
            raise ConfigurationError(f"a waiver names the case {case}, which there is not")
        if not isinstance(why, str) or not why.strip():
            raise ConfigurationError(f"the waiver of the case {case} gives no reason")
    return MappingProxyType(table)
