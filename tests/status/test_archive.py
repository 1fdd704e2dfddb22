"""What is kept of revocation lists: enough to show what a verdict relied on, and nothing that a floor left behind."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment
from idbridge.status import archive
from idbridge.status.prefetch import Prefetched
from idbridge.trust.store import SnapshotStore
from idbridge.trust.stored import StoredSnapshot
from tests.crypto.chains import LEAF, MIDDLE, NOON
from tests.status.test_prefetch import AT_ONE, AT_TWO, FRESH, ONE, TWO, crl, round_of

SANDBOX = Environment.SANDBOX
BOTH = round_of({ONE: crl(LEAF), TWO: crl(authority=MIDDLE)}, AT_ONE, AT_TWO)


@pytest.fixture
def stored(tmp_path: Path) -> StoredSnapshot:
    """What a node kept after a round with two lists."""
    store = SnapshotStore(tmp_path)
    about = archive.about(BOTH.held, BOTH.statuses, environment=SANDBOX)
    store.keep(archive.content(BOTH.held), about, at=NOON)
    kept = store.current()
    assert kept is not None
    return kept


def test_what_is_kept_comes_back_whole_and_names_the_status_snapshot(stored: StoredSnapshot) -> None:
    assert archive.read(stored, environment=SANDBOX, floors=BOTH.floors) == BOTH.held
    assert stored.about["status_snapshot"] == BOTH.statuses.id


@pytest.mark.parametrize("moved", [round_of({ONE: crl(number=8)}, after=BOTH), replace(BOTH, floors=FRESH)])
def test_what_is_not_on_the_floor_is_no_longer_held(stored: StoredSnapshot, moved: Prefetched) -> None:
    found = archive.read(stored, environment=SANDBOX, floors=moved.floors)

    assert AT_ONE.place not in {one.place for one in found}


def test_what_is_of_another_environment_schema_or_form_is_refused(stored: StoredSnapshot) -> None:
    entry = stored.about["lists"][0]
    later = f"{NOON + timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}"
    changes: list[dict[str, Any]] = [
        {"environment": "live"},
        {"schema": "another"},
        {"lists": []},
        {"lists": [{**entry, "crl": "0" * 64}]},
        {"lists": [{**entry, "issuer": "0" * 64}]},
        {"lists": [{**entry, "this_update": later}]},
        {"lists": [{**entry, "state": "XX"}]},
        {"lists": [{}]},
    ]
    for change in changes:
        with pytest.raises(ConfigurationError):
            archive.read(replace(stored, about={**stored.about, **change}), environment=SANDBOX, floors=BOTH.floors)
