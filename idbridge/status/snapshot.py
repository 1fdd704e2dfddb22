"""What is known of revocation at one moment: immutable and named by its content, so that a verdict can name it.

No status list is served yet, so there is one snapshot, the empty one, and it answers no reference. That is the safe
side: a credential that refers to a status list is INDETERMINATE until that very list is held (``status/check``).
"""

from dataclasses import dataclass
from typing import Final

from idbridge.codec import jcs

SCHEMA: Final = "idbridge-status-1"


@dataclass(frozen=True, slots=True)
class StatusSnapshot:
    """One state of knowledge about revocation. ``id`` is the SHA-256 (hex) of the canonical manifest."""

    id: str


EMPTY_STATUS: Final = StatusSnapshot(jcs.digest_hex({"schema": SCHEMA, "lists": []}))
