"""Trust material on its way: of what a node kept, a snapshot is made anew by whoever was not there, or by nobody."""

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from idbridge.codec import jcs
from idbridge.errors import ConfigurationError
from idbridge.model.region import MemberState
from idbridge.trust import floors, portable
from idbridge.trust.floors import Floors
from idbridge.trust.portable import TrustMaterial
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.store import SnapshotStore
from idbridge.trust.stored import StoredSnapshot
from idbridge.trust.tuf.repository import STORE
from tests.trust.distribution.places import NOW, SANDBOX, SECOND, Place, begin

SG, TH = MemberState.SG, MemberState.TH


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return begin(tmp_path_factory.mktemp("place") / "region")


@pytest.fixture(scope="module")
def taken_up(place: Place) -> tuple[TrustSnapshot, TrustSnapshot, Place]:
    """What a node trusted first, and after Singapore's next list."""
    first = place.load()
    later = place.reissued(SG, at=NOW + SECOND)
    return first, later.load(at=NOW + SECOND), later


def kept(place: Place, named: str) -> StoredSnapshot:
    store = SnapshotStore(place.memory / STORE)
    (found,) = [one for one in map(store.named, store.ids()) if one.about["trust_snapshot"] == named]
    return found


def candidates(place: Place, named: str) -> list[TrustMaterial]:
    present: Floors = floors.read(place.memory, SANDBOX)
    return list(portable.of_stored(kept(place, named), present))


def fitting(place: Place, named: str) -> TrustMaterial:
    """The one candidate whose snapshot is the one that is named."""
    for one in candidates(place, named):
        try:
            one.snapshot(named=named)
        except ConfigurationError:
            continue
        return one
    raise AssertionError("no candidate makes the snapshot")


def test_material_of_another_snapshot_makes_none(taken_up: tuple[TrustSnapshot, TrustSnapshot, Place]) -> None:
    first, second, place = taken_up

    for one in candidates(place, second.id):
        with pytest.raises(ConfigurationError):
            one.snapshot(named=first.id)


def test_material_with_another_key_of_a_state_makes_none(taken_up: tuple[TrustSnapshot, TrustSnapshot, Place]) -> None:
    first, _, place = taken_up
    whole = fitting(place, first.id)
    keys = MappingProxyType({**whole.keys, SG: whole.keys[TH], TH: whole.keys[SG]})

    with pytest.raises(ConfigurationError, match="not acceptable"):
        replace(whole, keys=keys).snapshot(named=first.id)


def test_material_without_its_freshness_is_that_of_another_snapshot(
    taken_up: tuple[TrustSnapshot, TrustSnapshot, Place],
) -> None:
    first, _, place = taken_up

    with pytest.raises(ConfigurationError, match="not that of the snapshot"):
        replace(fitting(place, first.id), regional=None).snapshot(named=first.id)


@pytest.mark.parametrize("about", [{}, {"environment": "sandbox"}, {"environment": "nowhere"}])
def test_what_is_kept_and_says_too_little_is_damaged(about: dict[str, str]) -> None:
    stored = StoredSnapshot("0" * 64, about, {})

    with pytest.raises(ConfigurationError):
        list(portable.of_stored(stored, Floors(SANDBOX)))
    if about.get("environment") != "sandbox":
        with pytest.raises(ConfigurationError):
            portable.environment_of(stored)


@pytest.mark.parametrize("text", ["{}", "[]", '{"files": {}}'])
def test_what_is_not_in_the_form_of_material_is_none(text: str) -> None:
    with pytest.raises(ConfigurationError):
        portable.parse(json.loads(text))


@pytest.mark.parametrize(
    "change",
    [{"keys": []}, {"absent": []}, {"files": []}, {"files": {"a": 1}}, {"regional": {}}, {"absent": {"XX": "a"}}],
)
def test_material_with_a_member_of_another_form_is_none(
    taken_up: tuple[TrustSnapshot, TrustSnapshot, Place], change: dict[str, object]
) -> None:
    first, _, place = taken_up

    with pytest.raises(ConfigurationError):
        portable.parse({**fitting(place, first.id).document(), **change})


def test_a_former_snapshot_is_made_anew_after_newer_ones_were_taken_up(
    taken_up: tuple[TrustSnapshot, TrustSnapshot, Place], tmp_path: Path
) -> None:
    first, second, place = taken_up
    assert first.id != second.id

    for snapshot in (first, second):
        travelled = tmp_path / "material.json"
        travelled.write_bytes(jcs.canonicalize(fitting(place, snapshot.id).document()))
        made = portable.parse(json.loads(travelled.read_text())).snapshot(named=snapshot.id)

        assert made.manifest() == snapshot.manifest()
        assert made.regional == snapshot.regional
        assert portable.environment_of(kept(place, snapshot.id)) is SANDBOX
