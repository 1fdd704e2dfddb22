"""Writes to a log in a process of its own, to be ended or failed at any step: ``log_driver FOLDER``.

What is acknowledged is put down in shared memory, which outlives the process and takes no system call. Beside the
folder stands ``acknowledged``, made by whoever runs this: each receipt behind its length.
"""

import mmap
import sys
from collections.abc import Iterator
from pathlib import Path

from idbridge.errors import IdBridgeError
from tests.evidence.kit import Node, append

REFUSED = 3
ACKNOWLEDGED = "acknowledged"
OCTETS = 64 * 1024
FIRST = 254  # leaves that are there before, so that a tile becomes full meanwhile
STEPS = (1, 2, 1)  # leaves before each publication


def main(folder: Path) -> int:
    """Open, append and publish in turn, and close; return how it ended."""
    with (folder.parent / ACKNOWLEDGED).open("r+b") as file, mmap.mmap(file.fileno(), OCTETS) as memory:
        try:
            writer = Node(folder).open()
            number = FIRST
            for step in STEPS:
                for _ in range(step):
                    _put(memory, append(writer, number).receipt())
                    number += 1
                writer.publish()
            writer.close()
        except IdBridgeError:
            return REFUSED
        return REFUSED if writer.state().failure else 0


def _put(memory: mmap.mmap, receipt: bytes) -> None:
    end = sum(len(one) + 4 for one in acknowledged(memory[:]))
    memory[end + 4 : end + 4 + len(receipt)] = receipt
    memory[end : end + 4] = len(receipt).to_bytes(4, "big")  # the length last: now it is there


def acknowledged(octets: bytes) -> Iterator[bytes]:
    """Yield the receipts that were acknowledged."""
    start = 0
    while length := int.from_bytes(octets[start : start + 4], "big"):
        yield octets[start + 4 : start + 4 + length]
        start += 4 + length


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
