"""What a writer tells of its batches: how many entries each is, how long the disk took, and of none that it lost."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from idbridge.evidence.errors import UnrecordedError
from idbridge.tlog.leaf import LeafType
from tests.evidence.kit import DAY_KEY, Node, append, members

Told = list[tuple[int, float]]


def test_of_a_batch_that_the_disk_does_not_take_nothing_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: Told = []
    writer = Node(tmp_path / "log").begin().open(synced=lambda *batch: told.append(batch))
    append(writer, 0)

    def failing(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", failing)
    with pytest.raises(UnrecordedError):
        append(writer, 1)
    monkeypatch.undo()
    writer.close()

    assert [entries for entries, _ in told] == [1]


def test_each_batch_is_told_once_however_many_wait(tmp_path: Path) -> None:
    told: Told = []
    writer = Node(tmp_path / "log").begin().open(synced=lambda *batch: told.append(batch))

    async def several() -> None:
        asked = [members(number) for number in range(300)]
        await asyncio.gather(*[
            writer.append(LeafType.VERIFY, one, opening=DAY_KEY.opening(str(one["req"]))) for one in asked
        ])  # fmt: skip

    asyncio.run(several())
    writer.close()

    assert sum(entries for entries, _ in told) == 300
    assert len(told) < 300
    assert all(seconds >= 0 for _, seconds in told)


def test_the_seconds_are_those_of_the_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: Told = []
    at = [0.0]
    monkeypatch.setattr("idbridge.evidence.write_ahead._STOPWATCH.seconds", lambda: at[0], raising=False)
    writer = Node(tmp_path / "log").begin().open(synced=lambda *batch: told.append(batch))
    synced = os.fdatasync

    def slow(descriptor: int) -> None:
        synced(descriptor)
        at[0] += 0.75

    monkeypatch.setattr(os, "fdatasync", slow)
    append(writer, 0)
    writer.close()

    assert told == [(1, 0.75)]
