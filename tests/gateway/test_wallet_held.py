"""An answer that waits for its browser is judged again when it is released: a denial of the meantime wins."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.limits import LIMITS
from idbridge_gateway.api.faults import LISTS_UNREACHABLE, Faults
from tests.gateway.asking import Node, node_in
from tests.gateway.test_repeated import moved
from tests.gateway.test_wallet_pages import CALLBACK, answered_here, opened, page_text, registered
from tests.gateway.wallets import Wallets

UNHURRIED = LIMITS.idempotency_window + timedelta(seconds=30)  # what was in force before is forgotten by then


@pytest.fixture
def wallets(node: Node) -> Wallets:
    return Wallets(node)


def deny(wallets: Wallets, *, status: str = "withdrawn", service: str = "sg-pid") -> None:
    wallets.node.app.state.trust.exchange(moved(wallets.node, service=service, status=status))


@pytest.mark.parametrize("status", ["withdrawn", "compromised"])
@pytest.mark.parametrize("pause", [timedelta(seconds=5), UNHURRIED])
def test_a_denial_that_is_published_while_an_answer_waits_for_its_browser_wins(
    wallets: Wallets, status: str, pause: timedelta
) -> None:
    ordered = wallets.ordered()
    back = answered_here(wallets, ordered)
    deny(wallets, status=status)
    wallets.node.clock.turn(seconds=pause.total_seconds())

    assert opened(wallets, back).status_code == 303
    report = wallets.seen(ordered)["report"]
    assert (report["accepted"], report["reason"]["code"]) == (False, f"issuer.{status}")
    assert report["claims"] == {}


def test_a_denial_that_is_published_before_the_relying_party_fetches_an_answer_wins(wallets: Wallets) -> None:
    registered(wallets, [CALLBACK])
    ordered = wallets.ordered(return_uri=CALLBACK, assertion={"audience": "https://sandbox.bank.th.example"})
    location = opened(wallets, answered_here(wallets, ordered)).headers["location"]
    deny(wallets)

    report = wallets.seen(ordered, code=location.partition("response_code=")[2])["report"]
    assert (report["accepted"], report["reason"]["code"]) == (False, "issuer.withdrawn")
    assert report["assertion"] is None


def test_a_registration_that_was_narrowed_while_an_answer_waits_counts(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    back = answered_here(wallets, ordered)
    registry = wallets.node.app.state.parts.registry
    narrowed = {
        one.id: replace(one, relying_party=replace(one.relying_party, claims=frozenset({"name"})))
        for one in registry.registrations
    }
    registry.exchange(narrowed.values())

    opened(wallets, back)
    assert set(wallets.seen(ordered)["report"]["claims"]) == {"name"}


def test_an_answer_whose_relying_party_is_switched_off_meanwhile_is_not_released(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    back = answered_here(wallets, ordered)
    registry = wallets.node.app.state.parts.registry
    before = registry.registrations
    registry.exchange(
        replace(one, relying_party=replace(one.relying_party, enabled=one.id != "th-bank")) for one in before
    )

    assert opened(wallets, back).status_code == 303
    registry.exchange(before)
    assert wallets.seen(ordered)["report"] is None


@pytest.mark.parametrize("pause", [timedelta(seconds=5), UNHURRIED])
def test_trust_that_moved_elsewhere_lets_an_answer_count_once(wallets: Wallets, pause: timedelta) -> None:
    ordered = wallets.ordered(expires_in=3600)
    back = answered_here(wallets, ordered)
    deny(wallets, service="my-login")
    wallets.node.clock.turn(seconds=pause.total_seconds())

    assert opened(wallets, back).status_code == 303
    seen = wallets.seen(ordered)
    assert (seen["state"], seen["device"], seen["report"]["accepted"]) == ("answered", "same", True)
    opened(wallets, back)
    assert wallets.seen(ordered) == seen


def test_an_answer_waits_on_while_this_node_cannot_judge_it(shared_files: Path) -> None:
    faults = Faults()
    wallets = Wallets(node_in(shared_files, faults=faults))
    ordered = wallets.ordered()
    back = answered_here(wallets, ordered)
    faults.switch(LISTS_UNREACHABLE, on=True)
    page_text(opened(wallets, back), 503)

    faults.switch(LISTS_UNREACHABLE, on=False)
    opened(wallets, back)
    assert wallets.seen(ordered)["report"]["accepted"] is True


def test_an_answer_whose_spending_is_not_known_any_more_is_not_released(wallets: Wallets) -> None:
    """The store of one-time values has forgotten: what may have been spent by somebody else is not accepted."""
    ordered = wallets.ordered()
    back = answered_here(wallets, ordered)
    wallets.node.app.state.parts.stores.one_time._spent.clear()

    page_text(opened(wallets, back), 503)
    assert wallets.seen(ordered)["report"] is None


def test_of_many_windows_that_come_back_at_once_one_lets_the_answer_count(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    back = answered_here(wallets, ordered)

    async def at_once() -> list[int]:
        async with wallets.node.client() as client:
            head = wallets.browser.head()
            answers = await asyncio.gather(*(client.get(back, headers=head) for _ in range(5)))
        return [answer.status_code for answer in answers]

    assert asyncio.run(at_once()) == [303] * 5
    assert wallets.seen(ordered)["report"]["accepted"] is True
