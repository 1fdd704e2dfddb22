"""Examining a log finds every bit that turned, wherever it stands, and nothing in a log that is whole."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.evidence import fsck, places, reading
from idbridge.evidence.errors import LogError
from idbridge.evidence.prune import Prunable, prunable, prune, unheld
from idbridge.tlog.tile import WIDTH
from tests.evidence.kit import Node, append, verified
from tests.tlog.kit import LOG_SIGNER, NOON, flipped, signer

SIZE = 2 * WIDTH + 40


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """A log of two full tiles and more, one second a leaf, published in parts."""
    node = Node(tmp_path_factory.mktemp("made") / "log").begin()
    writer = node.open()
    for number in range(SIZE):
        node.clock.at = NOON + timedelta(seconds=number)
        append(writer, number)
        if number in (WIDTH + 3, SIZE - 20):
            writer.publish()
    writer.close()
    return node


@pytest.fixture
def node(made: Node, tmp_path: Path) -> Node:
    return _copied(made, tmp_path)


def _copied(made: Node, folder: Path) -> Node:
    copied = made.copied("copy")
    return Node(copied.folder.rename(folder / "log"), made.clock)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)


def test_a_log_that_is_whole_has_nothing_to_find(node: Node) -> None:
    found = fsck.examine(node.folder)

    assert (found.size, found.first_kept, found.written_ahead, found.findings) == (SIZE, 0, 0, ())


def test_any_bit_that_turned_is_found_wherever_it_stands(node: Node) -> None:
    """Each octet of the small files, and a sample of the long ones, the same in every run."""
    chance = random.Random(7)
    paths = [path for path in files(node.folder) if path.parent.name != places.WRITE_AHEAD]
    assert len(paths) > 10
    for path in paths:
        whole = path.read_bytes()
        bits = range(len(whole) * 8)
        for bit in chance.sample(bits, 12):
            path.write_bytes(flipped(whole, bit))
            assert fsck.examine(node.folder).findings, (path, bit)
        path.write_bytes(whole)

    assert fsck.examine(node.folder).findings == ()


def test_a_bit_that_turned_in_what_was_written_ahead_is_found(node: Node) -> None:
    writer = node.open()
    append(writer, SIZE)
    writer.close(publishing=False)
    (path,) = [path for path in files(node.folder / places.WRITE_AHEAD) if any(path.read_bytes())]
    whole = path.read_bytes()
    assert fsck.examine(node.folder).written_ahead == 1

    for bit in [*random.Random(7).sample(range(len(whole.rstrip(b"\0")) * 8), 40), len(whole) * 8 - 1]:
        path.write_bytes(flipped(whole, bit))
        (found,) = fsck.examine(node.folder).findings
        assert found.path.startswith(places.WRITE_AHEAD)


@pytest.mark.parametrize(
    ("spoil", "path", "what"),
    [
        (lambda one: one.unlink(), "tile/0/001", "not there"),
        (lambda one: one.unlink(), "tile/entries/001", "not there"),
        (lambda one: one.unlink(), f"tile/entries/002.p/{SIZE % WIDTH}", "not there"),
        (lambda one: one.write_bytes(one.read_bytes()[:-1]), "tile/0/000", "cut off"),
        (lambda one: one.write_bytes(one.read_bytes()[:-1]), "tile/entries/000", "cut off"),
        (lambda one: one.write_bytes(one.read_bytes() + b"\0"), "tile/1/000.p/2", "too long"),
        (lambda one: one.write_text("mine"), "notes", "no file of a log"),
        (lambda one: one.write_text("mine"), "tile/notes", "no file of a log"),
        (lambda one: one.write_text("256\n"), "pruned", "is there"),
        (lambda one: one.write_text("10\n"), "pruned", "names no bundle"),
        (lambda one: one.write_text("mine\n"), "log.vkey", "no key"),
        (lambda one: one.unlink(), "log.vkey", "no log"),
        (lambda one: one.unlink(), "checkpoint", "no log"),
    ],
)
def test_what_is_missing_cut_off_or_strange_is_found(
    node: Node, spoil: Callable[[Path], object], path: str, what: str
) -> None:
    spoil(node.folder / path)

    found = fsck.examine(node.folder).findings

    assert any(what in one.what for one in found), found


def test_a_log_of_another_key_than_the_one_given_is_found(node: Node) -> None:
    (found,) = fsck.examine(node.folder, (signer("node.th.example/log").key,)).findings

    assert (found.path, found.what) == ("checkpoint", "the checkpoint is of another log")
    assert fsck.examine(node.folder, (LOG_SIGNER.key,)).findings == ()


def test_a_leaf_that_is_earlier_than_the_one_before_is_found(tmp_path: Path) -> None:
    node = Node(tmp_path / "log").begin().filled(2)
    path = node.folder / "tile/entries/000.p/2"
    first, _, second = path.read_bytes().partition(b'"ts":')
    path.write_bytes(first + b'"ts":' + second.replace(b"1796040000000", b"1896040000000", 1))

    found = fsck.examine(node.folder).findings

    assert any("before the last" in one.what for one in found)


def test_where_there_is_no_log_there_is_nothing_to_examine(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no log") as caught:
        fsck.examine(tmp_path)

    assert caught.value.code == "system.configuration"


def test_what_a_writer_has_written_ahead_is_left_to_it(node: Node) -> None:
    writer = node.open()

    found = fsck.examine(node.folder)

    assert (found.written_ahead, found.findings) == (None, ())
    writer.close()


def test_pruning_takes_whole_bundles_that_are_old_enough_and_leaves_every_receipt_good(node: Node) -> None:
    signed = reading.newest(node.folder)
    kept = reading.prove(node.folder, reading.entry(node.folder, 3, size=SIZE), signed).octets()
    before = NOON + timedelta(seconds=WIDTH - 1)
    assert not prunable(node.folder, before=before, size=SIZE).bundles
    wanted = prunable(node.folder, before=before + timedelta(milliseconds=1), size=SIZE)
    assert (wanted.first_kept, wanted.first_kept_then) == (0, WIDTH)

    prune(node.folder, wanted)

    found = fsck.examine(node.folder)
    assert (found.first_kept, found.findings) == (WIDTH, ())
    assert not (node.folder / "tile/entries/000").exists()
    with pytest.raises(LogError, match="pruned"):
        reading.entry(node.folder, 3, size=SIZE)
    assert verified(kept).index == 3
    assert node.size() == SIZE


def test_the_last_full_bundle_is_never_pruned_nor_anything_twice(node: Node) -> None:
    ever = NOON + timedelta(days=36_500)

    for _ in range(2):
        prune(node.folder, prunable(node.folder, before=ever, size=SIZE))

    assert reading.pruned_below(node.folder) == WIDTH
    assert fsck.examine(node.folder).findings == ()
    with pytest.raises(ValueError, match="time zone"):
        prunable(node.folder, before=NOON.replace(tzinfo=None), size=SIZE)


def test_of_two_who_prune_at_once_the_slower_one_takes_nothing_back(tmp_path: Path) -> None:
    node = Node(tmp_path / "log").begin()
    node.filled(3 * WIDTH)
    less = Prunable(0, WIDTH)

    prune(node.folder, Prunable(0, 2 * WIDTH))
    prune(node.folder, less)

    assert reading.pruned_below(node.folder) == 2 * WIDTH
    assert fsck.examine(node.folder).findings == ()


def test_what_is_of_a_held_day_or_later_is_not_pruned() -> None:
    ever, day = NOON + timedelta(days=3_650), NOON.date()
    midnight = NOON.replace(hour=0, minute=0, second=0)

    assert unheld(ever, (day + timedelta(days=1), day)) == midnight
    assert unheld(midnight - timedelta(seconds=1), (day,)) == midnight - timedelta(seconds=1)
    assert unheld(ever, ()) == ever


def test_a_bit_that_turned_in_a_hash_of_pruned_entries_is_still_found(node: Node) -> None:
    prune(node.folder, prunable(node.folder, before=NOON + timedelta(days=1), size=SIZE))
    path = node.folder / "tile/0/000"
    path.write_bytes(flipped(path.read_bytes(), 999))

    found = fsck.examine(node.folder).findings

    assert {one.path for one in found} == {"tile/1/000.p/2", "checkpoint"}


def test_a_receipt_can_be_had_again_for_every_entry(node: Node) -> None:
    signed = reading.newest(node.folder)

    for index in (0, 1, WIDTH - 1, WIDTH, SIZE - 1):
        wanted = reading.entry(node.folder, index, size=SIZE)
        told = verified(reading.prove(node.folder, wanted, signed).octets())
        assert (told.index, told.leaf, told.opening) == (index, wanted.leaf, None)


def test_an_entry_is_found_by_its_request_and_one_that_is_not_there_is_refused(node: Node) -> None:
    assert reading.find(node.folder, f"rep_{300:032x}", size=SIZE).index == 300

    with pytest.raises(LogError, match="no entry"):
        reading.find(node.folder, "rep_", size=SIZE)
    with pytest.raises(LogError, match="has no entry"):
        reading.entry(node.folder, SIZE, size=SIZE)


def test_no_receipt_leaves_that_does_not_lead_to_the_checkpoint(node: Node) -> None:
    path = node.folder / "tile/0/001"
    path.write_bytes(flipped(path.read_bytes(), 5))
    signed = reading.newest(node.folder)

    with pytest.raises(LogError, match="fsck"):
        reading.prove(node.folder, reading.entry(node.folder, WIDTH + 1, size=SIZE), signed)

    assert verified(reading.prove(node.folder, reading.entry(node.folder, 9, size=SIZE), signed).octets()).index == 9
