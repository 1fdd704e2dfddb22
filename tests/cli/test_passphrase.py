"""Passphrases: from a file of their owner, from a pipe, from a terminal, and from nowhere else."""

import os
import pty
from pathlib import Path

import click
import pytest

from idbridge.cli.output import Failure
from idbridge.cli.passphrase import new_passphrase_from, passphrase_from
from idbridge.limits import LIMITS


def written(folder: Path, octets: bytes, mode: int = 0o600) -> Path:
    path = folder / "passphrase"
    path.write_bytes(octets)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(Failure, match="owner only"):
        passphrase_from(written(tmp_path, b"secret words", mode))("key.pem")


@pytest.mark.parametrize(
    ("octets", "match"),
    [
        (b"", "no passphrase"),
        (b"\nsecond line", "no passphrase"),
        (b"\xff\xfe", "no passphrase"),
        (b"x" * (LIMITS.passphrase_bytes + 1), "more than"),
    ],
)
def test_a_file_without_a_passphrase_is_refused(tmp_path: Path, octets: bytes, match: str) -> None:
    with pytest.raises(Failure, match=match):
        passphrase_from(written(tmp_path, octets))("key.pem")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot be read"):
        passphrase_from(tmp_path / "absent")("key.pem")


def test_nobody_is_asked_where_nobody_sits(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as empty:
        monkeypatch.setattr("sys.stdin", empty)
        for source in (passphrase_from(None), new_passphrase_from(None)):
            with pytest.raises(Failure, match="nobody is there") as caught:
                source("key.pem")
            assert "--passphrase-file" in caught.value.hint


def test_a_new_passphrase_that_is_too_short_is_refused_and_an_old_one_is_tried(tmp_path: Path) -> None:
    short = "x" * (LIMITS.passphrase_characters - 1)
    file = written(tmp_path, short.encode())

    with pytest.raises(Failure, match=f"at least {LIMITS.passphrase_characters}") as caught:
        new_passphrase_from(file)("key.pem")

    assert caught.value.code == 5
    assert passphrase_from(file)("key.pem") == short


@pytest.mark.parametrize("octets", [b"words of Sok\n", b"words of Sok", b"words of Sok\r\nmore\n"])
def test_the_first_line_is_the_passphrase(tmp_path: Path, octets: bytes) -> None:
    assert passphrase_from(written(tmp_path, octets))("key.pem") == "words of Sok"
    assert new_passphrase_from(written(tmp_path, octets))("key.pem") == "words of Sok"


def test_a_pipe_is_read_once_for_all_keys() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"piped words\n")
    os.close(writing)
    source = passphrase_from(Path(f"/dev/fd/{reading}"))

    assert [source("one.pem"), source("two.pem")] == ["piped words", "piped words"]
    os.close(reading)


def test_a_terminal_is_asked_and_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    controller, terminal = pty.openpty()
    asked: list[dict[str, object]] = []

    def answer(text: str, **options: object) -> str:
        asked.append({"text": text, **options})
        return "words that are typed"

    monkeypatch.setattr(click, "prompt", answer)
    with os.fdopen(terminal, "r") as typed:
        monkeypatch.setattr("sys.stdin", typed)
        assert passphrase_from(None)("key.pem") == "words that are typed"
        assert new_passphrase_from(None)("key.pem") == "words that are typed"
    os.close(controller)

    assert [(one["hide_input"], one["confirmation_prompt"], one["err"]) for one in asked] == [
        (True, False, True), (True, True, True),
    ]  # fmt: skip
