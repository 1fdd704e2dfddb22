"""Publishing and taking up when the process ends, or the disk fails, at any step: the old region or the new one.

Every step by default only where ``IDBRIDGE_KILLS`` is ``all``; otherwise a share of them, the same in every run.
"""

import os
import shutil
import signal
from pathlib import Path

import pytest

from idbridge.errors import TrustError
from idbridge.model.region import MemberState
from idbridge.sandbox import distribution
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.publisher import Change
from idbridge.trust.tuf.repository import TufRepository
from idbridge.trust.tuf.writing import Issue
from tests.strace import CHANGING, Program
from tests.trust.distribution import publish_driver
from tests.trust.distribution.places import NOW, SANDBOX, SECOND, Place
from tests.trust.distribution.publish_driver import REFUSED

SG = MemberState.SG
SCRIPT = Path(publish_driver.__file__)
POINTS = 8  # of some hundred
AT = NOW + SECOND


@pytest.fixture
def ready(place: Place) -> Place:
    """A place whose node has taken up everything, with Singapore's next list signed and ready."""
    place.load()
    region = place.region.reissued(SG, at=AT)
    octets = region.published.lists[SG].encode("ascii")
    role = distribution.state_role(SG, octets, keys=region.keys, issue=Issue(SANDBOX, 2, AT))
    folder = place.folder / "ready"
    folder.mkdir()
    (folder / "SG.json").write_bytes(role)
    (folder / "list.jws").write_bytes(octets)
    (folder / "at").write_text(AT.isoformat())
    (folder / "online.pem").touch(mode=0o600)
    (folder / "online.pem").write_text(region.keys.roles.online.pem())
    return place


def copy_of(ready: Place) -> Place:
    folder = ready.folder.with_name("killed")
    shutil.rmtree(folder, ignore_errors=True)
    return ready.copied(folder)


def loadable(place: Place) -> int:
    """The sequence of Singapore's list at a node that starts now, and at one that never was here: whole, both times."""
    known = _loaded(place, place.memory)
    fresh = place.folder / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    TufRepository(place.tree.reader, place.root_file, fresh).initialise()
    seen = _loaded(place, fresh)

    assert known.provenance(SG).sequence == seen.provenance(SG).sequence
    return known.provenance(SG).sequence


def _loaded(place: Place, memory: Path) -> TrustSnapshot:
    snapshot = TufRepository(place.tree.reader, place.root_file, memory).load(at=AT)
    assert set(snapshot.lists) == set(MemberState)
    assert not snapshot.refused
    return snapshot


def goes_on(place: Place) -> None:
    """Fail unless the next to publish gets on as if nothing had been."""
    ready = place.folder / "ready"
    role, octets = (ready / "SG.json").read_bytes(), (ready / "list.jws").read_bytes()
    try:
        place.publish(Change(roles={"SG": role}, targets={roles.list_path(SG): octets}), at=AT)
    except TrustError as refusal:
        published_before_the_end = refusal.code == "trust.snapshot_mismatch"
        if not published_before_the_end:
            raise
    assert loadable(place) == 2


def chosen(calls: list[tuple[str, int]], points: int) -> list[tuple[str, int]]:
    """Return every step, or so many of them spread over the whole run."""
    whole = os.environ.get("IDBRIDGE_KILLS") == "all"
    return calls if whole else calls[len(calls) // points // 2 :: len(calls) // points]


def program_on(place: Place) -> Program:
    return Program(SCRIPT, (str(place.folder),))


def test_a_process_that_is_killed_at_any_step_leaves_a_region_that_loads(ready: Place, tmp_path: Path) -> None:
    log = tmp_path / "log"
    calls = list(program_on(copy_of(ready)).calls(CHANGING, log=log))
    found: list[int] = []

    for call, number in chosen(calls, POINTS):
        place = copy_of(ready)
        assert program_on(place).ended_at(call, number, log=log) == -signal.SIGKILL, (call, number)
        found.append(loadable(place))
        goes_on(place)

    assert len(calls) > 50
    assert set(found) == {1, 2}


def test_a_disk_that_fails_at_any_step_is_a_typed_refusal_and_leaves_a_region_that_loads(
    ready: Place, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    calls = list(program_on(copy_of(ready)).calls(("write", "rename", "fsync"), log=log))

    for call, number in chosen(calls, POINTS // 2):
        place = copy_of(ready)
        code = program_on(place).failed_at(call, number, "ENOSPC", log=log)
        assert code in (0, REFUSED), (call, number)  # what a cache of the library may fail at is not ours to refuse
        loadable(place)
        goes_on(place)
