"""The page on disputes, walked by a bank, a court that gets a stick, a telephone company and the operator of a node."""

from pathlib import Path

from idbridge.clock import SystemClock
from idbridge.sandbox.region import Region
from idbridge.trust.repository import PlainRepository
from tests.docs.walk import Walk, blocks

PAGE = "disputes.md"


def test_a_decision_is_taken_along_made_again_shown_and_recalled(tmp_path: Path) -> None:
    folder = tmp_path / "region"
    region = Region.generate(at=SystemClock().now())
    region.save(folder)
    region.publish(folder)
    (folder / "state").mkdir(mode=0o700)
    PlainRepository(folder / "trust", folder / "pins.json", folder / "state").initialise()
    found = [one for one in blocks(PAGE) if not one.is_by_hand]

    Walk(tmp_path / "walk", environment={"IDBRIDGE_REGION": str(folder)}).through(*found)

    assert [one.machine for one in found] == ["bank", "court", "court", *["telephone-company"] * 2, "node"]
    assert (tmp_path / "walk" / "court" / "page.html").read_text().startswith("<!doctype html>")
