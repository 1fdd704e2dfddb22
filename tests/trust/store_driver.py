"""A small program that keeps one more snapshot, for tests that end it at every step: FOLDER and a number."""

import resource
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from idbridge.errors import ConfigurationError
from idbridge.trust import files
from idbridge.trust.store import SnapshotStore

AT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SHARED = b"what every snapshot has" * 100
REFUSED = 5


def content(number: int) -> dict[str, bytes]:
    """The files of the snapshot of this number."""
    return {"metadata/timestamp.json": b"%d" % number * 1000, "targets/lists/SG/list.jws": SHARED}


def keep(folder: Path, number: int) -> None:
    """Keep the snapshot of this number, its floor before it comes into force, and let an older one go."""
    at = AT + timedelta(days=number)
    store = SnapshotStore(folder)
    prepared = store.prepare(content(number), {"number": number})
    files.write(folder, "floor", b"%d" % number)
    prepared.commit(at=at)
    store.prune(frozenset(), at=at, older_than=timedelta(hours=1))


if __name__ == "__main__":
    if len(sys.argv) > 3:  # no file may be longer, so that a write ends in its middle
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
    try:
        keep(Path(sys.argv[1]), int(sys.argv[2]))
    except ConfigurationError:
        sys.exit(REFUSED)
