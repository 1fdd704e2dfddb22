"""Gauges of the log: how long it is, how far others have confirmed it, and who waits to be written down.

They are read from the files that are published, so that each worker says the same, whichever process writes.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from idbridge.errors import ConfigurationError, FetchError
from idbridge.evidence import places, reading
from idbridge.evidence.errors import LogError
from idbridge_gateway.evidence.cosigned import COSIGNED
from idbridge_gateway.evidence.lookup import read_cosigned
from idbridge_gateway.evidence.opening import Evidence
from idbridge_gateway.metrics.catalogue import (
    LOG_CHECKPOINT_AGE,
    LOG_CONFIRMED_AGE,
    LOG_ENTRIES,
    LOG_UNCONFIRMED,
    LOG_WAITING,
)
from idbridge_gateway.metrics.figures import Key
from idbridge_gateway.settings import Settings

LogGauges = Callable[[datetime], Iterator[tuple[Key, float]]]


def log_gauges_of(evidence: Evidence, settings: Settings) -> LogGauges:
    """Return what says how the log of a node stands at an instant; nothing where it has none."""

    def gauges(at: datetime) -> Iterator[tuple[Key, float]]:
        folder = evidence.folder
        if folder is None:
            return
        yield (LOG_WAITING,), float(evidence.records.waiting)
        try:
            yield from _published(folder, settings, at)
        except (LogError, FetchError, ConfigurationError, OSError):
            return  # that the log cannot be read, readiness and `idbridge log fsck` tell

    return gauges


def _published(folder: Path, settings: Settings, at: datetime) -> Iterator[tuple[Key, float]]:
    size = reading.newest(folder).checkpoint.size
    yield (LOG_ENTRIES,), float(size)
    yield (LOG_CHECKPOINT_AGE,), _age(folder / places.CHECKPOINT, at)
    if not settings.witnesses:
        return
    cosigned = read_cosigned(settings.state_dir, COSIGNED, folder)
    yield (LOG_UNCONFIRMED,), float(size - (cosigned.checkpoint.size if cosigned is not None else 0))
    since = folder / places.VKEY if cosigned is None else settings.state_dir / COSIGNED
    yield (LOG_CONFIRMED_AGE,), _age(since, at)


def _age(path: Path, at: datetime) -> float:
    return (at - datetime.fromtimestamp(path.stat().st_mtime, UTC)).total_seconds()
