"""The eleven points of the key binding checklist: each refuses with its code, and its twin passes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idbridge.credential.key_binding import HOLDER_ALGORITHMS, POINTS
from idbridge.crypto.algorithms import ALGORITHMS
from idbridge.limits import LIMITS
from idbridge.model.check import Result
from idbridge.model.credential import HolderMethod
from idbridge.model.region import AssuranceLevel, Format
from idbridge.model.trust import HolderBindingRule
from tests.credential.kit import (
    ABSENT,
    AUDIENCE,
    NODE,
    NONCE,
    NOW,
    RELYING_PARTY,
    YEAR,
    bare_jwk,
    bound,
    code,
    digest,
    faults,
    in_session,
    kb,
    key,
    refused,
    request,
    results,
    sd_jwt,
    service,
    sign,
    signer,
    verify,
)

LEEWAY = 60
AGE = int(LIMITS.key_binding_age.total_seconds())
CREDENTIAL = sd_jwt()
OPTIONAL_RULE = service(Format.SD_JWT_VC, binding=HolderBindingRule.OPTIONAL)
NO_RULE = service(Format.SD_JWT_VC, binding=HolderBindingRule.NONE)


def fault(text: str, *arguments: Any, **named: Any) -> tuple[str, str]:
    """The first check that refuses, and its code."""
    return next(iter(faults(refused(text, *arguments, **named)).items()))


def test_a_good_key_binding_passes_all_eleven_but_for_what_nobody_asked() -> None:
    credential = verify(bound(CREDENTIAL))
    own = [check for check in credential.checks if check.id.startswith("kb.")]

    assert [check.id for check in own] == [f"kb.{number}" for number in range(1, 12)]
    assert [point.id for point in POINTS] == [check.id for check in own]
    assert [check.id for check in own if check.result is not Result.PASSED] == ["kb.11"]
    assert credential.holder.method is HolderMethod.KB_JWT
    assert credential.holder.key_thumbprint == key("holder").thumbprint
    assert credential.authentication is AssuranceLevel.A3


# 1 and 2: needed, and there


@pytest.mark.parametrize("listed", [OPTIONAL_RULE, NO_RULE])
@pytest.mark.parametrize("asked", [request(NONCE), request(None, audience=AUDIENCE), in_session(request(None))])
def test_a_presentation_that_leaves_an_expectation_unanswered_is_refused(listed: Any, asked: Any) -> None:
    assert faults(refused(CREDENTIAL, listed, asked)) == {"kb.1": "holder.binding_missing"}


@pytest.mark.parametrize("listed", [OPTIONAL_RULE, NO_RULE])
def test_where_nobody_needs_a_key_binding_its_absence_makes_a_bearer(listed: Any) -> None:
    credential = verify(CREDENTIAL, listed, request(None))

    assert credential.holder.method is HolderMethod.NONE
    assert credential.authentication is AssuranceLevel.A1
    assert results(credential)["kb.1"] is Result.PASSED
    assert [check.id for check in credential.checks if check.id.startswith("kb.")] == [point.id for point in POINTS]
    assert all(check.result is Result.SKIPPED and check.note for check in credential.checks if check.id == "kb.5")


def test_a_key_binding_that_the_list_demands_may_not_be_left_away() -> None:
    assert faults(refused(CREDENTIAL, None, request(None))) == {"kb.2": "holder.binding_missing"}
    assert results(verify(bound(CREDENTIAL), None, request(None)))["kb.2"] is Result.PASSED


def test_the_need_is_not_decided_by_presence() -> None:
    """A service whose credentials have no holder binding stays one, whatever the sender adds."""
    credential = verify(bound(CREDENTIAL), NO_RULE)

    assert credential.holder.method is HolderMethod.NONE
    assert credential.authentication is AssuranceLevel.A1
    assert len(credential.one_time) == 1


@pytest.mark.parametrize("listed", [OPTIONAL_RULE, NO_RULE])
def test_a_key_binding_that_is_there_has_to_be_good_even_where_it_is_not_needed(listed: Any) -> None:
    assert fault(bound(CREDENTIAL, nonce="another"), listed) == ("kb.7", "holder.nonce_mismatch")


# 3: the key that the issuer named


@pytest.mark.parametrize(
    "confirmation",
    [
        ABSENT,
        None,
        "key",
        [],
        {},
        {"kid": "holder-ES256"},
        {"jkt": "x"},
        {"x5t#S256": "x"},
        {"jwk": bare_jwk(), "kid": "x"},
        {"jwk": None},
        {"jwk": "x"},
        {"jwk": []},
        {"jwk": {}},
        {"jwk": {**bare_jwk(), "y": bare_jwk()["x"]}},
        {"jwk": {**bare_jwk(), "d": "AQAB"}},
        {"jwk": {**bare_jwk(), "use": "enc"}},
        {"jwk": {"kty": "oct", "k": "c2VjcmV0"}},
        {"jwk": bare_jwk("holder", "RS256")},
        {"jwk": bare_jwk("issuer")},
    ],
)
def test_without_a_usable_key_of_the_holder_there_is_no_binding(confirmation: Any) -> None:
    found = refused(bound(sd_jwt(cnf=confirmation)))

    assert faults(found) == {"kb.3": "holder.key_missing"}
    assert found["kb.5"].result is Result.SKIPPED


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "Ed25519"])
def test_each_kind_of_holder_key_passes(algorithm: str) -> None:
    text = sd_jwt(cnf={"jwk": bare_jwk("holder", algorithm)})

    assert results(verify(bound(text, by=signer("holder", algorithm))))["kb.3"] is Result.PASSED


def test_holder_algorithms_are_of_the_closed_table() -> None:
    assert ALGORITHMS.keys() >= HOLDER_ALGORITHMS


# 4: type and algorithm


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "dc+sd-jwt", "kb", "", ABSENT])
def test_a_key_binding_of_another_type_is_refused(typ: Any) -> None:
    assert faults(refused(bound(CREDENTIAL, header={"typ": typ}))) == {"kb.4": "holder.typ_mismatch"}


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("none", "jose.alg_none"),
        ("HS256", "jose.alg_not_allowed"),
        ("RS256", "jose.alg_not_allowed"),
        ("ES384", "jose.alg_key_mismatch"),
        ("Ed25519", "jose.alg_key_mismatch"),
    ],
)
def test_a_key_binding_under_another_algorithm_is_refused(algorithm: str, expected: str) -> None:
    assert faults(refused(bound(CREDENTIAL, header={"alg": algorithm}))) == {"kb.4": expected}


@pytest.mark.parametrize("typ", ["kb+jwt", "KB+JWT", "application/kb+jwt"])
def test_the_type_of_a_key_binding_passes(typ: str) -> None:
    assert results(verify(bound(CREDENTIAL, header={"typ": typ})))["kb.4"] is Result.PASSED


# 5: signature


def test_a_key_binding_signed_by_another_key_is_refused() -> None:
    found = refused(bound(CREDENTIAL, by=signer("thief")))

    assert faults(found) == {"kb.5": "holder.signature_invalid"}
    assert [found[f"kb.{number}"].result for number in range(1, 5)] == [Result.PASSED] * 4
    assert [found[f"kb.{number}"].result for number in range(6, 12)] == [Result.SKIPPED] * 6


def test_a_key_in_the_header_of_a_key_binding_is_never_used() -> None:
    text = bound(CREDENTIAL, by=signer("thief"), header={"jwk": bare_jwk("thief")})

    assert faults(refused(text)) == {"kb.10": "jose.header_forbidden"}
    assert results(verify(bound(CREDENTIAL)))["kb.5"] is Result.PASSED


# 6: fresh


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (ABSENT, "time.claim_missing"),
        (NOW - YEAR, "holder.not_fresh"),
        (NOW + YEAR, "holder.not_fresh"),
        (NOW - AGE, "holder.not_fresh"),
        (NOW + LEEWAY + 1, "holder.not_fresh"),
        (str(NOW), "time.claim_malformed"),
        (NOW + 0.5, "time.claim_malformed"),
        (None, "time.claim_malformed"),
        (True, "time.claim_malformed"),
    ],
)
def test_a_key_binding_not_made_just_now_is_refused(made: Any, expected: str) -> None:
    assert faults(refused(bound(CREDENTIAL, iat=made))) == {"kb.6": expected}


@pytest.mark.parametrize("made", [NOW - AGE + 1, NOW, NOW + LEEWAY])
def test_the_last_second_of_the_window_passes(made: int) -> None:
    assert results(verify(bound(CREDENTIAL, iat=made)))["kb.6"] is Result.PASSED


# 7: nonce


@pytest.mark.parametrize("nonce", [ABSENT, "", None, 7, [NONCE], "another", NONCE.lower(), f"{NONCE} "])
def test_another_nonce_than_the_expected_one_is_refused(nonce: Any) -> None:
    assert faults(refused(bound(CREDENTIAL, nonce=nonce))) == {"kb.7": "holder.nonce_mismatch"}


@pytest.mark.parametrize("nonce", [ABSENT, "", None, 7])
def test_a_key_binding_has_a_nonce_even_where_none_is_expected(nonce: Any) -> None:
    assert faults(refused(bound(CREDENTIAL, nonce=nonce), None, request(None))) == {"kb.7": "holder.nonce_mismatch"}


def test_without_an_expected_nonce_all_else_is_verified_and_the_holder_stays_unbound() -> None:
    credential = verify(bound(CREDENTIAL), None, request(None))

    assert results(credential)["kb.7"] is Result.SKIPPED
    assert credential.holder.method is HolderMethod.NONE
    assert credential.authentication is AssuranceLevel.A1
    assert credential.one_time == ()
    assert fault(bound(CREDENTIAL, by=signer("thief")), None, request(None)) == ("kb.5", "holder.signature_invalid")


def test_a_matched_nonce_counts_once() -> None:
    once = verify(bound(CREDENTIAL)).one_time[0]
    again = verify(bound(sd_jwt(hidden={}), iat=NOW - 9)).one_time[0]
    other = replace(request(), relying_party=replace(RELYING_PARTY, id="another"))

    assert once.key == again.key
    assert once.key != verify(bound(CREDENTIAL), None, other).one_time[0].key


@pytest.mark.parametrize("made", [NOW - AGE + 1, NOW - 5, NOW + LEEWAY])
def test_a_spent_nonce_is_kept_as_long_as_the_presentation_could_be_accepted(made: int) -> None:
    text = bound(CREDENTIAL, iat=made)
    until = verify(text).one_time[0].until

    assert code(text, at=until - timedelta(microseconds=1)) is None
    assert code(text, at=until) == "holder.not_fresh"


# 8: audience


@pytest.mark.parametrize(
    "audience", [ABSENT, "", None, 7, [AUDIENCE], [], "https://bank.th.example", f"{AUDIENCE}/", AUDIENCE.upper(), NODE]
)
def test_a_presentation_for_another_audience_is_refused(audience: Any) -> None:
    assert faults(refused(bound(CREDENTIAL, aud=audience))) == {"kb.8": "holder.audience_mismatch"}


def test_an_audience_does_not_count_because_the_request_expects_it() -> None:
    text = bound(CREDENTIAL, aud="https://another.example")

    assert fault(text, None, request(audience="https://another.example")) == ("kb.8", "holder.audience_mismatch")


def test_the_audience_that_the_request_expects_narrows() -> None:
    party = replace(RELYING_PARTY, audiences=frozenset({AUDIENCE, "https://app.sg.example"}))
    asked = replace(request(audience="https://app.sg.example"), relying_party=party)

    assert fault(bound(CREDENTIAL), None, asked) == ("kb.8", "holder.audience_mismatch")
    assert code(bound(CREDENTIAL, aud="https://app.sg.example"), None, asked) is None


def test_a_mismatch_names_what_would_have_been_accepted() -> None:
    nobody = replace(request(), relying_party=replace(RELYING_PARTY, audiences=frozenset()))

    assert refused(bound(CREDENTIAL, aud="x"))["kb.8"].note == f"accepted here: {AUDIENCE}"
    assert refused(bound(CREDENTIAL), None, request(audience="x"))["kb.8"].note.endswith("no audience is registered")
    assert refused(bound(CREDENTIAL), None, nobody)["kb.8"].note.endswith("no audience is registered")


# 9: the disclosures that the holder agreed to


def last_removed(text: str) -> str:
    """``text`` without its last disclosure."""
    return text[: text.rstrip("~").rindex("~") + 1]


@pytest.mark.parametrize(
    "text",
    [
        last_removed(CREDENTIAL) + kb(CREDENTIAL),
        CREDENTIAL + kb(last_removed(CREDENTIAL)),
        CREDENTIAL + kb(CREDENTIAL.rstrip("~")),
        bound(CREDENTIAL, sd_hash=ABSENT),
        bound(CREDENTIAL, sd_hash=None),
        bound(CREDENTIAL, sd_hash=digest(CREDENTIAL, "sha512")),
        bound(CREDENTIAL, algorithm="sha384"),
        bound(CREDENTIAL, sd_hash=digest(CREDENTIAL) + "="),
    ],
)
def test_a_key_binding_over_another_set_of_disclosures_is_refused(text: str) -> None:
    assert faults(refused(text)) == {"kb.9": "holder.sd_hash_mismatch"}


@pytest.mark.parametrize(
    ("algorithm", "spelled"), [("sha256", "sha-256"), ("sha384", "sha-384"), ("sha512", "sha-512")]
)
def test_the_digest_is_made_with_the_algorithm_of_the_credential(algorithm: str, spelled: str) -> None:
    text = sd_jwt(_sd_alg=spelled, algorithm=algorithm)

    assert results(verify(bound(text, algorithm=algorithm)))["kb.9"] is Result.PASSED
    if algorithm != "sha256":
        assert fault(bound(text)) == ("kb.9", "holder.sd_hash_mismatch")


# 10: the rules of any JWT


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exp": NOW - LEEWAY}, "time.expired"),
        ({"exp": NOW - YEAR}, "time.expired"),
        ({"nbf": NOW + LEEWAY + 1}, "time.not_yet_valid"),
        ({"exp": NOW, "nbf": NOW}, "time.claim_malformed"),
        ({"exp": "soon"}, "time.claim_malformed"),
        ({"nbf": None}, "time.claim_malformed"),
    ],
)
def test_a_key_binding_out_of_its_own_time_is_refused(changes: dict[str, Any], expected: str) -> None:
    assert faults(refused(bound(CREDENTIAL, **changes))) == {"kb.10": expected}


@pytest.mark.parametrize(
    "changes", [{}, {"exp": NOW - LEEWAY + 1}, {"nbf": NOW + LEEWAY}, {"favourite_colour": "blue"}]
)
def test_a_key_binding_in_its_own_time_passes(changes: dict[str, Any]) -> None:
    assert results(verify(bound(CREDENTIAL, **changes)))["kb.10"] is Result.PASSED


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"crit": ["exp"]}, "jose.crit_unsupported"),
        ({"b64": False}, "jose.header_forbidden"),
        ({"x5c": ["x"]}, "jose.header_forbidden"),
        ({"jku": "https://wallet.example/keys"}, "jose.header_forbidden"),
    ],
)
def test_a_header_that_says_more_than_it_may_is_refused(header: dict[str, Any], expected: str) -> None:
    assert faults(refused(bound(CREDENTIAL, header=header))) == {"kb.10": expected}


@pytest.mark.parametrize("text", ["x", "x.y", "x.y.z", "e30.e30.e30.e30.e30", "...."])
def test_a_key_binding_that_cannot_be_read_is_refused(text: str) -> None:
    assert faults(refused(CREDENTIAL + text)) == {"kb.10": "input.malformed"}


@pytest.mark.parametrize("payload", [b"[]", b'{"iat":1,"iat":2}', b"", b"{NaN}"])
def test_a_payload_that_two_readers_could_read_differently_is_refused(payload: bytes) -> None:
    text = CREDENTIAL + sign({"alg": "ES256", "typ": "kb+jwt"}, payload, signer("holder"))

    assert faults(refused(text)) == {"kb.10": "input.malformed"}


# 11: transactions


@pytest.mark.parametrize("name", ["transaction_data_hashes", "transaction_data_hashes_alg"])
def test_a_transaction_that_nobody_asked_for_is_refused(name: str) -> None:
    assert faults(refused(bound(CREDENTIAL, **{name: ["x"]}))) == {"kb.11": "holder.transaction_mismatch"}


def test_without_a_transaction_the_report_says_that_none_was_authorised() -> None:
    (check,) = [check for check in verify(bound(CREDENTIAL)).checks if check.id == "kb.11"]

    assert (check.result, bool(check.note)) == (Result.SKIPPED, True)


def test_several_faults_are_all_told() -> None:
    assert faults(refused(bound(CREDENTIAL, nonce="another", aud="another", iat=NOW - YEAR))) == {
        "kb.6": "holder.not_fresh",
        "kb.7": "holder.nonce_mismatch",
        "kb.8": "holder.audience_mismatch",
    }
