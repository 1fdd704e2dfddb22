"""What the processes of a node tell each other of a store: the highest count, and never too much."""

from pathlib import Path

import pytest

from idbridge.errors import ConfigurationError
from idbridge_gateway.stores.store_count import SharedCount


def test_what_another_store_counted_says_nothing_of_this_one(tmp_path: Path) -> None:
    one, other = SharedCount(tmp_path), SharedCount(tmp_path)
    one.tell("a" * 32, 7)
    other.tell("a" * 32, 5)
    assert one.highest("a" * 32) == other.highest("a" * 32) == 7

    other.tell("b" * 32, 2)
    assert (one.highest("a" * 32), one.highest("b" * 32)) == (0, 2)
    octets = (tmp_path / "store-count").read_bytes()
    (tmp_path / "store-count").write_bytes(octets[:-9] + b"\1" + octets[-8:])  # as where two wrote at once
    assert one.highest("b" * 32) == 0


def test_the_page_has_its_place_on_the_disk_before_anybody_writes_to_it(tmp_path: Path) -> None:
    SharedCount(tmp_path)

    assert (tmp_path / "store-count").stat().st_blocks > 0  # a write to a hole ends the process if the disk is full


def test_a_page_that_cannot_be_shared_is_an_error_of_the_state_directory(tmp_path: Path) -> None:
    (tmp_path / "store-count").mkdir()

    with pytest.raises(ConfigurationError, match="store-count"):
        SharedCount(tmp_path)
