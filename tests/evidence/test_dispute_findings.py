"""What a bundle proves and what it does not: each statement for itself, and none beyond what somebody signed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from idbridge.evidence.dispute import Bundle, DisputeError
from idbridge.evidence.dispute_findings import Finding, Findings, findings
from idbridge.evidence.dispute_request import Brought
from idbridge.limits import LIMITS
from tests.evidence.disputes import MINUTE, REPORT, asked, bundle, by_another_version, receipt_of, reported
from tests.sandbox.regions import NOON

NAME = "sg-pid-opens-account"
LATER = NOON + timedelta(days=1)
PROVABLE = {"decision", "material", "record", "time", "credential"}
NEVER = {"truth", "person", "roots", "later"}


@pytest.fixture(scope="module")
def whole() -> Bundle:
    return bundle()


def looked_at(made: Bundle) -> Findings:
    return findings(made, now=LATER)


def about(found: Findings, name: str) -> Finding:
    (one,) = [one for one in found.findings if one.about == name]
    return one


def with_receipt(made: Bundle, **changes: object) -> Bundle:
    """The bundle with another receipt about its credential."""
    return replace(made, receipt=receipt_of(asked(NAME)[0]["credential"], reported(NAME)[0], **changes))  # type: ignore[arg-type]  # as the test names them


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"witnesses": ()}, "time.evidence_unwitnessed"),
        ({"witnesses": ("sg-witness",)}, "time.evidence_unwitnessed"),
        ({"confirmed_at": LATER + 2 * MINUTE}, "time.evidence_unwitnessed"),
    ],
)
def test_the_time_is_not_proven_by_a_nodes_own_word(whole: Bundle, changes: dict[str, object], why: str) -> None:
    found = looked_at(with_receipt(whole, **changes))

    assert {one.about for one in found.proven} == PROVABLE - {"time"}
    assert why in about(found, "time").by
    assert "the node's own clock" in str(about(found, "record").time)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"req": f"{REPORT[:-1]}0"}, "the report"),
        ({"res": "FAILED"}, "the outcome"),
        ({"code": "jose.alg_none"}, "the reason"),
        ({"rp": "th-hospital"}, "the relying party"),
        ({"pol": "2"}, "the policy"),
        ({"pur": "sim-registration"}, "the purpose"),
        ({"list": f"1 {'A' * 43}"}, "the trust list"),
        ({"st": f"{'A' * 43} none"}, "the status lists"),
        ({"iss": "SG https://another.sg.example"}, "the issuer"),
        ({"kt": "A" * 43}, "the key"),
        ({"fmt": "mso_mdoc"}, "the format"),
        ({"loa": "A2"}, "the level"),
        ({"rel": "birthdate name"}, "what was released"),
        ({"recorded_at": NOON - LIMITS.log_clock_back - MINUTE}, "the time"),
        ({"recorded_at": NOON + LIMITS.idempotency_window + LIMITS.clock_leeway + MINUTE / 60}, "the time"),
    ],
)
def test_a_record_of_another_answer_proves_nothing_of_this_one(
    whole: Bundle, changes: dict[str, object], what: str
) -> None:
    found = looked_at(with_receipt(whole, **changes))

    assert not about(found, "record").proven
    assert about(found, "record").by == f"the record is about another answer: it differs in {what}"


def test_a_record_of_the_refusal_is_none_of_an_answer_that_was_accepted(whole: Bundle) -> None:
    name = "alg-none"
    refused, credential = reported(name)[0], asked(name)[0]["credential"]

    swapped = replace(whole, receipt=receipt_of(credential, refused))

    assert about(looked_at(swapped), "record").by.endswith("it differs in the outcome and the reason")
    assert about(looked_at(bundle(name)), "record").proven


def test_a_question_that_was_repeated_is_recorded_when_it_was_repeated(whole: Bundle) -> None:
    found = looked_at(with_receipt(whole, recorded_at=NOON + LIMITS.idempotency_window))

    assert about(found, "record").proven


def test_a_record_about_another_credential_is_told(whole: Bundle) -> None:
    other = receipt_of("another credential", reported(NAME)[0])

    found = looked_at(replace(whole, receipt=other))

    assert not about(found, "credential").proven
    assert "time.evidence_mismatch" in about(found, "credential").by


def test_an_assertion_that_was_not_committed_to_is_told(whole: Bundle) -> None:
    committed = receipt_of(asked(NAME)[0]["credential"], reported(NAME)[0], assertion="this one")

    one, other = (replace(whole, receipt=committed, assertion=text) for text in ("this one", "that one"))

    assert about(looked_at(one), "credential").proven
    assert "the assertion" in about(looked_at(one), "credential").by
    assert not about(looked_at(other), "credential").proven


@pytest.mark.parametrize("receipt", [None, "no receipt", "\ud800"])
def test_without_a_receipt_nothing_of_a_record_is_proven(whole: Bundle, receipt: str | None) -> None:
    found = looked_at(replace(whole, receipt=receipt))

    assert {one.about for one in found.proven} == {"decision", "material"}


def test_material_that_is_not_that_of_the_decision_proves_nothing_at_all(whole: Bundle) -> None:
    files = {path: octets for path, octets in whole.trust.files.items() if path != "lists/TH.jws"}

    found = looked_at(replace(whole, trust=replace(whole.trust, files=files)))

    assert found.proven == ()
    assert found.replayed is None
    assert {one.about for one in found.not_proven} == PROVABLE | NEVER


def test_a_bundle_without_its_credential_proves_the_record_and_its_time(whole: Bundle) -> None:
    apart = whole.without_credential()
    assert whole.brought is not None

    assert {one.about for one in looked_at(apart).proven} == {"material", "record", "time"}
    assert {one.about for one in findings(apart, now=LATER, brought=whole.brought).proven} == PROVABLE


def test_another_decision_is_told_with_its_places(whole: Bundle) -> None:
    found = looked_at(replace(whole, brought=Brought(asked("alg-none")[0]["credential"])))

    assert not about(found, "decision").proven
    assert "it differs at $.assurance, $.chain, $.checks and 16 places more" in about(found, "decision").by


def test_the_same_decision_of_another_version_is_told_as_such(whole: Bundle) -> None:
    found = looked_at(by_another_version(whole))

    assert about(found, "decision").proven
    assert "another version than 0.0.9" in about(found, "decision").by


def test_a_decision_that_cannot_be_read_shows_nothing(whole: Bundle) -> None:
    with pytest.raises(DisputeError):
        looked_at(replace(whole, decision=b"{"))


def test_what_is_proven_names_by_whom_and_when_and_what_no_signature_says_is_never_proven(whole: Bundle) -> None:
    found = looked_at(whole)

    assert {one.about for one in found.proven} == PROVABLE
    assert {one.about for one in found.not_proven} == NEVER
    assert about(found, "record").by == (
        "the log of SG (sandbox.node.sg.example/log), entry 1, signed by that log, which names the report, the outcome,"
        " the relying party, the policy, the purpose, the time, the trust list, the status lists, the issuer, the key,"
        " the format, the level and what was released"
    )
    assert about(found, "time").by == "cosigned by the witness of TH at 2026-11-24T12:00:30Z"
    assert about(found, "time").time == "2026-11-24T12:00:30Z, as another state says"


def test_a_cosignature_of_an_hour_later_counts_as_of_then(whole: Bundle) -> None:
    found = looked_at(with_receipt(whole, confirmed_at=NOON + 60 * MINUTE))

    assert about(found, "time").time == "2026-11-24T13:00:00Z, as another state says"


def test_a_year_later_the_same_is_proven(whole: Bundle) -> None:
    found = findings(whole, now=NOON + timedelta(days=365))

    assert {one.about for one in found.proven} == PROVABLE
