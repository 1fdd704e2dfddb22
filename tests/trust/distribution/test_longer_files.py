"""A file that is longer than signed metadata says is another file, and not one that could not be read."""

import pytest

from idbridge.model.region import MemberState
from tests.trust.distribution.places import NOW, Place

SG = MemberState.SG


@pytest.mark.parametrize(("name", "subject"), [("1.SG.json", "lists/SG"), ("1.targets.json", "region")])
def test_a_role_that_is_longer_than_the_one_named_is_a_mixture(place: Place, name: str, subject: str) -> None:
    held = place.load()
    place.reissued(SG, at=NOW)
    path = place.tree.directory / "metadata" / name.replace("1.SG", "2.SG")
    path.write_bytes(path.read_bytes() + b" ")
    (place.memory / "tuf" / "targets.json").unlink()
    again = place.load()

    assert [(offer.subject, offer.code) for offer in again.refused] == [(subject, "trust.snapshot_mismatch")]
    assert again.provenance(SG) == held.provenance(SG)


def test_a_list_that_is_longer_than_the_one_named_is_a_mixture(place: Place) -> None:
    held = place.load()
    after = place.reissued(SG, at=NOW)
    for found in (after.tree.directory / "targets" / "lists" / "SG").iterdir():
        found.write_bytes(found.read_bytes() + b" ")
    again = after.load()

    assert [(offer.subject, offer.code) for offer in again.refused] == [("lists/SG", "trust.snapshot_mismatch")]
    assert again.provenance(SG) == held.provenance(SG)
