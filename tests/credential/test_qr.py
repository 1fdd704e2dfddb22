"""QR credentials: refused in fourteen ways, each under its number, and accepted as what anybody could show."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idbridge.codec import base45
from idbridge.credential.qr import POINTS
from idbridge.limits import LIMITS
from idbridge.model.check import Result
from idbridge.model.credential import HolderMethod
from idbridge.model.qr_profile import QrStep
from idbridge.model.region import AssuranceLevel, MemberState
from idbridge.model.time import Validity
from idbridge.model.trust import ClaimMap, HolderBindingRule, ServiceStatus, StatusPeriod
from tests.credential.codes import (
    CLAIM169,
    JWS,
    PHILID,
    claim169,
    code,
    compact,
    cwt_claims,
    layered,
    listed,
    philid,
    profile,
    refused,
    sign1,
    verify,
)
from tests.credential.kit import ABSENT, NOON, NOW, YEAR, in_session, request, signer

LAYERS = (QrStep.BASE45, QrStep.ZLIB)
DAY = 86_400
PH_MAP = ClaimMap(claims={"birthdate": "subject.DOB"}, display="subject.fName", subject="subject.PCN", acr="acr")
PH = replace(listed(profile(PHILID), claims=PH_MAP))
UNCALLED = listed(profile(container="cose_sign1", issued="6", maximumAgeDays=3660))
CHECK = listed(profile(JWS), claims=ClaimMap(claims={}, display="name", subject="id"))


def cwt(payload: Any = None, **named: Any) -> str:
    return layered(sign1(cwt_claims() if payload is None else payload, **named), LAYERS)


# What is taken apart.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "qr.envelope_malformed"),
        ("no base45", "qr.envelope_malformed"),
        (base45.encode(b"no zlib stream"), "qr.envelope_malformed"),
        (base45.encode(zlib.compress(b"no CBOR")), "qr.envelope_malformed"),
        (base45.encode(zlib.compress(sign1(cwt_claims())) + b"more"), "qr.envelope_malformed"),
        (claim169() + "0", "qr.envelope_malformed"),
        (claim169().lower(), "qr.envelope_malformed"),
        (claim169() + "ก", "qr.envelope_malformed"),
        ("\ud800", "qr.envelope_malformed"),
        ("A" * (LIMITS.qr_characters + 1), "input.too_large"),
        (base45.encode(zlib.compress(b"\0" * (LIMITS.token_bytes + 1))), "input.too_large"),
        (layered(b"\xd8\x3d" + sign1(cwt_claims(), tag=False), LAYERS), "qr.envelope_malformed"),
        (layered(b"\xd8\x3d", LAYERS), "qr.envelope_malformed"),
        (cwt([1, 2]), "qr.envelope_malformed"),
        (cwt(b"\xff"), "qr.envelope_malformed"),
        (cwt(protected={4: b"issuer-ES256"}), "jose.alg_not_allowed"),
        (cwt(protected={1: 5}), "jose.alg_not_allowed"),
        (cwt(protected={1: -7, 2: [4]}), "jose.crit_unsupported"),
        (cwt(unprotected={35: "https://thief.example/x5u"}), "jose.header_forbidden"),
        (claim169(k1=ABSENT), "issuer.missing"),
        (claim169(k1=7), "issuer.missing"),
        (claim169(k1="https://another.example"), "issuer.unknown"),
    ],
)
def test_what_no_listed_envelope_holds_is_refused(text: str, expected: str) -> None:
    assert code(text) == expected


@pytest.mark.parametrize(
    "claims",
    [
        cwt_claims() | {"1": "twice"},
        cwt_claims() | {"169.4": "inside and outside"},
        cwt_claims() | {"": "nameless"},
        cwt_claims() | {"x" * (LIMITS.identifier_characters + 1): "too long"},
        cwt_claims(k169={n: n for n in range(LIMITS.qr_claims)}),
    ],
)
def test_claims_of_one_name_or_of_none_or_too_many_are_refused(claims: dict[Any, Any]) -> None:
    assert code(cwt(claims)) == "qr.claims_malformed"


def test_octets_that_a_profile_calls_cbor_have_to_be_it() -> None:
    embedding = listed(profile(embedded=["169"]))

    assert code(claim169(k169=b"\xff"), embedding) == "qr.claims_malformed"
    assert code(claim169(k169=b"\xa1\x04\x61A"), embedding) is None
    assert verify(claim169(k169=b"\xa1\x04\x61A"), embedding).claims.get("birthdate") is None


# Who signs.


def test_a_signature_of_another_key_is_refused() -> None:
    assert code(claim169(by=signer("thief"))) == "jose.signature_invalid"


def test_an_algorithm_that_the_list_does_not_name_is_refused() -> None:
    by = listed()
    narrow = replace(by, profile=replace(by.profile, algorithms=frozenset({"Ed25519"})))

    assert code(claim169(), narrow) == "jose.alg_not_allowed"


def test_a_key_that_is_listed_for_other_codes_signs_none_of_these() -> None:
    other = listed(profile(steps=["base45"]))

    checks = refused(claim169(), other, others=(listed(),))

    assert checks["qr.9"].reason is not None
    assert checks["qr.9"].reason.code == "issuer.service_not_listed"
    assert {checks[point.id].result for point in POINTS[9:]} == {Result.SKIPPED}


def test_a_service_that_lists_no_code_signs_none() -> None:
    by = listed()
    bare = replace(by, profile=replace(by.profile, qr=None))

    assert code(claim169(), bare, others=(by,)) == "issuer.service_not_listed"


# What it is.


@pytest.mark.parametrize("claim", ["k3", "k10", "k65533", "n260"])
def test_a_cwt_of_another_kind_or_for_one_reader_is_refused(claim: str) -> None:
    assert code(claim169(**{claim: "x"})) == "qr.kind_mismatch"


def test_a_cwt_that_a_list_calls_no_cwt_is_judged_as_one() -> None:
    assert code(claim169(), UNCALLED) is None
    for claim in ("k3", "k10", "k65533", "n260"):
        assert code(claim169(**{claim: "x"}), UNCALLED) == "qr.kind_mismatch"
    assert code(claim169(k4=NOW - 61), UNCALLED) == "time.expired"
    assert code(claim169(k5=NOW + 61), UNCALLED) == "time.not_yet_valid"
    assert code(claim169(k65535="revoked"), UNCALLED) == "status.unavailable"
    assert verify(claim169(k65535={"status_list": {"idx": 7}}), UNCALLED).status_reference is not None


def test_an_object_in_json_is_judged_by_the_claims_of_a_token_that_it_has() -> None:
    assert code(philid(exp=NOW + YEAR, nbf=NOW - DAY, iat=1_784_851_200), PH) is None
    for claim in ("aud", "nonce", "vct", "vc", "credentialSubject", "credentialStatus"):
        assert code(philid(**{claim: "x"}), PH) == "qr.kind_mismatch"
    assert code(philid(exp=NOW - 61), PH) == "time.expired"
    assert code(philid(nbf=NOW + 61), PH) == "time.not_yet_valid"
    assert code(philid(iat=NOW), PH) == "time.claim_malformed"  # `DateIssued` says another day
    assert code(philid(status="active"), PH) == "status.unavailable"
    assert verify(philid(status={"status_list": {"idx": 7}}), PH).status_reference is not None


@pytest.mark.parametrize(
    "claim", ["aud", "vct", "vc", "nonce", "events", "_sd", "credentialSubject", "credentialStatus"]
)
def test_a_jws_of_another_kind_or_for_one_reader_is_refused(claim: str) -> None:
    assert code(compact(**{claim: "x"}), CHECK) == "qr.kind_mismatch"


@pytest.mark.parametrize("typ", ["vc+jwt", "dc+sd-jwt", "kb+jwt", "at+jwt"])
def test_a_jws_of_another_type_is_refused(typ: str) -> None:
    assert code(compact(header={"typ": typ}), CHECK) == "jose.typ_mismatch"


# When.


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"k4": NOW - 61}, "time.expired"),
        ({"k4": ABSENT}, "time.claim_missing"),
        ({"k4": "2030-01-01"}, "time.claim_malformed"),
        ({"k4": float(NOW + YEAR)}, "time.claim_malformed"),
        ({"k4": True}, "time.claim_malformed"),
        ({"k4": NOW - 2 * DAY, "k6": NOW - DAY}, "time.claim_malformed"),
        ({"k5": NOW + 61}, "time.not_yet_valid"),
        ({"k5": "x"}, "time.claim_malformed"),
        ({"k6": NOW + 61}, "time.issued_in_future"),
        ({"k6": -1}, "time.claim_malformed"),
    ],
)
def test_a_code_out_of_its_time_is_refused_whatever_the_profile_names(changes: dict[str, Any], expected: str) -> None:
    assert code(claim169(**changes)) == expected


def test_a_time_that_the_profile_names_has_to_be_there_and_to_say_what_the_container_says() -> None:
    by = listed(profile(expires="169.90"))

    assert code(claim169(), by) == "time.claim_missing"
    assert code(claim169(k169={90: NOW + DAY}), by) == "time.claim_malformed"
    assert code(claim169(k169={90: NOW + YEAR}), by) is None
    assert code(claim169(k4=ABSENT, k169={90: NOW - 100}), by) == "time.expired"


def test_a_profile_that_names_an_age_ends_the_code_sooner_and_never_later() -> None:
    by = listed(profile(issued="6", maximumAgeDays=30))

    assert code(claim169(k6=NOW - 31 * DAY), by) == "time.too_old"
    assert code(claim169(k6=NOW - 29 * DAY), by) is None
    assert code(claim169(k6=NOW - 29 * DAY, k4=NOW - 2 * DAY), by) == "time.expired"
    assert verify(claim169(k6=NOW - 29 * DAY), by).expires_at == NOON + timedelta(days=1)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("24 July 2026", None),
        ("4 July 2026", None),
        ("24 July 2015", "time.too_old"),
        ("25 November 2026", "time.issued_in_future"),
        ("24 Juli 2026", "time.claim_malformed"),
        ("31 June 2026", "time.claim_malformed"),
        ("2026-07-24", "time.claim_malformed"),
        ("24 July 1960", "time.claim_malformed"),
        (1_700_000_000, "time.claim_malformed"),
        (ABSENT, "time.claim_missing"),
    ],
)
def test_a_code_without_an_end_is_good_for_as_long_as_the_profile_lets_it_be(stated: Any, expected: str | None) -> None:
    assert code(philid(DateIssued=stated), PH) == expected


def test_a_key_that_was_retired_signs_nothing_new() -> None:
    middle = NOON - timedelta(days=2)
    ended = StatusPeriod(ServiceStatus.SUPERSEDED, Validity(middle))
    begun = StatusPeriod(ServiceStatus.GRANTED, Validity(datetime(2026, 1, 1, tzinfo=UTC), middle))
    retired = replace(listed(), history=(begun, ended))

    assert code(claim169(), retired) == "issuer.superseded"
    assert code(claim169(k6=NOW - 3 * DAY), retired) is None
    assert code(claim169(k6=ABSENT), retired) == "issuer.superseded"


# Its status, and who shows it.


@pytest.mark.parametrize("status", ["revoked", {}, 7, []])
def test_a_status_without_a_form_is_refused(status: Any) -> None:
    assert code(claim169(k65535=status)) == "status.unavailable"


def test_a_status_that_the_profile_names_has_to_be_there_and_to_be_the_only_one() -> None:
    by, place = listed(profile(status="169.50")), {"status_list": {"idx": 7, "uri": "https://status.la.example/1"}}

    assert code(claim169(), by) == "status.unavailable"
    assert code(claim169(k169={50: place}, k65535={"status_list": {"idx": 8}}), by) == "status.unavailable"
    assert verify(claim169(k169={50: place}), by).status_reference == place
    assert verify(claim169(k65535=place)).status_reference == place


@pytest.mark.parametrize(
    "asked", [request(), request(None, audience="https://bank.sg.example"), in_session(request(None))]
)
def test_a_request_that_expects_an_answer_takes_no_code(asked: Any) -> None:
    assert code(claim169(), asked=asked) == "holder.binding_missing"


def test_a_listing_that_demands_a_holder_takes_no_code() -> None:
    assert code(claim169(), listed(binding=HolderBindingRule.REQUIRED)) == "holder.binding_missing"


# Objects in JSON with their signature inside.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (philid().replace("Luisa", "Maria"), "jose.signature_invalid"),
        (philid().replace('"alg"', '"more": 1, "alg"'), "jose.signature_invalid"),
        (philid(alg="none"), "jose.alg_none"),
        (philid(alg="HS256"), "jose.alg_not_allowed"),
        (philid(alg=7), "qr.envelope_malformed"),
        (philid().replace('"signature": "', '"signature": "=', 1), "qr.envelope_malformed"),
        (philid().replace('"signature"', '"sig"'), "qr.envelope_malformed"),
        (philid(extra="ñ").replace("\\u00f1", "ñ"), "qr.envelope_malformed"),
        (philid()[:-1] + ', "Issuer": "PSA"}', "qr.envelope_malformed"),
        (philid(Issuer="Somebody"), "issuer.unknown"),
        ("[]", "qr.envelope_malformed"),
    ],
)
def test_an_object_that_was_changed_or_has_two_readings_is_refused(text: str, expected: str) -> None:
    assert code(text, PH) == expected


def test_an_object_is_signed_in_the_form_that_the_profile_says() -> None:
    json = {**PHILID["json"], "signed": "jcs"}
    by = listed(profile(PHILID, json=json), claims=PH_MAP)

    assert code(philid(), by) == "jose.signature_invalid"
    assert code(philid(form="jcs"), PH) == "jose.signature_invalid"
    assert code(philid(form="jcs", extra="Ñ"), by) is None


def test_an_object_reads_as_a_person() -> None:
    found = verify(philid(), PH)

    assert found.claims["birthdate"] == "1990-01-01"
    assert found.name is not None
    assert found.name.display == "Luisa"
    assert found.subject == "0000-1"


# Accepted.


ACCEPTED: list[tuple[Callable[[], str], Any]] = [
    (claim169, listed()),
    (lambda: claim169(tagged=True), listed()),
    (lambda: layered(sign1(cwt_claims(), tag=False), LAYERS), listed()),
    (lambda: claim169(by=signer("issuer", "Ed25519")), listed()),
    (lambda: layered(sign1(cwt_claims()), (QrStep.BASE45,), "LA1:"), listed(profile(prefix="LA1:", steps=["base45"]))),
    (
        lambda: layered(sign1(cwt_claims(k1="LA")), (QrStep.BASE64URL, QrStep.ZLIB)),
        listed(profile(steps=["base64url", "zlib"], issuer={"claim": "1", "names": "state"})),
    ),
    (
        lambda: layered(sign1(cwt_claims(k1=ABSENT)), LAYERS, "LA1:"),
        listed(profile({**CLAIM169, "container": "cose_sign1", "prefix": "LA1:", "expires": "4", "issuer": ABSENT})),
    ),
    (compact, CHECK),
    (philid, PH),
]


@pytest.mark.parametrize(("text", "by"), ACCEPTED)
def test_each_container_is_read_as_its_profile_says(text: Callable[[], str], by: Any) -> None:
    found = verify(text(), by)

    assert [check.id for check in found.checks] == [point.id for point in POINTS]
    assert found.holder.method is HolderMethod.NONE
    assert found.one_time == ()


def test_a_code_is_worth_no_more_than_what_anybody_could_show() -> None:
    found = verify(claim169())

    assert (found.identity, found.authentication) == (AssuranceLevel.A2, AssuranceLevel.A1)
    assert found.level is AssuranceLevel.A1
    assert not found.holder.bound
    assert found.claims["birthdate"] == "1987-03-14"
    assert found.national_level == "card"
    assert found.service.member_state is MemberState.LA


def test_a_level_that_the_code_states_comes_before_that_of_the_profile() -> None:
    found = verify(claim169(k169={1: "x"}, k4=NOW + YEAR), listed(profile(), claims=replace_acr("169.1")))

    assert found.national_level == "x"
    assert found.identity is AssuranceLevel.A0


def replace_acr(name: str) -> ClaimMap:
    return ClaimMap(claims={}, display="169.4", subject="169.1", acr=name)
