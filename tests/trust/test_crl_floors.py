"""The file of the numbers of revocation lists: never guessed, never lost on the way, and bounded for each state."""

import json
from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.crl import CrlFloor, verify_crl
from idbridge.errors import ConfigurationError, StatusError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust import crl_floors
from idbridge.trust.crl_floors import FILE, STORE, CrlFloors, PartFloor, part_of, part_of_list
from tests.crypto.chains import NOON, ROOT
from tests.crypto.test_crl import GOOD

SANDBOX = Environment.SANDBOX
SG, TH = MemberState.SG, MemberState.TH
CRL = verify_crl(GOOD, issuer=ROOT.certificate, at=NOON)
PART = {"state": "SG", "number": "7", "digest": "a" * 64}


def test_a_missing_file_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is missing"):
        crl_floors.read(tmp_path, SANDBOX)


def test_a_file_is_begun_once(tmp_path: Path) -> None:
    crl_floors.initialise(tmp_path, SANDBOX)

    with pytest.raises(ConfigurationError, match="is there already"):
        crl_floors.initialise(tmp_path, SANDBOX)
    assert crl_floors.read(tmp_path, SANDBOX) == CrlFloors(SANDBOX)
    assert (tmp_path / STORE).is_dir()


def test_a_file_cannot_be_begun_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / STORE).write_bytes(b"")

    with pytest.raises(ConfigurationError):
        crl_floors.initialise(tmp_path, SANDBOX)
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "another"},
        {"environment": "live"},
        {"parts": []},
        {"more": 1},
        {"parts": {"no digest": PART}},
        {"parts": {"b" * 64: {**PART, "number": 7}}},
        {"parts": {"b" * 64: {**PART, "number": "07"}}},
        {"parts": {"b" * 64: {**PART, "number": "-1"}}},
        {"parts": {"b" * 64: {**PART, "number": "9" * 49}}},
        {"parts": {"b" * 64: {**PART, "digest": "a"}}},
        {"parts": {"b" * 64: {**PART, "state": "XX"}}},
        {"parts": {"b" * 64: {**PART, "kind": "crl"}}},
        {"parts": {"b" * 64: {**PART, "kind": None}}},
    ],
)
def test_a_file_that_breaks_its_form_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    whole = {"schema": crl_floors.SCHEMA, "environment": "sandbox", "parts": {"b" * 64: PART}}
    (tmp_path / FILE).write_text(json.dumps(whole), encoding="ascii")
    assert crl_floors.read(tmp_path, SANDBOX).parts["b" * 64].floor == CrlFloor(7, "a" * 64)

    (tmp_path / FILE).write_text(json.dumps({**whole, **change}), encoding="ascii")

    with pytest.raises(ConfigurationError):
        crl_floors.read(tmp_path, SANDBOX)


def test_a_number_past_what_json_readers_keep_comes_back_whole(tmp_path: Path) -> None:
    floors = CrlFloors(SANDBOX, {"b" * 64: PartFloor(SG, CrlFloor(2**159 - 1, "a" * 64))})

    crl_floors.write(tmp_path, floors)

    assert crl_floors.read(tmp_path, SANDBOX) == floors


def test_one_state_has_so_many_parts_remembered_and_the_others_theirs() -> None:
    full = {f"{number:064}": PartFloor(SG, CrlFloor(1, "a" * 64)) for number in range(LIMITS.crl_floors)}
    floors = CrlFloors(SANDBOX, full)

    with pytest.raises(StatusError) as caught:
        floors.raised(SG, CRL)

    assert caught.value.code == "status.crl_invalid"
    assert floors.raised(TH, CRL).parts[part_of(CRL)].state is TH
    known = CrlFloors(SANDBOX, {**full, part_of(CRL): PartFloor(SG, CrlFloor(6, "b" * 64))})
    assert known.raised(SG, CRL).carry(CRL)


def test_a_part_belongs_to_the_state_that_led_to_it_first_and_another_changes_nothing() -> None:
    floors = CrlFloors(SANDBOX).raised(SG, CRL)

    assert floors.raised(TH, CRL) is floors
    assert floors.carry(CRL)
    assert not CrlFloors(SANDBOX).carry(CRL)


def test_the_floor_of_a_status_list_is_written_as_such_also_where_it_was_not_before(tmp_path: Path) -> None:
    floor, place = CrlFloor(7, "a" * 64), part_of_list(SG, "https://status.sg.example/1")
    begun = CrlFloors(SANDBOX, {place: PartFloor(SG, floor)}).raised_list(SG, "https://status.sg.example/1", floor)

    crl_floors.write(tmp_path, begun)

    assert crl_floors.read(tmp_path, SANDBOX).parts == {place: PartFloor(SG, floor, listed=True)}
    assert begun.raised_list(SG, "https://status.sg.example/1", floor) is begun
