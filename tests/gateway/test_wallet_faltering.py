"""A genuine answer of a wallet is not lost to one fault of this node's own store, and never counts twice."""

import asyncio
from typing import Any

import pytest

from idbridge.errors import RequestError
from idbridge_gateway.stores.one_time import MemoryOneTime
from idbridge_gateway.stores.sealed import Kind, MemorySealedStore
from tests.gateway.asking import Node, problem_of
from tests.gateway.faltering import STORE, falters_once
from tests.gateway.test_wallet_pages import (
    CALLBACK,
    answered_here,
    go_on,
    link_here,
    opened,
    page_text,
    path_of,
    registered,
)
from tests.gateway.wallets import Wallets, opaque


@pytest.fixture
def wallets(node: Node) -> Wallets:
    return Wallets(node)


def loses_its_answer_once(monkeypatch: pytest.MonkeyPatch, operation: str, kind: Kind) -> None:
    """Let ``operation`` do the next time what it was asked, and nobody hear of it."""
    whole: Any = getattr(MemorySealedStore, operation)
    left = [True]

    async def once(self: MemorySealedStore, of: Kind, *arguments: Any, **named: Any) -> Any:
        done = await whole(self, of, *arguments, **named)
        if left[0] and of is kind:
            left[0] = False
            raise RequestError(STORE, "the store did not answer in time")
        return done

    monkeypatch.setattr(MemorySealedStore, operation, once)


def spends_and_says_nothing_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole: Any = MemoryOneTime.claim
    left = [True]

    async def once(self: MemoryOneTime, key: bytes, **named: Any) -> Any:
        done = await whole(self, key, **named)
        if left[0] and named.get("by"):
            left[0] = False
            raise RequestError(STORE, "the store did not answer in time")
        return done

    monkeypatch.setattr(MemoryOneTime, "claim", once)


def accepted(wallets: Wallets, ordered: dict[str, Any], **more: Any) -> None:
    seen = wallets.seen(ordered, **more)
    assert seen["state"] == "answered"
    assert seen["report"]["accepted"], seen["report"]["reason"]


def test_an_answer_whose_spending_was_not_confirmed_is_no_replay_of_itself(
    wallets: Wallets, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    token = wallets.vp_token(asked)
    spends_and_says_nothing_once(monkeypatch)

    assert problem_of(wallets.answer(asked, token), 503) == STORE
    assert wallets.state(ordered) == "pending"
    assert wallets.answer(asked, token).status_code == 200
    accepted(wallets, ordered)
    opaque(wallets.answer(asked, token))


def test_what_one_request_spent_no_other_spends(wallets: Wallets, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = wallets.ordered(), wallets.ordered()
    asked = wallets.asked(first)
    spends_and_says_nothing_once(monkeypatch)
    problem_of(wallets.answer(asked), 503)

    other = wallets.asked(second)
    opaque(wallets.answer(other, wallets.vp_token(asked)))
    assert not wallets.seen(second)["report"]["accepted"]


@pytest.mark.parametrize(("operation", "kind"), [("replace", Kind.PRESENTATION), ("read", Kind.PRESENTATION)])
def test_an_answer_from_another_device_may_come_again_where_its_end_was_not_kept(
    wallets: Wallets, monkeypatch: pytest.MonkeyPatch, operation: str, kind: Kind
) -> None:
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    token = wallets.vp_token(asked)
    falters_once(monkeypatch, operation, kind)

    assert problem_of(wallets.answer(asked, token), 503) == STORE
    assert wallets.answer(asked, token).status_code == 200
    accepted(wallets, ordered)


def test_an_end_that_was_kept_and_not_confirmed_stays_the_first(
    wallets: Wallets, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    loses_its_answer_once(monkeypatch, "replace", Kind.PRESENTATION)

    assert problem_of(wallets.answer(asked), 503) == STORE
    first = wallets.seen(ordered)["report"]
    assert wallets.answer(asked).status_code == 200
    assert wallets.seen(ordered)["report"] == first
    accepted(wallets, ordered)


def test_a_page_that_could_not_be_closed_takes_no_answer_back(
    wallets: Wallets, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    falters_once(monkeypatch, "put", Kind.WALLET_PAGE_END)

    assert wallets.answer(asked).status_code == 200
    accepted(wallets, ordered)
    opaque(wallets.answer(asked))


@pytest.mark.parametrize("kind", [Kind.HELD_ANSWER, Kind.RESPONSE_CODE])
def test_an_answer_that_could_not_be_held_may_come_again(
    wallets: Wallets, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    ordered = wallets.ordered()
    go_on(wallets, path_of(ordered))
    link = link_here(page_text(opened(wallets, path_of(ordered))))
    assert link is not None
    asked = wallets.asked(link)
    token = wallets.vp_token(asked)
    falters_once(monkeypatch, "put", kind)

    assert problem_of(wallets.answer(asked, token), 503) == STORE
    again = wallets.answer(asked, token)
    assert again.status_code == 200, again.text
    opened(wallets, again.json()["redirect_uri"].removeprefix(wallets.node.settings.public_url))
    accepted(wallets, ordered)


@pytest.mark.parametrize("kind", [Kind.HELD_ANSWER, Kind.RESPONSE_CODE])
def test_a_browser_comes_back_again_where_its_second_code_could_not_be_kept(
    wallets: Wallets, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    registered(wallets, [CALLBACK])
    ordered = wallets.ordered(return_uri=CALLBACK)
    back = answered_here(wallets, ordered)
    falters_once(monkeypatch, "put", kind)

    assert opened(wallets, back).status_code == 503
    location = opened(wallets, back).headers["location"]
    assert location.startswith(CALLBACK)
    accepted(wallets, ordered, code=location.partition("response_code=")[2])
    assert opened(wallets, back).headers.get("location", "").startswith(CALLBACK) is False


def test_a_code_opens_its_answer_again_where_the_end_was_not_kept(
    wallets: Wallets, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = wallets.ordered()
    back = answered_here(wallets, ordered)
    falters_once(monkeypatch, "replace", Kind.PRESENTATION)

    assert opened(wallets, back).status_code == 503
    assert wallets.state(ordered) == "pending"
    assert opened(wallets, back).status_code == 303
    accepted(wallets, ordered)


def test_of_two_returns_at_once_one_browser_goes_on(wallets: Wallets) -> None:
    registered(wallets, [CALLBACK])
    ordered = wallets.ordered(return_uri=CALLBACK)
    code = answered_here(wallets, ordered).partition("response_code=")[2]
    held, page = wallets.node.app.state.wallet.held, ordered["page"].rpartition("/")[2]

    async def both() -> list[Any]:
        return list(await asyncio.gather(*(held.returned(code, page=page, began=True) for _ in range(2))))

    assert sorted(one is not None for one in asyncio.run(both())) == [False, True]
