"""Why a log cannot be opened, or goes on no longer: typed, and without a word of what was written."""

from typing import NoReturn

from idbridge.errors import ConfigurationError, LaterError
from idbridge.reasons import reason


class LogError(ConfigurationError):
    """The files of a log do not allow to go on; nothing was changed."""


class BusyError(LogError):
    """Somebody else has the log."""


class HeadBehindError(LogError):
    """The log is not the one that was written last: files of a backup, or a second copy (threat: split view)."""

    def __init__(self, *, local: int, known: int) -> None:
        super().__init__(
            f"the log has {local} entries, and {known} were there before: these files are an old copy, or another one"
        )
        self.local = local
        self.known = known


class UnrecordedError(LaterError):
    """Nothing was written down for good, and so nothing may be released."""

    def __init__(self, detail: str) -> None:
        after = reason("system.unrecorded").retry_after
        assert after is not None  # noqa: S101 - the catalogue refuses a retryable reason without it
        super().__init__("system.unrecorded", detail, retry_after=after)


def refuse(why: str) -> NoReturn:
    """Refuse to go on with a log.

    Raises:
        LogError: Always.
    """
    raise LogError(why)
