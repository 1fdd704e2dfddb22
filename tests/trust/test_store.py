"""The snapshot store: what is read is what was kept, whole, and what is in force is one of them."""

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.errors import ConfigurationError, InputError
from idbridge.limits import LIMITS
from idbridge.trust import stored
from idbridge.trust.store import SnapshotStore
from tests.trust.editions import NOON

LIST = "targets/lists/SG/list.jws"
OLD = {"metadata/timestamp.json": b"one", LIST: b"the list", "empty": b""}
NEW = {"metadata/timestamp.json": b"two", LIST: b"the list", "empty": b""}
ABOUT = {"trust_snapshot": "a" * 64, "number": 1}


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(tmp_path)


def refused(act: Callable[[], object]) -> str:
    """Fail unless ``act`` is refused as a fault of local files; return what is said."""
    with pytest.raises(ConfigurationError) as caught:
        act()
    assert caught.value.code == "system.configuration"
    return str(caught.value)


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below ``folder`` with its inode and time, which a new writing would change."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if not path.name.endswith(".lock")
    }


LIST_FILE = LIST.replace("/", "~")
PLACES = [("manifest.json",), ("files", LIST_FILE), ("files", "empty")]


def removed(path: Path) -> None:
    path.unlink()


def altered(path: Path) -> None:
    octets = path.read_bytes()
    path.unlink()
    path.write_bytes(bytes([octets[0] ^ 1]) + octets[1:] if octets else b"x")


def cut_short(path: Path) -> None:
    octets = path.read_bytes()
    path.unlink()
    path.write_bytes(octets[:-1] or b"more")


def linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("harm", [removed, altered, cut_short, linked, a_folder])
def test_a_damaged_snapshot_is_refused_whole_and_the_others_are_not(
    store: SnapshotStore, tmp_path: Path, place: tuple[str, ...], harm: Callable[[Path], None]
) -> None:
    whole = store.keep(OLD, ABOUT, at=NOON)
    damaged = store.keep(NEW, ABOUT, at=NOON)
    harm((tmp_path / "snapshots" / damaged).joinpath(*place))

    refused(store.current)
    refused(lambda: store.named(damaged))

    assert store.ids() == tuple(sorted((whole, damaged)))
    assert dict(store.named(whole).files) == OLD


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("harm", [removed, altered, linked, a_folder])
def test_a_damaged_snapshot_is_written_anew_when_its_content_is_kept_again(
    store: SnapshotStore, tmp_path: Path, place: tuple[str, ...], harm: Callable[[Path], None]
) -> None:
    kept = store.keep(OLD, ABOUT, at=NOON)
    harm((tmp_path / "snapshots" / kept).joinpath(*place))

    assert store.keep(OLD, ABOUT, at=NOON) == kept
    assert dict(store.named(kept).files) == OLD


def test_damage_that_several_snapshots_share_is_not_handed_on_to_the_next(store: SnapshotStore, tmp_path: Path) -> None:
    old = store.keep(OLD, ABOUT, at=NOON)
    shared = tmp_path / "snapshots" / old / "files" / LIST_FILE
    shared.chmod(0o600)
    shared.write_bytes(b"THE LIST")

    new = store.keep(NEW, ABOUT, at=NOON)

    refused(lambda: store.named(old))
    assert dict(store.named(new).files) == NEW


def forged(**changes: object) -> bytes:
    """A manifest that has the name of its digest and is none."""
    entry = {"path": "a", "length": 1, "sha256": "0" * 64}
    document = {"schema": stored.SCHEMA, "about": {}, "files": [entry], **changes}
    return json.dumps({name: value for name, value in document.items() if value is not None}).encode()


def entries(*changed: dict[str, object]) -> list[dict[str, object]]:
    return [{"path": "a", "length": 0, "sha256": "0" * 64, **change} for change in changed]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"[]",
        b"{}",
        b'{"a":1,"a":1}',
        forged(schema="idbridge-stored-snapshot-2"),
        forged(about=[]),
        forged(about=None),
        forged(extra=1),
        forged(files={}),
        forged(files=[]),
        forged(files=entries({}, {})),
        forged(files=entries({"path": "../manifest.json"})),
        forged(files=entries({"path": "/etc/passwd"})),
        forged(files=entries({"path": ""})),
        forged(files=entries({"length": -1})),
        forged(files=entries({"length": 1.0})),
        forged(files=entries({"length": LIMITS.snapshot_bytes + 1})),
        forged(files=entries({"length": LIMITS.snapshot_bytes}, {"path": "b", "length": 1})),
        forged(files=entries({"sha256": "0" * 63})),
        forged(files=entries({"sha256": None})),
        forged(files=entries({"mode": 1})),
        forged(files=entries(*({"path": str(number)} for number in range(LIMITS.snapshot_files + 1)))),
    ],
)
def test_a_manifest_that_breaks_its_form_is_refused_though_its_name_fits(
    store: SnapshotStore, tmp_path: Path, octets: bytes
) -> None:
    name = hashlib.sha256(octets).hexdigest()
    (tmp_path / "snapshots" / name).mkdir(parents=True)
    (tmp_path / "snapshots" / name / "manifest.json").write_bytes(octets)

    refused(lambda: store.named(name))


def test_a_manifest_past_its_size_is_refused(store: SnapshotStore, tmp_path: Path) -> None:
    kept = store.keep(OLD, ABOUT, at=NOON)
    manifest = tmp_path / "snapshots" / kept / "manifest.json"
    manifest.chmod(0o600)
    os.truncate(manifest, LIMITS.snapshot_manifest_bytes + 1)

    assert "damaged" in refused(lambda: store.named(kept))
    refused(lambda: store.prepare({"a": b""}, {"much": "x" * LIMITS.snapshot_manifest_bytes}))


@pytest.mark.parametrize(
    "path",
    [
        "", ".", "..", "../a", "a/../b", "a//b", "/a", "a/", "./a", ".a", "a/.b", "a\\b", "a\x00b", "a b", "ä", "-a",
        "a" * 241, "a~b", "a/b/",
    ],
)  # fmt: skip
def test_a_path_that_could_lead_out_of_a_snapshot_is_refused(store: SnapshotStore, tmp_path: Path, path: str) -> None:
    refused(lambda: store.prepare({path: b"", "fine": b""}, ABOUT))

    assert not any(tmp_path.iterdir())


def test_a_snapshot_without_files_is_refused(store: SnapshotStore) -> None:
    refused(lambda: store.keep({}, ABOUT, at=NOON))

    assert store.ids() == ()
    assert store.current() is None


def test_paths_that_differ_are_files_that_differ(store: SnapshotStore) -> None:
    content = {"a": b"1", "a/b": b"2", "a.b": b"3", "a-b": b"4", "a%2Fb": b"5", "a/" + "b" * 238: b"6"}

    assert dict(store.named(store.keep(content, ABOUT, at=NOON)).files) == content


def test_more_files_or_octets_than_a_node_has_room_for_are_refused(store: SnapshotStore) -> None:
    many = {str(number): b"" for number in range(LIMITS.snapshot_files + 1)}
    block = bytes(LIMITS.snapshot_bytes // 16)
    much = {str(number): block for number in range(16)} | {"last": b"x"}

    assert "room" in refused(lambda: store.prepare(many, ABOUT))
    assert "room" in refused(lambda: store.prepare(much, ABOUT))


def test_what_has_no_canonical_form_is_refused(store: SnapshotStore) -> None:
    with pytest.raises(InputError) as caught:
        store.prepare(OLD, {"number": 2**53})

    assert caught.value.code == "input.malformed"


@pytest.mark.parametrize("name", ["", "a" * 63, "A" * 64, "../" + "a" * 61, "a" * 64 + "\n", "manifest.json"])
def test_a_name_that_is_no_digest_leads_nowhere(store: SnapshotStore, name: str) -> None:
    store.keep(OLD, ABOUT, at=NOON)

    refused(lambda: store.named(name))
    refused(lambda: store.hold(name, "dispute-1"))
    refused(lambda: store.release(name, "dispute-1"))


def test_what_is_not_kept_can_be_neither_read_nor_held(store: SnapshotStore) -> None:
    store.keep(OLD, ABOUT, at=NOON)

    assert "not there" in refused(lambda: store.named("a" * 64))
    assert "not kept" in refused(lambda: store.hold("a" * 64, "dispute-1"))


@pytest.mark.parametrize("octets", [b"", b"x" * 64, b"a" * 63 + b"\n", b"a" * 65, b"\xff" * 64, b"a" * 5000])
def test_a_damaged_pointer_is_refused_until_a_snapshot_is_put_in_force(
    store: SnapshotStore, tmp_path: Path, octets: bytes
) -> None:
    store.keep(OLD, ABOUT, at=NOON)
    (tmp_path / "CURRENT").chmod(0o600)
    (tmp_path / "CURRENT").write_bytes(octets)

    assert "CURRENT" in refused(store.current)
    assert "CURRENT" in refused(lambda: store.prune(frozenset(), at=NOON, older_than=timedelta(0)))

    new = store.keep(NEW, ABOUT, at=NOON)
    assert (current := store.current()) is not None
    assert current.id == new


def test_a_pointer_to_what_is_gone_is_refused(store: SnapshotStore, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "snapshots" / store.keep(OLD, ABOUT, at=NOON))

    assert "not there" in refused(store.current)


def test_a_store_without_a_folder_is_an_error_and_none_is_made(tmp_path: Path) -> None:
    refused(lambda: SnapshotStore(tmp_path / "absent").keep(OLD, ABOUT, at=NOON))

    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["snapshots", "blobs", "holds"])
def test_a_file_where_a_folder_should_be_is_refused(store: SnapshotStore, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")

    refused(lambda: store.keep(OLD, ABOUT, at=NOON))


def test_nothing_is_in_force_before_something_was_put_in_force(store: SnapshotStore) -> None:
    assert store.current() is None
    assert store.ids() == ()
    assert store.held() == frozenset()

    prepared = store.prepare(OLD, ABOUT)

    assert store.current() is None
    assert store.ids() == (prepared.id,)

    prepared.commit(at=NOON)
    assert (current := store.current()) is not None
    assert current == stored.StoredSnapshot(prepared.id, current.about, current.files)
    assert (dict(current.about), dict(current.files)) == (ABOUT, OLD)


def test_what_was_removed_since_it_was_prepared_is_not_put_in_force(store: SnapshotStore, tmp_path: Path) -> None:
    old = store.keep(OLD, ABOUT, at=NOON)
    prepared = store.prepare(NEW, ABOUT)
    shutil.rmtree(tmp_path / "snapshots" / prepared.id)

    assert "no longer" in refused(lambda: prepared.commit(at=NOON))
    assert (current := store.current()) is not None
    assert current.id == old


def test_the_same_content_again_changes_nothing_on_disk(store: SnapshotStore, tmp_path: Path) -> None:
    first = store.keep(OLD, ABOUT, at=NOON)
    before = tree(tmp_path)

    again = store.keep(dict(reversed(OLD.items())), ABOUT, at=NOON + timedelta(days=1))

    assert again == first
    assert tree(tmp_path) == before


def test_another_word_about_it_makes_another_snapshot(store: SnapshotStore) -> None:
    assert store.keep(OLD, ABOUT, at=NOON) != store.keep(OLD, {**ABOUT, "number": 2}, at=NOON)


def test_equal_files_of_several_snapshots_are_one_file(store: SnapshotStore, tmp_path: Path) -> None:
    kept = [store.keep({**OLD, "metadata/timestamp.json": bytes([n])}, ABOUT, at=NOON) for n in range(5)]

    lists = {(tmp_path / "snapshots" / one / "files" / LIST_FILE).stat().st_ino for one in kept}

    assert len(lists) == 1
    assert len(list((tmp_path / "blobs").iterdir())) == 2 + 5


@pytest.mark.parametrize(("group_readable", "file_mode", "folder_mode"), [(False, 0o400, 0o700), (True, 0o440, 0o750)])
def test_the_group_reads_what_is_kept_only_if_it_may(
    tmp_path: Path, group_readable: bool, file_mode: int, folder_mode: int
) -> None:
    before = os.umask(0o077)
    try:
        store = SnapshotStore(tmp_path, group_readable=group_readable)
        store.hold(store.keep(OLD, ABOUT, at=NOON), "dispute-1")
    finally:
        os.umask(before)

    for path in tmp_path.rglob("*"):
        expected = folder_mode if path.is_dir() else 0o600 if path.suffix == ".lock" else file_mode
        assert stat.S_IMODE(path.stat().st_mode) == expected, path


DAY = timedelta(days=1)


def test_what_was_in_force_lately_or_is_held_or_named_is_kept_and_the_rest_goes(
    store: SnapshotStore, tmp_path: Path
) -> None:
    kept = [store.keep({"number": bytes([n])}, ABOUT, at=NOON + n * DAY) for n in range(6)]
    store.hold(kept[0], "dispute-1")
    store.hold(kept[0], "report-2")
    store.release(kept[0], "report-2")

    # Number 2 was in force until number 3 took its place on the third day; number 3 until the fourth.
    gone = store.prune(frozenset({kept[1]}), at=NOON + 6 * DAY, older_than=timedelta(days=2, hours=1))

    assert gone == (kept[2],)
    assert store.ids() == tuple(sorted({*kept} - {kept[2]}))
    assert all(store.named(one).files["number"] for one in store.ids())
    assert len(list((tmp_path / "blobs").iterdir())) == 5

    store.release(kept[0], "dispute-1")
    store.release(kept[0], "dispute-1")
    assert store.prune(frozenset(), at=NOON + 100 * DAY, older_than=DAY) == tuple(sorted(kept[:2] + kept[3:5]))
    assert (current := store.current()) is not None
    assert current.id == kept[5]


@pytest.mark.parametrize("by", ["", ".", "../x", "a.b", "a/b", "a b", "x" * 129])
def test_a_holder_whose_name_could_be_read_as_something_else_is_refused(store: SnapshotStore, by: str) -> None:
    kept = store.keep(OLD, ABOUT, at=NOON)

    refused(lambda: store.hold(kept, by))
    refused(lambda: store.release(kept, by))

    assert store.held() == frozenset()


def test_what_a_writer_left_half_done_is_removed_by_the_next(store: SnapshotStore, tmp_path: Path) -> None:
    store.keep(OLD, ABOUT, at=NOON)
    (tmp_path / "snapshots" / ".draft" / "files").mkdir(parents=True)
    for name in ("snapshots/.draft/files/a", "blobs/.abc.new", "holds/.abc.new", ".CURRENT.new"):
        (tmp_path / name).write_bytes(b"half")

    store.keep(NEW, ABOUT, at=NOON)

    left = [path.name for path in tmp_path.rglob(".*") if path.suffix != ".lock"]
    assert left == []
