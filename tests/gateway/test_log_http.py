"""The log over HTTP: first what is told to nobody, then tiles, receipts made again, and receipts checked."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
import pytest

from idbridge.codec import base64url
from idbridge.evidence.day_keys import DayKeys
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle, tile
from idbridge.tlog import receipt as receipts
from idbridge.tlog.tile import WIDTH, Tile
from idbridge.trust.log_listing import listed_log
from idbridge_gateway.api import log as log_api
from idbridge_gateway.app import create_app
from idbridge_gateway.evidence.lookup import find_receipt
from tests.evidence.kit import Node as LogNode
from tests.gateway.asking import LOGIN, PRESENTATION, REFUSED, Node, problem_of
from tests.gateway.recording import publish
from tests.gateway.test_exchange import exchange, exchanging, form_of

__all__ = ["exchanging"]
CHECK = "/v1/receipts/check"
PATIENCE = 120.0
JSON = {"content-type": "application/json"}


def fetched(node: Node, report_id: str, *, party: str = "th-bank", query: str = "") -> Any:
    publish(node.settings)
    return node.send("GET", f"/v1/receipts/{report_id}{query}", headers=node.access(party))


def check(node: Node, **members: Any) -> Any:
    response = node.send("POST", CHECK, body=members, headers=JSON)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("path", ["tile/entries/000", "tile/entries/000.p/1", "tile/entries/x001/000"])
def test_entries_are_shown_to_nobody_who_is_no_operator(node: Node, path: str) -> None:
    node.ask()
    publish(node.settings)

    for headers in ({}, node.access()):
        assert problem_of(node.send("GET", f"/log/{path}", headers=headers), 401) == "policy.unauthenticated"


@pytest.mark.parametrize(
    "path",
    ["tile/0/../../wal", "tile/0/0", "tile/64/000", "tile/0/000.p/256", "tile/9/000", "tile/0/x9999/000", "vkey"],
)
def test_nothing_else_of_the_folder_of_the_log_is_shown(node: Node, path: str) -> None:
    assert node.send("GET", f"/log/{path}").status_code == 404


@pytest.mark.parametrize(
    ("spoil", "file"),
    [
        (lambda one: one.write_bytes(one.read_bytes()[:-1]), "tile/0/000.p"),
        (lambda one: one.write_bytes(one.read_bytes() + b"x"), "tile/0/000.p"),
        (lambda one: (one.unlink(), one.mkdir()), "tile/0/000.p"),
        (lambda one: (one.unlink(), one.symlink_to("/etc/hostname")), "tile/0/000.p"),
        (lambda one: one.write_bytes(b"x" * (LIMITS.note_bytes + 1)), "checkpoint"),
        (lambda one: (one.unlink(), one.symlink_to("/etc/hostname")), "checkpoint"),
    ],
)
def test_what_is_damaged_is_shown_to_nobody_and_kept_by_nobody(
    node: Node, tmp_path: Path, spoil: Callable[[Path], Any], file: str
) -> None:
    log = LogNode(tmp_path / "log").begin().filled(3).folder
    settings = node.settings.model_copy(update={"log_dir": log, "log_socket": tmp_path / "nobody"})
    node.app = create_app(settings, clock=node.clock)
    path = f"{file}/3" if file.endswith(".p") else file
    assert node.send("GET", f"/log/{path}").status_code == 200

    spoil(log / path)

    answer = node.send("GET", f"/log/{path}")
    assert problem_of(answer, 503) == "system.not_ready"
    assert answer.headers["cache-control"] == "no-store"


def test_a_node_without_a_log_shows_none(node: Node) -> None:
    settings = node.settings.model_copy(update={"log_dir": None, "log_day_keys_dir": None, "log_socket": None})
    node.app = create_app(settings, clock=node.clock)
    report_id = node.ask().json()["report_id"]

    assert problem_of(node.send("GET", "/log/checkpoint"), 404) == "input.not_found"
    assert problem_of(node.send("GET", "/log/tile/0/000"), 404) == "input.not_found"
    answer = node.send("GET", f"/v1/receipts/{report_id}", headers=node.access())
    assert problem_of(answer, 404) == "input.not_found"


def test_a_receipt_of_somebody_else_is_told_of_as_one_that_never_was(node: Node) -> None:
    report_id = node.ask().json()["report_id"]

    refused = [
        fetched(node, report_id, party="th-hospital"),
        fetched(node, f"rep_{'0' * 32}"),
        fetched(node, f"{report_id}0"),
        fetched(node, '","req":"'),
    ]

    told = {
        json.dumps({name: text for name, text in one.json().items() if name != "correlation_id"}) for one in refused
    }
    assert {problem_of(one, 404) for one in refused} == {"input.not_found"}
    assert len(told) == 1
    publish(node.settings)
    assert problem_of(node.send("GET", f"/v1/receipts/{report_id}"), 401) == "policy.unauthenticated"


def test_a_receipt_is_looked_for_among_the_newest_leaves_and_for_its_party_alone(tmp_path: Path) -> None:
    writer = LogNode(tmp_path / "log").begin()
    writer.filled(WIDTH + 3)

    def found(number: int, *, party: str = "bank.my", bundles: int = LIMITS.receipt_bundles) -> bool:
        looked_for = find_receipt(
            writer.folder, DayKeys(tmp_path, SystemRandomness()), report_id=f"rep_{number:032x}", party=party,
            assertion_digest=None, bundles=bundles,
        )  # fmt: skip
        return looked_for is not None

    assert not found(WIDTH + 2, party="bank.th")
    assert not found(2, bundles=1)
    assert found(WIDTH + 2, bundles=1)
    assert found(2)


def test_who_asks_for_receipts_without_end_keeps_nobody_else_from_theirs(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look for a receipt that never was reads a million leaves, and there is one at a time."""
    begun, ended = Event(), Event()

    def slow(*_: Any, **__: Any) -> None:
        begun.set()
        assert ended.wait(PATIENCE)

    monkeypatch.setattr(log_api, "find_receipt", slow)
    path = f"/v1/receipts/rep_{'0' * 32}"

    async def asked() -> tuple[list[Any], Any]:
        transport = httpx2.ASGITransport(app=node.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            flood = [
                asyncio.create_task(client.get(path, headers=node.access("th-bank")))
                for _ in range(LIMITS.receipt_searches_each + 5)
            ]
            while not begun.is_set() or sum(one.done() for one in flood) < 5:
                await asyncio.sleep(0.001)
            other = asyncio.create_task(client.get(path, headers=node.access("th-hospital")))
            ended.set()
            return [await one for one in flood], await other

    flood, other = asyncio.run(asyncio.wait_for(asked(), PATIENCE))

    refused = [one for one in flood if one.status_code != 404]
    assert len(refused) == 5
    assert {problem_of(one, 503) for one in refused} == {"system.overloaded"}
    assert all(int(one.headers["retry-after"]) > 0 for one in refused)
    assert problem_of(other, 404) == "input.not_found"
    monkeypatch.undo()
    assert problem_of(node.send("GET", path, headers=node.access()), 404) == "input.not_found"


def test_a_digest_that_is_none_is_refused(node: Node) -> None:
    report_id = node.ask().json()["report_id"]

    for digest in ("x", "!" * 43, f"{'A' * 42}B"):
        answer = fetched(node, report_id, query=f"?assertion_digest={digest}")
        assert problem_of(answer, 400) == "input.request_malformed"


@pytest.mark.parametrize(
    "members",
    [
        {}, [], {"receipt": ""}, {"receipt": 1}, {"receipt": None}, {"receipt": "x", "more": "y"},
        {"receipt": "x", "credential": ""}, {"receipt": "x", "assertion": 1},
        {"receipt": "x" * (LIMITS.receipt_bytes + 1)}, {"receipt": "x", "credential": "x" * (LIMITS.body_bytes + 1)},
        {"receipt": "x", "assertion": "x" * (LIMITS.token_bytes + 1)},
    ],
)  # fmt: skip
def test_a_check_that_is_not_in_order_is_refused(node: Node, members: Any) -> None:
    assert problem_of(node.send("POST", CHECK, body=members, headers=JSON), 400) == "input.request_malformed"


def test_a_check_is_bounded(node: Node) -> None:
    longer = b" " * (LIMITS.receipt_check_bytes + 1)

    assert problem_of(node.send("POST", CHECK, body=longer, headers=JSON), 413) == "input.body_too_large"
    assert problem_of(node.send("POST", CHECK, body={"receipt": "x"}), 415) == "input.media_type"


def test_what_a_receipt_does_not_prove_is_told_with_its_reason(node: Node) -> None:
    case = node.case(LOGIN)
    proof = node.put(case.exchange).json()["receipt"]["proof"]
    body = json.loads(case.body)

    refused = {
        "time.evidence_malformed": check(node, receipt=proof.replace("index ", "index 0")),
        "time.evidence_unsigned": check(node, receipt=proof.replace("sandbox.node.th", "sandbox.node.xx")),
        "time.evidence_mismatch": check(node, receipt=proof, credential=body["credential"] + "x"),
    }

    for code, told in refused.items():
        assert (told["proven"], told["reason"]["code"]) == (False, code)
        assert (told["log"], told["leaf"], told["witnesses"]) == (None, None, [])
    assert check(node, receipt=proof, assertion="x")["reason"]["code"] == "time.evidence_mismatch"


def test_a_receipt_is_checked_by_anybody_and_says_what_was_written_down(node: Node) -> None:
    case = node.case(LOGIN)
    document = node.put(case.exchange).json()

    told = check(node, receipt=document["receipt"]["proof"], credential=json.loads(case.body)["credential"])

    assert told["proven"] is True
    assert told["reason"] is None
    assert told["log"]["origin"] == "sandbox.node.th.example/log"
    assert (told["log"]["state"], told["log"]["index"]) == ("TH", document["receipt"]["index"])
    assert told["leaf"]["type"] == "verify"
    assert told["leaf"]["members"]["req"] == document["report_id"]
    assert told["witnesses"] == []


@pytest.mark.parametrize("name", [PRESENTATION, REFUSED])
def test_whoever_got_an_answer_gets_its_receipt_again_under_the_newest_checkpoint(node: Node, name: str) -> None:
    document = node.ask(name).json()
    node.ask()

    told = fetched(node, document["report_id"])

    assert told.status_code == 200, told.text
    again = told.json()["receipt"]
    assert told.headers["cache-control"] == "no-store"
    assert (again["index"], again["opening"]) == (document["receipt"]["index"], document["receipt"]["opening"])
    assert again["proof"] != document["receipt"]["proof"]
    assert check(node, receipt=again["proof"])["log"]["size"] > document["receipt"]["index"] + 1


def test_a_receipt_of_an_assertion_opens_for_who_names_its_digest(exchanging: Node) -> None:
    document = exchange(exchanging, form_of(exchanging)).json()
    report_id = json.loads(base64url.decode(document["access_token"].split(".")[1]))["report_id"]
    digest = base64url.encode(hashlib.sha256(document["access_token"].encode()).digest())

    closed = fetched(exchanging, report_id).json()["receipt"]
    opened = fetched(exchanging, report_id, query=f"?assertion_digest={digest}").json()["receipt"]

    assert closed["opening"] is None
    assert opened["opening"] == document["receipt"]["opening"]
    told = check(exchanging, receipt=opened["proof"], assertion=document["access_token"])
    assert told["reason"]["code"] == "time.evidence_mismatch"  # without the credential it rests on


def test_checkpoint_and_tiles_lead_from_a_leaf_to_the_root(node: Node) -> None:
    document = node.ask().json()
    publish(node.settings)
    octets = node.send("GET", "/log/checkpoint").content
    snapshot, at = node.app.state.trust.in_force.snapshot, node.clock.now()
    log = listed_log(snapshot, document["receipt"]["origin"], signed_at=at, at=at)
    told = checkpoints.verify(checkpoints.parse_unverified(octets), log=log).checkpoint

    def read(one: Tile) -> bytes:
        answer = node.send("GET", f"/log/{one.path}")
        assert answer.status_code == 200
        return answer.content

    index = document["receipt"]["index"]
    proof = merkle.inclusion_proof(index, told.size, tile.nodes_of(told.size, read))
    entry = receipts.parse_unverified(document["receipt"]["proof"].encode()).entry
    merkle.require_included(merkle.leaf_hash(entry), index=index, size=told.size, proof=proof, root=told.root)
