"""A log that is opened again: what was acknowledged is there, what was cut short is not, and damage is refused."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.evidence import places, write_ahead
from idbridge.evidence.edge import Edge
from idbridge.evidence.errors import LogError
from idbridge.limits import LIMITS
from idbridge.tlog import merkle
from idbridge.tlog.tile import WIDTH
from tests.evidence.kit import Node, append, verified
from tests.tlog.kit import entry, flipped, leaves, recursive_root


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "log").begin()


def ahead(node: Node) -> Path:
    """The write-ahead file that holds something."""
    (held,) = [path for path in write_ahead.segments(node.folder) if any(path.read_bytes())]
    return held


def test_a_last_write_that_was_cut_short_at_any_octet_is_dropped_and_nothing_before_it(node: Node) -> None:
    """Cut as a file that ends there, and as one that was as long before and is empty from there on."""
    node.filled(2, publish=False)
    path = ahead(node)
    whole = path.read_bytes().rstrip(b"\0")
    first, second = (record.end for record in write_ahead.records(whole, last=True))
    begin = len(_encoded(whole, 0))
    assert (first, second) == (1, 2)

    for cut in range(begin, len(whole)):
        assert [one.end for one in write_ahead.records(whole[:cut], last=True)] == [1], cut
        assert write_ahead.end_of(whole[:cut]) == begin, cut
        emptied = whole[:cut] + bytes(len(whole) - cut + 600)
        assert [one.end for one in write_ahead.records(emptied, last=True)] == [1], cut
    for cut in range(begin, len(whole), 97):
        path.write_bytes(whole[:cut])
        assert node.copied("opened").size() == 1, cut


def _parts(octets: bytes, number: int) -> tuple[int, tuple[bytes, ...], bytes, bytes]:
    record = list(write_ahead.records(octets, last=True))[number]
    return record.first, record.entries, record.root, record.checkpoint


def _encoded(octets: bytes, number: int) -> bytes:
    first, entries, root, checkpoint = _parts(octets, number)
    return write_ahead.encode(first, entries, root=root, checkpoint=checkpoint)


def test_a_last_write_whose_middle_never_came_to_the_disk_is_dropped(node: Node) -> None:
    writer = node.open()
    append(writer, 0)
    writer.close(publishing=False)
    entries = [b"x" * 700] * 8
    lost = write_ahead.encode(0, entries, root=bytes(range(32)), checkpoint=b"a checkpoint")
    holed = lost[:1024] + bytes(512) + lost[1536:]

    assert list(write_ahead.records(holed, last=True)) == []
    with pytest.raises(LogError, match="before its end"):
        list(write_ahead.records(holed, last=False))


def test_any_bit_that_turned_in_what_was_acknowledged_is_refused_and_never_taken_for_a_cut(node: Node) -> None:
    node.filled(2, publish=False)
    whole = ahead(node).read_bytes().rstrip(b"\0")

    for bit in range(len(whole) * 8):
        with pytest.raises(LogError, match="damaged"):
            list(write_ahead.records(flipped(whole, bit), last=True))


def test_a_damaged_log_is_not_opened_and_nothing_of_it_is_changed(node: Node) -> None:
    node.filled(3, publish=False)
    path = ahead(node)
    path.write_bytes(flipped(path.read_bytes(), 3_000))
    before = path.read_bytes()

    with pytest.raises(LogError, match="damaged") as caught:
        node.open()

    assert caught.value.code == "system.configuration"
    assert path.read_bytes() == before


def test_a_record_that_leads_to_another_root_is_refused(node: Node) -> None:
    node.filled(1, publish=False)
    path = ahead(node)
    first, entries, root, checkpoint = _parts(path.read_bytes(), 0)

    path.write_bytes(write_ahead.encode(first, entries, root=flipped(root, 0), checkpoint=checkpoint))
    with pytest.raises(LogError, match="root that it names"):
        node.open()

    other = merkle.Frontier().advance([merkle.leaf_hash(b"another")]).root()
    path.write_bytes(write_ahead.encode(first, [b"another"], root=other, checkpoint=checkpoint))
    with pytest.raises(LogError, match="another tree"):
        node.open()

    path.write_bytes(write_ahead.encode(first + 1, entries, root=root, checkpoint=checkpoint))
    with pytest.raises(LogError, match="do not go on"):
        node.open()


def test_tiles_that_do_not_lead_to_the_checkpoint_are_refused(node: Node) -> None:
    node.filled(5)
    for path in (node.folder / "tile/0/000.p/5", node.folder / "tile/entries/000.p/5"):
        kept = path.read_bytes()
        path.write_bytes(flipped(kept, 100))
        with pytest.raises(LogError, match="do not lead"):
            node.open()
        path.write_bytes(kept)

    (node.folder / places.CHECKPOINT).unlink()
    with pytest.raises(LogError, match="no log"):
        node.open()


def test_records_that_are_published_already_count_once(node: Node) -> None:
    """The process ended between the checkpoint and the emptying of the write-ahead file."""
    writer = node.open()
    append(writer, 0)
    append(writer, 1)
    kept = ahead(node).read_bytes()
    writer.close()
    path = write_ahead.segments(node.folder)[0]
    path.write_bytes(kept)

    assert node.size() == 2


def test_a_write_ahead_folder_with_something_else_in_it_is_refused(node: Node) -> None:
    (node.folder / places.WRITE_AHEAD / "notes.txt").write_text("mine")

    with pytest.raises(LogError, match="something else"):
        node.open()


def test_more_than_may_be_read_again_is_not_written_ahead(node: Node) -> None:
    """The bound on what no tile holds yet, with a publisher that never comes."""
    writer = node.open()
    frontier = writer._journal._frontier
    writer._journal._frontier = frontier.advance(leaves(LIMITS.log_unpublished - 1))
    assert writer._journal.has_room()
    writer._journal._frontier = frontier.advance(leaves(LIMITS.log_unpublished))

    assert not writer._journal.has_room()
    writer._journal._frontier = frontier
    writer._journal._segment.octets = LIMITS.log_write_ahead_bytes // 2
    assert not writer._journal.has_room()
    writer._journal._segment.octets = 0
    writer.close()


def test_a_log_of_several_tiles_opens_and_its_old_receipts_still_hold(node: Node) -> None:
    writer = node.open()
    early = append(writer, 0).receipt()
    for number in range(1, 3):
        append(writer, number)
        writer.publish()
    writer.close()
    node.filled(WIDTH)

    writer = node.open()
    late = append(writer, 9)
    writer.close()

    assert verified(early).index == 0
    assert late.index == 3 + WIDTH
    assert (node.folder / "tile/0/000").stat().st_size == WIDTH * 32
    assert not (node.folder / "tile/0/000.p").exists()
    assert not (node.folder / "tile/entries/000.p").exists()


@given(sizes=st.lists(st.integers(0, 700), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_the_edge_grows_to_the_same_tree_however_entries_come(sizes: list[int]) -> None:
    edge, files, total = Edge(), dict[str, bytes](), 0
    for size in sizes:
        growing = edge.grown([entry(number) for number in range(total, total + size)])
        edge, total = growing.edge, total + size
        files |= growing.files

    at_once = Edge().grown([entry(number) for number in range(total)])

    assert edge == at_once.edge
    assert edge.frontier().root() == recursive_root(0, total)
    assert at_once.files.items() <= files.items()
