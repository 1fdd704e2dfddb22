"""What tells a node that trust material may have changed, and how often it looks."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.errors import FetchError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.net.conditional import Document
from idbridge.net.guarded import GuardedClient
from idbridge_gateway.watch import FileMarks, Pace, TimestampMarks
from tests.net.servers import document, serving


class Answers:
    """A source that gives its answers in turn, and notes under which tag it was asked."""

    def __init__(self, *answers: Document | FetchError | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str | None]] = []

    def fetch_changed(self, url: str, *, max_bytes: int, tag: str | None) -> Document | None:
        assert max_bytes == LIMITS.timestamp_bytes
        self.asked.append((url, tag))
        answer = self.answers.pop(0)
        if isinstance(answer, FetchError):
            raise answer
        return answer


BASE = "https://trust.region.example/tree"


def test_a_source_that_does_not_answer_is_no_change_and_no_silence() -> None:
    source = Answers(Document(b"one", '"1"'), FetchError("nobody"), None)
    marks = TimestampMarks(BASE, source)
    before = marks.read()

    with pytest.raises(FetchError):
        marks.read()

    assert marks.read() == before


def test_a_timestamp_is_asked_for_under_the_tag_that_came_with_the_last() -> None:
    source = Answers(Document(b"one", '"1"'), None, Document(b"two", None), Document(b"two", '"3"'))
    marks = TimestampMarks(f"{BASE}/", source)

    seen = [marks.read() for _ in range(4)]

    assert [tag for _, tag in source.asked] == [None, '"1"', '"1"', None]
    assert {url for url, _ in source.asked} == {f"{BASE}/metadata/timestamp.json"}
    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_a_timestamp_past_its_size_is_not_read() -> None:
    with serving(document(b"x" * (LIMITS.timestamp_bytes + 1))) as server:
        client = GuardedClient(frozenset({f"127.0.0.1:{server.port}"}), Environment.SANDBOX, allow_loopback=True)

        with pytest.raises(FetchError):
            TimestampMarks(f"http://127.0.0.1:{server.port}", client).read()


def test_a_file_that_is_changed_added_replaced_or_taken_away_shows(tmp_path: Path) -> None:
    marks = FileMarks(tmp_path / "tree", tmp_path / "root.json")
    seen = [marks.read()]
    (tmp_path / "tree").mkdir()
    seen.append(marks.read())
    (tmp_path / "tree" / "a").write_bytes(b"one")
    seen.append(marks.read())
    (tmp_path / "root.json").write_bytes(b"root")
    seen.append(marks.read())
    os.utime(tmp_path / "tree" / "a", (1, 1))
    seen.append(marks.read())
    (tmp_path / "b").write_bytes(b"two")
    os.utime(tmp_path / "b", (1, 1))
    (tmp_path / "b").rename(tmp_path / "tree" / "a")  # of one length and time, and another file all the same
    seen.append(marks.read())
    (tmp_path / "tree" / "a").unlink()
    seen.append(marks.read())

    assert len(set(seen)) == len(seen)
    assert marks.read() == seen[-1]


class Fixed:
    """Randomness that is known."""

    def __init__(self, octet: int) -> None:
        self.octet = octet

    def octets(self, count: int) -> bytes:
        return bytes([self.octet]) * count


@pytest.mark.parametrize(("octet", "seconds"), [(0x00, 24.0), (0xFF, 36.0)])
def test_the_wait_for_a_tree_elsewhere_is_spread_by_a_fifth(octet: int, seconds: float) -> None:
    assert Pace(timedelta(seconds=30), jitter=True).seconds(Fixed(octet)) == pytest.approx(seconds)
    assert Pace(timedelta(seconds=30)).seconds(Fixed(octet)) == 30
