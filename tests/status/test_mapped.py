"""Octets in files that processes share: written once, mapped, named by what they hold, and tidied away."""

import mmap
from pathlib import Path

import pytest

from idbridge.errors import ConfigurationError
from idbridge.status.mapped import MappedOctets


def test_octets_are_written_once_mapped_and_shared_by_name(tmp_path: Path) -> None:
    one, other = MappedOctets(tmp_path / "bits"), MappedOctets(tmp_path / "bits")
    mapped = one.keep(b"abc" * 1000)
    (file,) = (tmp_path / "bits").iterdir()
    written = file.stat().st_mtime_ns

    again = other.keep(b"abc" * 1000)

    assert isinstance(mapped, memoryview)
    assert isinstance(mapped.obj, mmap.mmap)
    assert mapped.readonly
    assert bytes(again) == bytes(mapped) == b"abc" * 1000
    assert file.stat().st_mtime_ns == written
    assert file.stat().st_mode & 0o777 == 0o400


def test_a_file_that_is_not_what_its_name_says_is_written_anew(tmp_path: Path) -> None:
    kept = MappedOctets(tmp_path)
    kept.keep(b"good")
    (file,) = tmp_path.iterdir()
    for spoiled in (b"evil", b""):
        file.unlink()
        file.write_bytes(spoiled)
        assert bytes(kept.keep(b"good")) == b"good"


def test_what_nobody_holds_is_tidied_away_and_who_still_reads_it_goes_on(tmp_path: Path) -> None:
    kept = MappedOctets(tmp_path)
    old, new = kept.keep(b"old"), kept.keep(b"new")
    (tmp_path / "not-ours").write_bytes(b"x")

    kept.tidy([new])

    assert len(list(tmp_path.iterdir())) == 2
    assert bytes(old) == b"old"
    MappedOctets(tmp_path / "absent").tidy([])
    assert MappedOctets().keep(b"x") == b"x"
    MappedOctets().tidy([])


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(ConfigurationError):
        MappedOctets(tmp_path / "file" / "bits").keep(b"x")
