"""A request to a wallet ends once, in one way, and everybody who looks is told the same."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.api.faults import ONE_TIME_BROKEN, ONE_TIME_FULL, Faults
from idbridge_gateway.stores.sealed import Kind, SealedStore
from idbridge_gateway.wallet.presentations import OpenCount, Presentations
from idbridge_gateway.wallet.records import Outcome
from tests.gateway.asking import Node, node_in, problem_of
from tests.gateway.test_wallet_pages import answered_here, opened, page_text, path_of
from tests.gateway.wallets import Wallets, opaque


@pytest.fixture
def wallets(node: Node) -> Wallets:
    return Wallets(node)


@dataclass
class Unhurried:
    """A store that lets everybody else go first, as one behind a network does."""

    store: SealedStore

    async def put(self, kind: Kind, handle: str, value: bytes, *, until: datetime) -> None:
        await asyncio.sleep(0)
        await self.store.put(kind, handle, value, until=until)

    async def read(self, kind: Kind, handle: str) -> bytes | None:
        await asyncio.sleep(0)
        return await self.store.read(kind, handle)

    async def take(self, kind: Kind, handle: str) -> bytes | None:
        await asyncio.sleep(0)
        return await self.store.take(kind, handle)

    async def replace(self, kind: Kind, handle: str, value: bytes, *, until: datetime) -> bool:
        await asyncio.sleep(0)
        return await self.store.replace(kind, handle, value, until=until)


def unhurried(wallets: Wallets) -> Presentations:
    """The presentations of the node, over its own store, which takes its time."""
    return Presentations(store=Unhurried(wallets.node.app.state.parts.stores.sealed), randomness=SystemRandomness())


def link_of(ordered: dict[str, Any]) -> str:
    return str(ordered["page"].rpartition("/")[2])


@pytest.mark.parametrize("fault", [ONE_TIME_FULL, ONE_TIME_BROKEN])
def test_an_answer_that_could_not_be_verified_may_be_sent_again(shared_files: Path, fault: str) -> None:
    faults = Faults()
    wallets = Wallets(node_in(shared_files, faults=faults))
    ordered = wallets.ordered(response_mode="direct_post")
    asked = wallets.asked(ordered)
    token = wallets.vp_token(asked)
    faults.switch(fault, on=True)

    response = wallets.answer(asked, token)
    assert response.status_code >= 500
    assert wallets.state(ordered) == "pending"
    faults.switch(fault, on=False)
    assert wallets.answer(asked, token).status_code == 200
    assert wallets.seen(ordered)["report"]["accepted"] is True
    opaque(wallets.answer(asked, token))


def test_the_page_of_an_answer_goes_on_saying_so_when_the_relying_party_forgets_it(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    wallets.answer(wallets.asked(ordered))
    assert wallets.cancel(ordered).status_code == 204

    text = page_text(opened(wallets, path_of(ordered)))
    assert 'data-outcome="answered"' in text
    assert "nothing was shared" not in text.lower()


def test_the_page_does_not_say_answered_before_the_browser_is_back(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    back = answered_here(wallets, ordered)

    assert 'data-outcome="pending"' in page_text(opened(wallets, path_of(ordered)))
    opened(wallets, back)
    assert 'data-outcome="answered"' in page_text(opened(wallets, path_of(ordered)))


def test_an_answer_that_comes_back_after_the_end_of_its_request_does_not_count(wallets: Wallets) -> None:
    ordered = wallets.ordered(expires_in=60)
    back = answered_here(wallets, ordered)
    wallets.node.clock.turn(seconds=60)
    assert wallets.state(ordered) == "expired"

    opened(wallets, back)
    assert wallets.state(ordered) == "expired"


def test_cancelling_again_and_again_keeps_nothing_more(wallets: Wallets) -> None:
    ordered, store = wallets.ordered(), wallets.node.app.state.parts.stores.sealed
    wallets.cancel(ordered)
    before = len(store._expiries)

    for _ in range(3):
        assert wallets.cancel(ordered).status_code == 204
    assert len(store._expiries) == before


def test_what_was_cancelled_or_answered_is_not_counted_as_open(wallets: Wallets) -> None:
    wallets.node.app.state.wallet.presentations._open = OpenCount(most=2)
    for _ in range(3):
        wallets.cancel(wallets.ordered(expires_in=86_400))
    for _ in range(3):
        assert wallets.answer(wallets.asked(wallets.ordered())).status_code == 200
    for _ in range(2):
        wallets.ordered(expires_in=86_400)

    refused = wallets.order()
    assert problem_of(refused, 503) == "system.overloaded"
    assert refused.headers["retry-after"] == "86400"


def test_of_several_browsers_that_begin_at_once_one_goes_on(wallets: Wallets) -> None:
    link = link_of(wallets.ordered())
    presentations = unhurried(wallets)

    async def begin() -> list[str]:
        found = await asyncio.gather(*(presentations.on_device(link, browser=str(one)) for one in range(3)))
        return [str(number) for number, page in enumerate(found) if page is not None and page.browser == str(number)]

    begun = asyncio.run(begin())
    page = asyncio.run(presentations.page(link))
    assert page is not None
    assert begun == [page.browser]


def test_a_browser_that_begins_while_the_request_ends_does_not_open_it_again(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    presentations = unhurried(wallets)

    async def race() -> None:
        ends = presentations.cancel(ordered["id"], owner="th-bank")
        await asyncio.gather(ends, presentations.on_device(link_of(ordered), browser="one"))

    asyncio.run(race())
    page = asyncio.run(presentations.page(link_of(ordered)))
    assert page is not None
    assert page.outcome is Outcome.CANCELLED
    assert page.on_device is None or asyncio.run(presentations.request(page.on_device)) is None
