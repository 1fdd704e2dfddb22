"""What of the drill no tree tells, and so no case of the trust-list consumer is made of: by name, and why.

One table, ``consumer-left-out.toml``. A test holds it to the catalogue: what is neither left out nor a case is found.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from idbridge.errors import ConfigurationError

TABLE: Final = Path(__file__).parent / "consumer-left-out.toml"


@cache
def left_out() -> Mapping[str, str]:
    """Return why each attack or trial is left out, by its name.

    Raises:
        ConfigurationError: The table is not in order, or names something twice.
    """
    return read_left_out(TABLE.read_text("utf-8"))


def read_left_out(text: str) -> Mapping[str, str]:
    """Return what a table says.

    Raises:
        ConfigurationError: It is not in order, or names something twice.
    """
    found: dict[str, str] = {}
    try:
        for group in tomllib.loads(text)["left"]:
            for name in group["cases"]:
                if name in found or not group["why"]:
                    raise ConfigurationError(f"{name} is left out twice, or without a reason")
                found[name] = group["why"]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as malformed:
        raise ConfigurationError("the table of what is left out is not in order") from malformed
    return MappingProxyType(found)
