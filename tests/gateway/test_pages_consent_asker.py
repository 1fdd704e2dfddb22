"""A yes is said to whom the page named, for what it said: to another name or purpose it is no yes."""

from dataclasses import replace
from pathlib import Path

import pytest

from idbridge_gateway.oidc.clients import ClientDirectory
from tests.gateway.logging_in import FORGED, Visit, page_of, refused, token_in, visit_in


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
    clients, party = visit.bank.provider.clients, replace(visit.bank.party, name=name)
    assert isinstance(clients, ClientDirectory)
    held = ClientDirectory.of((one.client for one in clients.by_id.values()), {party.id: party})
    object.__setattr__(clients, "by_id", held.by_id)
