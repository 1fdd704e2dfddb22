"""The shape of a list. The official schema of ETSI TS 119 602 lets much pass that means nothing; ours does not.

Attacks 14, 59 and 69 of the trust-list catalogue.
"""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from tests.trust.editions import (
    ENTITY,
    EXTENSION,
    LOGIN,
    NOON,
    OTHER_KEY,
    SCHEME,
    SERVICE,
    SG,
    attestation,
    changed,
    edition,
    jwk,
    lote,
    raw,
    refusal,
    service,
    signed,
    statuses,
    trusted,
    without,
)

IDENTITY = (*SERVICE, "ServiceDigitalIdentity")
RULE = {"extended_key_usage": "1.3.6.1.4.1.99999.1"}
GOOD = lote()
HELD = trusted(edition(6))


def code_of(document: Any) -> str:
    """The code with which a list of this content, signed by its state, is refused."""
    return refusal(HELD, raw(json.dumps(document))).code


@pytest.mark.parametrize("value", [0, -1, "7", 7.0, 1e3, True, None, [7], 2**53, 2**63, 10**400], ids=repr)
def test_a_sequence_number_that_is_none_is_refused(value: Any) -> None:
    text = json.dumps(GOOD).replace('"LoTESequenceNumber": 7', f'"LoTESequenceNumber": {json.dumps(value)}')

    assert refusal(HELD, raw(text)).code == "trust.profile_violation"


def test_a_sequence_number_in_the_form_of_a_float_is_refused() -> None:
    text = json.dumps(GOOD).replace('"LoTESequenceNumber": 7', '"LoTESequenceNumber": 1e3')

    assert "1e3" in text
    assert refusal(HELD, raw(text)).code == "trust.profile_violation"


def test_the_last_possible_sequence_number_is_one() -> None:
    almost = trusted(edition(LIMITS.list_sequence - 1))

    assert almost.with_list(edition(LIMITS.list_sequence), state=SG, at=NOON).floors[SG].sequence == 2**53 - 1


@pytest.mark.parametrize("name", ["ListIssueDateTime", "NextUpdate"])
@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "",
        "2026-11-24",
        "2026-11-24T11:00:00",
        "2026-11-24T11:00:00+00:00",
        "2026-11-24T11:00:00.5Z",
        "2026-13-24T11:00:00Z",
        "2026-11-24 11:00:00Z",
        "٢٠٢٦-11-24T11:00:00Z",
        1764000000,
        None,
        {"dateTime": "2026-12-24T11:00:00Z"},
    ],
    ids=repr,
)
def test_an_instant_in_another_form_is_refused(name: str, value: Any) -> None:
    assert code_of(changed(GOOD, *SCHEME, name, to=value)) == "trust.profile_violation"


@pytest.mark.parametrize("value", [99, 0, 2, "1", 1.0, True, None])
def test_another_version_of_the_standard_is_refused(value: Any) -> None:
    assert code_of(changed(GOOD, *SCHEME, "LoTEVersionIdentifier", to=value)) == "trust.profile_violation"


def test_a_list_without_the_outer_member_or_with_lower_camel_names_is_refused() -> None:
    text = json.dumps(GOOD)

    assert code_of(GOOD["LoTE"]) == "trust.profile_violation"
    assert code_of({**GOOD, "extra": 1}) == "trust.profile_violation"
    assert refusal(HELD, raw(text.replace('"LoTE"', '"loTE"'))).code == "trust.profile_violation"
    assert refusal(HELD, raw(text.replace("ListAndSchemeInformation", "listAndSchemeInformation"))).code == (
        "trust.profile_violation"
    )


@pytest.mark.parametrize("name", sorted(GOOD["LoTE"]["ListAndSchemeInformation"]))
def test_a_list_that_leaves_out_a_scheme_member_or_makes_it_null_is_refused(name: str) -> None:
    assert code_of(without(GOOD, *SCHEME, name)) == "trust.profile_violation"
    assert code_of(changed(GOOD, *SCHEME, name, to=None)) == "trust.profile_violation"


@pytest.mark.parametrize("place", [SCHEME, ENTITY, (*ENTITY, "TrustedEntityInformation"), SERVICE, IDENTITY, EXTENSION])
def test_a_list_with_an_unknown_member_anywhere_is_refused(place: tuple[str | int, ...]) -> None:
    assert code_of(changed(GOOD, *place, "Surprise", to=1)) == "trust.profile_violation"


@pytest.mark.parametrize("name", ["ServiceStatus", "StatusStartingTime", "ServiceTypeIdentifier", "ServiceName"])
def test_a_service_without_status_date_type_or_name_is_refused(name: str) -> None:
    assert code_of(without(GOOD, *SERVICE, name)) == "trust.profile_violation"


def test_a_list_without_entries_is_refused() -> None:
    assert code_of(without(GOOD, "LoTE", "TrustedEntitiesList")) == "trust.profile_violation"
    assert code_of(changed(GOOD, "LoTE", "TrustedEntitiesList", to=[])) == "trust.profile_violation"
    assert code_of(changed(GOOD, *ENTITY, "TrustedEntityServices", to=[])) == "trust.profile_violation"


def test_a_policy_address_serves_in_place_of_a_notice() -> None:
    policy = [{"LoTEPolicy": {"lang": "en", "uriValue": "https://policy.example/"}}]

    assert HELD.with_list(signed(changed(GOOD, *SCHEME, "PolicyOrLegalNotice", to=policy)), state=SG, at=NOON) != HELD


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("ServiceDefinitionURI", [{"lang": "en", "uriValue": "https://x.example/"}], [{"lang": "en"}]),
        ("SchemeServiceDefinitionURI", [{"lang": "en", "uriValue": "https://x.example/"}], []),
        ("ServiceSupplyPoints", [{"uriValue": "https://x.example/"}], [{"uriValue": "x"}]),
        ("ServiceSupplyPoints", [{"uriValue": "https://x.example/", "ServiceType": "urn:x"}], ["https://x.example/"]),
    ],
)
def test_what_the_standard_allows_beside_has_its_form_and_changes_nothing(name: str, good: Any, bad: Any) -> None:
    listed = HELD.with_list(signed(changed(GOOD, *SERVICE, name, to=good)), state=SG, at=NOON).lists[SG]

    assert [one.issuer for one in listed.services] == [LOGIN]
    assert code_of(changed(GOOD, *SERVICE, name, to=bad)) == "trust.profile_violation"


def test_history_is_about_the_same_service() -> None:
    ended = lote(service(status=statuses(("granted", "2026-01-01"), ("superseded", "2026-03-01"))))
    past = (*ENTITY, "TrustedEntityServices", 0, "ServiceHistory")

    assert HELD.with_list(signed(ended), state=SG, at=NOON) != HELD
    for name, value in (
        ("ServiceDigitalIdentity", {"PublicKeyValues": [jwk(OTHER_KEY)]}),
        ("ServiceTypeIdentifier", "urn:idbridge:service:assertion"),
        ("ServiceInformationExtensions", [{"New": 1, "Critical": True}]),
        ("ServiceName", []),
        ("Surprise", 1),
    ):
        assert code_of(changed(ended, *past, 0, name, to=value)) == "trust.profile_violation", name
    assert code_of(changed(ended, *past, to=[])) == "trust.profile_violation"
    assert HELD.with_list(signed(without(ended, *past, 0, "ServiceTypeIdentifier")), state=SG, at=NOON) != HELD
    known = changed(ended, *past, 0, "ServiceInformationExtensions", to=[{"New": 1}])
    assert HELD.with_list(signed(known), state=SG, at=NOON) != HELD


@pytest.mark.parametrize(
    "extensions", [[{"New": 1, "Critical": True}], [], ["x"]], ids=["critical", "empty", "no object"]
)
def test_an_extension_of_a_provider_is_not_critical(extensions: Any) -> None:
    place = (*ENTITY, "TrustedEntityInformation", "TEInformationExtensions")

    assert code_of(changed(GOOD, *place, to=extensions)) == "trust.profile_violation"
    assert HELD.with_list(signed(changed(GOOD, *place, to=[{"New": 1}])), state=SG, at=NOON) != HELD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '"LoTE"',
        "<html>temporarily unavailable</html>",
        json.dumps(GOOD) + "{}",
        json.dumps(GOOD).replace('"LoTESequenceNumber": 7', '"LoTESequenceNumber": 7, "LoTESequenceNumber": 8'),
        json.dumps(GOOD).replace('"LoTESequenceNumber": 7', '"LoTESequenceNumber": NaN'),
        json.dumps(GOOD).replace('"LoTESequenceNumber": 7', '"LoTESequenceNumber": 7, "x": ' + "[" * 100_000),
        json.dumps(GOOD).replace("Example Office", "\\ud800"),
        "\ufeff" + json.dumps(GOOD),
        '{"LoTE":' * 20 + "1" + "}" * 20,
    ],
    ids=lambda text: text[:20] + str(len(text)),
)
def test_a_payload_that_is_ambiguous_or_bottomless_is_refused(text: str) -> None:
    assert refusal(HELD, raw(text)).code == "trust.profile_violation"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for step, child in inner for found in places(child, (*path, step)))]


RICH = lote(
    service(status=statuses(("granted", "2026-01-01"), ("superseded", "2026-03-01")), leaf_rule=RULE),
    attestation(),
    elsewhere=("https://login.sg.example/live",),
)


@given(place=st.sampled_from([place for place in places(RICH) if place]), value=JSON)
@settings(max_examples=300, deadline=None)
def test_any_value_at_any_place_is_accepted_or_refused_by_a_code_and_never_crashes(place: Any, value: Any) -> None:
    offered = raw(json.dumps(changed(RICH, *place, to=value)))
    try:
        listed = HELD.with_list(offered, state=SG, at=NOON).lists[SG]
    except TrustError:
        return  # any other exception fails this test

    assert all(one.member_state is SG and (one.keys or one.anchors) and one.history for one in listed.services)
