"""Points 1 to 7 of the ID token checklist, whose it is: each refuses with its code, and its twin passes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idbridge.credential.id_token import POINTS
from idbridge.errors import JoseError
from idbridge.limits import LIMITS
from idbridge.model.check import Result
from idbridge.model.credential import HolderMethod
from idbridge.model.region import AssuranceLevel
from tests.credential.kit import (
    ABSENT,
    CLIENT,
    ISSUER,
    NODE,
    NONCE,
    NOW,
    PERSON,
    RELYING_PARTY,
    code,
    early,
    faults,
    id_token,
    refused,
    request,
    results,
    service,
    signer,
    verify,
)

LEEWAY = 60
AGE = int(LIMITS.id_token_age.total_seconds())
EVENT = {"http://schemas.openid.net/event/backchannel-logout": {}}


def test_a_good_token_passes_all_fourteen_but_for_what_nobody_supplied() -> None:
    credential = verify(id_token())

    assert [check.id for check in credential.checks] == [f"id-token.{number}" for number in range(1, 15)]
    assert [point.id for point in POINTS] == [check.id for check in credential.checks]
    assert [check.id for check in credential.checks if check.result is not Result.PASSED] == [
        "id-token.9",
        "id-token.14",
    ]
    assert all(check.note for check in credential.checks if check.result is Result.SKIPPED)
    assert credential.holder.method is HolderMethod.LOGIN
    assert credential.level is AssuranceLevel.A3
    assert credential.subject == PERSON["sub"]
    assert credential.issued_at == datetime.fromtimestamp(NOW - 10, UTC)
    assert credential.expires_at == datetime.fromtimestamp(NOW + 600, UTC)
    assert credential.authenticated_at == datetime.fromtimestamp(NOW - 30, UTC)


def test_every_check_is_reported_when_one_refuses() -> None:
    checks = refused(id_token(aud="another-bank", exp=NOW - 3600, iat=NOW - 7200, nonce="another"))

    assert list(checks) == [point.id for point in POINTS]
    assert faults(checks) == {
        "id-token.5": "oidc.audience_mismatch",
        "id-token.6": "time.expired",
        "id-token.7": "oidc.nonce_mismatch",
    }


# 1: the issuer, exactly


@pytest.mark.parametrize("issuer", [f"{ISSUER}/", ISSUER.upper(), f"{ISSUER}:443", f" {ISSUER}"])
def test_an_issuer_that_is_almost_the_listed_one_is_refused(issuer: str) -> None:
    assert faults(refused(id_token(iss=issuer)))["id-token.1"] == "issuer.unknown"


@pytest.mark.parametrize("issuer", [ABSENT, "", None, 7, [ISSUER], {"iss": ISSUER}])
def test_a_token_without_issuer_is_refused_before_any_key_is_looked_up(issuer: Any) -> None:
    assert early(id_token(iss=issuer)) == "issuer.missing"


def test_an_issuer_longer_than_any_listed_one_is_unknown() -> None:
    assert early(id_token(iss="x" * (LIMITS.identifier_characters + 1))) == "issuer.unknown"
    assert faults(refused(id_token(iss="x" * LIMITS.identifier_characters)))["id-token.1"] == "issuer.unknown"


# 2: not encrypted


def test_an_encrypted_token_is_refused() -> None:
    assert early("a.b.c.d.e") == "input.format_unsupported"
    assert results(verify(id_token()))["id-token.2"] is Result.PASSED


# 3: the algorithm of the list


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
def test_an_unsigned_token_is_refused(name: str) -> None:
    assert early(id_token(header={"alg": name})) == "jose.alg_none"


@pytest.mark.parametrize("name", ["HS256", "HS512", "ES256K", "RSA-OAEP", "", "es256"])
def test_an_algorithm_outside_the_table_is_refused(name: str) -> None:
    assert early(id_token(header={"alg": name})) == "jose.alg_not_allowed"


def test_an_algorithm_that_the_list_does_not_name_is_refused() -> None:
    with pytest.raises(JoseError) as caught:
        verify(id_token(by=signer("issuer", "ES384")))

    assert caught.value.code == "jose.alg_not_allowed"
    assert results(verify(id_token()))["id-token.3"] is Result.PASSED


# 4: the listed key


def test_a_token_signed_by_another_key_is_refused() -> None:
    with pytest.raises(JoseError) as caught:
        verify(id_token(by=signer("thief")))

    assert caught.value.code == "jose.signature_invalid"
    assert results(verify(id_token()))["id-token.4"] is Result.PASSED


# 5: audience and authorized party


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"aud": ABSENT}, "oidc.audience_missing"),
        ({"aud": ""}, "oidc.audience_mismatch"),
        ({"aud": []}, "oidc.audience_missing"),
        ({"aud": None}, "oidc.audience_missing"),
        ({"aud": 7}, "oidc.claim_malformed"),
        ({"aud": {"client": CLIENT}}, "oidc.claim_malformed"),
        ({"aud": [CLIENT, 7]}, "oidc.claim_malformed"),
        ({"aud": "another-bank"}, "oidc.audience_mismatch"),
        ({"aud": CLIENT.upper()}, "oidc.audience_mismatch"),
        ({"aud": [CLIENT, "another-bank"], "azp": CLIENT}, "oidc.audience_mismatch"),
        ({"aud": [CLIENT, NODE]}, "oidc.authorized_party_mismatch"),
        ({"aud": [CLIENT, NODE], "azp": "another-bank"}, "oidc.authorized_party_mismatch"),
        ({"azp": "another-bank"}, "oidc.authorized_party_mismatch"),
        ({"azp": None}, "oidc.authorized_party_mismatch"),
        ({"azp": [CLIENT]}, "oidc.authorized_party_mismatch"),
        ({"azp": ""}, "oidc.authorized_party_mismatch"),
    ],
)
def test_a_token_for_anybody_else_is_refused(changes: dict[str, Any], expected: str) -> None:
    assert faults(refused(id_token(**changes))) == {"id-token.5": expected}


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": CLIENT},
        {"aud": [CLIENT]},
        {"aud": NODE},
        {"azp": CLIENT},
        {"aud": [CLIENT, NODE], "azp": CLIENT},
        {"aud": [CLIENT, NODE], "azp": NODE},
    ],
)
def test_a_token_for_this_relying_party_or_node_passes(changes: dict[str, Any]) -> None:
    assert results(verify(id_token(**changes)))["id-token.5"] is Result.PASSED


def test_a_client_id_registered_at_another_issuer_does_not_count() -> None:
    party = replace(RELYING_PARTY, clients={"https://login.my.example": frozenset({CLIENT})})

    assert faults(refused(id_token(), None, replace(request(), relying_party=party))) == {
        "id-token.5": "oidc.audience_mismatch"
    }


def test_an_audience_does_not_count_because_the_request_expects_it() -> None:
    assert code(id_token(aud="another-bank"), None, request(audience="another-bank")) == "oidc.audience_mismatch"


def test_the_audience_that_the_request_expects_narrows() -> None:
    assert code(id_token(aud=CLIENT), None, request(audience=NODE)) == "oidc.audience_mismatch"
    assert code(id_token(aud=NODE), None, request(audience=NODE)) is None


def test_a_node_that_is_no_audience_is_none() -> None:
    assert code(id_token(aud=NODE), None, request(node=False)) == "oidc.audience_mismatch"


def test_a_mismatch_names_what_would_have_been_accepted() -> None:
    unknown = replace(request(node=False), relying_party=replace(RELYING_PARTY, clients={}))

    assert refused(id_token(aud="another-bank"))["id-token.5"].note == f"accepted here: {CLIENT}, {NODE}"
    assert "none is registered" in refused(id_token(), None, unknown)["id-token.5"].note


# 6: time


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exp": ABSENT}, "time.claim_missing"),
        ({"iat": ABSENT}, "time.claim_missing"),
        ({"exp": NOW - LEEWAY}, "time.expired"),
        ({"iat": NOW + LEEWAY + 1, "exp": NOW + 600}, "time.issued_in_future"),
        ({"nbf": NOW + LEEWAY + 1}, "time.not_yet_valid"),
        ({"iat": NOW - AGE - LEEWAY}, "time.too_old"),
        ({"exp": NOW - 10}, "time.claim_malformed"),
        ({"exp": NOW - 11}, "time.claim_malformed"),
        ({"nbf": NOW + 600}, "time.claim_malformed"),
    ],
)
def test_a_token_out_of_its_time_is_refused(changes: dict[str, Any], expected: str) -> None:
    changes = {"iat": NOW - 200, **changes} if expected == "time.expired" else changes

    assert faults(refused(id_token(**changes)))["id-token.6"] == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - LEEWAY + 1, "iat": NOW - 200},
        {"iat": NOW + LEEWAY},
        {"nbf": NOW + LEEWAY},
        {"nbf": NOW - 10},
        {"nbf": 0},
        {"iat": NOW - AGE - LEEWAY + 1},
    ],
)
def test_the_last_second_of_each_bound_passes(changes: dict[str, Any]) -> None:
    assert results(verify(id_token(**changes)))["id-token.6"] is Result.PASSED


def test_the_leeway_is_the_services_own() -> None:
    strict = service(leeway=timedelta(0))

    assert code(id_token(nbf=NOW + 1), strict) == "time.not_yet_valid"
    assert code(id_token(nbf=NOW), strict) is None


# 7: nonce


@pytest.mark.parametrize(
    ("nonce", "expected"),
    [
        (ABSENT, "oidc.nonce_mismatch"),
        ("", "oidc.nonce_mismatch"),
        (NONCE.lower(), "oidc.nonce_mismatch"),
        (NONCE + " ", "oidc.nonce_mismatch"),
        (None, "oidc.claim_malformed"),
        ([NONCE], "oidc.claim_malformed"),
    ],
)
def test_another_nonce_than_the_expected_one_is_refused(nonce: Any, expected: str) -> None:
    assert faults(refused(id_token(nonce=nonce))) == {"id-token.7": expected}


@pytest.mark.parametrize("nonce", [NONCE, ABSENT])
def test_without_an_expected_nonce_the_token_is_that_of_a_bearer(nonce: Any) -> None:
    credential = verify(id_token(nonce=nonce), None, request(None))

    assert results(credential)["id-token.7"] is Result.SKIPPED
    assert credential.holder.method is HolderMethod.NONE
    assert credential.authentication is AssuranceLevel.A1
    assert credential.identity is AssuranceLevel.A3
    assert credential.one_time == ()


def test_an_expected_empty_nonce_never_binds() -> None:
    assert code(id_token(nonce=""), None, request("")) == "oidc.nonce_mismatch"


def test_a_matched_nonce_counts_once_for_each_relying_party_and_issuer() -> None:
    once = verify(id_token()).one_time[0]
    again = verify(id_token(iat=NOW - 20, sub="another")).one_time[0]
    other_party = replace(request(), relying_party=replace(RELYING_PARTY, id="another"))
    other_nonce = verify(id_token(nonce="another"), None, request("another")).one_time[0]

    assert once.key == again.key
    assert len({once.key, verify(id_token(), None, other_party).one_time[0].key, other_nonce.key}) == 3
    assert NONCE.encode() not in once.key


@pytest.mark.parametrize(
    "changes", [{}, {"exp": 253_402_300_799}, {"iat": NOW - AGE - LEEWAY + 1}, {"exp": NOW + 3 * AGE}]
)
def test_a_spent_nonce_is_kept_as_long_as_its_token_could_be_accepted(changes: dict[str, Any]) -> None:
    token = id_token(**changes)
    until = verify(token).one_time[0].until

    assert code(token, at=until - timedelta(microseconds=1)) is None
    assert code(token, at=until) in ("time.expired", "time.too_old")
