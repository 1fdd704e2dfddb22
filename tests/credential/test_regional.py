"""National claims under regional names, and mandates: each value of its own kind, or not there."""

from typing import Any

import pytest

from idbridge.credential.mandates import read_mandate
from idbridge.credential.regional import regional_claims
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text
from idbridge.model.trust import ClaimMap

LONGEST = "x" * LIMITS.identifier_characters


def regional(name: str, value: Any) -> dict[str, Any]:
    return regional_claims({"national": value, "another": "x"}, ClaimMap(claims={name: "national"}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("birthdate", 19940829),
        ("birthdate", "29.08.1994"),
        ("birthdate", "1994-13-01"),
        ("birthdate", "1994-08-32"),
        ("birthdate", "1994-8-29"),
        ("birthdate", "1994-08-29T00:00:00Z"),
        ("birthdate", "١٩٩٤-08-29"),
        ("birthdate", "1994-08-29\n"),
        ("sex", 2),
        ("sex", ["female"]),
        ("sex", ""),
        ("sex", None),
        ("sex", f"{LONGEST}x"),
        ("age_over_18", "true"),
        ("age_over_18", 1),
        ("age_over_21", None),
        ("nationality", []),
        ("nationality", ["TH", 7]),
        ("nationality", ["TH"] * 17),
        ("nationality", {"code": "TH"}),
        ("address", {}),
        ("address", {"street": 7}),
        ("address", {"street": {"name": "x"}}),
        ("address", {str(number): "x" for number in range(17)}),
        ("address", ["x"]),
    ],
)
def test_a_value_of_another_kind_is_left_out(name: str, value: Any) -> None:
    assert regional(name, value) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("birthdate", "1994-08-29"),
        ("birthdate", "1994-08"),
        ("birthdate", "1994"),
        ("sex", "female"),
        ("sex", LONGEST),
        ("age_over_18", True),
        ("age_over_18", False),
        ("nationality", "TH"),
        ("nationality", ["TH", "LA"]),
        ("address", "99/1 ถนนตัวอย่าง"),
        ("address", {"street_address": "1 Sample Quay", "country": "SG"}),
    ],
)
def test_a_value_of_its_own_kind_is_copied(name: str, value: Any) -> None:
    assert regional(name, value) == {name: value}


def test_what_the_list_does_not_name_stays_behind() -> None:
    assert regional_claims({"blood_type": "A"}, ClaimMap(claims={"birthdate": "dob"})) == {}


def test_two_regional_names_may_share_a_national_claim() -> None:
    claim_map = ClaimMap(claims={"personal_number": "pid", "document_number": "pid"})

    assert regional_claims({"pid": "1"}, claim_map) == {"personal_number": "1", "document_number": "1"}


def test_the_sources_of_a_claim_map_are_all_the_claims_it_names() -> None:
    claim_map = ClaimMap(claims={"birthdate": "dob"}, display="name", mandate="represents", acr="ial")

    assert claim_map.sources == {"dob", "name", "represents", "ial", "sub"}


MANDATE: dict[str, Any] = {
    "entity": {"scheme": "SG-UEN", "value": "209900001K", "name": "Sample Quay Trading"},
    "scope": ["represent", "sign"],
    "valid_from": "2026-01-01T00:00:00Z",
    "valid_until": "2027-01-01T00:00:00Z",
}


def test_a_whole_mandate_is_read() -> None:
    found = read_mandate(MANDATE)

    assert found is not None
    assert (found.entity_scheme, found.entity_value, found.entity_name) == (
        "SG-UEN",
        "209900001K",
        "Sample Quay Trading",
    )
    assert found.scope == {"represent", "sign"}
    assert found.valid_from is not None
    assert found.valid_until is not None
    assert instant_text(found.valid_from) == "2026-01-01T00:00:00Z"
    assert instant_text(found.valid_until) == "2027-01-01T00:00:00Z"


@pytest.mark.parametrize("left_out", ["valid_from", "valid_until"])
def test_a_mandate_may_have_no_bound(left_out: str) -> None:
    found = read_mandate({name: value for name, value in MANDATE.items() if name != left_out})

    assert found is not None
    assert getattr(found, left_out) is None


def test_the_longest_mandate_allowed_is_read() -> None:
    found = read_mandate({
        "entity": {"scheme": "x", "value": LONGEST, "name": LONGEST},
        "scope": ["y", *(f"{number}" for number in range(31))],
    })  # fmt: skip

    assert found is not None
    assert (found.entity_scheme, found.entity_value, len(found.scope)) == ("x", LONGEST, 32)


def test_an_entity_may_have_no_name() -> None:
    found = read_mandate({**MANDATE, "entity": {"scheme": "SG-UEN", "value": "209900001K"}})

    assert found is not None
    assert found.entity_name is None


@pytest.mark.parametrize(
    "statement",
    [
        None,
        "all",
        [],
        {},
        {**MANDATE, "valid_until": 1_800_000_000},
        {**MANDATE, "valid_until": "tomorrow"},
        {**MANDATE, "valid_until": None},
        {**MANDATE, "valid_until": "2027-01-01"},
        {**MANDATE, "valid_from": "2026-02-30T00:00:00Z"},
        {**MANDATE, "valid_until": "2025-01-01T00:00:00Z"},
        {**MANDATE, "valid_until": "2026-01-01T00:00:00Z"},
        {**MANDATE, "validUntil": "2027-01-01T00:00:00Z"},
        {**MANDATE, "limit": 500},
        {**MANDATE, "scope": []},
        {**MANDATE, "scope": "represent"},
        {**MANDATE, "scope": ["represent", 7]},
        {**MANDATE, "scope": [""]},
        {**MANDATE, "scope": [str(number) for number in range(33)]},
        {**MANDATE, "entity": None},
        {**MANDATE, "entity": "209900001K"},
        {**MANDATE, "entity": {"scheme": "SG-UEN"}},
        {**MANDATE, "entity": {"scheme": "", "value": "x"}},
        {**MANDATE, "entity": {"scheme": "SG-UEN", "value": 7}},
        {**MANDATE, "entity": {"scheme": "SG-UEN", "value": "x", "name": 7}},
        {**MANDATE, "entity": {"scheme": "SG-UEN", "value": "x", "branch": "y"}},
    ],
)
def test_a_mandate_that_cannot_be_read_in_whole_is_none(statement: Any) -> None:
    assert read_mandate(statement) is None
