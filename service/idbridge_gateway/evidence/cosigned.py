"""The newest checkpoint of this node's log that witnesses have confirmed, as it is kept in the state directory.

Decides how far others have seen the log come, by a checkpoint that the log's own key has signed. Files that are behind
it are an old copy, whatever the store of heads says, which may come from the same backup (threat: split view).
"""

from pathlib import Path
from typing import Final

from idbridge.evidence import places, recovery
from idbridge.evidence.errors import LogError
from idbridge.evidence.head import Head
from idbridge.limits import LIMITS
from idbridge.tlog.note import NoteKey

COSIGNED: Final = "log-cosigned"  # in the state directory


def confirmed_head(state_dir: Path, key: NoteKey) -> Head | None:
    """Return how far witnesses have confirmed the log of ``key``; ``None`` if they have not, or what is kept is spoilt.

    Raises:
        LogError: What is kept cannot be read.
    """
    octets = places.read(state_dir, COSIGNED, max_bytes=LIMITS.note_bytes)
    if octets is None:
        return None
    try:
        told = recovery.signed_by(octets, (key,)).checkpoint
    except LogError:  # of a log before this one, or damaged: it proves nothing against the files
        return None
    return Head(told.origin, told.size, told.root)
