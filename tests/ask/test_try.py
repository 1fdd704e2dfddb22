"""`/try` outside the practice area: for whoever signed in, within what is registered for them, and for nobody else."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace

import httpx2
import pytest

from idbridge.model.randomness import SystemRandomness
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.mint import mint
from idbridge_gateway.registry.record import RequestLimits
from tests.ask.kit import Business
from tests.gateway.logging_in import FORGED, page_of, refused, token_in
from tests.gateway.paging import code_shown
from tests.gateway.providing import Browser

CASE = "la-code-visits-building"


@pytest.fixture
def signed_in(business: Business) -> Business:
    """A business at a node without examples, signed in."""
    assert business.sign_in("?to=try") == "/try"
    return business


def credential_of(business: Business, name: str) -> str:
    case = replace(case_named(name), relying_party="th-try")
    minted = mint(case, region=business.node.region, at=business.node.clock.now(), randomness=SystemRandomness())
    return str(json.loads(minted.body)["credential"])


def tried(business: Business, headers: Mapping[str, str] | None = None, **changes: str) -> httpx2.Response:
    good = {
        "token": token_in(business.get("/try").text),
        "credential": credential_of(business, CASE),
        "purpose": "building-visit",
        "state": "TH",
    }
    return business.send("/try", {**good, **changes}, **(headers or {}))


def test_whoever_is_not_signed_in_is_told_who_may_and_where_to_sign_in(signed_in: Business) -> None:
    fields = {"token": token_in(signed_in.get("/try").text), "credential": "x", "purpose": "age-check", "state": "TH"}
    signed_in.browser = Browser()

    for answer in (signed_in.get("/try"), signed_in.send("/try", fields)):
        text = page_of_any(answer, 403)
        assert "Sign in first" in text
        assert 'href="/ask/sign-in?to=try"' in text


def page_of_any(answer: httpx2.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return answer.text


@pytest.mark.parametrize(
    ("headers", "changes"),
    [
        ({"sec_fetch_site": "cross-site"}, {}),
        ({"origin": "https://evil.example"}, {}),
        ({"origin": "null"}, {}),
        ({}, {"token": ""}),
        ({}, {"token": "A" * 43}),
    ],
)
def test_a_form_of_another_site_is_not_answered_in_the_name_of_who_signed_in(
    signed_in: Business, headers: dict[str, str], changes: dict[str, str]
) -> None:
    refused(tried(signed_in, headers, **changes), FORGED)


def test_a_purpose_or_state_that_is_not_registered_cannot_be_chosen(signed_in: Business) -> None:
    for changes in ({"purpose": "account-opening"}, {"purpose": "x"}, {"state": "SG"}, {"state": ""}):
        assert "Choose a use and a state" in page_of(tried(signed_in, None, **changes), 422)
    assert "Nothing was sent" in page_of(tried(signed_in, sample="sg-pid-opens-account"), 422)


def test_the_page_offers_what_is_registered_and_no_examples(signed_in: Business) -> None:
    text = page_of(signed_in.get("/try"))

    assert "Sample Quay Trading" in text
    assert 'name="sample"' not in text
    form = text.split('id="paste-purpose"')[1].split("</form>")[0]
    assert sorted(re.findall(r'option value="([a-z-]+)"', form)) == [
        "age-check",
        "building-visit",
        "company-representation",
    ]
    assert re.findall(r'option value="([A-Z]{2})"', form) == ["TH"]
    assert signed_in.get("/try").headers["referrer-policy"] == "same-origin"


def test_an_answer_shows_no_more_than_is_registered_and_is_counted(signed_in: Business) -> None:
    signed_in.register(signed_in.registered(party={"claims": frozenset({"nationality"})}, limits=RequestLimits(1, 1)))
    text = page_of(tried(signed_in))

    assert "<h1>Accepted" in text
    assert "<dt>Name</dt>" not in text
    late = tried(signed_in)
    assert (late.status_code, code_shown(late)) == (429, "policy.rate_exceeded")
