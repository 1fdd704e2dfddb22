"""Whom somebody represents, in the report and in an assertion: every name of the contract, and who acts."""

from datetime import UTC, datetime

import pytest

from idbridge.model.check import Refused
from idbridge.model.credential import Mandate
from idbridge.model.login import Encryption, LoginExpectations
from idbridge.sandbox.edits import ABSENT
from idbridge.sandbox.full_logins import FullLogin
from idbridge.sandbox.presentations import Presentation
from idbridge.verify.represents import mandate_document, represents_document
from tests.verify.pretend import answered, reasons

END = datetime(2027, 1, 1, tzinfo=UTC)
PURPOSE = "company-representation"
BOUNDED = Mandate("SG-UEN", "209900001K", "Sample", frozenset({"sign", "represent"}), None, END)
OWN = Mandate("VN-MST", "0000000501", "Sen", frozenset(), None, None, itself=True)


def test_nobody_is_represented_without_a_mandate() -> None:
    assert represents_document(None) is None
    assert mandate_document(None) is None


def test_a_report_says_power_and_end_of_a_mandate() -> None:
    assert represents_document(BOUNDED) == {
        "entity": {"scheme": "SG-UEN", "value": "209900001K"},
        "power": ["represent", "sign"],
        "until": "2027-01-01T00:00:00Z",
        "acting": "representative",
        "name": "Sample",
        "scope": ["represent", "sign"],
        "valid_from": None,
        "valid_until": "2027-01-01T00:00:00Z",
    }


def test_an_assertion_says_what_it_always_said_and_who_acts_only_for_a_legal_person_itself() -> None:
    assert set(mandate_document(BOUNDED) or {}) == {"entity", "name", "scope", "valid_from", "valid_until"}
    assert (mandate_document(OWN) or {})["acting"] == "itself"


def test_a_representative_is_told_with_the_company_and_not_without_a_purpose_for_it() -> None:
    source = FullLogin("th-company-login", "th-thanaporn", company="th-champi")
    told = answered(source, party_id="sg-bank", purpose=PURPOSE)
    represents = told.render(told.request.detail, report_id="r")["represents"]

    assert (represents["entity"], represents["acting"]) == (
        {"scheme": "TH-DBD", "value": "0105599000011"},
        "representative",
    )
    assert represents["power"] == ["represent"]
    assert represents["until"] == "2027-11-24T12:00:00Z"
    assert "act for the organisation" in told.render(told.request.detail, report_id="r")["summary"]


def test_a_legal_person_itself_is_told_without_a_name_of_a_person() -> None:
    report = answered(FullLogin("vn-organisation-login", "vn-maianh", company="vn-sen"), purpose=PURPOSE)
    document = report.render(report.request.detail, report_id="r")

    assert (document["represents"]["acting"], document["represents"]["power"]) == ("itself", None)
    assert document["represents"]["name"] == "Công ty TNHH Hoa Sen Thí Dụ"
    assert "name" not in document["claims"]
    assert "names no person" in document["summary"]


def test_what_is_said_of_a_representative_can_never_be_asked_for() -> None:
    source = FullLogin("sg-corporate-login", "sg-tan", company="sg-quay")
    report = answered(source, purpose=PURPOSE, claims=("representative_name", "represents", "name"))
    document = report.render(report.request.detail, report_id="r")

    assert set(document["claims"]) == {"name"}
    assert {one["claim"] for one in document["not_released"]} == {"representative_name", "represents"}


def test_a_login_without_level_is_worth_the_lowest_that_its_list_has() -> None:
    silent = FullLogin("sg-corporate-login", "sg-tan", company="sg-quay", token={"acr": ABSENT})

    assert reasons(answered(silent, purpose=PURPOSE)) == ["recognition.loa_too_low"]
    credential = answered(silent, purpose=PURPOSE).findings.credential
    assert credential is not None
    assert (credential.level.name, credential.national_level) == ("A1", None)


@pytest.mark.parametrize(
    "expected", [{"login": LoginExpectations(code="c")}, {"login": LoginExpectations(access_token="a")}]
)
def test_what_only_a_login_answers_is_refused_of_anything_else(expected: dict[str, LoginExpectations]) -> None:
    report = answered(Presentation("sg-pid", "sg-tan"), expected=expected)

    assert reasons(report) == ["policy.expectation_unanswerable"]
    with pytest.raises(Refused):
        report.require_passed()


def test_what_did_not_open_is_refused_before_anything_of_it_is_read() -> None:
    report = answered(FullLogin("sg-login", "sg-tan"), encryption=Encryption(refused="jose.decryption_failed"))

    assert reasons(report) == ["jose.decryption_failed"]
    assert report.findings.unverified is None
