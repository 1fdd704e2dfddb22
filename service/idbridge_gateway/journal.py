"""What a gateway writes about itself: events by name and id, never what a request carried.

An exception's message may hold a value of the request, so only its type and where it came from are written.
"""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from types import MappingProxyType
from typing import Final

from idbridge.trust.alerts import Alert, Severity

JOURNAL: Final = logging.getLogger("idbridge_gateway")
_FRAMES: Final = 6
_LEVELS: Final[Mapping[Severity, int]] = MappingProxyType({
    Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.CRITICAL: logging.CRITICAL,
})  # fmt: skip
JOURNAL.addHandler(logging.NullHandler())  # without a handler of the operator's, nothing is written anywhere


def write_to_stderr(level: int, *, worker: int | None = None) -> None:
    """Write the journal to standard error from ``level`` on, and of the server below only what is an error.

    With ``worker`` every line says which one wrote it. All of them learn of the same alerts; the first one tells.
    """
    who = "" if worker is None else f" worker {worker}"
    form = f"%(asctime)s %(levelname)s %(name)s{who}: %(message)s"
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format=form)
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
        "alert %s: %s: %s (%s)",
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
    frames = extract_tb(error.__traceback__)[-_FRAMES:]
    trail = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    JOURNAL.error("unexpected %s, correlation_id=%s: %s", type(error).__name__, correlation_id, trail)
