"""Where a node's log comes from: its settings, its key, and the store that knows how far it has come.

A practice node begins its log and the folder of its day keys by itself; a live one has them made on purpose
(``idbridge log init``), because a log that is missing may be one that was lost.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from idbridge.clock import Clock, SystemClock
from idbridge.crypto.key_files import open_key_file
from idbridge.errors import ConfigurationError, EvidenceError
from idbridge.evidence.day_keys import DayKeys
from idbridge.evidence.errors import BusyError, LogError
from idbridge.evidence.head import HeadFiles, HeadStore
from idbridge.evidence.places import CHECKPOINT
from idbridge.evidence.writer import LogWriter, create_log
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment
from idbridge.tlog import note
from idbridge.tlog.note import NoteSigner
from idbridge_gateway.evidence.cosigned import confirmed_head
from idbridge_gateway.evidence.line import LogLine, OwnLine
from idbridge_gateway.evidence.records import LoggedRecords, NoRecords
from idbridge_gateway.evidence.shared_line import SharedLine
from idbridge_gateway.keys import passphrase_in, refuse_published
from idbridge_gateway.settings import Settings

Synced = Callable[[int, float], None]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a node writes down: ``records`` of its answers, and the ``line`` to its log, ``None`` if it has none.

    ``folder`` is where the log can be read, and ``clock`` by what its leaves are stamped.
    """

    records: LoggedRecords | NoRecords
    line: LogLine | None = None
    folder: Path | None = None
    days: DayKeys | None = None
    clock: Clock = field(default_factory=SystemClock)

    @property
    def is_broken(self) -> bool:
        """Tell whether nothing can be written down, by what was seen last; a node without a log writes nothing down."""
        return self.line is not None and self.line.is_broken

    async def watch(self) -> None:
        """Look again and again whether a log that was broken can be written, until cancelled."""
        while self.line is not None:
            await self.line.look()
            await asyncio.sleep(LIMITS.standing_look.total_seconds())

    async def close(self) -> None:
        """End what is open."""
        if self.line is not None:
            await self.line.close()


def _spared(line: LogLine) -> LogLine:
    return line


def _untold(_why: str) -> None:
    return None


def _uncounted(_entries: int, _seconds: float) -> None:
    return None


def evidence_of(
    settings: Settings,
    *,
    clock: Clock,
    randomness: Randomness,
    befallen: Callable[[LogLine], LogLine] = _spared,
    refused: Callable[[str], None] = _untold,
    synced: Synced = _uncounted,
) -> Evidence:
    """Return what the node of ``settings`` writes down; the log is not opened yet.

    ``befallen`` is what faults of a sandbox make of the line to the log. ``refused`` is told of each answer that cannot
    be written down, why; ``synced`` of each batch that this process writes: its entries, and the seconds of its sync.

    Raises:
        ConfigurationError: The key of the log, or the folder of the keys of days, is not in order.
    """
    folder, days, origin = settings.log_dir, settings.log_day_keys_dir, settings.log_origin
    if folder is None or days is None or origin is None:
        return Evidence(NoRecords())
    live = settings.environment is Environment.LIVE
    if not live:
        days.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = DayKeys(days, randomness)
    keys.days()
    line: LogLine
    if settings.log_socket is not None:
        line = SharedLine(settings.log_socket, wait=timedelta(seconds=settings.log_wait_seconds))
    else:
        line = OwnLine(log_opener(settings, clock=clock, synced=synced))
    line = befallen(line)
    records = LoggedRecords(line, origin=origin, days=keys, clock=clock, refused=refused)
    return Evidence(records, line, folder, keys, clock)


def begin_log(evidence: Evidence, *, keeping: bool) -> None:
    """Open the log that this process writes, and with ``keeping`` leave it open; otherwise see that it can be opened.

    A log that somebody writes to at this moment was opened by them.

    Raises:
        LogError: The log does not allow to go on: its files are damaged, are those of a backup, or say that it is later
            than the clock of ``evidence`` does.
        FetchError: The store of heads cannot be asked now.
    """
    line = evidence.line
    if not isinstance(line, OwnLine):
        return
    try:
        _require_later(line.begin(), evidence.clock)
    except BusyError:
        if keeping:
            raise
    if not keeping:
        line.end()


def _require_later(writer: LogWriter, clock: Clock) -> None:
    """Return if a leaf can be written now; nobody would see why none could until then."""
    behind = timedelta(milliseconds=writer.last_ms) - (clock.now() - _EPOCH)
    if behind > LIMITS.log_clock_back:
        raise LogError(
            f"the clock is {_spelled(behind)} behind the last leaf of the log; if it is right now, it was ahead then, "
            "and `idbridge log resume` goes on"
        )


def _spelled(behind: timedelta) -> str:
    return f"{behind.days} days" if behind.days else f"{int(behind.total_seconds())} s"


def log_opener(settings: Settings, *, clock: Clock, synced: Synced = _uncounted) -> Callable[[], LogWriter]:
    """Return what opens the log for writing; ``synced`` is told of each batch.

    Raises:
        ConfigurationError: The settings name no log, or its key is not in order.
    """
    folder = settings.log_dir
    if folder is None:
        raise ConfigurationError("no log is named")
    signer = read_log_key(settings)
    wait = timedelta(seconds=settings.log_wait_seconds)

    def opened() -> LogWriter:
        if settings.environment is Environment.SANDBOX and not (folder / CHECKPOINT).exists():
            create_log(folder, signer=signer)
        seen = confirmed_head(settings.state_dir, signer.key)
        return LogWriter.open(
            folder, signer=signer, clock=clock, heads=heads_of(settings), confirmed=seen, wait=wait, synced=synced
        )

    return opened


def read_log_key(settings: Settings) -> NoteSigner:
    """Return the key that signs the log, under the name of the log.

    Raises:
        ConfigurationError: The file is missing, may not be used, or holds another kind of key.
    """
    path, origin = settings.log_key_file, settings.log_origin
    if path is None or origin is None:
        raise ConfigurationError("IDBRIDGE_LOG_KEY_FILE is missing")
    passphrase = passphrase_in(settings.log_passphrase_file, setting="IDBRIDGE_LOG_PASSPHRASE_FILE")
    live = settings.environment is Environment.LIVE
    signer = open_key_file(path, passphrase=passphrase, encrypted_only=live)
    refuse_published(signer, settings.environment)
    try:
        return note.note_signer(origin, signer)
    except EvidenceError as refusal:
        raise ConfigurationError(f"{path} holds no Ed25519 key, and a log is signed with nothing else") from refusal


def heads_of(settings: Settings) -> HeadStore | None:
    """Return the store that knows how far the log of this node has come; ``None`` if the settings name none."""
    if settings.database_url is not None:
        from idbridge_gateway.registry.database import (
            database_address,  # which a node without a database can do without
        )
        from idbridge_gateway.registry.log_heads import SqlHeads

        return SqlHeads(database_address(settings.database_url.get_secret_value()))
    folder = settings.log_heads_dir
    if folder is None:
        return None
    if settings.environment is Environment.SANDBOX:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return HeadFiles(folder)
