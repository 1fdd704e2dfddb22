"""Where a dispute finds what a decision rested on: the snapshots that a node keeps, or the material that it reads now.

What is found counts only if it is the very snapshot that a report names; nothing is taken for something like it.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from idbridge.cli.exits import Exit
from idbridge.cli.material import open_snapshot, state_directory
from idbridge.cli.output import Failure
from idbridge.cli.status_files import held_of
from idbridge.errors import ConfigurationError, FetchError, InputError
from idbridge.evidence.dispute_material import StatusMaterial
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.sandbox.distribution import ROOT_FILE
from idbridge.status import archive
from idbridge.status.rounds import Held
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust import crl_floors, files, floors, pins, portable
from idbridge.trust.agreements import ARRANGEMENTS, PURPOSES
from idbridge.trust.portable import TrustMaterial, path_of_list
from idbridge.trust.repository import LISTS
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.store import SnapshotStore
from idbridge.trust.stored import StoredSnapshot
from idbridge.trust.tuf.repository import STORE

_PLAIN: Final = "plain"


def trust_material(region: Path, named: str) -> TrustMaterial:
    """Return what the trust snapshot ``named`` was made of, as this machine has it.

    Raises:
        Failure: It is not kept here, or the region is not there.
        ConfigurationError: What is kept is damaged.
    """
    for memory, stored in _kept(region, STORE):
        if stored.about.get("trust_snapshot") == named:
            present = floors.read(memory, portable.environment_of(stored))
            for candidate in portable.of_stored(stored, present):
                with suppress(ConfigurationError):
                    candidate.snapshot(named=named)
                    return candidate
    present_snapshot = open_snapshot(region)
    if present_snapshot.id == named and not (region / ROOT_FILE).is_file():
        return _plain(region, present_snapshot)
    hint = (
        "a node keeps the snapshots of its answers for as long as its retention says; `dispute hold` keeps one longer"
    )
    raise Failure(f"the trust snapshot {named[:12]} is not kept in `{region}`", hint=hint)


def status_material(region: Path, named: str) -> StatusMaterial:
    """Return what the status snapshot ``named`` was made of, as this machine has it.

    Raises:
        Failure: It is not kept here.
        ConfigurationError: What is kept is damaged.
    """
    if named == EMPTY_STATUS.id:
        return StatusMaterial()
    for _, stored in _kept(region, crl_floors.STORE):
        if stored.about.get("status_snapshot") == named:
            return StatusMaterial(stored.about, stored.files)
    hint = "the lists that `idbridge verify --status-list FILE` was given, `--status-list FILE` takes along"
    raise Failure(f"the status snapshot {named[:12]} is not kept in `{region}`", hint=hint)


def status_handed_over(paths: Iterable[Path], trust: TrustSnapshot, *, named: str, at: datetime) -> StatusMaterial:
    """Return the status lists in ``paths`` as material of the status snapshot ``named``, on which a verdict relied.

    They are taken up as of ``at``, the instant of the verdict. The id of a snapshot is a digest over the digests of all
    its lists, so that no other list, and none more or less, is taken for them.

    Raises:
        Failure: A file cannot be read, or together they are another snapshot.
        ConfigurationError: The octets cannot be kept.
    """
    held = Held(lists=held_of(paths, trust, at=at))
    made = held.snapshot()
    if made.id != named:
        hint = "all that were handed over to the verification, as they were, and no others"
        words = (
            f"the status lists in these files ({made.id[:12]}) are not those which the report relied on ({named[:12]})"
        )
        raise Failure(words, hint=hint, exit_code=Exit.INDETERMINATE)
    about = archive.about_everything(held, made, environment=trust.environment)
    return StatusMaterial(about, archive.everything(held))


def kept_under(region: Path, name: str, named: str) -> Iterator[tuple[SnapshotStore, str]]:
    """Yield each store below ``region`` that keeps the snapshot ``named``, with the id under which it does.

    ``name`` is what the snapshot is of: ``trust_snapshot`` or ``status_snapshot``.
    """
    place = STORE if name == "trust_snapshot" else crl_floors.STORE
    for memory, stored in _kept(region, place):
        if stored.about.get(name) == named:
            yield SnapshotStore(memory / place), stored.id


def _kept(region: Path, place: str) -> Iterator[tuple[Path, StoredSnapshot]]:
    state_directory(region)  # says what is wrong if nothing is there
    for memory in (region / "state", *sorted((region / "nodes").glob("*/state"))):
        if (memory / place).is_dir():
            store = SnapshotStore(memory / place)
            yield from ((memory, store.named(one)) for one in store.ids())


def _plain(region: Path, snapshot: TrustSnapshot) -> TrustMaterial:
    """Return the material of a node that reads pinned lists in a folder, as it stands there now."""
    directory = region / "trust"
    pinned = pins.parse(_read(region, "pins.json", most=LIMITS.pins_bytes))
    found = {
        path_of_list(state): _read(directory / LISTS, f"{state}.jws", most=LIMITS.trust_list_bytes)
        for state in snapshot.lists
    }
    for folder, path in _agreed(directory):
        found[path] = _read(folder, path.rpartition("/")[2], most=LIMITS.trust_list_bytes)
    return TrustMaterial(
        environment=pinned.environment,
        distribution=_PLAIN,
        keys=pinned.keys,
        floors=floors.read(state_directory(region), pinned.environment),
        files=found,
        absent={state: snapshot.states_without_list[state] for state in MemberState if state not in snapshot.lists},
    )


def _agreed(directory: Path) -> Iterator[tuple[Path, str]]:
    """Yield the folder and the path of every recognition document."""
    for name in files.names(directory / ARRANGEMENTS):
        folder = directory / ARRANGEMENTS / name
        yield from ((folder, f"{ARRANGEMENTS}/{name}/{version}") for version in files.names(folder))
    folder = directory / PURPOSES
    yield from ((folder, f"{PURPOSES}/{version}") for version in files.names(folder))


def _read(folder: Path, name: str, *, most: int) -> bytes:
    try:
        return files.read(folder, name, max_bytes=most)
    except (FetchError, InputError) as unreadable:
        raise Failure(f"`{folder / name}` cannot be read") from unreadable
