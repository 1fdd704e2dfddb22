"""An attestation that was altered, old, of another corpus, record or signer, or contradicts itself counts for nothing.

Each refusal has its reason, and what nobody can tell stays open.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.conformance import schemas
from idbridge.conformance.attestation import SCHEMA, TYPE, digest_of, disagreement, open_attestation
from idbridge.conformance.corpus import shipped, shipped_facts
from idbridge.conformance.examination import Question, examined
from idbridge.conformance.judge import Outcome, judged
from idbridge.conformance.profiles import Profile, Reach
from idbridge.conformance.record import Record
from idbridge.conformance.seed import corpus_keys
from idbridge.conformance.target import Description
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, InputError
from idbridge.limits import LIMITS
from idbridge.reasons import Indication
from tests.conformance.attesting import (
    FAILED,
    INDETERMINATE,
    OTHER,
    OURS,
    PASSED,
    WHOLE,
    Change,
    altered,
    answer,
    attested,
    resigned,
    terms,
)
from tests.conformance.records import AT, accepted, of_every_outcome, record, refused_case


@pytest.mark.parametrize("part", [0, 1, 2])
def test_an_altered_attestation_is_refused_whoever_is_pinned(part: int) -> None:
    for signers in (frozenset({OURS.kid}), frozenset[str]()):
        found = examined(altered(attested(), part), terms(signers=signers))

        assert found.indication is FAILED
        assert found.attestation is None


def test_one_bit_of_the_signature_has_the_code_of_that() -> None:
    (finding,) = examined(altered(attested(), 2), terms()).findings

    assert finding.code == "jose.signature_invalid"


def test_the_signature_of_another_on_ours_is_refused() -> None:
    head, payload, _ = attested().split(".")
    _, _, signature = attested(signer=OTHER).split(".")
    (finding,) = examined(f"{head}.{payload}.{signature}", terms()).findings

    assert finding.code == "jose.signature_invalid"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"typ": "JWT", "jwk": dict(OURS.public_jwk)}, "jose.typ_mismatch"),
        ({"jwk": dict(OURS.public_jwk)}, "jose.typ_mismatch"),
        ({"typ": TYPE}, "jose.header_forbidden"),
        ({"typ": TYPE, "jwk": "key"}, "jose.header_forbidden"),
        ({"typ": TYPE, "jwk": {"kty": "oct", "k": "AAAA"}}, "jose.alg_key_mismatch"),
        ({"typ": TYPE, "jwk": {**OURS.public_jwk, "d": "AAAA"}}, "jose.alg_key_mismatch"),
        ({"typ": TYPE, "jwk": dict(OTHER.public_jwk)}, "jose.signature_invalid"),
        ({"typ": TYPE, "jwk": dict(OURS.public_jwk), "jku": "https://evil.example"}, "jose.header_forbidden"),
        ({"typ": TYPE, "jwk": dict(OURS.public_jwk), "x5c": []}, "jose.header_forbidden"),
        ({"typ": TYPE, "jwk": dict(OURS.public_jwk), "crit": ["x"]}, "jose.crit_unsupported"),
    ],
)
def test_a_header_that_says_something_else_is_refused(header: dict[str, Any], code: str) -> None:
    (finding,) = examined(resigned(lambda _: None, header=header), terms()).findings

    assert (finding.indication, finding.code) == (FAILED, code)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES256K"])
def test_no_algorithm_but_those_of_the_closed_set_counts(algorithm: str) -> None:
    _, payload, signature = attested().split(".")
    header = base64url.encode(json.dumps({"alg": algorithm, "typ": TYPE, "jwk": dict(OURS.public_jwk)}).encode())
    (finding,) = examined(f"{header}.{payload}.{signature}", terms()).findings

    assert finding.indication is FAILED
    assert finding.code in {"jose.alg_none", "jose.alg_not_allowed"}


def test_a_key_for_an_algorithm_that_is_not_of_the_set_attests_nothing() -> None:
    with pytest.raises(ConfigurationError, match="RS256"):
        attested(signer=generate("RS256"))


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "Ed25519", "PS256"])
def test_every_algorithm_of_the_set_attests(algorithm: str) -> None:
    signer = generate(algorithm)

    assert examined(attested(signer=signer), terms(signers=frozenset({signer.kid}))).indication is PASSED


@pytest.mark.parametrize("text", ["", "a.b.c", "é.é.é", "{}", "\x00", "..", "a" * 100, "\ufffd\ufffd"])
def test_what_is_no_jws_is_refused_and_nothing_is_raised(text: str) -> None:
    found = examined(text, terms())

    assert (found.indication, found.attestation) == (FAILED, None)


def test_more_than_an_attestation_can_be_is_refused_before_it_is_read() -> None:
    (finding,) = examined("a" * (LIMITS.conformance_attestation_bytes + 1), terms()).findings

    assert finding.code == "input.too_large"


def test_more_waivers_than_an_attestation_can_hold_are_not_attested() -> None:
    case = refused_case()
    long = "x" * LIMITS.conformance_attestation_bytes
    run = record([judged(case, accepted(case), waiver=long)], waivers={case.id: long})

    with pytest.raises(ConfigurationError, match=str(LIMITS.conformance_attestation_bytes)):
        attested(run)


PAYLOADS: dict[str, Change] = {
    "another-schema": lambda one: one.update(schema="idbridge-conformance-attestation-2"),
    "a-member-more": lambda one: one.update(note="x"),
    "without-record": lambda one: one.pop("record"),
    "iat-as-text": lambda one: one.update(iat="now"),
    "iat-past-all-time": lambda one: one.update(iat=10**15),
    "no-profile": lambda one: one.update(profiles={}),
    "unknown-profile": lambda one: one.update(profiles={"everything": one["profiles"]["verifier"]}),
    "count-below-nothing": lambda one: one["profiles"]["verifier"].update(failed=-1),
    "run-at-no-instant": lambda one: one["run"].update(at="2026-02-30T00:00:00Z"),
    "waiver-without-reason": lambda one: one.update(waivers={"mdoc-expired": ""}),
    "name-empty": lambda one: one.update(name=""),
    "reach-with-an-address": lambda one: one["subject"].update(reach="cli:./verify"),
}


@pytest.mark.parametrize("change", PAYLOADS.values(), ids=PAYLOADS)
def test_a_payload_of_another_form_is_refused(change: Change) -> None:
    (finding,) = examined(resigned(change), terms()).findings

    assert (finding.question, finding.indication, finding.code) == (Question.SIGNATURE, FAILED, "input.malformed")


def test_without_a_pinned_signer_it_is_open() -> None:
    found = examined(attested(), terms(signers=frozenset()))

    assert found.indication is INDETERMINATE
    assert answer(found, Question.SIGNER) is INDETERMINATE


def test_another_signer_than_the_pinned_one_is_refused() -> None:
    found = examined(attested(signer=OTHER), terms())

    assert answer(found, Question.SIGNER) is FAILED
    assert found.indication is FAILED


def test_a_key_whose_private_half_is_published_vouches_for_nobody() -> None:
    published = corpus_keys().make("ES256", name="stranger/sg-pid/0")
    found = examined(attested(signer=published), terms(signers=frozenset({published.public_jwk["kid"]})))
    one = found.of(Question.SIGNER)

    assert one is not None
    assert (one.indication, one.code) == (FAILED, "trust.published_test_key")


@pytest.mark.parametrize(
    ("ran", "signed", "looked", "expected"),
    [
        (timedelta(0), timedelta(0), timedelta(0), PASSED),
        (timedelta(0), timedelta(0), LIMITS.conformance_attestation_age, PASSED),
        (timedelta(0), timedelta(0), LIMITS.conformance_attestation_age + timedelta(seconds=1), FAILED),
        # An old run that is signed anew stays old.
        (timedelta(0), timedelta(days=365), timedelta(days=366), FAILED),
        (timedelta(0), timedelta(days=1), timedelta(0), FAILED),  # signed in the future
        (timedelta(days=1), timedelta(0), timedelta(days=1), FAILED),  # signed before it was run
        (timedelta(0), LIMITS.list_issue_skew, timedelta(0), PASSED),
        (timedelta(0), LIMITS.list_issue_skew + timedelta(seconds=1), timedelta(0), FAILED),
    ],
)
def test_the_age_is_that_of_the_run(ran: timedelta, signed: timedelta, looked: timedelta, expected: Indication) -> None:
    text = attested(replace(WHOLE, at=AT + ran), at=AT + signed)

    assert answer(examined(text, terms(at=AT + looked)), Question.AGE) is expected


def test_a_shorter_age_can_be_demanded() -> None:
    found = examined(attested(), terms(at=AT + timedelta(days=31), max_age=timedelta(days=30)))

    assert answer(found, Question.AGE) is FAILED


def test_another_corpus_is_refused_unless_it_is_the_one_demanded() -> None:
    text = resigned(lambda one: one["corpus"].update(digest="0" * 64))

    assert answer(examined(text, terms()), Question.CORPUS) is FAILED
    assert answer(examined(text, terms(corpus_digest="0" * 64)), Question.CORPUS) is PASSED
    assert answer(examined(attested(), terms(corpus_digest="0" * 64)), Question.CORPUS) is FAILED


def test_another_record_than_was_attested_is_refused() -> None:
    other = replace(WHOLE, target="builtin")

    assert answer(examined(attested(), terms(record=other)), Question.RECORD) is FAILED
    assert answer(examined(attested(), terms(record=WHOLE)), Question.RECORD) is PASSED


OTHERWISE: dict[str, Change] = {
    "name of the target": lambda one: one["subject"].update(name="another"),
    "version of the target": lambda one: one["subject"].update(version="9"),
    "how it is reached": lambda one: one["subject"].update(reach="http"),
    "what is not implemented": lambda one: one["subject"].update(not_implemented=["qr"]),
    "instant of the run": lambda one: one["run"].update(at="2026-11-24T11:00:00Z"),
    "by what it was chosen": lambda one: one["run"].update(chosen_by=["qr"]),
    "outcome": lambda one: one["run"].update(passed=False),
    "version of the corpus": lambda one: one["corpus"].update(version="9.0.0"),
    "digest of the corpus": lambda one: one["corpus"].update(digest="0" * 64),
    "version of the suite": lambda one: one.update(suite_version="9"),
    "counts": lambda one: one["profiles"]["verifier"].update(
        passed=1, failed=one["profiles"]["verifier"]["passed"] - 1
    ),
    "another profile": lambda one: one["profiles"].update(issuer=one["profiles"]["verifier"]),
    "waivers": lambda one: one.update(waivers={"mdoc-expired": "later"}),
}


@pytest.mark.parametrize("change", OTHERWISE.values(), ids=OTHERWISE)
def test_whatever_was_signed_otherwise_than_the_named_record_says_is_refused(change: Change) -> None:
    found = examined(resigned(change), terms(record=WHOLE))

    assert answer(found, Question.RECORD) is FAILED
    assert answer(examined(resigned(lambda _: None), terms(record=WHOLE)), Question.RECORD) is PASSED


def test_a_named_record_that_the_corpus_contradicts_is_refused() -> None:
    row = replace(WHOLE.rows[0], requirements=("IDB-JOSE-999",))
    forged = replace(WHOLE, rows=(row, *WHOLE.rows[1:]))
    text = resigned(lambda one: one["record"].update(sha256=digest_of(forged)))

    assert answer(examined(text, terms(record=forged)), Question.RECORD) is FAILED


def test_a_named_record_of_a_corpus_that_is_not_installed_stays_open() -> None:
    elsewhere = replace(WHOLE, corpus_digest="0" * 64)

    def signed(one: dict[str, Any]) -> None:
        one["corpus"].update(digest="0" * 64)
        one["record"].update(sha256=digest_of(elsewhere))

    assert answer(examined(resigned(signed), terms(record=elsewhere)), Question.RECORD) is INDETERMINATE


COUNTS: dict[str, Change] = {
    "one-passed-more": lambda one: one["profiles"]["verifier"].update(passed=one["profiles"]["verifier"]["passed"] + 1),
    "more-cases-than-there-are": lambda one: one["profiles"]["verifier"].update(in_corpus=1),
    "a-smaller-corpus": lambda one: one["profiles"]["verifier"].update(in_corpus=10**6),
    "failures-and-passed": lambda one: one["profiles"]["verifier"].update(
        failed=1, passed=one["profiles"]["verifier"]["passed"] - 1
    ),
    "good-and-not-passed": lambda one: one["run"].update(passed=False),
    "a-waiver-that-nothing-needed": lambda one: one.update(waivers={"mdoc-expired": "later"}),
    "an-expected-failure-without-waiver": lambda one: one["profiles"]["verifier"].update(
        expected_failures=1, passed=one["profiles"]["verifier"]["passed"] - 1
    ),
    "not-implemented-and-nothing-declared": lambda one: one["profiles"]["verifier"].update(
        not_implemented=1, passed=one["profiles"]["verifier"]["passed"] - 1
    ),
    "nothing-passed": lambda one: one["profiles"]["verifier"].update(
        passed=0, not_implemented=one["profiles"]["verifier"]["cases"]
    ),
}


@pytest.mark.parametrize("change", COUNTS.values(), ids=COUNTS)
def test_counts_that_contradict_each_other_are_refused(change: Change) -> None:
    found = examined(resigned(change), terms())

    assert answer(found, Question.COUNTS) is FAILED
    assert found.indication is FAILED


@pytest.mark.parametrize(
    "where", ["https://inside.example:8443", "https://inside.example:8443/", "/srv/inside.example/lists"]
)
def test_a_target_that_is_called_by_its_address_is_attested_without_it(where: str) -> None:
    described = Description(f"gateway at {where.rstrip('/')}", "1")
    made = record(target=f"http:{where}", description=described)

    assert "inside.example" not in open_attestation(attested(made)).target_name


def test_nothing_of_the_address_or_of_what_was_sent_is_attested() -> None:
    text = attested(replace(of_every_outcome(), target="http:https://user:hush-hush@inside.example/path?key=1"))
    payload = base64url.decode(text.split(".")[1]).decode()

    for secret in ("hush-hush", "inside.example", "key=1", "alert(1)</script> declares", "evil.example @everybody \\u"):
        assert secret not in payload
    assert '"reach":"http"' in payload


def _waived(one: Record, *, got: str) -> Record:
    row = replace(one.rows[0], outcome=Outcome.EXPECTED_FAILURE, got=got, detail="later")
    return replace(one, rows=(row,), waivers={row.case: "later"})


DISAGREEMENTS: dict[str, Callable[[Record], Record]] = {
    "another-corpus": lambda one: replace(one, corpus_digest="0" * 64),
    "no-case-of-it": lambda one: replace(one, rows=(replace(one.rows[0], case="none"), *one.rows[1:])),
    "of-another-profile": lambda one: replace(one, rows=(replace(one.rows[0], profile=Profile.ISSUER),)),
    "expects-something-else": lambda one: replace(one, rows=(replace(one.rows[0], expected="PASSED?"),)),
    "is-not-negative": lambda one: replace(one, rows=(replace(one.rows[0], negative=not one.rows[0].negative),)),
    "names-another-requirement": lambda one: replace(one, rows=(replace(one.rows[0], requirements=("IDB-JOSE-999",)),)),
    "passed-with-another-answer": lambda one: replace(one, rows=(replace(one.rows[0], got="FAILED time.expired "),)),
    "not-implemented-and-answered": lambda one: replace(
        one, rows=(replace(one.rows[0], outcome=Outcome.NOT_IMPLEMENTED),)
    ),
    "not-implemented-and-not-declared": lambda one: replace(
        one, rows=(replace(one.rows[0], outcome=Outcome.NOT_IMPLEMENTED, got=""),)
    ),
    "expected-to-fail-and-crashed": lambda one: _waived(one, got="crash: it ended with 139"),
    "expected-to-fail-and-hung": lambda one: _waived(one, got="hang: it did not end"),
    "expected-to-fail-and-answered-rightly": lambda one: _waived(one, got=one.rows[0].expected),
    "passed-with-something-wrong": lambda one: replace(
        one, rows=(replace(one.rows[0], detail="the state afterwards differs: spent is 0 and not 1"),)
    ),
    "passed-though-waived": lambda one: replace(one, waivers={one.rows[0].case: "later"}),
    "of-another-title": lambda one: replace(one, rows=(replace(one.rows[0], title="Something else"),)),
    "waived-without-a-waiver": lambda one: replace(one, rows=(replace(one.rows[0], outcome=Outcome.EXPECTED_FAILURE),)),
}


@pytest.mark.parametrize("change", DISAGREEMENTS.values(), ids=DISAGREEMENTS)
def test_a_record_that_the_corpus_contradicts_is_not_attested(change: Callable[[Record], Record]) -> None:
    wrong = change(WHOLE)

    assert disagreement(WHOLE, shipped()) == ""
    assert disagreement(wrong, shipped()) != ""
    with pytest.raises(ConfigurationError, match="does not agree"):
        attested(wrong)


@pytest.mark.parametrize(
    "name",
    ["", " ", "\t", "\u200b", "-", "a\nb", "a ", "a\u202eb", "x" * (LIMITS.identifier_characters + 1)],
)
def test_a_name_that_is_none_or_too_long_is_not_attested(name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be attested"):
        attested(name=name)


@pytest.mark.parametrize("name", [" ", "\u200b\n", "..."])
def test_an_attestation_of_nobody_is_none(name: str) -> None:
    with pytest.raises(InputError, match="names nobody") as refused:
        open_attestation(resigned(lambda payload: payload.update(name=name)))

    assert refused.value.code == "input.malformed"


def test_the_schema_has_the_words_of_the_code() -> None:
    schema = schemas.documents()[schemas.ATTESTATION]["properties"]

    assert schema["schema"]["const"] == SCHEMA
    assert schema["name"]["maxLength"] == LIMITS.identifier_characters
    assert schema["subject"]["properties"]["reach"]["enum"] == [one.value for one in Reach]
    assert schema["profiles"]["propertyNames"]["enum"] == [one.value for one in Profile]


def test_facts_of_the_corpus_are_those_of_its_cases() -> None:
    facts = shipped_facts()

    assert (facts.version, facts.digest) == (shipped().version, shipped().digest())
    assert facts.cases == {profile: len(shipped().chosen([profile])) for profile in Profile}


def test_what_is_attested_reads_as_it_was_said() -> None:
    run = replace(WHOLE, description=Description("<b>x</b>", "1", frozenset({"qr"})), chosen_by=("a",))
    attestation = open_attestation(attested(run))

    assert (attestation.target_name, attestation.not_implemented, attestation.chosen_by) == (
        "<b>x</b>",
        ("qr",),
        ("a",),
    )
    assert (attestation.run_at, attestation.signed_at) == (AT, AT)
