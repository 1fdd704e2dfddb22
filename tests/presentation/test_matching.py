"""One credential against one query, then all of them: what was asked for is there, or it is said what is not."""

from typing import Any

import pytest

from idbridge.model.query import ArrayWithGaps, Authority, Query
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.fulfilment import fulfilment
from idbridge.presentation.matching import mismatch
from tests.presentation.dcql_kit import PERSON, TYPE, credential, query, shown


def code(asked: dict[str, Any], **members: Any) -> str | None:
    (one,) = parse_query(query(credential(**asked))).credentials
    found = mismatch(one, shown(**members))
    return found.code if found is not None else None


def claim_code(*path: Any, values: list[Any] | None = None, claims: Any = PERSON) -> str | None:
    restricted = {} if values is None else {"values": values}
    return code({"claims": [{"path": list(path), **restricted}]}, claims=claims)


def test_another_format_is_refused_before_anything_else() -> None:
    assert code({}, format="mso_mdoc") == "query.format_mismatch"


def test_another_type_is_refused() -> None:
    assert code({}, types=frozenset({"urn:example:diploma:1"})) == "query.type_mismatch"


def test_any_one_of_several_types_will_do() -> None:
    assert code({"meta": {"vct_values": ["urn:example:other", TYPE]}}) is None


def test_a_w3c_credential_has_every_type_of_one_alternative() -> None:
    asked = {"format": "jwt_vc_json", "meta": {"type_values": [["A", "B"], ["C"]]}}

    assert code(asked, format="jwt_vc_json", types=frozenset({"A", "D"})) == "query.type_mismatch"
    assert code(asked, format="jwt_vc_json", types=frozenset({"A", "B", "D"})) is None
    assert code(asked, format="jwt_vc_json", types=frozenset({"C"})) is None


def test_one_of_the_authorities_vouches() -> None:
    asked = {"trusted_authorities": [{"type": "aki", "values": ["AQID"]}, {"type": "etsi_tl", "values": ["https://a"]}]}

    assert code(asked) == "query.authority_mismatch"
    assert code(asked, authorities=frozenset({Authority("etsi_tl", "AQID")})) == "query.authority_mismatch"
    assert code(asked, authorities=frozenset({Authority("aki", "AQID")})) is None


def test_a_copy_will_do_only_if_the_query_says_so() -> None:
    assert code({}, bound=False) == "query.holder_binding_missing"
    assert code({"require_cryptographic_holder_binding": True}, bound=False) == "query.holder_binding_missing"
    assert code({"require_cryptographic_holder_binding": False}, bound=False) is None


@pytest.mark.parametrize(
    "path",
    [
        ["family_name"],
        ["address", "street"],
        ["given_name", "first"],
        ["given_name", 0],
        ["given_name", None],
        ["address", 0],
        ["address", None],
        ["nationalities", 2],
        ["nationalities", "0"],
        ["degrees", None, "grade"],
        ["degrees", None, "type", None],
        ["nationalities", None, "type"],
        [None],
        [0],
    ],
)
def test_a_path_that_leads_nowhere_is_a_claim_that_is_missing(path: list[Any]) -> None:
    assert claim_code(*path) == "query.claim_missing"


@pytest.mark.parametrize(
    "path",
    [
        ["given_name"],
        ["address"],
        ["address", "country"],
        ["nationalities", 1],
        ["nationalities", None],
        ["degrees", None, "type"],
        ["degrees", None, "year"],
        ["degrees", 0, "year"],
    ],
)
def test_a_path_that_leads_somewhere_is_a_claim(path: list[Any]) -> None:
    assert claim_code(*path) is None


def test_one_array_among_values_that_are_none_ends_the_path() -> None:
    claims = {"mixed": [["a"], "b"]}

    assert claim_code("mixed", None, 0, claims=claims) == "query.claim_missing"


def test_null_says_nothing() -> None:
    assert claim_code("given_name", claims={"given_name": None}) == "query.claim_missing"
    assert claim_code("names", None, claims={"names": [None]}) == "query.claim_missing"


def test_a_value_compares_with_its_type() -> None:
    assert claim_code("age_over_18", values=[1]) == "query.value_mismatch"
    assert claim_code("age_over_18", values=["true"]) == "query.value_mismatch"
    assert claim_code("level", values=[True]) == "query.value_mismatch"
    assert claim_code("level", values=["1"]) == "query.value_mismatch"
    assert claim_code("level", values=[1], claims={"level": 1.0}) == "query.value_mismatch"
    assert claim_code("address", values=["SG"]) == "query.value_mismatch"
    assert claim_code("given_name", values=["mei ling"]) == "query.value_mismatch"
    assert claim_code("age_over_18", values=[True]) is None
    assert claim_code("level", values=[2, 1]) is None


def test_of_several_selected_values_one_will_do() -> None:
    assert claim_code("nationalities", None, values=["TH"]) == "query.value_mismatch"
    assert claim_code("nationalities", None, values=["TH", "MY"]) is None
    assert claim_code("nationalities", 0, values=["MY"]) == "query.value_mismatch"


def test_an_element_keeps_the_index_it_was_signed_with() -> None:
    claims = {"nationalities": ArrayWithGaps(["MY"], (1,))}

    assert claim_code("nationalities", 0, claims=claims) == "query.claim_missing"
    assert claim_code("nationalities", 2, claims=claims) == "query.claim_missing"
    assert claim_code("nationalities", 1, values=["MY"], claims=claims) is None
    assert claim_code("nationalities", None, values=["MY"], claims=claims) is None


CHOICE = {
    "claims": [
        {"id": "a", "path": ["given_name"]},
        {"id": "b", "path": ["birthdate"]},
        {"id": "c", "path": ["level"], "values": [2]},
    ]
}


def test_without_sets_every_claim_is_needed() -> None:
    assert code(CHOICE) == "query.claim_missing"


def test_one_whole_claim_set_will_do_and_no_part_of_two() -> None:
    assert code({**CHOICE, "claim_sets": [["a", "b"], ["a", "c"]]}) == "query.claim_missing"
    assert code({**CHOICE, "claim_sets": [["a", "b", "c"], ["a", "c"]]}) == "query.value_mismatch"
    assert code({**CHOICE, "claim_sets": [["b"], ["a"]]}) is None


def test_claims_of_an_mdoc_stand_by_namespace_and_element() -> None:
    asked = {"format": "mso_mdoc", "meta": {"doctype_value": "dt"}, "claims": [{"path": ["ns", "el"], "values": ["v"]}]}
    mdoc: dict[str, Any] = {"format": "mso_mdoc", "types": frozenset({"dt"})}

    assert code(asked, **mdoc, claims={"other": {"el": "v"}}) == "query.claim_missing"
    assert code(asked, **mdoc, claims={"ns": {"el": "w"}}) == "query.value_mismatch"
    assert code(asked, **mdoc, claims={"ns": {"el": "v"}}) is None


def whole(**members: Any) -> Query:
    return parse_query(query(credential(id="a"), credential(id="b"), credential(id="c"), **members))


SETS = [
    {"options": [["a"], ["b", "c"]]},
    {"options": [["c"]], "required": False},
]


def test_without_sets_every_credential_is_needed() -> None:
    found = fulfilment(whole(), {"a": (shown(),), "c": (shown(),)})

    assert not found.satisfied
    assert found.missing == ("b",)


def test_a_part_of_an_option_is_not_enough() -> None:
    found = fulfilment(whole(credential_sets=SETS), {"b": (shown(),)})

    assert not found.satisfied
    assert (found.missing, found.unsatisfied_sets) == (("a", "c"), (0,))


def test_nothing_does_not_satisfy_a_set() -> None:
    assert not fulfilment(whole(credential_sets=SETS), {}).satisfied
    assert not fulfilment(whole(credential_sets=SETS), {"a": ()}).satisfied


def test_a_query_without_a_required_set_is_satisfied_by_whatever_matches() -> None:
    asked = whole(credential_sets=[{"options": [["a"]], "required": False}])

    assert fulfilment(asked, {"a": (shown(),)}).satisfied


@pytest.mark.parametrize("sent", [("a",), ("b", "c"), ("a", "b", "c"), ("a", "c")])
def test_one_whole_option_of_each_required_set_will_do(sent: tuple[str, ...]) -> None:
    assert fulfilment(whole(credential_sets=SETS), dict.fromkeys(sent, (shown(),))).satisfied


def test_what_was_sent_beside_and_does_not_match_is_refused_though_nobody_needs_it() -> None:
    found = fulfilment(whole(credential_sets=SETS), {"a": (shown(),), "c": (shown(types=frozenset({"x"})),)})

    assert not found.satisfied
    assert [one.code for one in found.mismatches] == ["query.type_mismatch"]


def test_several_were_sent_where_one_was_asked_for() -> None:
    asked = parse_query(query(credential()))
    several = parse_query(query(credential(multiple=True)))

    assert [one.code for one in fulfilment(asked, {"pid": (shown(), shown())}).mismatches] == [
        "query.multiple_not_allowed"
    ]
    assert fulfilment(several, {"pid": (shown(), shown())}).satisfied


def test_each_of_several_has_to_match() -> None:
    several = parse_query(query(credential(multiple=True)))

    assert not fulfilment(several, {"pid": (shown(), shown(bound=False))}).satisfied


def test_an_answer_to_no_query_is_refused() -> None:
    found = fulfilment(parse_query(query()), {"pid": (shown(),), "other": (shown(),)})

    assert [one.code for one in found.mismatches] == ["query.id_unknown"]
    assert not found.satisfied
