"""A refused case of a verifier differs from its accepted twin in one member, or says in which others and why."""

from dataclasses import replace

import pytest

from idbridge.conformance.answer import Verdict
from idbridge.conformance.corpus import shipped
from idbridge.conformance.making.twins import beside, differing
from idbridge.conformance.making.writing import WrittenCase
from idbridge.conformance.profiles import Profile
from idbridge.reasons import Indication

CASES = {case.id: case for case in shipped().chosen([Profile.VERIFIER])}
NONCE = "expected.nonce"
PLAIN = WrittenCase(
    id="twin",
    profile=Profile.VERIFIER,
    tags=(),
    title="A twin",
    why="It is one.",
    requirements=("IDB-IN-001",),
    expect=Verdict(Indication.PASSED, None),
    twin=None,
    input={"before": [], "request": {"credential": "a", "purpose": "b", "expected": {"nonce": "c", "loa": "A1"}}},
    material="region",
)


def case_with(
    name: str = "refused", *, frozen: bool = False, material: str = "region", **request: object
) -> WrittenCase:
    assert PLAIN.input is not None
    put = {**PLAIN.input, "request": {**PLAIN.input["request"], **request}}
    return replace(PLAIN, id=name, twin="twin", input=put, frozen=frozen, material=material)


def test_what_differs_in_two_members_is_no_twin_unless_something_says_why() -> None:
    two = case_with(credential="x", purpose="y")

    with pytest.raises(ValueError, match="differs from its twin in credential, purpose"):
        beside(two, PLAIN)


def test_what_differs_in_a_nonce_too_is_no_twin_unless_it_is_kept_as_it_was_made() -> None:
    other = {"nonce": "x", "loa": "A1"}

    with pytest.raises(ValueError, match=r"credential, expected\.nonce"):
        beside(case_with(credential="x", expected=other), PLAIN)
    assert beside(case_with(credential="x", expected=other, frozen=True), PLAIN).keys() == {NONCE}
    assert beside(case_with(credential="x", expected=other), replace(PLAIN, frozen=True)).keys() == {NONCE}


def test_what_differs_in_nothing_is_no_twin() -> None:
    with pytest.raises(ValueError, match="in nothing"):
        beside(case_with(), PLAIN)


def test_material_and_what_is_expected_are_members_too() -> None:
    assert differing(case_with(material="another"), PLAIN) == {"material"}
    assert differing(case_with(expected={"nonce": "c"}), PLAIN) == {"expected.loa"}


def test_every_refused_case_differs_in_one_member_and_in_those_that_it_names() -> None:
    refused = [case for case in CASES.values() if case.twin is not None]
    others = {case.id: differing(case, CASES[str(case.twin)]) - case.beside.keys() for case in refused}

    assert len(refused) > 480
    assert {name: members for name, members in others.items() if len(members) != 1} == {}
    assert all(case.beside.keys() < differing(case, CASES[str(case.twin)]) for case in refused)


def test_a_nonce_differs_where_it_is_the_attack_or_the_case_says_why() -> None:
    pairs = [(case, differing(case, CASES[case.twin])) for case in CASES.values() if case.twin is not None]
    unsaid = {case.id for case, members in pairs if NONCE in members and NONCE not in case.beside}

    assert all(differing(CASES[name], CASES[str(CASES[name].twin)]) == {NONCE} for name in unsaid)
    assert {"binding-missing", "mdoc-issuer-signed-alone", "vc-disclosure-collides"}.isdisjoint(unsaid)


@pytest.mark.parametrize("name", ["tl-login-at-home", "mm-card-in-thailand"])
def test_where_a_state_decides_the_same_is_asked_where_it_decided_otherwise(name: str) -> None:
    assert differing(CASES[name], CASES[str(CASES[name].twin)]) == {"material"}
