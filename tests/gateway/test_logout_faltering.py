"""A yes to a logout that the store could not carry out can be said again: nobody stays logged in for want of a page."""

from dataclasses import replace
from pathlib import Path

import pytest

from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.stores.sealed import Kind
from tests.gateway.faltering import falters_once
from tests.gateway.providing import LOGGED_OUT, Browser, bank_at, bank_in, page_of
from tests.gateway.test_logout import asked, logged_in, out, question_in, said, stands
from tests.gateway.test_narrowed_registration import Registry


@pytest.mark.parametrize("kind", [Kind.ACCESS_TOKEN, Kind.SESSION])
def test_a_yes_that_could_not_be_carried_out_counts_when_it_is_said_again(
    shared_files: Path, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    bank = bank_in(shared_files)
    login = logged_in(bank)
    question = question_in(asked(bank))
    falters_once(monkeypatch, "take", kind)

    page_of(asked(bank, "POST", question=question, answer="yes"), 503)
    ended = asked(bank, "POST", question=question, answer="yes")
    assert said(ended, "done")
    assert not stands(bank, login)
    page_of(asked(bank, "POST", question=question, answer="yes"))


def test_a_yes_that_is_said_again_leads_where_the_registration_of_that_moment_allows(
    shared_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked stays as it was asked, however the client was registered when the yes could not be carried out."""
    bank = bank_in(shared_files)
    registered = bank.provider.clients.find("bank")
    assert registered is not None
    registry = Registry({"bank": registered})
    bank = bank_at(bank.node, directory_of=registry)
    login = logged_in(bank)
    elsewhere = Browser()
    question = question_in(asked(bank, browser=elsewhere, **out(login["id_token"])))
    falters_once(monkeypatch, "take", Kind.SESSION)

    client = replace(registered.client, post_logout_redirect_uris=())
    registry.by_id["bank"] = RegisteredClient(client, registered.relying_party)
    page_of(asked(bank, "POST", elsewhere, question=question, answer="yes"), 503)
    registry.by_id["bank"] = registered
    ended = asked(bank, "POST", elsewhere, question=question, answer="yes")
    assert ended.headers["location"] == f"{LOGGED_OUT}?state=state-1"
    assert not stands(bank, login)
