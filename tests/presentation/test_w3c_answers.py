"""W3C presentations as answers to a DCQL query: held against what the credentials in them say, in their own names."""

import json
from typing import Any

import pytest

from idbridge.model.randomness import SystemRandomness
from idbridge.sandbox.catalogue import entries
from idbridge.sandbox.mint import mint
from idbridge.sandbox.questions import question
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier
from tests.sandbox.regions import NOON, region, snapshot

VERIFIER = Verifier(trust=snapshot(), status=EMPTY_STATUS)
CASES = {
    "sg-vc-opens-account": ("vc+jwt", "LionPassIdentity"),
    "sg-vc-sd-jwt-opens-account": ("vc+sd-jwt", "LionPassIdentity"),
    "sg-vc-sd-jwt-in-presentation": ("vc+sd-jwt", "LionPassIdentity"),
    "th-vc-opens-account": ("jwt_vc_json", "VerifiableAttestation"),
}


def answered(name: str, *, beside: dict[str, Any] | None = None, **asked: Any) -> Report:
    """The report on the credential of a case as the answer to a query for it."""
    case = entries()[name].case
    body = json.loads(mint(case, region=region(), at=NOON, randomness=SystemRandomness()).body)
    form, type_ = CASES.get(name, ("vc+jwt", "LionPassIdentity"))
    query = {
        "id": "one",
        "format": form,
        "meta": {"type_values": [["VerifiableCredential", type_]]},
        "claims": [{"path": ["credentialSubject", "givenName"]}],
        **asked,
    }
    sent = {**body, "dcql": {"credentials": [query]}, "credential": json.dumps({"one": [body["credential"]]})}
    party = region().registration(str(case.relying_party)).relying_party
    return VERIFIER.verify(question({**sent, **(beside or {})}, relying_party=party), at=NOON)


def code(report: Report) -> str | None:
    return report.reason.code if report.reason is not None else None


@pytest.mark.parametrize("name", CASES)
def test_another_type_claim_value_or_format_than_asked_for_is_refused(name: str) -> None:
    assert code(answered(name, meta={"type_values": [["Diploma"]]})) == "query.type_mismatch"
    assert code(answered(name, claims=[{"path": ["credentialSubject", "shoeSize"]}])) == "query.claim_missing"
    given = {"path": ["credentialSubject", "givenName"], "values": ["Nobody"]}
    assert code(answered(name, claims=[given])) == "query.value_mismatch"
    assert code(answered(name, format="dc+sd-jwt", meta={"vct_values": ["x"]})) == "query.format_mismatch"


def test_two_credentials_in_one_presentation_are_more_than_one_was_asked_for() -> None:
    assert code(answered("sg-vc-two-in-one-presentation")) == "query.format_mismatch"
    assert code(answered("sg-vc-two-in-one-presentation", multiple=True)) == "query.format_mismatch"


@pytest.mark.parametrize("name", CASES)
def test_a_presentation_answers_the_query_for_what_it_holds(name: str) -> None:
    report = answered(name)

    assert code(report) is None
    assert report.accepted


@pytest.mark.parametrize("name", CASES)
def test_what_it_shows_can_be_asserted_by_a_node(name: str) -> None:
    case = entries()[name].case
    body = json.loads(mint(case, region=region(), at=NOON, randomness=SystemRandomness()).body)
    registered = region().registration(str(case.relying_party))
    asked = {**body, "assertion": {"audience": registered.audience}}
    report = VERIFIER.verify(question(asked, relying_party=registered.relying_party), at=NOON)

    assert code(report) is None
    assert report.request.assertion_audience == registered.audience
