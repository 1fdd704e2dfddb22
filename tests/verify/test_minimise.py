"""Minimisation: the intersection of four sets, and nothing unless the report is PASSED."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import jcs
from idbridge.model.credential import NamePartValue, PersonName
from idbridge.model.region import AssuranceLevel
from idbridge.verify.minimise import minimise
from tests.recognition.credentials import credential
from tests.recognition.documents import NOON
from tests.verify.questions import party, question, recognised

NAME = PersonName("ธนพร", "ธนพร", "Thanaporn", (NamePartValue("single", "ธนพร", "Thanaporn"),))
ALL = ("name", "birthdate", "nationality", "address", "age_over_20")


def released(
    *requested: str, registered: tuple[str, ...] = ALL, allowed: tuple[str, ...] = ALL, at: datetime = NOON,
    **claims: Any,
) -> tuple[dict[str, Any], dict[str, str]]:  # fmt: skip
    """What leaves of a credential with ``claims``, and why the rest does not."""
    presented = credential(AssuranceLevel.A2, claims=claims, name=NAME)
    asked = question(party(claims=frozenset(registered)), claims=requested)
    found, withheld = minimise(asked, recognised(presented, claims=allowed), at=at)
    return found, {entry["claim"]: entry["why"] for entry in withheld}


def test_nothing_leaves_unless_somebody_was_recognised() -> None:
    found, withheld = minimise(question(claims=("name", "birthdate", "email")), None, at=NOON)

    assert found == {}
    assert [entry["why"] for entry in withheld] == ["not_accepted", "not_accepted", "not_registered"]


def test_nothing_leaves_that_was_not_requested() -> None:
    assert released(birthdate="2000-01-01", nationality="SG") == ({}, {})


def test_nothing_leaves_that_is_not_registered() -> None:
    assert released("birthdate", registered=("name",), birthdate="2000-01-01") == ({}, {"birthdate": "not_registered"})


def test_nothing_leaves_that_the_arrangement_does_not_release() -> None:
    assert released("birthdate", allowed=("name",), birthdate="2000-01-01") == ({}, {"birthdate": "not_allowed"})


def test_nothing_leaves_that_the_purpose_does_not_need() -> None:
    # The register allows name and birthdate when an account is opened, whatever an arrangement says.
    assert released("nationality", nationality="SG") == ({}, {"nationality": "not_allowed"})


@pytest.mark.parametrize("claims", [{}, {"birthdate": None}])
def test_what_is_not_there_is_named_as_absent(claims: dict[str, Any]) -> None:
    assert released("birthdate", **claims) == ({}, {"birthdate": "absent"})


@pytest.mark.parametrize("value", [2**53, -(2**53), [2**60], {"a": {"b": 2**53}}, float("inf"), object()])
def test_a_value_that_not_every_reader_holds_exactly_does_not_leave(value: Any) -> None:
    assert released("birthdate", birthdate=value) == ({}, {"birthdate": "absent"})


@pytest.mark.parametrize("value", ["x", 7, 2**53 - 1, 1.5, True, ["a", {"b": None}], ("a",)])
def test_a_value_that_leaves_can_be_written_canonically(value: Any) -> None:
    found, _ = released("birthdate", birthdate=value)

    assert jcs.canonicalize(found)


def test_a_name_leaves_as_its_source_has_it_with_no_form_made_up() -> None:
    found, _ = released("name")

    assert found["name"] == {
        "display": "ธนพร",
        "native": "ธนพร",
        "latin": "Thanaporn",
        "parts": [{"kind": "single", "native": "ธนพร", "latin": "Thanaporn"}],
    }


def test_a_claim_called_name_never_stands_in_for_a_name() -> None:
    presented = credential(claims={"name": "somebody"}, name=None)

    found, withheld = minimise(question(claims=("name",)), recognised(presented), at=NOON)

    assert (found, withheld) == ({}, [{"claim": "name", "why": "absent"}])


def test_the_same_claim_requested_twice_leaves_once() -> None:
    asked = question(claims=("birthdate", "birthdate", "email", "email"))

    found, withheld = minimise(asked, recognised(), at=NOON)

    assert (list(found), len(withheld)) == (["birthdate"], 1)


def test_what_leaves_is_a_copy() -> None:
    nested = {"street": ["a"]}
    presented = credential(claims={"birthdate": nested})

    found, _ = minimise(question(claims=("birthdate",)), recognised(presented), at=NOON)
    found["birthdate"]["street"].append("b")

    assert nested == {"street": ["a"]}


# Ages


@pytest.mark.parametrize(
    ("born", "over"),
    [
        ("2006-11-24", True),
        ("2006-11-25", False),
        ("2006-11-23", True),
        ("2006-11", False),
        ("2006-10", True),
        ("2006", False),
        ("2005", True),
        ("2005-12", True),
        ("1900-01-01", True),
        ("2030-01-01", False),
    ],
)
def test_an_age_is_reckoned_to_the_day_and_never_too_old(born: str, over: bool) -> None:
    assert released("age_over_20", birthdate=born) == ({"age_over_20": over}, {})


def test_who_is_born_on_a_leap_day_is_older_on_the_first_of_march() -> None:
    day = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)

    assert released("age_over_18", registered=("birthdate",), birthdate="2008-02-29", at=day)[0] == {
        "age_over_18": False
    }
    assert released("age_over_18", registered=("birthdate",), birthdate="2008-02-29", at=day + timedelta(minutes=1))[
        0
    ] == {"age_over_18": True}


@pytest.mark.parametrize("born", ["", "2006-13-01", "2006-02-30", "24.11.2006", "0000-01-01", 2006, None])
def test_a_birthdate_that_is_none_answers_no_age(born: Any) -> None:
    assert released("age_over_20", birthdate=born) == ({}, {"age_over_20": "absent"})


@pytest.mark.parametrize(
    "claim", ["age_over_", "age_over_0", "age_over_07", "age_over_1000", "age_over_20x", "age_over_x"]
)
def test_what_is_no_age_is_no_predicate_of_a_birthdate(claim: str) -> None:
    assert released(claim, birthdate="2000-01-01") == ({}, {claim: "not_registered"})
    named = (*ALL, claim)
    assert released(claim, registered=named, allowed=named, birthdate="2000-01-01")[0] == {}


def test_what_the_source_states_of_an_age_is_not_reckoned_again() -> None:
    assert released("age_over_20", birthdate="2020-01-01", age_over_20=True)[0] == {"age_over_20": True}
    assert released("age_over_20", birthdate="2000-01-01", age_over_20="yes")[0] == {}


def test_an_age_leaves_where_the_date_itself_may_and_nowhere_else() -> None:
    assert released("age_over_20", registered=("birthdate",), birthdate="2000-01-01")[0] == {"age_over_20": True}
    assert released("age_over_20", registered=("name",), birthdate="2000-01-01")[1] == {"age_over_20": "not_registered"}
    assert released("age_over_20", allowed=("name",), birthdate="2000-01-01")[1] == {"age_over_20": "not_allowed"}


CLAIMS = st.lists(st.sampled_from(["name", "birthdate", "nationality", "age_over_20", "email"]), unique=True)


@settings(max_examples=80, deadline=None)
@given(requested=CLAIMS, registered=CLAIMS, allowed=CLAIMS, present=CLAIMS)
def test_no_more_than_the_intersection_of_all_four_leaves(
    requested: list[str], registered: list[str], allowed: list[str], present: list[str]
) -> None:
    values: dict[str, Any] = {claim: "2000-01-01" for claim in present if claim != "age_over_20"}

    found, withheld = released(*requested, registered=tuple(registered), allowed=tuple(allowed), **values)

    by_birthdate = {"age_over_20"} if "birthdate" in set(registered) | set(allowed) else set()
    assert set(found) <= set(requested) & (set(registered) | by_birthdate)
    assert not allowed or set(found) <= set(allowed) | by_birthdate
    assert set(found) | set(withheld) == set(requested)
    assert not set(found) & set(withheld)
