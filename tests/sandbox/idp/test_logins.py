"""Logins from the request to the verdict, at every login service that is listed: what the list says of it is true."""

import pytest

from idbridge.model.region import MemberState
from idbridge.reasons import Indication
from idbridge.sandbox.idp.listed import Speech, listed_in, login_services
from tests.sandbox.idp.kit import Visit, document, error_of, visit
from tests.sandbox.regions import NOON, region

SERVICES = login_services(region(), at=NOON)
# What a bank in Thailand recognises; the others are as genuine, and no arrangement covers them there for this.
RECOGNISED = {"sg-login", "sg-login-sealed", "sg-corporate-login", "vn-organisation-login"}


def test_there_is_a_provider_for_every_login_service_that_is_granted_and_for_no_other() -> None:
    assert set(SERVICES) == {
        "bn-login", "id-login", "kh-login", "my-login", "ph-login", "sg-login", "sg-login-sealed", "sg-corporate-login",
        "th-login", "th-company-login", "th-broker", "tl-login", "vn-login", "vn-organisation-login",
    }  # fmt: skip


def test_the_tier_of_a_state_decides_how_its_providers_speak_and_one_is_not_standard() -> None:
    speech = {one: listed_in(region(), one).speech for one in SERVICES}

    assert {one for one, spoken in speech.items() if spoken is Speech.REDIRECT_TOKEN} == {"kh-login"}
    assert {listed_in(region(), one).service.state for one in SERVICES if speech[one] is Speech.FAPI} == {
        MemberState.SG, MemberState.TH,
    }  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_a_login_goes_through_every_check_of_the_token_itself(service: str) -> None:
    at_provider = visit(service)
    tokens = at_provider.tokens()

    report = at_provider.judged(tokens)

    refused = [check for check in report.checks if check.id.startswith("id-token.") and check.reason is not None]
    assert not refused, refused
    assert report.findings.credential is not None, report.reason
    assert report.findings.credential.holder.method.value == "login"


@pytest.mark.parametrize("service", sorted(RECOGNISED))
def test_a_login_that_is_recognised_passes_as_a_whole(service: str) -> None:
    at_provider = visit(service)

    report = at_provider.judged(at_provider.tokens())

    assert (report.indication, report.reason) == (Indication.PASSED, None)


@pytest.mark.parametrize("service", SERVICES)
def test_whoever_is_offered_can_log_in_at_every_level(service: str) -> None:
    listed = listed_in(region(), service)
    choices = [
        *({"person": one.id} for one in listed.people),
        *({"company": one.id} for one in listed.companies),
        *({"level": level} for level in listed.levels),
    ]

    assert choices
    for choice in choices:
        assert visit(service).tokens(choice)["id_token"]


@pytest.mark.parametrize("service", [one for one in SERVICES if one != "kh-login"])
def test_userinfo_says_of_the_person_what_the_token_says(service: str) -> None:
    at_provider = visit(service)
    tokens = at_provider.tokens()
    answer = at_provider.userinfo(tokens["access_token"])

    assert answer.status == 200
    assert dict(answer.headers)["content-type"] == "application/jwt"
    report = at_provider.judged(tokens, userinfo=answer.body.decode())
    beside = next(check for check in report.checks if check.id == "id-token.14")
    assert beside.result.value == "PASSED", beside


def test_a_sealed_token_opens_for_the_node_that_asked_and_for_no_other() -> None:
    at_provider = visit("sg-login-sealed")
    tokens = at_provider.tokens()

    elsewhere = at_provider.judged(tokens, node=MemberState.SG)

    assert tokens["id_token"].count(".") == 4
    assert elsewhere.reason is not None
    assert elsewhere.reason.code == "jose.decryption_failed"


def test_a_subject_that_does_not_last_is_another_one_at_every_login() -> None:
    first, second = (visit("bn-login") for _ in range(2))

    assert None not in (subject(first), subject(second))
    assert subject(first) != subject(second)


def subject(at_provider: Visit) -> str | None:
    report = at_provider.judged(at_provider.tokens())
    assert report.findings.credential is not None
    return report.findings.credential.subject


def test_the_token_of_the_redirect_is_exchanged_once() -> None:
    at_provider = visit("kh-login")
    token = at_provider.code()

    assert document(at_provider.redeem(token)).keys() == {"access_token", "id_token", "status"}
    assert error_of(at_provider.redeem(token)) == "invalid_grant"
