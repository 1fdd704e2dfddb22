"""What a gateway writes about itself: events by name and id, never what a request carried.

An exception's message may hold a value of the request, so only its type and where it came from are written.
"""

import logging
from pathlib import Path
from traceback import extract_tb
from typing import Final

from idbridge.trust.snapshot import TrustSnapshot

JOURNAL: Final = logging.getLogger("idbridge_gateway")
_FRAMES: Final = 6
JOURNAL.addHandler(logging.NullHandler())  # without a handler of the operator's, nothing is written anywhere


def note_refused(snapshot: TrustSnapshot) -> None:
    """Write which trust material was offered and not accepted. It is signed and public, and about nobody."""
    for offer in snapshot.refused:
        JOURNAL.warning("not accepted: %s: %s (%s)", offer.subject, offer.code, offer.detail)


def note_unexpected(error: Exception, *, correlation_id: str) -> None:
    """Write that something failed which should not have, so that an operator can find it by ``correlation_id``."""
    frames = extract_tb(error.__traceback__)[-_FRAMES:]
    trail = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    JOURNAL.error("unexpected %s, correlation_id=%s: %s", type(error).__name__, correlation_id, trail)
