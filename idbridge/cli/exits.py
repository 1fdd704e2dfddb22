"""Exit codes: one table for all verbs. Decides which code an outcome or an error ends with."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from idbridge.errors import ConfigurationError, FetchError, IdBridgeError, RequestError
from idbridge.reasons import Indication


class Exit(IntEnum):
    """How a command ended, for the script that called it."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    INDETERMINATE = 3
    TRUST_UNUSABLE = 4
    LOCAL = 5
    UNCONFIRMED = 6
    INTERNAL = 70


MEANINGS: Final[Mapping[Exit, str]] = MappingProxyType(
    {
        Exit.DONE: "accepted or done",
        Exit.REFUSED: "refused, differences or something due",
        Exit.USAGE: "usage",
        Exit.INDETERMINATE: "indeterminate",
        Exit.TRUST_UNUSABLE: "trust material unusable",
        Exit.LOCAL: "local files or configuration",
        Exit.UNCONFIRMED: "confirmation or threshold missing",
        Exit.INTERNAL: "internal error",
    }
)

_OF_INDICATION: Final[Mapping[Indication, Exit]] = MappingProxyType(
    {
        Indication.PASSED: Exit.DONE,
        Indication.FAILED: Exit.REFUSED,
        Indication.INDETERMINATE: Exit.INDETERMINATE,
    }
)


def of_indication(indication: Indication) -> Exit:
    """Return the exit code of a completed verification."""
    return _OF_INDICATION[indication]


def of_error(error: IdBridgeError) -> Exit:
    """Return the exit code of a failure that was raised on purpose.

    Trust material decides by its code and not by its class, because a refused step of the pipeline can carry a
    ``trust.*`` code too.
    """
    if isinstance(error, ConfigurationError):
        return Exit.LOCAL
    if isinstance(error, FetchError) or error.reason.group == "trust":
        return Exit.TRUST_UNUSABLE
    if isinstance(error, RequestError):
        return Exit.USAGE
    return of_indication(error.reason.indication)
