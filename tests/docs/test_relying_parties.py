"""The guide for relying parties, walked by whoever runs a small node."""

import re
from pathlib import Path

from idbridge.model.region import Environment
from idbridge_gateway.registration import read_registrations
from idbridge_gateway.registry.form import OPTIONAL, REQUIRED
from tests.docs.walk import Walk, blocks
from tests.source import ROOT

PAGE = "relying-parties.md"


def test_a_party_is_registered_changed_rotated_and_switched_off(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    found = [one for one in blocks(PAGE) if not one.is_by_hand]

    printed = walk.through(*found)

    assert {one.machine for one in found} == {"node"}
    keys = re.findall(r"idb_test_bakery_[A-Za-z0-9_-]{43}", printed)
    assert len(set(keys)) == len(keys) == 3
    node = walk.machine("node")
    database = (node / "registry.db").read_bytes()
    assert not [key for key in keys if key.encode() in database]
    (registered,) = read_registrations(node / "relying_parties.json", environment=Environment.SANDBOX)
    assert registered.id == "bakery"


def test_every_member_of_a_registration_is_explained() -> None:
    page = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")

    assert not {name for name in REQUIRED | OPTIONAL if f"`{name}`" not in page}
