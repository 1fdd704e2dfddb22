"""Tiles have the names, widths and contents of C2SP tlog-tiles, and proofs made from them are those of the tree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.errors import EvidenceError
from idbridge.limits import LIMITS
from idbridge.tlog import merkle, tile
from idbridge.tlog.tile import Bundle, Tile
from tests.tlog.kit import entry, leaves, tree

SIZE = 70_000  # the example of the specification
MALFORMED_PATHS = (
    "", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/64/000",
    "tile/-1/000", "tile/0/x000/000", "tile/0/000/x001", "tile/0/x001", "tile/0/001/234", "tile/0/x001/x234",
    "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/1/",
    "tile/0.p/3", "tile/x.p/3", "tile/entries", "tile/entry/000", "tile/entries/000.p/+1", "/tile/0/000",
    "tile/0/000/", "tile/0/٠٠٠", "tile/0/ 00", "tile/0/x/000", "tile//000", "tiles/0/000", "tile/0/.p/3",
    "tile/0/" + "x999/" * 6 + "999", "tile/0/" + "x000/" * 30 + "000",
)  # fmt: skip


def kept(size: int) -> dict[Tile, bytes]:
    """Every tile of the tree."""
    return {one: tile.tile_octets(one, tree(size).node) for one in tile.grown(0, size)}


@pytest.mark.parametrize("path", MALFORMED_PATHS)
def test_a_tile_has_one_name_only(path: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        tile.parse_path(path)

    assert caught.value.code == "time.evidence_malformed"


@pytest.mark.parametrize(
    ("place", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(63, 0, 1), "tile/63/000.p/1"),
        (Tile(2, 1_000, 255), "tile/2/x001/000.p/255"),
        (Tile(0, LIMITS.log_size // 256), "tile/0/x036/x028/x797/x018/x963/967"),
        (Bundle(273, 112), "tile/entries/273.p/112"),
        (Bundle(999_999), "tile/entries/x999/999"),
    ],
)
def test_the_name_of_a_tile_tells_its_place(place: Tile | Bundle, path: str) -> None:
    assert place.path == path
    assert tile.parse_path(path) == place


@pytest.mark.parametrize(
    ("level", "index", "width"),
    [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, LIMITS.log_size // 256 + 1, 1), (0, 0, 0), (0, 0, 257)],
)
def test_no_tile_is_outside_of_every_log(level: int, index: int, width: int) -> None:
    with pytest.raises(ValueError, match=r"a level is|a tile has"):
        Tile(level, index, width)


def test_a_tree_has_the_tiles_that_the_specification_counts() -> None:
    tiles = tile.grown(0, SIZE)

    assert sum(one.level == 0 and one.width == 256 for one in tiles) == 273
    assert [one for one in tiles if one.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert len(tiles) == 273 + 1 + 3
    assert tile.grown(0, 256) == (Tile(0, 0), Tile(1, 0, 1))
    assert tile.grown(256, 256) == ()


@settings(deadline=None)
@given(st.lists(st.integers(0, SIZE), min_size=1, max_size=6).map(sorted))
def test_a_tree_that_grows_step_by_step_has_all_tiles_of_its_last_size(sizes: list[int]) -> None:
    written: set[Tile] = set()
    for old, new in zip([0, *sizes], sizes, strict=False):
        written |= set(tile.grown(old, new))

    assert set(tile.grown(0, sizes[-1])) <= written
    assert tile.bundles_grown(0, sizes[-1]) == tuple(
        Bundle(one.index, one.width) for one in tile.grown(0, sizes[-1]) if one.level == 0
    )


@pytest.mark.parametrize(("old", "new"), [(-1, 5), (6, 5), (0, LIMITS.log_size + 1)])
def test_no_tiles_are_written_for_a_tree_that_shrinks(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="shrink"):
        tile.grown(old, new)


@pytest.mark.parametrize(("level", "index"), [(-1, 0), (0, -1), (0, 70_000), (8, 273), (16, 1), (17, 0), (64, 0)])
def test_a_node_that_the_tree_does_not_have_is_in_no_tile(level: int, index: int) -> None:
    with pytest.raises(EvidenceError) as caught:
        tile.tile_of(level, index, size=SIZE)

    assert caught.value.code == "time.evidence_malformed"


@settings(deadline=None)
@given(st.integers(1, 2_000), st.integers(0, 1_999))
def test_proofs_from_tiles_are_those_of_the_tree(size: int, number: int) -> None:
    index = number % size
    tiles = kept(size)
    read: list[Tile] = []

    def reading(one: Tile) -> bytes:
        read.append(one)
        return tiles[one]

    nodes = tile.nodes_of(size, reading)

    assert merkle.inclusion_proof(index, size, nodes) == merkle.inclusion_proof(index, size, tree(size).node)
    assert set(read) == tile.needed(merkle.inclusion_subtrees(index, size), size=size)
    read.clear()
    assert merkle.consistency_proof(index, size, nodes) == merkle.consistency_proof(index, size, tree(size).node)
    assert set(read) == tile.needed(merkle.consistency_subtrees(index, size), size=size)


@settings(deadline=None)
@given(st.integers(0, 1_500), st.integers(1, 600))
def test_the_tiles_of_a_tree_that_grew_come_from_what_is_new_and_from_older_tiles(old: int, count: int) -> None:
    older = kept(old)
    growth = tree(old).after.extend(leaves(old + count)[old:])
    nodes = growth.over(tile.nodes_of(old, older.__getitem__))

    written = {one: tile.tile_octets(one, nodes) for one in tile.grown(old, old + count)}

    whole = kept(old + count)
    assert written == {one: whole[one] for one in written}
    assert whole.items() <= {**older, **written}.items()


def test_a_tile_that_was_changed_gives_a_proof_that_leads_nowhere() -> None:
    size, index = 700, 300
    tiles = kept(size)
    needed = tile.needed(merkle.inclusion_subtrees(index, size), size=size)
    leaf, root = leaves(size)[index], tree(size).after.root()

    for changed in needed:
        spoiled = bytes(octet ^ 1 for octet in tiles[changed])
        nodes = tile.nodes_of(size, {**tiles, changed: spoiled}.__getitem__)
        proof = merkle.inclusion_proof(index, size, nodes)
        with pytest.raises(EvidenceError) as caught:
            merkle.require_included(leaf, index=index, size=size, proof=proof, root=root)
        assert caught.value.code == "time.evidence_not_included"
    assert len(needed) == 3


@pytest.mark.parametrize("change", [lambda octets: octets[:-1], lambda octets: octets + b"\0", lambda _: b""])
def test_a_tile_of_another_length_is_refused(change) -> None:  # type: ignore[no-untyped-def] # a lambda
    octets = kept(300)[Tile(0, 1, 44)]

    with pytest.raises(EvidenceError) as caught:
        tile.hashes(Tile(0, 1, 44), change(octets))

    assert caught.value.code == "time.evidence_malformed"
    assert tile.hashes(Tile(0, 1, 44), octets) == leaves(300)[256:]


@pytest.mark.parametrize(
    ("octets", "width"),
    [(b"", 1), (b"\0", 1), (b"\0\1", 1), (b"\0\2a", 1), (b"\0\1a", 2), (b"\0\1a\0\1b", 1), (b"\0\1a\0", 1),
     (b"\0\1a", 0)],
)  # fmt: skip
def test_a_bundle_that_is_cut_or_holds_more_or_less_is_refused(octets: bytes, width: int) -> None:
    with pytest.raises(EvidenceError) as caught:
        tile.decode_entries(octets, width=width)

    assert caught.value.code == "time.evidence_malformed"


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_entries_come_back_from_a_bundle(entries: list[bytes]) -> None:
    assert tile.decode_entries(tile.encode_entries(entries), width=len(entries)) == tuple(entries)


def test_a_bundle_takes_the_longest_entry_and_no_longer_one() -> None:
    longest = bytes(LIMITS.log_entry_bytes)

    assert tile.decode_entries(tile.encode_entries([longest]), width=1) == (longest,)
    for entries in ([longest + b"\0"], [b""] * 257):
        with pytest.raises(ValueError, match="a bundle holds"):
            tile.encode_entries(entries)


def test_a_bundle_is_believed_by_the_hashes_of_its_tile() -> None:
    entries = [entry(index) for index in range(256, 300)]
    octets = kept(300)[Tile(0, 1, 44)]
    tile.require_bundle(Bundle(1, 44), entries, tile=octets)

    for wrong in (entries[:-1], [*entries[:-1], b"another"], entries[::-1], [*entries, b""]):
        with pytest.raises(EvidenceError) as caught:
            tile.require_bundle(Bundle(1, 44), wrong, tile=octets)
        assert caught.value.code == "time.evidence_not_included"
