"""People with marks of their own are exchanged, and answer a business that asks by link; no mark of theirs is left.

What a relying party is told, and what a business prints, is theirs; everything else that a node keeps is searched.
"""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from idbridge.sandbox.people import population
from tests.ask.kit import INVOICE, business_at
from tests.ask.test_asking import answered
from tests.gateway.asking import LOGIN, PRESENTATION, Node
from tests.gateway.conftest import shared_files
from tests.gateway.logging_in import page_of
from tests.gateway.recording import publish
from tests.gateway.test_exchange import exchange, exchanging, form_of
from tests.promises.canaries import Traces, files_below, found_in

__all__ = ["exchanging", "shared_files"]
SPENT_OCTETS = 32  # of one value that counts once
TAN = population().people["sg-tan"]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    for name in ("idbridge_gateway", "uvicorn", "asyncio", "fastapi", "httpx2"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def kept_by(node: Node) -> dict[str, bytes]:
    """Everything that a node of one process keeps: its stores as a copy of the memory shows them, and its files."""
    publish(node.settings)
    stores = node.app.state.parts.stores
    sealed = b"".join(name + value.octets for name, value in stores.sealed.held.items())
    places = {"sealed": sealed, "spent": b"".join(stores.one_time._spent)}
    places["repeated"] = repr(stores.idempotency.held).encode()
    places["counted"] = repr(stores.tallies._counts).encode()
    places |= dict(files_below(node.settings.state_dir, name="state"))
    assert node.settings.log_dir is not None
    return places | dict(files_below(node.settings.log_dir, name="log"))


def test_nothing_of_anybody_is_left_behind_by_exchanges(exchanging: Node, logged: pytest.LogCaptureFixture) -> None:
    told = [exchange(exchanging, form_of(exchanging, case)) for case in (LOGIN, PRESENTATION)]
    spent = form_of(exchanging)
    exchange(exchanging, spent)
    marked: tuple[dict[str, Any], ...] = (
        spent,
        form_of(exchanging, audience=TAN.facts["email"]),
        form_of(exchanging, purpose=TAN.display),
        form_of(exchanging, subject_expected=json.dumps({TAN.display: TAN.facts["address"]})),
        form_of(exchanging, subject_token=TAN.facts["personal_number"]),
        form_of(exchanging, client_id=TAN.subject),
    )
    refused = [exchange(exchanging, form) for form in marked]

    assert [response.status_code for response in told] == [200, 200]
    assert all(found_in(response.content) for response in told)
    assert all(response.status_code in {400, 401, 403} for response in refused)
    places = kept_by(exchanging)
    assert len(places["spent"]) >= 2 * SPENT_OCTETS
    assert Traces(places).hits() == {}
    assert found_in(b"\n".join(response.content for response in refused)) == set()
    assert found_in(logged.text.encode()) == set()


def test_of_who_answered_a_business_nothing_is_left_but_what_the_business_prints(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    business = business_at(tmp_path)
    places = [business.sign_in()]
    places.append(business.ask(purpose_text=f"{INVOICE} for {TAN.display}"))
    business.node.clock.turn(seconds=0.25)
    places.append(business.link(places[-1]))
    assert answered(business, places[1]).status_code == 200
    printed = page_of(business.get(places[1]))

    assert found_in(printed.encode()), "the business is told who acts for the company"
    kept = kept_by(business.node)
    assert len(kept["sealed"]) > 1_000
    assert Traces(kept).hits() == {}
    assert found_in("\n".join(places).encode()) == set()
    assert found_in(logged.text.encode()) == set()
