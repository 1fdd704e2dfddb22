"""Points 14 to 19 of the SD-JWT VC checklist, what it says: each refuses with its code, and its twin passes."""

from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.credential.envelope import open_credential
from idbridge.credential.protocol import Reading
from idbridge.credential.sd_jwt_vc import OPTIONAL, PLAIN, REQUIRED, SD_JWT_VC
from idbridge.crypto.jws import HeaderCache
from idbridge.limits import LIMITS
from idbridge.model.check import Check, Result
from idbridge.model.credential import HolderMethod, VerifiedCredential
from idbridge.model.region import AssuranceLevel, Format
from idbridge.model.trust import HolderBindingRule
from tests.credential.kit import (
    ABSENT,
    AUDIENCE,
    CLAIM_MAP,
    ISSUER,
    NODE,
    NOW,
    VCT,
    YEAR,
    bound,
    code,
    early,
    faults,
    refused,
    request,
    sd_jwt,
    service,
    sign,
    signer,
    verify,
)

LEEWAY = 60
STATUS = {"status_list": {"idx": 7, "uri": "https://pid.th.example/status"}}


def checks(credential: VerifiedCredential) -> dict[str, Check]:
    return {check.id: check for check in credential.checks}


def passes(number: int, text: str, **named: Any) -> bool:
    return checks(verify(text, **named))[f"sd-jwt.{number}"].result is Result.PASSED


def fault(text: str, **named: Any) -> tuple[str, str]:
    """The one check with which ``text`` is refused, and its code."""
    (found,) = faults(refused(text, **named)).items()
    return found


# 14: credential type


@pytest.mark.parametrize("vct", [ABSENT, "", None, 7, [VCT], "x" * (LIMITS.identifier_characters + 1)])
def test_a_type_that_is_none_is_refused(vct: Any) -> None:
    assert early(sd_jwt(vct=vct)) == "sd_jwt.vct_invalid"


@pytest.mark.parametrize("vct", [f"{VCT} ", VCT.upper(), "urn:example:th:pid:2"])
def test_a_type_that_the_list_does_not_name_is_refused(vct: str) -> None:
    assert fault(bound(sd_jwt(vct=vct))) == ("sd-jwt.14", "issuer.service_not_listed")


@pytest.mark.parametrize("others", [[], "urn:x", None, [VCT], ["urn:x", VCT], [7], [""], ["urn:x", "urn:x"], {}])
def test_other_names_of_the_type_must_be_other_names(others: Any) -> None:
    assert fault(bound(sd_jwt(aka_vcts=others))) == ("sd-jwt.14", "sd_jwt.vct_invalid")


def test_another_name_of_the_type_does_not_count() -> None:
    assert passes(14, bound(sd_jwt(aka_vcts=["x", "y" * LIMITS.identifier_characters])))
    assert code(bound(sd_jwt(vct="urn:example:th:pid", aka_vcts=[VCT]))) == "issuer.service_not_listed"


def test_the_type_to_look_up_is_what_the_credential_says() -> None:
    (unverified,) = open_credential(sd_jwt(), None, Reading(HeaderCache(1)))

    assert SD_JWT_VC.credential_type(unverified) == VCT


# 15: time and audience


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exp": ABSENT}, "time.claim_missing"),
        ({"exp": NOW - LEEWAY}, "time.expired"),
        ({"exp": NOW - YEAR}, "time.claim_malformed"),
        ({"nbf": NOW + LEEWAY + 1}, "time.not_yet_valid"),
        ({"iat": NOW + LEEWAY + 1}, "time.issued_in_future"),
        ({"exp": str(NOW + YEAR)}, "time.claim_malformed"),
        ({"exp": NOW + 0.5}, "time.claim_malformed"),
        ({"exp": None}, "time.claim_malformed"),
        ({"nbf": True}, "time.claim_malformed"),
        ({"iat": "yesterday"}, "time.claim_malformed"),
        ({"aud": "https://another.example"}, "holder.audience_mismatch"),
        ({"aud": []}, "holder.audience_mismatch"),
        ({"aud": 7}, "holder.audience_mismatch"),
        ({"aud": [7]}, "holder.audience_mismatch"),
        ({"aud": [{}, AUDIENCE]}, "holder.audience_mismatch"),
        ({"aud": None}, "holder.audience_mismatch"),
    ],
)
def test_a_credential_out_of_its_time_or_for_others_is_refused(changes: dict[str, Any], expected: str) -> None:
    assert fault(bound(sd_jwt(**changes))) == ("sd-jwt.15", expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - LEEWAY + 1},
        {"nbf": NOW + LEEWAY},
        {"iat": NOW + LEEWAY},
        {"aud": AUDIENCE},
        {"aud": [NODE, "https://another.example"]},
        {"exp": 253_402_300_799},
    ],
)
def test_the_last_second_of_each_bound_passes(changes: dict[str, Any]) -> None:
    assert passes(15, bound(sd_jwt(**changes)))


# 17: status


@pytest.mark.parametrize("status", [None, "valid", 7, [], {}])
def test_a_status_that_names_no_mechanism_is_undecided(status: Any) -> None:
    found = refused(bound(sd_jwt(status=status)))

    assert faults(found) == {"sd-jwt.17": "status.unavailable"}
    assert found["sd-jwt.17"].result is Result.INDETERMINATE


def test_a_reference_to_a_status_list_goes_on_to_the_next_step() -> None:
    credential = verify(bound(sd_jwt(status=STATUS)))

    assert checks(credential)["sd-jwt.17"].result is Result.PASSED
    assert credential.status_reference == STATUS
    assert verify(bound(sd_jwt())).status_reference is None


# 18: type metadata


@pytest.mark.parametrize("value", [7, None, "", ["sha256-x"]])
def test_a_digest_of_type_metadata_that_is_none_is_refused(value: Any) -> None:
    assert fault(bound(sd_jwt(**{"vct#integrity": value}))) == ("sd-jwt.18", "sd_jwt.vct_invalid")


def test_a_digest_of_type_metadata_that_is_not_held_leaves_it_open() -> None:
    text = bound(sd_jwt(**{"vct#integrity": "sha256-WRL5ca/xGgX3c1VLmXfh+9cLlJNXN+TsMk+PmKjZ5t0="}))

    assert fault(text) == ("sd-jwt.18", "sd_jwt.metadata_unavailable")


def test_type_metadata_that_is_not_held_is_not_checked_and_the_report_says_so() -> None:
    check = checks(verify(bound(sd_jwt())))["sd-jwt.18"]

    assert check.result is Result.SKIPPED
    assert check.note


# 19: nothing is fetched


@pytest.mark.parametrize("name", ["jku", "x5u"])
def test_an_address_to_fetch_a_key_from_is_refused(name: str) -> None:
    assert early(sd_jwt(header={name: "https://pid.th.example/keys"})) == "jose.header_forbidden"
    assert passes(19, bound(sd_jwt()))


@pytest.mark.parametrize("header", [{"jwk": {}}, {"b64": False}])
def test_a_header_that_brings_its_own_key_is_refused(header: dict[str, Any]) -> None:
    assert early(sd_jwt(header=header)) == "jose.header_forbidden"


# around it


@pytest.mark.parametrize(
    ("refusal", "point"),
    [
        ("input.too_large", "sd-jwt.1"),
        ("jose.typ_mismatch", "sd-jwt.2"),
        ("jose.alg_none", "sd-jwt.3"),
        ("issuer.chain_untrusted", "sd-jwt.4"),
        ("issuer.missing", "sd-jwt.4"),
        ("jose.signature_invalid", "sd-jwt.5"),
        ("sd_jwt.vct_invalid", "sd-jwt.14"),
        ("jose.header_forbidden", "sd-jwt.19"),
    ],
)
def test_a_refusal_of_an_earlier_step_finds_its_number(refusal: str, point: str) -> None:
    found = SD_JWT_VC.early(refusal)

    assert found is not None
    assert found.id == point


def test_a_code_without_a_number_finds_none() -> None:
    assert SD_JWT_VC.early("time.expired") is None


def test_a_payload_that_two_readers_could_read_differently_is_refused() -> None:
    header = {"alg": "ES256", "typ": "dc+sd-jwt"}

    assert (
        early(sign(header, f'{{"iss":"{ISSUER}","vct":"{VCT}","vct":"x"}}'.encode(), signer()) + "~")
        == "input.malformed"
    )
    assert early(sign(header, base64url.encode(b"{}").encode(), signer()) + "~") == "input.malformed"


def test_the_profile_names_no_claim_twice() -> None:
    assert REQUIRED.isdisjoint(OPTIONAL)
    assert PLAIN <= REQUIRED | OPTIONAL


def test_a_mandate_is_read_where_the_list_names_one() -> None:
    statement = {"entity": {"scheme": "TH-DBD", "value": "0105599000011"}, "scope": ["represent"]}
    credential = verify(bound(sd_jwt(represents=statement)))

    assert credential.mandate is not None
    assert credential.mandate.entity_value == "0105599000011"
    assert CLAIM_MAP.mandate == "represents"


def test_an_unbound_presentation_counts_as_that_of_a_bearer() -> None:
    listed = service(Format.SD_JWT_VC, binding=HolderBindingRule.OPTIONAL)
    credential = verify(sd_jwt(), listed, request(None))

    assert credential.holder.method is HolderMethod.NONE
    assert credential.authentication is AssuranceLevel.A1
    assert credential.identity is AssuranceLevel.A3
