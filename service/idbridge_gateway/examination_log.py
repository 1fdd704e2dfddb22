"""What ``idbridge doctor`` looks at of the log of a node, of the disks that it writes to, and of all that it opens."""

import errno
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from idbridge.cli.exits import Exit, of_error
from idbridge.cli.finding import ERROR, OK, WARNING, Finding, hint_of
from idbridge.clock import Clock
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.evidence import places
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge_gateway.app import create_app
from idbridge_gateway.evidence.looking import SeenLog, look_at
from idbridge_gateway.evidence.opening import heads_of, read_log_key
from idbridge_gateway.settings import Settings

_HELP: Final = "docs/evidence.md says how a log is begun and gone on with; never begin one anew in its place"
_ROOM: Final = (
    f"a node is not ready below {LIMITS.disk_unready:.0%}, and decides nothing below {LIMITS.disk_refuse:.0%}"
)
_HEADS: Final = "its store of heads cannot be asked, so that a copy of a backup would not be noticed"


def look_at_log(settings: Settings, clock: Clock) -> Finding:
    """Return whether the log is there and whole, who has it, and whether the second store agrees with it."""
    folder = settings.log_dir
    if folder is None:
        return Finding("log", WARNING, "none: what is answered is not written down", "set IDBRIDGE_LOG_DIR")
    if settings.environment is Environment.SANDBOX and not (folder / places.CHECKPOINT).exists():
        return Finding("log", OK, "not begun yet, which a practice node does by itself")
    try:
        seen = look_at(folder, read_log_key(settings).key, heads=heads_of(settings), at=clock.now())
    except IdBridgeError as error:
        return Finding("log", ERROR, str(error), hint_of(error) or _HELP, of_error(error))
    except OSError as error:
        return Finding("log", ERROR, f"it cannot be read: {_name(error)}", _HELP, Exit.LOCAL)
    if seen.silent:
        hint = "see to the folder of IDBRIDGE_LOG_HEADS_DIR, or to the database"
        return Finding("log", WARNING, f"{_words(seen)}; {_HEADS}: {seen.silent}", hint)
    return Finding("log", OK, _words(seen))


def _words(seen: SeenLog) -> str:
    entries = f"{seen.size:,} entries" if seen.size != 1 else "1 entry"
    words = f"{entries}, published {span(seen.age)} ago"
    if seen.written:
        return f"{words}, a node writes to it"
    if seen.kept is None:
        return f"{words}, nobody has it"
    return f"{words}, nobody has it, and the store of heads agrees"


def look_at_disks(settings: Settings, free: Callable[[Path], float]) -> Finding:
    """Return how much is free of the fullest disk that the node writes to."""
    named = ("state_dir", "log_dir", "log_day_keys_dir", "log_heads_dir")
    folders = {name: folder for name in named if (folder := getattr(settings, name)) is not None and folder.exists()}
    try:
        shares = {name: free(folder) for name, folder in folders.items()}
    except OSError as error:
        return Finding("disk", ERROR, f"it cannot be asked: {_name(error)}", "", Exit.LOCAL)
    if "state_dir" not in shares:
        return Finding("disk", ERROR, "the state directory is not there", "", Exit.LOCAL)
    fullest = min(shares, key=lambda name: shares[name])
    words = f"{int(shares[fullest] * 100)}% of the disk of IDBRIDGE_{fullest.upper()} is free"
    words += ", the fullest that the node writes to" if len(set(shares.values())) > 1 else ""
    if shares[fullest] < LIMITS.disk_unready:
        return Finding("disk", ERROR, words, _ROOM, Exit.LOCAL)
    return Finding("disk", OK, words)


def look_at_start(settings: Settings) -> Finding:
    """Return whether all that the node opens at its start can be opened, as at its start."""
    try:
        create_app(settings)
    except ConfigurationError as error:
        return Finding("start", ERROR, str(error), "a node does not start before that is mended", of_error(error))
    except IdBridgeError as error:
        return Finding("start", ERROR, str(error), hint_of(error), of_error(error))
    except OSError as error:
        return Finding("start", ERROR, f"a file cannot be read: {_name(error)}", "", Exit.LOCAL)
    return Finding("start", OK, "all that it opens at its start can be opened")


def span(time: timedelta) -> str:
    """Return a span of time in the two units that matter; what is past counts as none."""
    minutes = max(0, int(time.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days"


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "an error of the system")
