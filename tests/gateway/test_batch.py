"""``POST /v1/verify/batch``: order kept, nobody fails anybody else, nobody is kept waiting."""

import asyncio
import json
from typing import Any

import jsonschema
import pytest

from idbridge.limits import LIMITS
from idbridge.model.request import Detail
from idbridge.verify.schema import REPORTS
from idbridge_gateway.stores.one_time import MemoryOneTime
from tests.gateway.asking import PRESENTATION, REFUSED, Node, problem_of


def answers_of(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    document = response.json()
    assert document.keys() == {"items"}
    items: list[dict[str, Any]] = document["items"]
    return items


def words(answer: dict[str, Any]) -> str:
    """The verdict of an item, or the code of its problem."""
    return str(answer.get("indication") or answer["code"])


def test_each_question_gets_its_own_answer_in_its_own_place(node: Node) -> None:
    items = [
        node.item(),
        {"credential": "x"},
        node.item(REFUSED),
        "no question",
        node.item(at="2020-01-01T00:00:00Z"),
        node.item(time_evidence={}),
        node.item(dcql={}),
        node.item(credential=""),
        None,
        node.item(credential="x" * (LIMITS.body_bytes + 1)),
        node.item(PRESENTATION),
    ]

    answers = answers_of(node.batch(items))

    assert [words(answer) for answer in answers] == [
        "PASSED",
        "input.request_malformed",
        "FAILED",
        "input.request_malformed",
        "input.member_forbidden",
        "input.request_malformed",
        "query.malformed",
        "FAILED",
        "input.request_malformed",
        "input.body_too_large",
        "PASSED",
    ]


def test_the_problem_of_an_item_is_a_whole_problem(node: Node) -> None:
    response = node.batch([node.item(), 7])

    problem = answers_of(response)[1]
    assert problem["status"] == 400
    assert problem["correlation_id"] == response.headers["x-request-id"]
    assert problem["type"] == "/v1/reasons/input.request_malformed"


def test_items_share_one_instant_and_one_snapshot(node: Node) -> None:
    answers = answers_of(node.batch([node.item(detail="evidence") for _ in range(12)]))

    assert len({(answer["evaluated_at"], answer["trust_snapshot"]) for answer in answers}) == 1
    assert len({answer["report_id"] for answer in answers}) == 12
    for answer in answers:
        jsonschema.validate(answer, dict(REPORTS[Detail.EVIDENCE]))


def test_a_nonce_that_is_shown_twice_in_one_batch_counts_once(node: Node) -> None:
    item = node.item()

    answers = answers_of(node.batch([item, node.item(), item]))

    assert [words(answer) for answer in answers] == ["PASSED", "PASSED", "FAILED"]
    assert answers[2]["reason"]["code"] == "holder.replayed"


def test_a_nonce_that_a_batch_spent_is_spent_for_everybody(node: Node) -> None:
    item = node.item()
    node.batch([item])

    response = node.send("POST", "/v1/verify", body=item, headers=node.access())

    assert response.json()["reason"]["code"] == "holder.replayed"


def test_a_hundred_questions_are_taken_and_one_more_is_not(node: Node) -> None:
    most = [{"credential": str(number), "purpose": "account-opening"} for number in range(LIMITS.batch_items)]

    assert len(answers_of(node.batch(most))) == LIMITS.batch_items
    assert problem_of(node.batch([*most, most[0]]), 413) == "input.body_too_large"


@pytest.mark.parametrize(
    "body", [[], {}, {"items": []}, {"items": {}}, {"items": None}, {"items": [{}], "at": "now"}, {"Items": [{}]}, 7]
)
def test_what_is_no_batch_is_refused(node: Node, body: Any) -> None:
    response = node.send("POST", "/v1/verify/batch", body=body, headers=node.access())

    assert problem_of(response, 400) == "input.request_malformed"


def test_a_batch_may_be_long_and_not_too_long(node: Node) -> None:
    body = json.dumps({"items": [{"credential": "x" * 16_000, "purpose": "p"}] * 10}).encode()
    full = body + b" " * (LIMITS.batch_body_bytes - len(body))

    whole = node.send("POST", "/v1/verify/batch", body=full, headers=node.access())
    over = node.send("POST", "/v1/verify/batch", body=full + b" ", headers=node.access())

    assert len(answers_of(whole)) == 10
    assert problem_of(over, 413) == "input.body_too_large"


def test_an_item_on_which_the_node_breaks_fails_nobody_else(faulty: Node) -> None:
    faulty.send("POST", "/sandbox/faults/one-time-broken")

    answers = answers_of(faulty.batch([faulty.item(REFUSED), faulty.item(), faulty.item(REFUSED)]))

    assert [words(answer) for answer in answers] == ["FAILED", "system.internal", "FAILED"]


def test_a_full_store_fails_only_what_needs_it(faulty: Node) -> None:
    faulty.send("POST", "/sandbox/faults/one-time-full")

    answers = answers_of(faulty.batch([faulty.item(), faulty.item(REFUSED)]))

    assert [words(answer) for answer in answers] == ["system.overloaded", "FAILED"]
    assert answers[0]["retryable"] is True


def test_a_long_batch_lets_others_in_between(node: Node) -> None:
    items = [node.item(REFUSED) for _ in range(LIMITS.batch_items)]
    order: list[str] = []

    async def both() -> None:
        async with node.client() as client, asyncio.TaskGroup() as group:
            body = json.dumps({"items": items}).encode()
            group.create_task(asked("batch", client.post("/v1/verify/batch", content=body, headers=node.access())))
            group.create_task(asked("health", client.get("/healthz")))

    async def asked(name: str, request: Any) -> None:
        response = await request
        assert response.status_code == 200
        order.append(name)

    asyncio.run(both())

    assert order == ["health", "batch"]


def test_no_item_waits_for_what_another_one_spends(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [node.item() for _ in range(3)]
    claim, arrived, last = MemoryOneTime.claim, [], asyncio.Event()

    async def held_up(store: MemoryOneTime, key: bytes, **named: Any) -> bool:
        arrived.append(key)
        if len(arrived) == len(items):
            last.set()
        await asyncio.wait_for(last.wait(), timeout=120)  # nobody gets on before the last one is here
        return await claim(store, key, **named)

    monkeypatch.setattr(MemoryOneTime, "claim", held_up)
    answers = answers_of(node.batch(items))

    assert [words(answer) for answer in answers] == ["PASSED"] * 3
    assert len(set(arrived)) == 3


def test_each_item_lets_others_in_before_the_next_one(node: Node) -> None:
    items = [node.item(REFUSED) for _ in range(20)]
    turns = 0

    async def both() -> int:
        async with node.client() as client:
            body = json.dumps({"items": items}).encode()
            asked = asyncio.create_task(client.post("/v1/verify/batch", content=body, headers=node.access()))
            while not asked.done():
                nonlocal turns
                turns += 1
                await asyncio.sleep(0)
            return int(asked.result().status_code)

    assert asyncio.run(both()) == 200
    assert turns >= len(items)


def test_formats_may_be_mixed_and_answers_keep_their_order(node: Node) -> None:
    names = [
        "sg-login-opens-account",
        "sg-wallet-of-named-authority",
        "sg-pid-opens-account",
        REFUSED,
        "id-pid-opens-account",
    ]

    answers = answers_of(node.batch([node.item(name) for name in names]))

    assert [words(answer) for answer in answers] == ["PASSED", "PASSED", "PASSED", "FAILED", "PASSED"]
    assert [answer["format"] for answer in answers][:3] == ["id_token", "dc+sd-jwt", "dc+sd-jwt"]


def test_a_party_that_may_not_ask_learns_nothing_of_its_items(node: Node) -> None:
    assert problem_of(node.batch([node.item()], party="th-closed"), 403) == "policy.relying_party_disabled"
