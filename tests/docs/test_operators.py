"""The operators' guide, walked from the founding of a region to the handover of a state's keys."""

from pathlib import Path

from tests.docs.walk import Walk, blocks

PAGE = "operators.md"
MACHINES = ("region", "sg-a", "sg-b", "node")


def test_two_holders_exchange_keys_over_a_stick_and_a_node_follows(tmp_path: Path) -> None:
    walk = Walk(tmp_path, environment={"IDBRIDGE_ROOT": "root.json"})
    for name in ("region", "sg-b"):
        walk.passphrase(name)
    found = [one for one in blocks(PAGE) if not one.is_by_hand]

    walk.through(*found)

    assert {one.machine for one in found} == set(MACHINES)
    here, there = ((walk.machine(name) / "passphrase").read_text() for name in ("sg-a", "sg-b"))
    assert here != there
