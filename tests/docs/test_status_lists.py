"""The page on status lists, walked by a provider who makes one."""

from pathlib import Path

from tests.docs.walk import Walk, blocks

PAGE = "status-lists.md"


def test_a_provider_makes_a_list_and_looks_at_it_as_a_node_would(tmp_path: Path) -> None:
    found = [one for one in blocks(PAGE) if not one.is_by_hand]

    Walk(tmp_path, environment={}).through(*found)

    assert {one.machine for one in found} == {"provider"}
