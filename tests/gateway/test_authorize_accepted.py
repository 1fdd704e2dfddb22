"""Where a login leads that is in order: back to the client, with a code and nothing personal in the address."""

import re
from pathlib import Path

import pytest
from fastapi import Response

from idbridge_gateway.oidc.browser import TransactionCookies
from idbridge_gateway.oidc.completion import Consent
from tests.gateway.providing import PURPOSE_TEXT, Bank, bank_in, name_of, told


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


def test_PAREnsureServerAcceptsReusedRequestUriBeforeAuthenticationCompletion(bank: Bank) -> None:  # noqa: N802
    """A page that is loaded again begins again; after that minute the login that was begun goes on."""
    uri = bank.pushed()
    bank.begin(uri=uri)
    again = bank.begin(uri=uri)
    bank.node.clock.turn(minutes=3)
    bank.complete(again, bank.report())

    assert "code" in told(bank.complete(again, Consent.YES))


def test_a_person_who_agrees_is_sent_back_with_a_code(bank: Bank) -> None:
    response = bank.authorize(client_id="bank", request_uri=bank.pushed())
    name = name_of(response)
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"__Host-idbridge-{name}=")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=900"} <= set(re.split("; ", cookie))
    assert "domain" not in cookie.lower()
    assert cookie.split("=")[1].split(";")[0] not in response.headers["location"]
    at_consent = bank.complete(name, bank.report())
    assert (at_consent.status_code, at_consent.headers["location"]) == (303, f"/consent?t={name}")
    answer = told(bank.complete(name, Consent.YES))

    assert answer.keys() == {"code", "iss", "state"}
    assert answer["iss"] == bank.issuer
    assert PURPOSE_TEXT not in str(answer)


def test_a_plain_request_of_a_client_that_may_leads_to_a_code(bank: Bank) -> None:
    name = name_of(bank.authorize(None, **bank.asked("shop")))
    bank.complete(name, bank.report())

    assert "code" in told(bank.complete(name, Consent.YES))


def test_on_plain_http_of_this_machine_the_cookie_has_no_prefix() -> None:
    response = Response()
    TransactionCookies(secure=False).set(response, "A" * 43)

    assert response.headers["set-cookie"].startswith("idbridge-")
    assert "Secure" not in response.headers["set-cookie"]
