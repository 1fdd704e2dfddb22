"""Points 8 to 13 of the ID token checklist, what a token says: each refuses with its code, and its twin passes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.credential.envelope import open_credential
from idbridge.credential.id_token import ID_TOKEN, OPTIONAL, REQUIRED
from idbridge.credential.protocol import Reading
from idbridge.crypto.jws import HeaderCache
from idbridge.limits import LIMITS
from idbridge.model.check import Refused, Result
from idbridge.model.region import AssuranceLevel
from idbridge.model.time import Validity
from idbridge.model.trust import ServiceStatus, StatusPeriod
from tests.credential.kit import (
    ABSENT,
    CLAIM_MAP,
    CLIENT,
    NOON,
    NOW,
    PERSON,
    code,
    early,
    faults,
    id_token,
    refused,
    results,
    service,
    sign,
    signer,
    verify,
)

LEEWAY = 60
AGE = int(LIMITS.id_token_age.total_seconds())
EVENT = {"http://schemas.openid.net/event/backchannel-logout": {}}


# 8: the login


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"acr": 3}, "oidc.claim_malformed"),
        ({"acr": None}, "oidc.claim_malformed"),
        ({"acr": ["3"]}, "oidc.claim_malformed"),
        ({"amr": "pwd"}, "oidc.claim_malformed"),
        ({"amr": [1]}, "oidc.claim_malformed"),
        ({"amr": None}, "oidc.claim_malformed"),
        ({"auth_time": NOW + LEEWAY + 1}, "time.issued_in_future"),
    ],
)
def test_what_is_said_of_the_login_must_be_of_its_kind(changes: dict[str, Any], expected: str) -> None:
    assert faults(refused(id_token(**changes))) == {"id-token.8": expected}


@pytest.mark.parametrize(
    "changes", [{"amr": ["pwd", "otp"]}, {"amr": []}, {"auth_time": NOW + LEEWAY}, {"auth_time": ABSENT}]
)
def test_a_login_that_is_told_properly_passes(changes: dict[str, Any]) -> None:
    assert results(verify(id_token(**changes)))["id-token.8"] is Result.PASSED


def test_the_claim_that_the_list_names_for_the_level_is_judged_too() -> None:
    listed = service(claim_map=replace(CLAIM_MAP, acr="ial"))

    assert code(id_token(ial=3), listed) == "oidc.claim_malformed"
    assert code(id_token(ial="2.1", acr=3), listed) == "oidc.claim_malformed"
    assert verify(id_token(ial="2.1"), listed).identity is AssuranceLevel.A1


@pytest.mark.parametrize("level", ["4", "03", " 3", ABSENT])
def test_an_unknown_or_missing_level_counts_as_the_lowest(level: Any) -> None:
    credential = verify(id_token(acr=level))

    assert (credential.identity, credential.authentication) == (AssuranceLevel.A0, AssuranceLevel.A0)


# 9: hash claims


@pytest.mark.parametrize("name", ["at_hash", "c_hash", "s_hash"])
@pytest.mark.parametrize("value", [7, None, [], {}])
def test_a_hash_claim_of_another_kind_is_refused(name: str, value: Any) -> None:
    assert faults(refused(id_token(**{name: value}))) == {"id-token.9": "oidc.claim_malformed"}


@pytest.mark.parametrize("changes", [{}, {"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}])
def test_hash_claims_are_not_compared_and_the_report_says_so(changes: dict[str, Any]) -> None:
    check = {check.id: check for check in verify(id_token(**changes)).checks}["id-token.9"]

    assert check.result is Result.SKIPPED
    assert check.note == "no access token, code or state was supplied"


# 10: tokens of another kind


@pytest.mark.parametrize(
    "typ", ["at+jwt", "application/at+jwt", "logout+jwt", "kb+jwt", "dc+sd-jwt", "dpop+jwt", "secevent+jwt", "JWS", ""]
)
def test_a_token_of_another_type_is_refused(typ: str) -> None:
    assert early(id_token(header={"typ": typ})) == "jose.typ_mismatch"


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/JWT", ABSENT])
def test_the_types_of_an_id_token_pass(typ: Any) -> None:
    assert results(verify(id_token(header={"typ": typ})))["id-token.10"] is Result.PASSED


@pytest.mark.parametrize(
    "changes",
    [
        {"events": EVENT},
        {"vct": "urn:example:th:pid:1"},
        {"vc": {}},
        {"vp": {}},
        {"_sd": []},
        {"_sd_alg": "sha-256"},
        {"sd_hash": "x"},
        {"transaction_data_hashes": []},
        {"scp": "openid"},
        {"scope": "openid", "client_id": CLIENT},
        {"typ": "Bearer"},
        {"typ": "Logout"},
        {"token_use": "access"},
        {"token_use": None},
        {"act": {"sub": "an-agent"}},
        {"act": None},
    ],
)
def test_a_token_of_another_kind_under_the_same_type_is_refused(changes: dict[str, Any]) -> None:
    assert faults(refused(id_token(**changes))) == {"id-token.10": "oidc.token_confusion"}


@pytest.mark.parametrize("changes", [{"client_id": CLIENT}, {"typ": "ID"}, {"token_use": "id"}])
def test_claims_that_id_tokens_carry_too_pass(changes: dict[str, Any]) -> None:
    assert results(verify(id_token(**changes)))["id-token.10"] is Result.PASSED


# 11: subject


@pytest.mark.parametrize("subject", [ABSENT, "", None, 7, ["x"], "x" * (LIMITS.subject_characters + 1), "ธนพร"])
def test_a_subject_that_is_none_is_refused(subject: Any) -> None:
    assert faults(refused(id_token(sub=subject))) == {"id-token.11": "oidc.subject_invalid"}


@pytest.mark.parametrize("subject", ["x", "x" * LIMITS.subject_characters])
def test_a_subject_of_any_allowed_length_passes(subject: str) -> None:
    assert verify(id_token(sub=subject)).subject == subject


@pytest.mark.parametrize("value", [ABSENT, "", 7, "x" * (LIMITS.subject_characters + 1)])
def test_the_claim_that_the_list_names_for_the_subject_is_needed(value: Any) -> None:
    listed = service(claim_map=replace(CLAIM_MAP, subject="pid"))

    assert faults(refused(id_token(pid=value), listed)) == {"id-token.11": "oidc.subject_invalid"}
    assert verify(id_token(pid="1-2-3"), listed).subject == "1-2-3"


# 12: form


@pytest.mark.parametrize("name", ["exp", "iat", "nbf", "auth_time"])
@pytest.mark.parametrize("value", [NOW + 0.5, float(NOW), str(NOW), True, None, [NOW], -1, 253_402_300_800, 10**30])
def test_a_time_that_is_no_whole_number_of_seconds_is_refused(name: str, value: Any) -> None:
    checks = refused(id_token(**{name: value}))

    assert faults(checks)["id-token.12"] == "time.claim_malformed"
    assert checks["id-token.6"].result is Result.SKIPPED


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"crit": ["exp"]}, "jose.crit_unsupported"),
        ({"crit": []}, "jose.crit_unsupported"),
        ({"b64": False}, "jose.header_forbidden"),
        ({"jku": "https://login.th.example/jwks"}, "jose.header_forbidden"),
        ({"x5u": "https://login.th.example/x5u"}, "jose.header_forbidden"),
        ({"jwk": {}}, "jose.header_forbidden"),
        ({"x5c": []}, "jose.header_forbidden"),
        ({"kid": 7}, "input.malformed"),
    ],
)
def test_a_header_that_says_more_than_it_may_is_refused(header: dict[str, Any], expected: str) -> None:
    assert early(id_token(header=header)) == expected


@pytest.mark.parametrize(
    "payload",
    [
        b'{"iss":"https://login.th.example","iss":"x"}',
        b"[]",
        b"{",
        b'{"iss":"x","exp":NaN}',
        b'\xef\xbb\xbf{"iss":"x"}',
    ],
)
def test_a_payload_that_two_readers_could_read_differently_is_refused(payload: bytes) -> None:
    assert early(sign({"alg": "ES256"}, payload, signer())) == "input.malformed"


def test_padding_and_other_spellings_of_the_same_octets_are_refused() -> None:
    token = id_token()
    header, payload, signature = token.split(".")

    assert early(f"{header}=.{payload}.{signature}") == "input.malformed"
    assert early(f"{header}.{payload}.{signature}=") == "input.malformed"
    assert early(f"{header}.{payload}.{signature}\n") == "input.malformed"
    assert base64url.decode(header)


def test_claims_that_nobody_names_are_counted_and_never_released() -> None:
    credential = verify(id_token(favourite_colour="blue", blood_type="A"))
    check = {check.id: check for check in credential.checks}["id-token.12"]

    assert check.note == "2 claims that the listing does not name were counted and not read"
    assert set(credential.claims) == set(CLAIM_MAP.claims)
    assert "blue" not in repr(credential.checks)


def test_a_token_without_further_claims_has_nothing_to_count() -> None:
    check = {check.id: check for check in verify(id_token()).checks}["id-token.12"]

    assert check.note == ""


def test_more_claims_than_are_counted_change_nothing() -> None:
    assert code(id_token(**{f"claim_{number}": number for number in range(100)})) is None


def test_the_profile_names_no_claim_twice() -> None:
    assert REQUIRED.isdisjoint(OPTIONAL)


# 13: the service, when it signed


def history(ended: ServiceStatus, start: datetime, end: datetime) -> tuple[StatusPeriod, ...]:
    return (
        StatusPeriod(ServiceStatus.GRANTED, Validity(start, end)),
        StatusPeriod(ended, Validity(end)),
    )


START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (history(ServiceStatus.SUPERSEDED, START, NOON - timedelta(seconds=10)), "issuer.superseded"),
        (history(ServiceStatus.SUPERSEDED, START, NOON - timedelta(hours=1)), "issuer.superseded"),
        (history(ServiceStatus.WITHDRAWN, START, NOON - timedelta(seconds=10)), "issuer.withdrawn"),
        (history(ServiceStatus.COMPROMISED, START, NOON - timedelta(seconds=10)), "issuer.compromised"),
        ((StatusPeriod(ServiceStatus.GRANTED, Validity(NOON - timedelta(seconds=9))),), "issuer.not_yet_granted"),
    ],
)
def test_what_was_signed_when_the_service_was_not_granted_is_refused(
    listed: tuple[StatusPeriod, ...], expected: str
) -> None:
    assert faults(refused(id_token(), service(history=listed))) == {"id-token.13": expected}


@pytest.mark.parametrize(
    "listed",
    [
        history(ServiceStatus.SUPERSEDED, START, NOON - timedelta(seconds=9)),
        (StatusPeriod(ServiceStatus.GRANTED, Validity(NOON - timedelta(seconds=10))),),
    ],
)
def test_what_was_signed_before_the_service_was_superseded_passes(listed: tuple[StatusPeriod, ...]) -> None:
    assert results(verify(id_token(), service(history=listed)))["id-token.13"] is Result.PASSED


def test_a_token_that_does_not_say_when_it_was_signed_is_judged_by_today() -> None:
    listed = history(ServiceStatus.SUPERSEDED, START, NOON - timedelta(hours=1))

    assert faults(refused(id_token(iat="now"), service(history=listed)))["id-token.13"] == "issuer.superseded"


# around it


@pytest.mark.parametrize(
    ("refusal", "point"),
    [
        ("input.format_unsupported", "id-token.2"),
        ("jose.alg_none", "id-token.3"),
        ("jose.signature_invalid", "id-token.4"),
        ("jose.kid_unknown", "id-token.4"),
        ("jose.typ_mismatch", "id-token.10"),
        ("issuer.unknown", "id-token.1"),
        ("issuer.withdrawn", "id-token.13"),
    ],
)
def test_a_refusal_of_an_earlier_step_finds_its_number(refusal: str, point: str) -> None:
    found = ID_TOKEN.early(refusal)

    assert found is not None
    assert found.id == point


def test_an_id_token_has_no_credential_type() -> None:
    assert ID_TOKEN.credential_type(open_credential(id_token(), None, Reading(HeaderCache(1)))[0]) is None


def test_a_code_without_a_number_finds_none() -> None:
    assert ID_TOKEN.early("issuer.chain_untrusted") is None


@pytest.mark.parametrize("status", ["resident", 7, None, ["x"]])
def test_a_word_of_the_provider_named_status_is_no_reference(status: Any) -> None:
    assert verify(id_token(status=status)).status_reference is None


def test_a_reference_to_a_status_list_goes_on_to_the_next_step() -> None:
    reference = {"status_list": {"idx": 1, "uri": "https://login.th.example/status"}}

    assert verify(id_token(status=reference)).status_reference == reference


def test_an_error_names_no_personal_data() -> None:
    with pytest.raises(Refused) as caught:
        verify(id_token(aud="another-bank", sub="ธนพร"))

    assert not any(value in repr(caught.value.checks) for value in PERSON.values() if len(value) > 2)
