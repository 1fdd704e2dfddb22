"""A Go program, with the packages of Go's own checksum database, reads the files that our writer left on a disk."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from idbridge.evidence import reading
from idbridge.evidence.prune import Prunable, prune
from idbridge.evidence.recorded import Recorded
from idbridge.tlog.leaf import LeafType
from idbridge.tlog.tile import WIDTH
from tests.evidence.kit import DAY_KEY, Node, members
from tests.tlog.judges import asked, go_judge, spelled
from tests.tlog.kit import CREDENTIAL, LOG_SIGNER, ORIGIN, flipped

SIZE = 10_000
PARTS = (1, 254, 1, 700, 2_000, 3_044, 4_000)
KEY = spelled("key", LOG_SIGNER.key.text())
CHOSEN = (0, 255, 256, 4_711, 9_983, 9_984, SIZE - 1)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Node, list[Recorded]]:
    """A log of 10,000 leaves, published in parts, and opened again in the middle."""
    node = Node(tmp_path_factory.mktemp("written") / "log").begin()
    found: list[Recorded] = []

    async def part(count: int) -> Sequence[Recorded]:
        numbers = range(len(found), len(found) + count)
        opened = [DAY_KEY.opening(str(members(number)["req"])) for number in numbers]
        coming = [
            writer.append(LeafType.VERIFY, members(number), opening=one)
            for number, one in zip(numbers, opened, strict=True)
        ]
        return await asyncio.gather(*coming)

    assert sum(PARTS) == SIZE
    writer = node.open()
    for count in PARTS:
        found += asyncio.run(part(count))
        writer.publish()
        if count == PARTS[2]:
            writer.close()
            writer = node.open()
    writer.close()
    return node, found


def test_go_reads_the_whole_log_and_makes_the_same_proofs(written: tuple[Node, list[Recorded]]) -> None:
    folder = written[0].folder
    chosen = ",".join(map(str, CHOSEN))

    _, whole, proofs = asked(go_judge(), [KEY, f"log {folder} {SIZE}", f"proofs {folder} {chosen}"])

    signed = reading.newest(folder)
    made = [reading.prove(folder, reading.entry(folder, place, size=SIZE), signed) for place in CHOSEN]
    assert whole == "ok"
    assert proofs == " ".join(["ok", *[spelled(one.hashes) for one in made]])


def test_go_accepts_the_receipts_that_were_given_with_the_answers(written: tuple[Node, list[Recorded]]) -> None:
    receipts = [written[1][place].receipt() for place in CHOSEN]
    damaged = [flipped(octets, 8 * (octets.index(b"\n\n") - 30)) for octets in receipts[2:]]

    _, *answers = asked(
        go_judge(), [KEY, *[spelled("receipt", octets, CREDENTIAL) for octets in (*receipts, *damaged)]]
    )

    good, bad = answers[: len(receipts)], answers[len(receipts) :]
    assert all(answer.startswith("ok") for answer in good), good
    assert all(answer.startswith("no ") for answer in bad), bad


def test_go_still_makes_proofs_of_a_log_whose_old_entries_are_gone(
    written: tuple[Node, list[Recorded]], tmp_path: Path
) -> None:
    copy = written[0].copied("pruned").folder.rename(tmp_path / "log")
    prune(copy, Prunable(0, 20 * WIDTH))

    proven, whole = asked(go_judge(), [KEY, f"proofs {copy} 0,4711", f"log {copy} {SIZE}"])[1:]

    assert proven.startswith("ok ")
    assert whole.startswith("no ")
    assert ORIGIN in (copy / "checkpoint").read_text("utf-8")
