"""Heads in a second store: an old copy of a log, or a second one, does not go on."""

from pathlib import Path

import pytest

from idbridge.errors import FetchError
from idbridge.evidence import reading
from idbridge.evidence.errors import HeadBehindError, LogError
from idbridge.evidence.head import Head, HeadFiles, Keeper, settle
from idbridge.limits import LIMITS
from tests.evidence.kit import Node, append
from tests.tlog.kit import ORIGIN, recursive_root


@pytest.fixture
def heads(tmp_path: Path) -> HeadFiles:
    folder = tmp_path / "heads"
    folder.mkdir()
    return HeadFiles(folder)


@pytest.fixture
def node(tmp_path: Path, heads: HeadFiles) -> Node:
    return Node(tmp_path / "log", heads=heads).begin()


def head(size: int, *, first: int = 0) -> Head:
    return Head(ORIGIN, size, recursive_root(first, first + size))


def test_a_log_from_a_backup_is_refused_because_the_store_has_seen_a_longer_one(node: Node) -> None:
    backup = node.filled(3).copied("backup")
    node.filled(2)

    with pytest.raises(HeadBehindError) as caught:
        backup.open()

    assert (caught.value.local, caught.value.known) == (3, 5)
    assert caught.value.code == "system.configuration"
    assert node.size() == 5


def test_a_log_from_a_backup_that_grew_as_long_is_refused_because_it_is_another(node: Node, heads: HeadFiles) -> None:
    backup = node.filled(3).copied("backup")
    node.filled(2)
    backup.heads = None
    writer = backup.open()
    for number in range(7, 12):
        append(writer, number)
    writer.close()
    backup.heads = heads

    with pytest.raises(HeadBehindError) as caught:
        backup.open()

    assert (caught.value.local, caught.value.known) == (8, 5)


@pytest.mark.parametrize(("grown", "known"), [(0, 5), (2, 5), (4, 5)])
def test_a_log_that_others_have_confirmed_to_be_longer_or_another_is_refused_though_no_store_knows(
    node: Node, grown: int, known: int
) -> None:
    backup = node.filled(3).copied("backup")
    told = reading.newest(node.filled(2).folder).checkpoint
    seen = Head(told.origin, told.size, told.root)
    backup.heads = None
    writer = backup.open()
    for number in range(7, 7 + grown):
        append(writer, number)
    writer.close()

    with pytest.raises(HeadBehindError) as caught:
        backup.open(confirmed=seen)

    assert (caught.value.local, caught.value.known) == (3 + grown, known)
    node.heads = None
    node.open(confirmed=seen).close()
    node.filled(1).open(confirmed=seen).close()


@pytest.mark.parametrize("publish", [True, False])
def test_a_store_that_is_behind_is_brought_up(node: Node, heads: HeadFiles, publish: bool) -> None:
    node.filled(3)
    node.heads = None
    node.filled(300, publish=publish)
    node.heads = heads

    writer = node.open()

    assert writer.state().head_kept == 303
    writer.close()


def test_a_second_writer_elsewhere_ends_this_one(node: Node, heads: HeadFiles, tmp_path: Path) -> None:
    writer = node.open()
    append(writer, 0)
    writer.keep_head()
    kept = Head(ORIGIN, 1, writer._journal.head().root)
    assert heads.swap(head(9), expected=kept) == kept
    append(writer, 1)

    writer.keep_head()

    assert "9 were there before" in writer.state().failure
    writer.close()


class Silent:
    """A store that does not answer, or whose answer is lost."""

    def __init__(self, below: HeadFiles) -> None:
        self.below = below
        self.mute = self.lossy = False

    def swap(self, head: Head, *, expected: Head | None) -> Head | None:
        if self.mute:
            raise FetchError("the store does not answer")
        held = self.below.swap(head, expected=expected)
        if self.lossy:
            raise FetchError("the answer was lost")
        return held


def test_a_store_that_is_silent_holds_nobody_up_and_is_brought_up_later(heads: HeadFiles) -> None:
    store = Silent(heads)
    keeper = Keeper(store, head(0))
    heads.swap(head(0), expected=None)
    store.mute = True
    keeper.keep(head(1))
    assert keeper.silent
    store.mute = False

    keeper.keep(head(2))

    assert (keeper.kept, keeper.silent) == (head(2), False)
    assert heads.swap(head(2), expected=head(2)) == head(2)


def test_an_answer_that_was_lost_is_no_second_writer(heads: HeadFiles) -> None:
    store = Silent(heads)
    keeper = Keeper(store, head(0))
    heads.swap(head(0), expected=None)
    store.lossy = True
    keeper.keep(head(1))
    keeper.keep(head(2))
    store.lossy = False

    keeper.keep(head(3))

    assert (keeper.kept, keeper.silent) == (head(3), False)


def test_a_question_that_never_came_and_an_answer_that_was_lost_are_no_second_writer_either(heads: HeadFiles) -> None:
    store = Silent(heads)
    keeper = Keeper(store, head(0))
    heads.swap(head(0), expected=None)
    store.mute = True
    keeper.keep(head(1))
    store.mute, store.lossy = False, True
    keeper.keep(head(2))
    keeper.keep(head(3))
    store.lossy = False

    keeper.keep(head(3))

    assert (keeper.kept, keeper.silent) == (head(3), False)


def test_a_log_is_not_opened_while_the_store_is_silent(node: Node, heads: HeadFiles) -> None:
    node.heads = store = Silent(heads)
    store.mute = True

    with pytest.raises(FetchError) as caught:
        node.open()

    assert caught.value.code == "system.fetch_failed"
    store.mute = False
    assert node.size() == 0


class Restless:
    """A store whose head is another one at every question."""

    def __init__(self) -> None:
        self.asked = 0

    def swap(self, head: Head, *, expected: Head | None) -> Head | None:
        assert expected is None or expected.size in (head.size, self.asked)
        self.asked += 1
        return Head(ORIGIN, self.asked, recursive_root(0, self.asked))


def test_a_store_that_never_settles_is_given_up(heads: HeadFiles) -> None:
    store = Restless()

    with pytest.raises(LogError, match="meanwhile"):
        settle(store, head(50), root_at=lambda size: recursive_root(0, size))

    assert store.asked == LIMITS.log_head_attempts


def test_heads_that_are_damaged_or_not_there_cannot_be_asked(heads: HeadFiles, tmp_path: Path) -> None:
    heads.swap(head(4), expected=None)
    (path,) = (tmp_path / "heads").glob("*.json")
    kept = path.read_bytes()

    for damaged in (kept[:-1], kept.replace(b'"size":4', b'"size":"4"'), kept.replace(b"node.sg", b"node.th"), b"[]"):
        path.write_bytes(damaged)
        with pytest.raises(FetchError, match="damaged"):
            heads.swap(head(5), expected=head(4))
    with pytest.raises(FetchError, match="not there"):
        HeadFiles(tmp_path / "nowhere").swap(head(4), expected=None)


def test_the_store_changes_nothing_unless_it_holds_what_is_expected(heads: HeadFiles) -> None:
    assert heads.swap(head(4), expected=head(3)) is None
    assert heads.swap(head(4), expected=None) is None
    assert heads.swap(head(9), expected=head(3)) == head(4)
    assert heads.swap(head(5), expected=head(4)) == head(4)

    assert heads.swap(head(5), expected=head(5)) == head(5)
