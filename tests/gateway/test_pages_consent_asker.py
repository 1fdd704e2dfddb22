"""A yes is said to whom the page named, for what it said: to another name or purpose it is no yes."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from idbridge.model.request import RelyingParty
from idbridge_gateway.oidc.clients import ClientDirectory, Contacts
from tests.gateway.logging_in import FORGED, Visit, page_of, refused, token_in, visit_in
from tests.gateway.test_pages_receipt import form_of, gone_on


@pytest.fixture
def visit(shared_files: Path) -> Visit:
    return visit_in(shared_files)


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_an_answer_to_somebody_who_had_another_name_on_the_page_does_not_count(visit: Visit, answer: str) -> None:
    name = visit.logged_in()
    text = page_of(visit.get(f"/consent?t={name}"))
    renamed(visit, "Bank of Another River")

    refused(visit.send(f"/consent?t={name}", {"token": token_in(text), "answer": answer}), FORGED)
    assert "Bank of Another River" in page_of(visit.get(f"/consent?t={name}"))
    assert visit.say(name, answer).status_code == 303


@pytest.mark.parametrize("changed", [{"contact": "sales@elsewhere.example"}, {"withdrawal": "nowhere"}])
def test_from_a_receipt_nobody_goes_on_to_a_record_that_says_otherwise_how_to_take_it_back(
    shared_files: Path, changed: dict[str, str]
) -> None:
    told = Contacts("privacy@bank.th.example", "https://bank.th.example/withdraw")
    visit = visit_in(shared_files, contacts=told)
    name = visit.logged_in()
    kept = form_of(visit, name) | {"receipt": "yes"}
    receipt = page_of(visit.send(f"/consent?t={name}", kept))
    contacts_now(visit, replace(told, **changed))

    refused(visit.send(f"/consent?t={name}", {**kept, "token": token_in(receipt)}), FORGED)
    assert next(iter(changed.values())) in saved_file(visit, name)
    assert gone_on(visit, name).status_code == 303


def test_a_yes_under_a_purpose_that_was_called_otherwise_does_not_count(visit: Visit) -> None:
    name = visit.logged_in()
    text = page_of(visit.get(f"/consent?t={name}"))
    register = visit.bank.provider.turns.begin().state.snapshot.purposes
    found = register.find("account-opening")
    assert found is not None
    object.__setattr__(found, "name", {**found.name, "en": "Selling what you say"})

    refused(visit.send(f"/consent?t={name}", {"token": token_in(text), "answer": "yes"}), FORGED)


def renamed(visit: Visit, name: str) -> None:
    """Register the bank's party under another name, with the clients that it has."""
    registered(visit, replace(visit.bank.party, name=name))


def contacts_now(visit: Visit, contacts: Contacts) -> None:
    """Register other ways to reach the bank's party."""
    registered(visit, visit.bank.party, {visit.bank.party.id: contacts})


def registered(visit: Visit, party: RelyingParty, contacts: Mapping[str, Contacts] = MappingProxyType({})) -> None:
    clients = visit.bank.provider.clients
    assert isinstance(clients, ClientDirectory)
    held = ClientDirectory.of((one.client for one in clients.by_id.values()), {party.id: party}, contacts)
    object.__setattr__(clients, "by_id", held.by_id)


def saved_file(visit: Visit, name: str) -> str:
    """The receipt as it is handed over from the page that is shown now."""
    text = page_of(visit.get(f"/consent?t={name}"))
    boxes = re.findall(r'<input type="hidden" name="(share\.[^"]+)" value="yes">', text)
    fields = {"token": token_in(text), "answer": "yes", **dict.fromkeys(boxes, "yes")}
    return visit.send(f"/receipt?t={name}", fields).text
