"""The online role through thirty simulated days: a lost mirror, a crash, a full disk, and a node that slept through."""

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from freezegun import freeze_time

from idbridge.errors import ConfigurationError, FetchError
from idbridge.model.region import MemberState
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.publisher import Change, Publisher
from idbridge.trust.tuf.repository import REGION, TufRepository
from tests.trust.distribution.places import NOW, Place

SG, TH = MemberState.SG, MemberState.TH
ROUND = timedelta(hours=12)
DAYS = 30
LOST, CRASH, FULL = range(20, 26), 31, 41  # rounds
REISSUES = {10: SG, 26: TH, 36: SG, 50: SG}


class LosableMirror:
    """A mirror that may be lost."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.lost = False

    def read(self, path: str, *, max_bytes: int) -> bytes:
        if self.lost:
            raise FetchError("nobody answers")
        return self.place.tree.reader.read(path, max_bytes=max_bytes)


def test_a_month_of_the_online_role(place: Place) -> None:
    asleep = _memory(place, "asleep")
    mirror = LosableMirror(place)
    online = place.publisher()
    awake = TufRepository(mirror, place.root_file, place.memory)
    versions: list[int] = []
    stale = 0

    with freeze_time(NOW) as clock:
        for number in range(1, DAYS * 2 + 1):
            at = NOW + number * ROUND
            clock.move_to(at)
            if number in REISSUES:
                place = place.reissued(REISSUES[number], at=at)
            _round(place, online, number, at=at)
            mirror.lost = number in LOST
            snapshot = awake.load(at=at)
            assert len(snapshot.lists) == len(MemberState)
            assert {offer.subject for offer in snapshot.refused} == ({REGION} if mirror.lost else set())
            assert snapshot.regional is not None
            stale += snapshot.regional.expires <= at
            versions.append(snapshot.regional.timestamp_version)

        late = TufRepository(place.tree.reader, place.root_file, asleep).load(at=at)
        known = awake.load(at=at)

    assert not late.refused
    assert late.id == known.id
    assert late.provenance(SG).sequence == 4
    assert versions == sorted(versions)
    assert 0 < stale < len(LOST)  # a day after the mirror was lost what it had said was stale, and said so


def _memory(place: Place, name: str) -> Path:
    folder = place.folder / name
    folder.mkdir(mode=0o700)
    TufRepository(place.tree.reader, place.root_file, folder).initialise()
    return folder


def _round(place: Place, online: Publisher, number: int, *, at: datetime) -> None:
    """One round of the online role; whoever is on call signs the deny list again when it is due."""
    if number == CRASH:
        _crashed(place, at=at)
    if number == FULL:
        before = place.tree.head()
        with _full_disk():
            try:
                online.refresh(at=at)
            except ConfigurationError:
                pass
            else:
                raise AssertionError("a full disk went unnoticed")
        assert place.tree.head() == before
    due = online.refresh(at=at).due
    if roles.DENY in [name for name, _ in due]:
        online.publish(Change(roles={roles.DENY: place.next_role(roles.DENY, lambda _: None, at=at)}), at=at)


def _crashed(place: Place, *, at: datetime) -> None:
    """Let another process publish and end in the middle of it, without a chance to tidy up."""
    child = os.fork()
    if child == 0:
        renames = 0

        def end(event: str, _: object) -> None:
            nonlocal renames
            if event == "os.rename":
                renames += 1
                if renames == 1:
                    os._exit(9)

        sys.addaudithook(end)
        place.publisher().refresh(at=at)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@contextmanager
def _full_disk() -> Iterator[None]:
    """Let no file grow: every write fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
