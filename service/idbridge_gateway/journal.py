"""What a gateway writes about itself: events by name and id, never what a request carried.

Only events of ``journal_events`` are written, with fields of their kinds. An exception's message may hold a value of
the request, so only its type and where it came from are written. Of what libraries say nothing is written but that they
said something, which of them, and the type and place of the exception: their messages hold what they worked on.
"""

import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import gmtime
from traceback import extract_tb
from types import MappingProxyType, TracebackType
from typing import Any, Final

from idbridge.trust.alerts import Alert, Severity
from idbridge_gateway.journal_events import ALERT, EVENTS, UNEXPECTED, fits
from idbridge_gateway.unblocked import UnblockedHandler

JOURNAL: Final = logging.getLogger("idbridge_gateway")
_FRAMES: Final = 6
_WITHHELD: Final = "(withheld)"
_UNKNOWN: Final = "an event that is not listed, of %s line %d"
_OF_A_LIBRARY: Final = "an event of a library, %s: %s"
_LEVELS: Final[Mapping[Severity, int]] = MappingProxyType({
    Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.CRITICAL: logging.CRITICAL,
})  # fmt: skip


def listed_only(record: logging.LogRecord) -> bool:
    """Leave of ``record`` what the list of events allows; it is written always, for nothing happens unnoticed."""
    fields = EVENTS.get(record.msg) if isinstance(record.msg, str) else None
    given = record.args if isinstance(record.args, tuple) else (record.args,) if record.args is not None else ()
    if fields is None or len(fields) != len(given):
        record.msg, record.args = _UNKNOWN, (Path(record.pathname).name, record.lineno)
    else:
        record.args = tuple(
            _allowed(value) if fits(field, value) else _WITHHELD for field, value in zip(fields, given, strict=True)
        )
    record.exc_info = record.exc_text = record.stack_info = None
    return True


def _allowed(value: Any) -> Any:
    return value if isinstance(value, int) or value is None else _spelled(str(value))


class BoundedFormatter(logging.Formatter):
    """Writes lines of the journal as they are, and of any other logger that something happened and where.

    Times are in UTC, as RFC 3339 has them, whatever zone the machine is in: lines of several states are read together.
    """

    converter = staticmethod(gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; ``record`` stays as it is, for whoever else handles it."""
        if record.name == JOURNAL.name:
            return super().format(record)
        error = record.exc_info[1] if record.exc_info else None
        args = (
            (type(error).__name__, _trail(error)) if error is not None else ("no exception", Path(record.pathname).name)
        )
        bounded = logging.LogRecord(record.name, record.levelno, "", 0, _OF_A_LIBRARY, args, None)
        bounded.created, bounded.msecs = record.created, record.msecs
        return super().format(bounded)


JOURNAL.addFilter(listed_only)
JOURNAL.addHandler(logging.NullHandler())  # without a handler of the operator's, nothing is written anywhere


def write_to_stderr(level: int, *, worker: int | None = None) -> None:
    """Write the journal to standard error from ``level`` on, and of the server below only what is an error.

    With ``worker`` every line says which one wrote it. All of them learn of the same alerts; the first one tells.
    """
    who = "" if worker is None else f" worker {worker}"
    form = f"%(asctime)s %(levelname)s %(name)s{who}: %(message)s"
    handler = UnblockedHandler(sys.stderr)
    handler.setFormatter(BoundedFormatter(form))
    logging.basicConfig(handlers=[handler], level=logging.ERROR)
    threading.excepthook = _of_a_thread
    sys.unraisablehook = _of_nobody
    JOURNAL.setLevel(level)
    if worker is not None and worker > 1:
        JOURNAL.addFilter(_is_no_alert)


@contextmanager
def alerts_left_to_workers() -> Iterator[None]:
    """Write no alerts meanwhile: the first of the workers that are about to begin writes them."""
    JOURNAL.addFilter(_is_no_alert)
    try:
        yield
    finally:
        JOURNAL.removeFilter(_is_no_alert)


def _is_no_alert(record: logging.LogRecord) -> bool:
    return not hasattr(record, "alert")


def note_alert(alert: Alert) -> None:
    """Write what happened to trust material, for a reader and, as ``alert``, for whatever collects the journal.

    It is signed and public, and about nobody.
    """
    JOURNAL.log(
        _LEVELS[alert.severity],
        ALERT,
        alert.kind.value,
        _spelled(alert.subject),
        alert.code or alert.severity.value,
        _spelled(alert.detail),
        extra={"alert": alert.document()},
    )


def _spelled(text: str) -> str:
    """Return ``text`` with line breaks and control characters spelled out: an offer writes no lines of the journal."""
    return text.encode("unicode_escape").decode("ascii")


def note_unexpected(error: Exception, *, correlation_id: str) -> None:
    """Write that something failed which should not have, so that an operator can find it by ``correlation_id``."""
    JOURNAL.error(UNEXPECTED, type(error).__name__, correlation_id, _trail(error))


def _trail(error: BaseException) -> str:
    """Return where ``error`` came from, the innermost place first: files, lines and functions."""
    frames = extract_tb(error.__traceback__)[-_FRAMES:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))


@contextmanager
def ended_with_a_line() -> Iterator[None]:
    """End this process by 1 where it fails, and write so in place of a traceback with whatever the exception says."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it was, nothing of what it says is written
        note_unexpected(error, correlation_id="process")
        raise SystemExit(1) from None


def _of_a_thread(hooked: threading.ExceptHookArgs) -> None:
    """Write that a thread ended, in place of a traceback with whatever the exception says."""
    _note_uncaught(hooked.exc_type, hooked.exc_value, hooked.exc_traceback)


def _of_nobody(hooked: Any) -> None:
    """Write that something failed where nobody could catch it, likewise."""
    _note_uncaught(hooked.exc_type, hooked.exc_value, hooked.exc_traceback)


def _note_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    error = error if error is not None else kind().with_traceback(trace)
    JOURNAL.error(UNEXPECTED, type(error).__name__, "none", _trail(error))
