"""A request that comes by form: OpenID Connect Core 1.0 section 3.1.2.1 asks for it; every rule is that of a query."""

import json
from pathlib import Path

import httpx2
import pytest

from idbridge.limits import LIMITS
from idbridge_gateway.oidc.completion import Consent
from tests.gateway.providing import Bank, bank_in, name_of, page_of, told
from tests.gateway.test_authorize import NOWHERE, PLAIN_NOWHERE


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


def posted(bank: Bank, path: str = "/oauth/authorize", **parameters: str) -> httpx2.Response:
    response = bank.post(path, parameters, **bank.browser.head())
    bank.browser.take(response)
    return response


@pytest.mark.parametrize("name", NOWHERE)
def test_without_a_request_that_was_pushed_a_form_leads_nowhere_either(bank: Bank, name: str) -> None:
    parameters, code = NOWHERE[name]

    assert code in page_of(posted(bank, **(bank.asked() if name.startswith("Ensure") else parameters)))


@pytest.mark.parametrize("name", PLAIN_NOWHERE)
def test_an_address_that_is_not_registered_is_not_redirected_to_for_a_form(bank: Bank, name: str) -> None:
    assert "evil.example" not in page_of(posted(bank, **bank.asked("shop", **PLAIN_NOWHERE[name])))


def test_a_form_beside_a_query_or_of_another_kind_leads_nowhere(bank: Bank) -> None:
    asked = bank.asked("shop")

    assert "invalid_request" in page_of(posted(bank, "/oauth/authorize?state=x", **asked))
    kind = {"content-type": "application/json"}
    other = bank.node.send("POST", "/oauth/authorize", body=json.dumps(asked).encode(), headers=kind)
    assert "input.media_type" in page_of(other, 415)
    assert "input.body_too_large" in page_of(bank.post("/oauth/authorize", b"a=" + b"b" * LIMITS.body_bytes), 413)


def test_of_a_form_too_the_client_is_told_once_the_address_is_known(bank: Bank) -> None:
    assert told(posted(bank, **bank.asked("shop", scope="email")))["error"] == "invalid_scope"


@pytest.mark.parametrize("pushed", [True, False])
def test_a_login_begins_by_a_form_as_by_a_query(bank: Bank, pushed: bool) -> None:
    asked = {"client_id": "bank", "request_uri": bank.pushed()} if pushed else bank.asked("shop")
    name = name_of(posted(bank, **asked))
    bank.complete(name, bank.report())

    assert "code" in told(bank.complete(name, Consent.YES))
