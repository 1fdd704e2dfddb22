"""The purpose register: strict, and signed by three states at least."""

from typing import Any

import pytest

from idbridge.errors import TrustError
from idbridge.model.region import AssuranceLevel, Environment, MemberState
from idbridge.recognition.purpose import PurposeRegister, PurposeSubject
from tests.recognition.documents import (
    MY,
    PURPOSES,
    SANDBOX,
    SG,
    TH,
    arrangement,
    pins,
    purpose,
    purposes,
    register,
    signed,
    signed_purposes,
)

EMPTY = PurposeRegister.none(SANDBOX)


def refused(offered: bytes, *, held: PurposeRegister = EMPTY) -> str:
    with pytest.raises(TrustError) as caught:
        held.with_register(offered, keys=pins())
    assert caught.value.code == "trust.arrangement_invalid"
    return str(caught.value)


@pytest.mark.parametrize("states", [(SG,), (SG, TH)])
def test_fewer_than_three_states_register_nothing(states: tuple[MemberState, ...]) -> None:
    assert "at least 3" in refused(signed_purposes(purposes(), *states))


def test_an_arrangement_is_no_register_though_three_states_signed_it() -> None:
    assert refused(signed(arrangement(SG, TH, MY), SG, TH, MY))


@pytest.mark.parametrize("member", sorted(purpose("x")))
def test_a_missing_member_of_a_purpose_is_refused(member: str) -> None:
    entry = purpose("x")
    del entry[member]

    assert member in refused(signed_purposes(purposes(entry)))


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": 1},
        {"schema": "idbridge-purposes-2"},
        {"version": 0},
        {"version": "1"},
        {"environment": "live"},
        {"environment": 1},
        {"purposes": []},
        {"purposes": {}},
        {"purposes": [purpose("x"), purpose("x", bearer_allowed=True)]},
    ],
)
def test_a_register_that_is_not_exactly_of_the_schema_is_refused(changes: dict[str, Any]) -> None:
    assert refused(signed_purposes(purposes(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": 1},
        {"code": ""},
        {"code": "account opening"},
        {"code": "*"},
        {"name": {}},
        {"name": {"th": "เปิดบัญชี"}},
        {"name": {"en": " "}},
        {"name": "Opening an account"},
        {"minimum_level": "A0"},
        {"minimum_level": "high"},
        {"bearer_allowed": 1},
        {"bearer_allowed": None},
        {"claims": ["name", "name"]},
        {"claims": None},
        {"subject": "person"},
        {"mandate_scope": ["represent"]},
        {"subject": "legal"},
        {"subject": "any"},
        {"subject": "legal", "mandate_scope": [""]},
    ],
)
def test_a_purpose_that_is_not_exactly_of_the_schema_is_refused(changes: dict[str, Any]) -> None:
    assert refused(signed_purposes(purposes({**purpose("x"), **changes})))


def test_an_older_register_is_refused() -> None:
    held = EMPTY.with_register(signed_purposes(purposes(version=2)), keys=pins())

    assert "older" in refused(signed_purposes(purposes(version=1)), held=held)


def test_another_text_of_the_same_version_is_refused() -> None:
    assert "two texts" in refused(signed_purposes(purposes(purpose("x"))), held=register())


def test_a_register_of_another_environment_is_refused() -> None:
    assert "environment" in refused(signed_purposes(purposes()), held=PurposeRegister.none(Environment.LIVE))


def test_the_register_before_the_first_allows_nothing() -> None:
    assert all(EMPTY.find(entry["code"]) is None for entry in PURPOSES)


def test_a_register_is_read_as_it_is_written() -> None:
    opening = register().find("account-opening")
    filing = register().find("company-filing")

    assert opening is not None
    assert (opening.minimum_level, opening.bearer_allowed) == (AssuranceLevel.A2, False)
    assert filing is not None
    assert (filing.subject, filing.mandate_scope) == (PurposeSubject.LEGAL, frozenset({"represent"}))


def test_the_same_register_again_changes_nothing() -> None:
    assert register().with_register(signed_purposes(purposes()), keys=pins()) == register()
