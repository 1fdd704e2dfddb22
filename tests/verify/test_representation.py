"""A representative's attestation beside an identity: the person is one, and the company is told, or it is refused."""

from dataclasses import replace
from typing import Any

import pytest

from idbridge.model.check import Result
from idbridge.model.credential import VerifiedCredential
from idbridge.model.query import Query
from idbridge.model.region import AssuranceLevel
from idbridge.model.request import Detail
from idbridge.presentation.dcql import parse_query
from idbridge.reasons import Indication
from idbridge.sandbox.cases.dcql import asked as credential_query
from idbridge.sandbox.cases.dcql import query as body_of
from idbridge.sandbox.companies import CompanyPresentation
from idbridge.sandbox.presentations import Presentation, Representation
from idbridge.sandbox.vp_tokens import Sent, VpToken
from idbridge.verify.persons import ENTITIES, contradict, represent_two, same_person
from idbridge.verify.report import Report
from tests.recognition.credentials import MANDATE, credential
from tests.verify.pretend import answered, reasons, region

PID = credential_query("pid", "urn:example:sg:pid:1")
ATTESTATION = credential_query("company", "urn:example:sg:company-representative:1")
TAN = Presentation("sg-pid", "sg-tan")
FOR_QUAY = Presentation("sg-representative", "sg-tan", represents=Representation("sg-quay"))
QUAY = ("SG-UEN", "209900001K")
LOWER = "urn:example:sg:loa:2"
NAMELESS = ("name", "family_name", "given_name", "father_name")
COMPANY = replace(MANDATE, itself=True)


def wallet(holder: str) -> dict[str, Any]:
    return dict(region().wallet(holder).public_jwk)


def asks(*credentials: dict[str, Any]) -> Query:
    return parse_query(body_of(*credentials)["dcql"])


def shown(*sent: Sent, query: Query, **changes: Any) -> Report:
    changes = {"purpose": "company-representation", "claims": ("name", "position"), **changes}
    return answered(VpToken(sent), query=query, **changes)


def represented(report: Report) -> dict[str, Any] | None:
    found: dict[str, Any] | None = report.render(Detail.SIMPLE, report_id="r")["represents"]
    return found


def identity_first(attestation: Presentation = FOR_QUAY, pid: Presentation = TAN, **changes: Any) -> Report:
    return shown(Sent("pid", pid), Sent("company", attestation), query=asks(PID, ATTESTATION), **changes)


def attestation_first(attestation: Presentation = FOR_QUAY, pid: Presentation = TAN, **changes: Any) -> Report:
    return shown(Sent("company", attestation), Sent("pid", pid), query=asks(ATTESTATION, PID), **changes)


@pytest.mark.parametrize("show", [identity_first, attestation_first])
def test_the_attestation_of_somebody_else_is_no_mandate_of_the_person(show: Any) -> None:
    """Kavitha acts for the company; that her attestation lies beside Tan's identity gives Tan nothing."""
    report = show(replace(FOR_QUAY, person="sg-kavitha"))

    assert "mandate.missing" in reasons(report)
    assert report.reason is not None
    assert report.reason.code == "mandate.missing"
    assert report.identity is None or not report.accepted
    assert represented(report) is None


@pytest.mark.parametrize("show", [identity_first, attestation_first])
def test_an_attestation_without_a_name_under_another_key_is_not_shown_to_be_the_persons(show: Any) -> None:
    report = show(replace(FOR_QUAY, person="sg-kavitha", withheld=NAMELESS))

    assert reasons(report) == ["mandate.missing"]
    assert not report.accepted


def test_an_attestation_that_is_itself_refused_lends_nothing() -> None:
    ended = replace(FOR_QUAY, represents=Representation("sg-quay", scope=("fetch-post",)))

    assert reasons(identity_first(ended)) == ["mandate.missing", "mandate.out_of_scope"]


def test_attestations_for_two_companies_lend_nothing() -> None:
    pier = credential_query("other", "urn:example:sg:company-representative:1")
    report = shown(
        Sent("pid", TAN),
        Sent("company", FOR_QUAY),
        Sent("other", replace(FOR_QUAY, represents=Representation("sg-pier"))),
        query=asks(PID, ATTESTATION, pier),
    )

    assert reasons(report) == ["mandate.missing"]


def test_the_mandate_of_a_weaker_attestation_does_not_stand_under_a_higher_level() -> None:
    weaker = replace(FOR_QUAY, level=LOWER)

    assert reasons(identity_first(weaker)) == ["mandate.missing"]
    report = attestation_first(weaker)
    assert report.indication is Indication.PASSED
    assert report.identity is not None
    assert report.identity.level is AssuranceLevel.A2


@pytest.mark.parametrize("show", [identity_first, attestation_first])
def test_another_company_than_the_expected_one_is_refused(show: Any) -> None:
    assert "mandate.entity_mismatch" in reasons(show(expected={"entity": ("SG-UEN", "209900002M")}))


def test_a_purpose_for_natural_persons_tells_no_company() -> None:
    report = identity_first(purpose="account-opening", claims=("name",))

    assert represented(report) is None


def test_an_attestation_that_shows_no_name_counts_by_its_key_unless_the_query_asks_for_the_name() -> None:
    """One wallet's key stands in both; a name that is withheld contradicts nothing, and can be asked for."""
    under_her_key = {"cnf": {"jwk": wallet("sg-tan")}}
    hers = replace(FOR_QUAY, withheld=NAMELESS)
    of_another = replace(FOR_QUAY, person="sg-kavitha", bound_by="sg-tan", payload=under_her_key)
    named = {**ATTESTATION, "claims": [{"path": ["name"]}]}

    for attestation in (hers, replace(of_another, withheld=NAMELESS)):
        unasked = identity_first(attestation)
        asked = shown(Sent("pid", TAN), Sent("company", attestation), query=asks(PID, named))
        assert (unasked.indication, represented(unasked) is None) == (Indication.PASSED, False)
        assert "query.claim_missing" in reasons(asked)
        assert represented(asked) is None
    differing = shown(Sent("pid", TAN), Sent("company", of_another), query=asks(PID, named))
    assert "query.persons_differ" in reasons(differing)


def test_no_assertion_rests_on_an_identity_that_names_no_company() -> None:
    audience = "https://sandbox.bank.th.example"

    assert reasons(identity_first(assertion_audience=audience)) == ["policy.assertion_not_available"]
    assert attestation_first(assertion_audience=audience).indication is Indication.PASSED


@pytest.mark.parametrize("show", [identity_first, attestation_first])
def test_person_and_company_are_told_where_one_key_holds_both(show: Any) -> None:
    report = show(expected={"entity": QUAY})

    assert report.indication is Indication.PASSED, reasons(report)
    told = represented(report)
    assert told is not None
    assert (told["entity"], told["acting"]) == ({"scheme": QUAY[0], "value": QUAY[1]}, "representative")
    released, withheld = report.released()
    assert released.keys() == {"name", "position"}
    assert not withheld


def test_the_check_says_that_another_credential_states_the_mandate() -> None:
    made = [one for one in identity_first().checks if one.id == "recognition.12"]

    assert [one.note for one in made] == ["another credential of the same person states it", ""]


# A legal person itself


SEN = ("VN-MST", "0000000501")
ITSELF = CompanyPresentation("vn-organisation-wallet", "vn-sen")


@pytest.mark.parametrize("other", [("VN-MST", "0000000502"), ("SG-UEN", "0000000501")])
def test_a_company_is_no_other_than_the_expected_one(other: tuple[str, str]) -> None:
    report = answered(ITSELF, purpose="company-representation", expected={"entity": other})

    assert reasons(report) == ["mandate.entity_mismatch"]
    assert represented(report) is None


def test_a_company_lends_no_mandate_to_a_person_whose_key_is_the_same() -> None:
    """Its keeper put both into one wallet; the company is told of itself, and the person acts for nobody."""
    both = asks(
        credential_query("itself", "urn:example:vn:organisation-itself:1"),
        credential_query("acting", "urn:example:vn:organisation:1"),
    )
    keeper = Presentation("vn-organisation", "vn-maianh", payload={"cnf": {"jwk": wallet("vn-sen")}}, bound_by="vn-sen")
    report = shown(Sent("itself", ITSELF), Sent("acting", keeper), query=both)

    assert reasons(report) == ["mandate.missing", "query.persons_differ"]
    assert not report.accepted


def test_a_company_that_shows_itself_is_told_as_itself() -> None:
    report = answered(ITSELF, purpose="company-representation", claims=("name",), expected={"entity": SEN})

    document = report.render(Detail.DETAILED, report_id="r")
    assert report.indication is Indication.PASSED
    assert document["holder"] == {"bound": True, "method": "kb-jwt"}
    assert document["represents"]["entity"] == {"scheme": SEN[0], "value": SEN[1]}
    assert (document["represents"]["acting"], document["represents"]["power"]) == ("itself", None)
    assert (document["claims"], document["not_released"]) == ({}, [{"claim": "name", "why": "absent"}])
    assert {"entity.1", "recognition.15"} <= {check.id for check in report.checks if check.result is Result.PASSED}


# Who is one, and who is two


def of(**changes: Any) -> VerifiedCredential:
    return credential(**{"claims": {}, **changes})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(COMPANY, None, id="a company and a person"),
        pytest.param(COMPANY, MANDATE, id="a company and who acts for it"),
        pytest.param(COMPANY, replace(COMPANY, entity_value="201900002B"), id="two companies"),
        pytest.param(COMPANY, replace(COMPANY, entity_scheme="VN-MST"), id="one number of two registers"),
    ],
)
def test_a_legal_person_itself_is_nobody_else(one: Any, other: Any) -> None:
    """One key holds both, and still: whoever keeps a company's wallet is not the company."""
    assert contradict(of(mandate=one), of(mandate=other)) == ENTITIES
    assert contradict(of(mandate=other), of(mandate=one)) == ENTITIES
    assert not same_person(of(mandate=one), of(mandate=other))


def test_one_company_and_one_representative_of_two_companies_are_no_contradiction() -> None:
    two = replace(MANDATE, entity_value="201900002B")

    assert contradict(of(mandate=COMPANY), of(mandate=COMPANY)) is None
    assert contradict(of(mandate=MANDATE), of(mandate=two)) is None
    assert represent_two(of(mandate=MANDATE), of(mandate=two))
    assert not represent_two(of(mandate=MANDATE), of(mandate=MANDATE))
    assert not represent_two(of(mandate=MANDATE), of())


def test_what_a_person_is_in_another_company_is_not_told_beside_it() -> None:
    pier = replace(FOR_QUAY, represents=Representation("sg-pier"))
    also = credential_query("other", "urn:example:sg:company-representative:1")
    report = shown(
        Sent("company", replace(FOR_QUAY, withheld=("position",))), Sent("other", pier), query=asks(ATTESTATION, also)
    )

    assert report.indication is Indication.PASSED
    assert report.released() == (
        {"name": report.released()[0]["name"]},
        [{"claim": "position", "why": "other_credential"}],
    )
