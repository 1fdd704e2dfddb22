"""Step V8: the registration bounds the request, and the request can only narrow."""

from typing import Any

import pytest

from idbridge.errors import ConfigurationError, RequestError
from idbridge.model.check import Check, Result
from idbridge.model.credential import RecognisedIdentity
from idbridge.model.region import Environment, Format
from idbridge.model.request import Expectations, RelyingParty
from idbridge.verify.policy import check_demands, check_registration, require_entitled
from tests.recognition.credentials import assertion, credential
from tests.recognition.documents import MY
from tests.verify.questions import A0, A1, A2, A3, AUDIENCE, party, question, recognised


def codes(checks: tuple[Check, ...]) -> dict[str, str]:
    """The refused checks with their codes."""
    return {check.id: check.reason.code for check in checks if check.reason is not None}


def demands(identity: RecognisedIdentity | None, relying_party: RelyingParty | None = None, **changes: Any) -> Any:
    presented = identity.credential if identity is not None else credential()
    return check_demands(question(relying_party, **changes), credential=presented, recognised=identity)


# Registration


def test_a_disabled_registration_asks_nothing() -> None:
    with pytest.raises(RequestError) as caught:
        require_entitled(party(enabled=False), environment=Environment.SANDBOX)

    assert caught.value.code == "policy.relying_party_disabled"


def test_a_registration_of_another_environment_asks_nothing() -> None:
    with pytest.raises(ConfigurationError) as caught:
        require_entitled(party(environment=Environment.LIVE), environment=Environment.SANDBOX)

    assert caught.value.code == "system.configuration"


@pytest.mark.parametrize("purpose", ["", "age-check", "account-opening ", "Account-opening", "*"])
def test_a_purpose_that_is_not_registered_is_refused(purpose: str) -> None:
    checks = check_registration(question(purpose=purpose))

    assert codes(checks) == {"policy.1": "policy.purpose_not_registered"}
    assert "account-opening" in checks[0].note


@pytest.mark.parametrize("audience", ["", "https://bank.th.example/", "https://other.example", "*"])
def test_an_expected_audience_that_is_not_registered_is_refused_and_the_note_says_which_are(audience: str) -> None:
    checks = check_registration(question(expected=Expectations(audience=audience)))

    assert codes(checks) == {"policy.2": "policy.audience_not_registered"}
    assert AUDIENCE in checks[1].note


@pytest.mark.parametrize("audience", [AUDIENCE, "client-1", "https://node.th.example"])
def test_every_identifier_under_which_the_party_receives_anything_may_be_expected(audience: str) -> None:
    asked = question(expected=Expectations(audience=audience), node_audiences=frozenset({"https://node.th.example"}))

    assert codes(check_registration(asked)) == {}


@pytest.mark.parametrize("audience", ["", "client-1", "https://node.th.example", "https://other.example"])
def test_an_assertion_is_made_only_for_a_registered_audience(audience: str) -> None:
    asked = question(assertion_audience=audience, node_audiences=frozenset({"https://node.th.example"}))

    assert codes(check_registration(question(assertion_audience=AUDIENCE))) == {}
    assert codes(check_registration(asked)) == {"policy.3": "policy.audience_not_registered"}


def test_all_that_is_not_registered_is_told_at_once() -> None:
    asked = question(purpose="x", expected=Expectations(audience="y"), assertion_audience="z")

    assert list(codes(check_registration(asked))) == ["policy.1", "policy.2", "policy.3"]


def test_what_was_not_asked_for_is_skipped_and_says_so() -> None:
    purpose, audience, assertion_audience = check_registration(question())

    assert purpose.result is Result.PASSED
    assert (audience.result, assertion_audience.result) == (Result.SKIPPED, Result.SKIPPED)
    assert audience.note
    assert assertion_audience.note


# Demands


@pytest.mark.parametrize(
    ("registered", "asked", "refused"),
    [(A0, None, False), (A2, None, False), (A3, None, True), (A0, A2, False), (A0, A3, True), (A3, A1, True)],
)
def test_the_level_has_to_reach_what_is_registered_and_what_is_asked(
    registered: Any, asked: Any, refused: bool
) -> None:
    checks = demands(recognised(), party(minimum_level=registered), expected=Expectations(minimum_level=asked))

    assert codes(checks) == ({"policy.4": "policy.loa_too_low"} if refused else {})


def test_a_level_that_is_too_low_says_what_would_have_been_accepted() -> None:
    (level, _) = demands(recognised(), expected=Expectations(minimum_level=A3))

    assert level.note == "needed: A3; accepted would have been: A2 or lower"


def test_without_recognition_the_level_is_refused_if_hopeless_and_never_passed() -> None:
    assert codes(demands(None, expected=Expectations(minimum_level=A3))) == {"policy.4": "policy.loa_too_low"}
    (level, _) = demands(None, expected=Expectations(minimum_level=A1))
    assert level.result is Result.SKIPPED


def test_no_assertion_is_made_from_an_assertion() -> None:
    presented = assertion(MY)
    asked = question(assertion_audience=AUDIENCE)

    assert presented.format is Format.ASSERTION
    checks = check_demands(asked, credential=presented, recognised=None)
    assert codes(checks) == {"policy.5": "policy.assertion_not_available"}
    assert codes(demands(recognised(), assertion_audience=AUDIENCE)) == {}
