"""The report: exactly the members of the contract, nothing personal unless PASSED, and one decision for one verdict."""

import json
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from idbridge import __version__
from idbridge.model.check import CheckPoint, Refused, Step
from idbridge.model.request import Detail
from idbridge.reasons import Indication
from idbridge.sandbox.assertions import AssertionOf
from idbridge.sandbox.logins import Login
from idbridge.sandbox.people import population
from idbridge.sandbox.presentations import Presentation, Representation
from idbridge.verify.findings import Findings
from idbridge.verify.report import Report, compose
from idbridge.verify.schema import BATCH_REQUEST, REPORTS, VERIFY_REQUEST, documents
from idbridge.verify.summary import accepted_summary
from tests.verify.pretend import NOON, answered, asked, verifier

LOGIN = Login("sg-login", "sg-tan")
DIRECTOR = Presentation("sg-representative", "sg-tan", represents=Representation("sg-quay"))
COMPANY: dict[str, Any] = {"purpose": "company-representation", "claims": ("name", "nationality")}

SIMPLE = [
    "schema", "report_id", "environment", "indication", "accepted", "reason", "summary", "format", "issuer",
    "assurance", "recognition", "holder", "status", "represents", "claims", "not_released", "trust_snapshot",
    "status_snapshot", "policy", "evaluated_at", "historical", "verifier_version", "assertion", "receipt",
]  # fmt: skip
DETAILED = [*SIMPLE, "reasons", "checks", "trust", "dcql"]
EVIDENCE = [*DETAILED, "digests", "chain", "sub_indication"]

REPORTS_OF_EVERY_KIND: dict[str, Report] = {
    "passed login": answered(LOGIN),
    "passed card with a chain": answered(Presentation("sg-pid", "sg-tan")),
    "passed bearer": answered(
        Presentation("la-card", "la-bounmy", bound=False), party_id="th-tower", purpose="building-visit"
    ),
    "passed mandate": answered(DIRECTOR, **COMPANY),
    "passed assertion": answered(AssertionOf("sg-node", "sg-branch", LOGIN)),
    "passed at home": answered(Login("th-login", "th-kitti")),
    "historical": verifier().verify(asked(LOGIN), at=NOON, historical=True),
    "spent": answered(LOGIN).spent(),
    "undeliverable": answered(LOGIN).undeliverable("policy.assertion_not_available"),
    "unregistered": answered(LOGIN, purpose="health-visit"),
    "malformed": answered(LOGIN, credential="!"),
    "unknown key": answered(Login("sg-login", "sg-tan", header={"kid": "x"})),
    "forged": answered(Login("sg-login", "sg-tan", signed_by="th-login")),
    "expired": answered(Login("sg-login", "sg-tan", token={"exp": NOON})),
    "not recognised": answered(Login("tl-login", "tl-domingos")),
    "wrong company": answered(DIRECTOR, **COMPANY, expected={"entity": ("UEN", "another")}),
    "undecided": answered(Login("sg-login", "sg-tan", token={"status": {"status_list": {"idx": 1, "uri": "u"}}})),
}
EVERY_KIND = pytest.mark.parametrize("report", REPORTS_OF_EVERY_KIND.values(), ids=REPORTS_OF_EVERY_KIND.keys())


def rendered(report: Report, detail: Detail = Detail.EVIDENCE) -> dict[str, Any]:
    return report.render(detail, report_id="rep_1")


# What never leaves


PERSONAL = sorted(
    {person.display for person in population().people.values()}
    | {person.subject for person in population().people.values()}
    | {person.facts["birthdate"] for person in population().people.values()}
    | {part.native for person in population().people.values() for part in person.parts}
    | {company.name for company in population().companies.values()}
    | {company.value for company in population().companies.values()}
)


@EVERY_KIND
def test_nothing_about_anybody_leaves_with_a_report_that_is_not_passed(report: Report) -> None:
    document = rendered(report)
    if report.indication is Indication.PASSED:
        assert document["claims"]
        return

    text = json.dumps(document, ensure_ascii=False)
    assert not [fact for fact in PERSONAL if fact in text]
    assert (document["claims"], document["represents"]) == ({}, None)


@EVERY_KIND
def test_neither_the_credential_nor_the_nonce_nor_a_subject_is_repeated(report: Report) -> None:
    text = json.dumps(rendered(report), ensure_ascii=False)

    assert report.request.credential not in text or len(report.request.credential) < 2
    assert report.request.expected.nonce is None or report.request.expected.nonce not in text
    assert not [person.subject for person in population().people.values() if person.subject in text]


@EVERY_KIND
def test_a_report_shows_nothing_personal_of_itself_to_a_log(report: Report) -> None:
    text = repr(report)

    assert not [fact for fact in PERSONAL if fact in text]
    assert report.request.credential not in text or len(report.request.credential) < 2


def test_a_purpose_that_is_no_registered_code_is_not_repeated() -> None:
    report = answered(LOGIN, purpose="Tan Hui Ling wants to open an account")

    assert "Tan Hui Ling" not in json.dumps(rendered(report))


# What stands there


@EVERY_KIND
@pytest.mark.parametrize(
    ("detail", "members"), [(Detail.SIMPLE, SIMPLE), (Detail.DETAILED, DETAILED), (Detail.EVIDENCE, EVIDENCE)]
)
def test_a_report_has_exactly_the_members_of_the_contract(report: Report, detail: Detail, members: list[str]) -> None:
    document = rendered(report, detail)

    assert list(document) == members
    Draft202012Validator(dict(REPORTS[detail]), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(document)


@EVERY_KIND
def test_a_report_is_plain_json(report: Report) -> None:
    document = rendered(report)

    assert json.loads(json.dumps(document, ensure_ascii=False, allow_nan=False)) == document


@EVERY_KIND
def test_only_a_passed_report_of_the_present_is_accepted(report: Report) -> None:
    document = rendered(report)

    assert report.accepted is (report.indication is Indication.PASSED and not report.historical)
    assert (document["accepted"], document["indication"]) == (report.accepted, report.indication.value)
    assert (document["reason"] is None) is (report.indication is Indication.PASSED)
    assert document["reason"] is None or document["reason"] in document["reasons"]
    assert document["sub_indication"] == (report.reason.sub_indication if report.reason else None)


@EVERY_KIND
def test_a_report_names_what_it_rests_on(report: Report) -> None:
    document = rendered(report)

    assert document["trust_snapshot"] == verifier().trust.id
    assert document["status_snapshot"] == verifier().status.id
    assert document["verifier_version"] == __version__
    assert document["policy"] == {"id": report.request.relying_party.id, "version": 1}
    assert document["evaluated_at"] == "2026-11-24T12:00:00Z"
    assert [document["assertion"], document["receipt"]] == [None, None]


def test_an_issuer_is_named_only_once_its_signature_verified() -> None:
    forged = rendered(REPORTS_OF_EVERY_KIND["forged"])
    expired = rendered(REPORTS_OF_EVERY_KIND["expired"])

    assert forged["issuer"] is None
    assert forged["trust"]["service"]["type"] == "urn:idbridge:service:login"
    assert expired["issuer"]["state"] == "SG"
    assert rendered(REPORTS_OF_EVERY_KIND["malformed"])["trust"] is None


def test_the_list_that_was_relied_on_is_told_with_its_freshness() -> None:
    trust = rendered(REPORTS_OF_EVERY_KIND["passed login"])["trust"]
    provenance = verifier().trust.provenance(answered(LOGIN).require_passed().credential.service.member_state)

    assert (trust["list"]["digest"], trust["list"]["sequence"]) == (provenance.digest, provenance.sequence)
    assert (trust["list"]["freshness"], trust["list"]["distribution"]) == ("fresh", "plain")
    assert trust["service"]["status"] == "urn:idbridge:status:granted"
    assert trust["key"]["through"] == "list"


def test_evidence_names_arrangement_and_certificates_by_digest() -> None:
    foreign = rendered(REPORTS_OF_EVERY_KIND["passed card with a chain"])
    at_home = rendered(REPORTS_OF_EVERY_KIND["passed at home"])

    history = verifier().trust.arrangements.histories["SG-TH"]
    assert foreign["digests"]["arrangement"] == history.versions[foreign["recognition"]["version"] - 1].digest
    assert foreign["digests"]["purposes"] == verifier().trust.purposes.digest
    assert foreign["chain"]
    assert foreign["trust"]["key"]["through"] == "chain"
    assert at_home["digests"]["arrangement"] is None
    assert at_home["chain"] == []


def test_levels_binding_and_rule_are_told() -> None:
    document = rendered(REPORTS_OF_EVERY_KIND["passed bearer"], Detail.SIMPLE)

    assert document["assurance"]["loa"] == "A1"
    assert document["assurance"]["authentication"] == "A1"
    assert document["assurance"]["mapping"].startswith("LA-TH version 1: ")
    assert document["holder"] == {"bound": False, "method": "none"}
    assert document["recognition"]["limits"]
    assert document["status"] == {"state": "none", "as_of": None}


def test_a_mandate_is_told_with_its_scope_and_period() -> None:
    represents = rendered(REPORTS_OF_EVERY_KIND["passed mandate"])["represents"]

    assert represents["scope"] == ["represent"]
    assert represents["valid_from"] < "2026-11-24T12:00:00Z" < represents["valid_until"]
    assert set(represents["entity"]) == {"scheme", "value"}


# Words


def test_an_acceptance_is_told_in_plain_words() -> None:
    report = answered(
        LOGIN, claims=("name", "age_over_20", "sex", "email"), party={"claims": frozenset({"name", "birthdate", "sex"})}
    )

    assert rendered(report, Detail.SIMPLE)["summary"] == (
        "Accepted: genuine, in force today, recognised by TH for opening an account (level: high). "
        "The sender proved it is theirs. Shared: name, over 20, sex. Not shared: email."
    )


def test_who_could_be_anybody_with_a_copy_is_told_so() -> None:
    summary = rendered(REPORTS_OF_EVERY_KIND["passed bearer"])["summary"]

    assert "anyone with a copy could show it" in summary
    assert "visiting a building (level: low)" in summary


def test_other_acceptances_say_what_differs() -> None:
    assert "may act for the organisation" in rendered(REPORTS_OF_EVERY_KIND["passed mandate"])["summary"]
    assert rendered(REPORTS_OF_EVERY_KIND["historical"])["summary"].startswith("This accepts nothing today.")


def test_words_never_fail_for_want_of_a_word() -> None:
    identity = REPORTS_OF_EVERY_KIND["passed login"].require_passed()

    words = accepted_summary(
        identity, purpose=None, shared=["place_of_birth", "age_over_65"], not_shared=[], historical=False
    )

    assert words.endswith("Shared: place of birth, over 65.")
    assert "for this use" in words


@EVERY_KIND
def test_a_refusal_is_told_in_the_words_of_the_catalogue(report: Report) -> None:
    reason = report.reason
    if reason is None:
        return

    document = rendered(report)
    assert document["summary"] == reason.business
    assert document["reason"]["remedy"] == reason.remedy
    assert document["reason"].get("retry_after_s") == (
        int(reason.retry_after.total_seconds()) if reason.retry_after is not None else None
    )


# Decision


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_the_decision_is_the_same_whatever_was_rendered_before(one: str, other: str) -> None:
    report = answered(LOGIN)
    before = report.decision()

    report.render(Detail.SIMPLE, report_id=one, assertion=other)["claims"].clear()
    report.render(Detail.EVIDENCE, report_id=other, receipt={"x": one})["checks"].clear()

    assert report.decision() == before


@EVERY_KIND
def test_the_decision_holds_the_evidence_without_its_circumstances(report: Report) -> None:
    decided = json.loads(report.decision())

    circumstances = {"report_id", "accepted", "summary", "historical", "assertion", "receipt"}
    assert set(decided) == set(EVIDENCE) - circumstances
    assert "retry_after_s" not in json.dumps(decided)


def test_the_decision_about_another_instant_is_another_and_the_one_about_this_is_not() -> None:
    request = asked(LOGIN)
    now, then = verifier().verify(request, at=NOON), verifier().verify(request, at=NOON, historical=True)

    assert now.decision() == then.decision()
    assert now.spent().decision() != now.decision()


# Use


@EVERY_KIND
def test_a_report_is_neither_true_nor_false(report: Report) -> None:
    with pytest.raises(TypeError):
        bool(report)


@EVERY_KIND
def test_who_was_recognised_is_had_only_from_an_accepted_report(report: Report) -> None:
    if report.accepted:
        assert report.require_passed() is report.findings.recognised
    elif report.historical:
        with pytest.raises(ValueError, match="historical"):
            report.require_passed()
    else:
        with pytest.raises(Refused) as caught:
            report.require_passed()
        assert report.reason is not None
        assert caught.value.code == report.reason.code


def test_a_value_spent_before_makes_the_report_failed_and_keeps_its_other_reasons() -> None:
    spent = answered(LOGIN).spent()
    doubly = REPORTS_OF_EVERY_KIND["undecided"].spent()

    assert (spent.indication, spent.reason and spent.reason.code) == (Indication.FAILED, "holder.replayed")
    assert spent.one_time == ()
    assert rendered(spent)["claims"] == {}
    assert doubly.indication is Indication.FAILED
    assert [reason["code"] for reason in rendered(doubly)["reasons"]] == ["status.unavailable", "holder.replayed"]


def test_an_assertion_that_cannot_be_made_makes_the_report_failed() -> None:
    report = answered(LOGIN).undeliverable("policy.assertion_not_available", "a note")

    assert report.indication is Indication.FAILED
    assert rendered(report)["reason"]["note"] == "a note"


def test_a_report_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        answered(LOGIN).historical = True  # type: ignore[misc]


def test_nothing_checked_and_nobody_recognised_make_no_report() -> None:
    made: dict[str, Any] = {
        "trust": verifier().trust,
        "statuses": verifier().status,
        "at": NOON,
        "historical": False,
        "findings": Findings(),
    }
    point = CheckPoint("test.1", Step.V2, "a clause")

    for checks in ((), (point.skipped("why"),)):
        with pytest.raises(ValueError, match="empty is not success"):
            compose(asked(LOGIN), checks=checks, **made)
    with pytest.raises(ValueError, match="without an identity"):
        compose(asked(LOGIN), checks=(point.passed,), **made)


# Schemas


def test_every_schema_is_a_schema() -> None:
    for document in documents().values():
        Draft202012Validator.check_schema(document)


@pytest.mark.parametrize(
    "request_body",
    [
        {"credential": "x", "purpose": "p"},
        {
            "credential": "x",
            "format": "id_token",
            "purpose": "p",
            "purpose_text": "abc",
            "expected": {"nonce": "n", "audience": "a", "loa": "A2", "entity": {"scheme": "UEN", "value": "1"}},
            "claims": ["name"],
            "assertion": {"audience": "a"},
            "detail": "evidence",
        },
    ],
)
def test_a_request_as_the_interface_page_has_it_fits_its_schema(request_body: dict[str, Any]) -> None:
    validator = Draft202012Validator(dict(VERIFY_REQUEST))

    validator.validate(request_body)
    Draft202012Validator(dict(BATCH_REQUEST)).validate({"items": [request_body, {"anything": 1}]})
    for forbidden in ("at", "policy", "status", "relying_party", "dcql", "time_evidence"):
        assert not validator.is_valid({**request_body, forbidden: "x"})
