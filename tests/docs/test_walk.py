"""Whoever walks through a page notices when it no longer says what happens."""

from pathlib import Path

import pytest

from tests.docs.walk import Block, Walk


@pytest.fixture
def walk(tmp_path: Path) -> Walk:
    return Walk(tmp_path)


def sh(text: str, shown: str | None = None, **said: str) -> Block:
    return Block("sh", said, text, shown)


@pytest.mark.parametrize("shown", ["two\n", "one\ntwo\n", "o... e\n", "...\ntwo\n", "\n"])
def test_a_page_that_shows_something_else_is_noticed(walk: Walk, shown: str) -> None:
    with pytest.raises(AssertionError, match="printed"):
        walk.block(sh("echo one", shown))


@pytest.mark.parametrize(
    "shown", ["one  two\nthree\n", "o... two\n...\n", "...\nthree\n", "...\none two\nthree\n...\n"]
)
def test_what_varies_is_left_out_and_spaces_count_as_one(walk: Walk, shown: str) -> None:
    walk.block(sh("printf 'one  two\\n\\nthree\\n'", shown))


@pytest.mark.parametrize("said", [{}, {"exit": "2"}])
def test_an_end_that_the_page_does_not_name_is_noticed(walk: Walk, said: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="ended with 3"):
        walk.block(sh("(exit 3)", **said))


def test_a_block_that_nothing_runs_is_noticed(walk: Walk) -> None:
    with pytest.raises(AssertionError, match="nothing runs"):
        walk.block(Block("python", {}, "print()"))


def test_what_a_command_asks_for_is_typed(walk: Walk) -> None:
    asked = "read -r -p 'type abcd1234, where the digest begins, to sign: ' typed; echo \"got $typed\""

    assert "got abcd1234" in walk.block(sh(asked))


def test_machines_share_the_stick_and_nothing_else(walk: Walk) -> None:
    walk.block(sh("echo here > mine; echo there > usb/carried; VARIABLE=1", on="a"))

    assert walk.block(sh('ls; cat usb/carried; echo "${VARIABLE-unset}"', on="b")).split() == ["usb", "there", "unset"]
    assert walk.block(sh('echo "$VARIABLE"', on="a")).split() == ["1"]
