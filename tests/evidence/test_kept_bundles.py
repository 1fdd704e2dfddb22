"""Bundles of every release: what was decided once is decided the same for as long as anybody may doubt it."""

from pathlib import Path

import pytest

from idbridge.evidence import dispute
from idbridge.evidence.dispute_findings import findings
from idbridge.evidence.dispute_replay import replay
from tests.evidence.keep_bundle import KEPT
from tests.sandbox.regions import NOON

BUNDLES = sorted(KEPT.glob("*.json"))
OF_ANOTHER_PARTY = {"0.1.0.dev1"}  # its receipt was made with the name of another relying party in the leaf


def test_a_bundle_is_kept_of_every_version_by_its_name() -> None:
    assert BUNDLES
    assert [dispute.parse(path.read_bytes()).verifier_version for path in BUNDLES] == [path.stem for path in BUNDLES]


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.stem)
def test_a_decision_of_a_former_release_comes_out_the_same_in_meaning(path: Path) -> None:
    kept = dispute.parse(path.read_bytes())

    again = replay(kept)

    assert again.same, again.differences
    proven = {one.about for one in findings(kept, now=NOON).proven}
    assert proven >= {"decision", "material", "credential"}
    assert ("record" in proven) is (path.stem not in OF_ANOTHER_PARTY)
