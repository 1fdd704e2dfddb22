"""The guide to evidence, walked by a node and by a bank, neither of which has a network."""

import re
from datetime import timedelta
from pathlib import Path

from idbridge.crypto.signer import load_signer
from idbridge.evidence.day_keys import DayKeys
from idbridge.evidence.writer import LogWriter
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.tlog import note
from idbridge.tlog.leaf import LeafType
from tests.docs.test_join_with_qr import without_a_network
from tests.docs.walk import Walk, blocks
from tests.evidence.kit import PATIENCE, Hands, members
from tests.source import ROOT
from tests.tlog.kit import CREDENTIAL, NOON

PAGE = "evidence.md"
ENTRIES = 600


def answered(machine: Path) -> None:
    """Let the node of the page give answers, one a second, under the key of the day."""
    signer = note.note_signer("node.sg.example/log", load_signer(machine / "log.pem"))
    clock, day = Hands(), NOON.date()
    key = DayKeys(machine / "days", SystemRandomness()).key(day)
    writer = LogWriter.open(machine / "log", signer=signer, clock=clock, wait=PATIENCE, publish_every=None)
    for number in range(ENTRIES):
        clock.at = NOON + timedelta(seconds=number)
        told = members(number)
        opening = key.opening(str(told["req"]))
        writer.append_blocking(LeafType.VERIFY, {**told, "com": opening.commitment(CREDENTIAL), "day": str(day)})
    writer.close()


def test_a_node_keeps_a_log_and_a_bank_proves_an_answer_with_it(tmp_path: Path) -> None:
    walk = Walk(tmp_path, before=without_a_network())
    first, *others = (one for one in blocks(PAGE) if not one.is_by_hand)
    (walk.machine("bank") / "credential.jwt").write_bytes(CREDENTIAL)

    walk.through(first)
    answered(walk.machine("node"))
    walk.through(*others)

    assert {one.machine for one in others} == {"node", "bank"}


def test_what_the_guide_says_in_numbers_is_so() -> None:
    said = " ".join((ROOT / "docs" / PAGE).read_text(encoding="utf-8").split())

    assert LIMITS.log_clock_back == timedelta(seconds=2)
    assert "more than two seconds behind" in said
    assert f"while {LIMITS.log_waiting:,} wait" in said
    assert re.search(r"256 at a time", said)
