"""How fresh a region was, read again: what was written comes back, and anything else is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.trust import freshness
from idbridge.trust.freshness import RegionalFreshness

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
FRESH = RegionalFreshness(
    signed_at=NOON, expires=NOON.replace(day=25), root_version=1, timestamp_version=3, snapshot_version=2,
    snapshot_digest="ab" * 32, states_until={MemberState.TH: NOON.replace(day=26)},
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("signed_at", "2026-11-24 12:00:00"), ("expires", 1_764_000_000), ("root_version", 0),
        ("timestamp_version", LIMITS.metadata_version + 1), ("snapshot_version", True), ("snapshot_digest", 7),
        ("states_until", []), ("states_until", {"XX": "2026-11-24T12:00:00Z"}), ("states_until", {"TH": 1}),
        ("another", 1),
    ],
)  # fmt: skip
def test_what_is_not_as_it_was_written_is_refused(name: str, value: Any) -> None:
    with pytest.raises(TrustError) as caught:
        freshness.parse({**FRESH.document(), name: value})

    assert caught.value.code == "trust.profile_violation"


@pytest.mark.parametrize("name", sorted(FRESH.document()))
def test_nothing_may_be_missing(name: str) -> None:
    with pytest.raises(TrustError):
        freshness.parse({key: value for key, value in FRESH.document().items() if key != name})


def test_what_was_written_comes_back() -> None:
    assert freshness.parse(FRESH.document()) == FRESH
