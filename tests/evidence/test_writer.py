"""The writer of the log: what it refuses, and that what it says to be written is written."""

import asyncio
import inspect
import threading
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.signer import derived_signer
from idbridge.errors import EvidenceError, RequestError
from idbridge.evidence.errors import LogError, UnrecordedError
from idbridge.evidence.head import HeadFiles
from idbridge.evidence.writer import LogWriter, create_log
from idbridge.limits import LIMITS
from idbridge.tlog import note
from idbridge.tlog.leaf import LeafType
from idbridge.tlog.note import NoteSigner
from tests.evidence.kit import DAY_KEY, Node, append, later, members, verified
from tests.tlog.kit import CREDENTIAL, LOG_SIGNER, ORIGIN, signer


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "log").begin()


def test_a_folder_that_holds_something_is_no_place_to_begin(node: Node) -> None:
    with pytest.raises(LogError, match="not empty") as caught:
        create_log(node.folder, signer=LOG_SIGNER)

    assert caught.value.code == "system.configuration"


def test_a_log_whose_beginning_was_cut_short_is_begun_again(node: Node) -> None:
    (node.folder / "checkpoint").unlink()
    (node.folder / ".draft" / "7.0").write_bytes(b"a part of a ch")
    with pytest.raises(LogError, match="there is no log"):
        node.open()

    node.begin()

    assert node.size() == 0
    assert not list((node.folder / ".draft").iterdir())


def test_a_log_that_nobody_began_is_not_begun_by_opening_it(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="there is no log"):
        Node(tmp_path / "nothing").open()

    assert not (tmp_path / "nothing").exists()


def test_a_second_writer_is_refused_until_the_first_has_closed(node: Node) -> None:
    first = node.open()

    with pytest.raises(LogError, match="somebody else") as caught:
        node.open()

    assert caught.value.code == "system.configuration"
    append(first, 1)
    first.close()
    second = node.open()
    assert second.state().size == 1
    second.close()


def test_a_log_of_another_key_is_not_gone_on_with(node: Node) -> None:
    node.filled(3)

    with pytest.raises(LogError, match="another log"):
        node.open(signer=signer("node.th.example/log"))


def test_a_new_key_of_the_same_log_needs_the_former_one_to_be_known(node: Node) -> None:
    node.filled(3)
    successor = _successor()

    with pytest.raises(LogError, match="no key of this log"):
        node.open(signer=successor)

    writer = node.open(signer=successor, former_keys=(LOG_SIGNER.key,))
    assert append(writer, 3).index == 3
    writer.close()


def _successor() -> NoteSigner:
    return note.note_signer(ORIGIN, derived_signer(sha256(b"the successor").digest()))


def test_a_leaf_that_is_none_is_refused_at_once_and_harms_nobody(node: Node) -> None:
    writer = node.open()

    with pytest.raises(EvidenceError) as caught:
        writer.append_blocking(LeafType.VERIFY, {"req": "rep_1"})

    assert caught.value.code == "time.evidence_malformed"
    assert append(writer, 0).index == 0
    writer.close()


def test_a_clock_that_goes_back_a_little_leaves_the_time_where_it_was_and_more_is_refused(node: Node) -> None:
    back = LIMITS.log_clock_back.total_seconds()
    writer = node.open()
    noon = append(writer, 0).leaf.at_ms
    node.clock.at = later(-back)
    assert append(writer, 1).leaf.at_ms == noon

    node.clock.at = later(-back - 0.001)
    with pytest.raises(UnrecordedError) as caught:
        append(writer, 2)

    assert caught.value.code == "system.unrecorded"
    assert caught.value.retry_after == timedelta(seconds=5)
    node.clock.at = later(1)
    assert append(writer, 3).leaf.at_ms == noon + 1_000
    writer.close()


def test_a_clock_that_went_back_while_nobody_wrote_is_noticed_too(node: Node) -> None:
    node.filled(2)
    node.clock.at = later(-60)
    writer = node.open()

    with pytest.raises(UnrecordedError, match="clock"):
        append(writer, 2)

    writer.close()


class Stuck:
    """A signer that holds everybody up until it is let go."""

    def __init__(self) -> None:
        self.key = LOG_SIGNER.key
        self.free = threading.Event()

    def sign(self, text: str, *, at: int | None = None) -> Any:
        self.free.wait(60)
        return LOG_SIGNER.sign(text, at=at)


def stuck(node: Node, **other: Any) -> tuple[LogWriter, Stuck]:
    held = Stuck()
    return node.open(signer=held, **other), held


def test_whoever_waits_longer_than_a_disk_may_take_is_refused_and_the_log_goes_on(node: Node) -> None:
    writer, held = stuck(node, wait=LIMITS.log_wait)

    with pytest.raises(UnrecordedError, match="in time"):
        append(writer, 0)
    with pytest.raises(UnrecordedError, match="in time"):
        asyncio.run(writer.append(LeafType.VERIFY, members(1)))

    held.free.set()
    writer.close()
    assert node.size() == 2


def test_a_line_that_is_too_long_refuses_the_next_and_no_one_else(node: Node) -> None:
    writer, held = stuck(node)

    async def crowd() -> None:
        waiting = [asyncio.ensure_future(writer.append(LeafType.VERIFY, members(0))) for _ in range(LIMITS.log_waiting)]
        await asyncio.sleep(0)
        assert writer.state().waiting == LIMITS.log_waiting
        with pytest.raises(RequestError) as caught:
            await writer.append(LeafType.VERIFY, members(1))
        assert caught.value.code == "system.overloaded"
        held.free.set()
        indices = [one.index for one in await asyncio.gather(*waiting)]
        assert indices == list(range(LIMITS.log_waiting))

    asyncio.run(crowd())
    writer.close()


def test_nobody_is_written_down_after_the_end(node: Node) -> None:
    writer = node.open()
    writer.close()

    with pytest.raises(UnrecordedError, match="closed"):
        append(writer, 0)

    writer.close()  # once more changes nothing


def test_who_waits_when_the_log_is_closed_is_still_written_down(node: Node) -> None:
    writer, held = stuck(node)
    told: list[int] = []
    waiting = threading.Thread(target=lambda: told.append(append(writer, 0).index))
    waiting.start()
    while not writer.state().waiting:
        pass
    closing = threading.Thread(target=writer.close)
    closing.start()
    held.free.set()
    waiting.join()
    closing.join()

    assert told == [0]
    assert node.size() == 1


def test_the_receipt_of_every_leaf_verifies_and_opens(node: Node) -> None:
    writer = node.open()

    async def several() -> list[bytes]:
        opened = [DAY_KEY.opening(str(members(number)["req"])) for number in range(700)]
        coming = [writer.append(LeafType.VERIFY, members(n), opening=one) for n, one in enumerate(opened)]
        return [one.receipt() for one in await asyncio.gather(*coming)]

    found = [verified(octets) for octets in asyncio.run(several())]
    found.append(verified(append(writer, 700).receipt()))

    assert [one.index for one in found] == list(range(701))
    for one in found:
        one.require_about(CREDENTIAL)
    writer.close()


def test_a_leaf_without_anything_to_open_has_a_receipt_that_opens_nothing(node: Node) -> None:
    writer = node.open()
    recorded = writer.append_blocking(LeafType.START, {"ver": "1.0"})
    writer.close()

    assert verified(recorded.receipt()).opening is None


def test_tiles_and_heads_follow_by_themselves(node: Node, tmp_path: Path) -> None:
    (tmp_path / "heads").mkdir()
    node.heads = HeadFiles(tmp_path / "heads")
    writer = node.open(publish_every=timedelta(milliseconds=1))
    append(writer, 0)

    while (state := writer.state()).published + state.head_kept < 2:
        assert not state.failure

    assert inspect.signature(LogWriter.open).parameters["publish_every"].default == LIMITS.log_publish_pause
    writer.close()
