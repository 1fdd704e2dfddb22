"""The claims parameter: the modules of the EKYC plan of the OpenID conformance suite, each under its name."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.limits import LIMITS
from idbridge.oidc.claims_release import for_id_token, for_userinfo
from idbridge.oidc.claims_request import NO_CLAIMS, ClaimsRequest, parse_claims
from idbridge.oidc.errors import OAuthError
from tests.oidc.kit import NOON, outcome, refused

VERIFICATION = {"trust_framework": "idbridge", "assurance_level": "A2", "time": "2026-11-23T12:00:00Z"}
CLAIMS = {"birthdate": "1990-01-01", "nationality": "SG", "age_over_18": True, "name": {"display": "Somebody"}}
RECOGNISED = {"verification": VERIFICATION, "claims": CLAIMS}
FRAMEWORK = {"trust_framework": None}


def asking(claims: Any, verification: Any = FRAMEWORK, *, where: tuple[str, ...] = ("id_token", "userinfo")) -> str:
    one = {"verified_claims": {"verification": verification, "claims": claims}}
    return json.dumps(dict.fromkeys(where, one))


def released(text: str | None, *, at: Any = NOON) -> tuple[Any, Any]:
    request = parse_claims(text)
    return for_id_token(request, RECOGNISED, at=at), for_userinfo(request, RECOGNISED, at=at)


MALFORMED = {
    "no JSON": "{",
    "an array": "[]",
    "a member twice": '{"userinfo":{"a":null,"a":null}}',
    "a part that is no object": '{"id_token":[]}',
    "verified claims that are a text": '{"userinfo":{"verified_claims":"all"}}',
    "verified claims that are null": '{"userinfo":{"verified_claims":null}}',
    "an entry that is null": '{"userinfo":{"verified_claims":[null]}}',
    "no verification": '{"userinfo":{"verified_claims":{"claims":{"a":null}}}}',
    "no claims": '{"userinfo":{"verified_claims":{"verification":{"trust_framework":null}}}}',
    "another member": (
        '{"userinfo":{"verified_claims":{"verification":{"trust_framework":null},"claims":null,"extra":1}}}'
    ),
    "verification that is null": asking({"name": None}, None),
    "no trust framework": asking({"name": None}, {}),
    "claims that are an array": asking([]),
    "a claim that is a text": asking({"name": "x"}),
    "essential that is a text": asking({"name": {"essential": "true"}}),
    "values that are no array": asking({"name": {"values": "x"}}),
    "no values": asking({"name": {"values": []}}),
    "too many values": asking({"name": {"values": ["x"] * (LIMITS.query_values + 1)}}),
    "value and values": asking({"name": {"value": "x", "values": ["x"]}}),
    "max_age that is negative": asking({"name": None}, {**FRAMEWORK, "time": {"max_age": -1}}),
    "max_age that is a text": asking({"name": None}, {**FRAMEWORK, "time": {"max_age": "1"}}),
    "max_age that is true": asking({"name": None}, {**FRAMEWORK, "time": {"max_age": True}}),
    "max_age too long": asking(
        {"name": None}, {**FRAMEWORK, "time": {"max_age": LIMITS.verification_age.total_seconds() + 1}}
    ),
    "a name too long": asking({"n" * (LIMITS.identifier_characters + 1): None}),
    "too many claims": asking({f"c{number}": None for number in range(LIMITS.requested_claims + 1)}),
    "too many plain claims": json.dumps({"userinfo": {f"c{n}": None for n in range(LIMITS.requested_claims + 1)}}),
    "too many entries": json.dumps(
        {"userinfo": {"verified_claims": [{"verification": FRAMEWORK, "claims": None}] * (LIMITS.query_sets + 1)}}
    ),
    "too long": json.dumps({"x": "x" * LIMITS.claims_parameter_bytes}),
    "too deep": "[" * 20 + "]" * 20,
    "EKYCTooShortPurposeLeadsToInvalidRequestResponse": asking({"name": {"purpose": "XY"}}),
    "EKYCTooLongPurposeLeadsToInvalidRequestResponse": asking({"name": {"purpose": "a" * 301}}),
    "a purpose that is no text": asking({"name": {"purpose": 123}}),
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_parameter_of_another_form_is_refused(text: str) -> None:
    found = refused(parse_claims, text)

    assert (found.error, found.status) == ("invalid_request", 400)


DEMANDS = {
    "another trust framework": {"trust_framework": {"value": "eidas"}},
    "one of other trust frameworks": {"trust_framework": {"values": ["eidas", "de_aml"]}},
    "a higher level": {**FRAMEWORK, "assurance_level": {"value": "A3"}},
    "a fresher verification": {**FRAMEWORK, "time": {"max_age": 60}},
    "evidence of one kind": {**FRAMEWORK, "evidence": [{"type": {"value": "document"}}]},
    "a process by one policy": {**FRAMEWORK, "assurance_process": {"policy": {"value": "gpg45"}}},
    "an element of nobody": {**FRAMEWORK, "weather": {"value": "fine"}},
    "an age of an element without time": {**FRAMEWORK, "assurance_level": {"max_age": 60}},
    "a value that is no scalar": {"trust_framework": {"value": ["idbridge"]}},
    "a value of another type": {"trust_framework": {"value": 1}},
}


@pytest.mark.parametrize("verification", DEMANDS.values(), ids=DEMANDS.keys())
def test_a_demand_on_the_verification_that_is_not_met_leaves_out_everything(verification: Any) -> None:
    assert released(asking({"nationality": None}, verification), at=NOON + timedelta(seconds=61)) == (None, None)


@pytest.mark.parametrize(
    "asked", [None, {}, {"essential": False}, {"essential": True}, {"purpose": "To know"}, {"x": 1}]
)
def test_ekyc_happy_path(asked: Any) -> None:
    """EKYCHappyPathTest, EKYCHappyPathTestEmptyObjects, EKYCHappyPathTestEssentialFalse."""
    wanted = {"verification": {"trust_framework": "idbridge"}, "claims": {"nationality": "SG"}}

    assert released(asking({"nationality": asked}, {"trust_framework": asked})) == (wanted, wanted)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        pytest.param("foobar", None, id="EKYCRequestClaimUnknownToTheOP"),
        pytest.param("claim%1/a&,.b", None, id="EKYCRequestClaimWithSpecialCharsUnknownToTheOP"),
        pytest.param("foobar", {"essential": True}, id="EKYCRequestEssentialClaimUnknownToTheOP"),
        pytest.param("", None, id="a name that is empty"),
        pytest.param("__class__", None, id="a name of the language"),
    ],
)
def test_a_claim_that_nobody_knows_is_no_fault_and_is_left_out(name: str, asked: Any) -> None:
    found, _ = released(asking({"nationality": None, name: asked}))

    assert found["claims"] == {"nationality": "SG"}


@pytest.mark.parametrize("value", ["26e0f4b1", 1, True, None, ["SG"], {"x": "SG"}, 1.5])
def test_ekyc_request_claim_with_random_value_must_be_omitted(value: Any) -> None:
    """EKYCRequestClaimWithRandomValueMustBeOmitted: alone, verified_claims is left out; beside others, the claim is."""
    assert released(asking({"nationality": {"value": value}})) == (None, None)
    assert released(asking({"nationality": {"values": [value]}, "birthdate": None}))[0]["claims"] == {
        "birthdate": "1990-01-01"
    }


def test_a_value_that_is_the_one_is_released_and_true_is_not_one() -> None:
    assert released(asking({"nationality": {"values": ["TH", "SG"]}}))[0]["claims"] == {"nationality": "SG"}
    assert released(asking({"age_over_18": {"value": True}}))[0]["claims"] == {"age_over_18": True}
    assert released(asking({"age_over_18": {"value": 1}})) == (None, None)
    assert released(asking({"name": {"value": "Somebody"}})) == (None, None)


def test_ekyc_request_verified_claims_only_in_id_token() -> None:
    """EKYCRequestVerifiedClaimsOnlyInIdToken."""
    in_id_token, in_userinfo = released(asking({"nationality": None}, where=("id_token",)))

    assert in_id_token["claims"] == {"nationality": "SG"}
    assert in_userinfo is None


def test_ekyc_request_verified_claims_only_in_userinfo() -> None:
    """EKYCRequestVerifiedClaimsOnlyInUserinfo."""
    in_id_token, in_userinfo = released(asking({"nationality": None}, where=("userinfo",)))

    assert in_id_token is None
    assert in_userinfo["claims"] == {"nationality": "SG"}


@pytest.mark.parametrize("text", [None, "{}", '{"userinfo":{}}', '{"id_token":null,"userinfo":null}', '{"x":1}'])
def test_ekyc_test_userinfo_defaults(text: str | None) -> None:
    """EKYCTestUserinfoDefaults: no verified_claims unless they were asked for."""
    assert released(text) == (None, None)
    assert parse_claims(None) is NO_CLAIMS


@pytest.mark.parametrize("claims", [None, {}])
def test_no_claim_asked_for_is_no_claim_released(claims: Any) -> None:
    assert released(asking(claims)) == (None, None)


def test_ekyc_test_userinfo_contains_data_not_advertised_in_op_metadata() -> None:
    """EKYCTestUserinfoContainsDataNotAdvertisedInOPMetadata: what we never state cannot be had by asking for it."""
    demanded = {"trust_framework": {"value": "eidas"}, "evidence": [{"type": {"value": "vouch"}}]}

    assert released(asking({"nationality": None, "blood_type": None}, demanded)) == (None, None)


def test_of_the_verification_only_what_was_asked_for_is_stated() -> None:
    everything = {**FRAMEWORK, "assurance_level": None, "time": {}, "evidence": [{"type": None}], "weather": None}
    met = {"trust_framework": {"values": ["idbridge"]}, "assurance_level": {"value": "A2"}, "time": {"max_age": 60}}

    assert released(asking({"name": None}, everything))[0]["verification"] == VERIFICATION
    assert released(asking({"name": None}, met), at=NOON + timedelta(seconds=60))[0]["verification"] == VERIFICATION


def test_of_several_entries_each_is_answered_by_itself() -> None:
    entries = [
        {"verification": FRAMEWORK, "claims": {"name": None}},
        {"verification": {"trust_framework": {"value": "eidas"}}, "claims": {"birthdate": None}},
        {"verification": FRAMEWORK, "claims": {"nationality": None}},
    ]
    found = [released(json.dumps({"userinfo": {"verified_claims": entries[:count]}}))[1] for count in (2, 3)]

    assert found[0]["claims"] == {"name": {"display": "Somebody"}}
    assert [one["claims"] for one in found[1]] == [{"name": {"display": "Somebody"}}, {"nationality": "SG"}]


def test_plain_claims_are_read_beside_and_all_wanted_claims_are_known_once() -> None:
    text = json.dumps(
        {
            "id_token": {"acr": {"essential": True, "values": ["a", "b"]}, "auth_time": {"essential": True}},
            "userinfo": {"verified_claims": {"verification": FRAMEWORK, "claims": {"name": None, "birthdate": None}}},
        }
    )
    request = parse_claims(text)

    assert request.id_token["acr"].essential
    assert request.id_token["acr"].values == ((str, "a"), (str, "b"))
    assert request.wanted == ("name", "birthdate")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "values", "essential", "max_age", "claims", "verification", "name"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_no_document_makes_the_reader_stumble_or_releases_what_was_not_asked_for(
    verification: Any, claims: Any
) -> None:
    text = asking(claims, {"trust_framework": verification} if verification else verification)
    request = outcome(parse_claims, text)
    assert isinstance(request, ClaimsRequest | OAuthError)
    if isinstance(request, ClaimsRequest):
        found = for_userinfo(request, RECOGNISED, at=NOON)

        assert found is None or found["claims"].items() <= CLAIMS.items()
        assert found is None or found["claims"].keys() <= claims.keys()


@given(st.text(max_size=60))
def test_no_text_makes_the_reader_stumble(text: str) -> None:
    assert isinstance(outcome(parse_claims, text), ClaimsRequest | OAuthError)
