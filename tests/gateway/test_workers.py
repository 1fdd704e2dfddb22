"""Several workers of one node over a real Redis: what counts once counts once, and no worker is missed."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from idbridge.cli.exits import Exit
from idbridge_gateway.workers import PAUSE_SECONDS, SETTLED_SECONDS, pause_after
from tests.gateway.asking import problem_of, verdict_of
from tests.gateway.distributed import lay_down, settings_in, the_present_region
from tests.gateway.redis_server import RedisServer, redis_server
from tests.gateway.working import PATIENCE, PUT_OFF, WorkingNode, await_end, command, variables, working_node

WORKERS = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, server: RedisServer) -> Iterator[WorkingNode]:
    with working_node(tmp_path_factory.mktemp("node"), server.url, workers=WORKERS) as node:
        yield node


@pytest.mark.parametrize("policy", ["", "allkeys-lru"], ids=["no server", "a server that evicts"])
def test_more_than_one_worker_does_not_begin_without_a_server_that_evicts_nothing(tmp_path: Path, policy: str) -> None:
    lay_down(tmp_path)
    settings = settings_in(tmp_path, the_present_region())
    if not policy:
        ended = command("serve", "--workers", "2", "--port", "0", env=variables(settings))
        assert "IDBRIDGE_REDIS_URL" in ended.stderr
    else:
        with redis_server(tmp_path, "--maxmemory-policy", policy) as evicting:
            env = variables(settings, redis_url=evicting.url)
            ended = command("serve", "--workers", "2", "--port", "0", env=env)
        assert "noeviction" in ended.stderr

    assert ended.returncode == Exit.LOCAL
    assert "answers" not in ended.stderr


def test_a_value_is_spent_once_whichever_worker_is_asked_next(node: WorkingNode) -> None:
    asked = node.question()

    verdicts = []
    for number in node.workers:
        with node.only(number):
            verdicts.append(verdict_of(node.answer(asked)))

    assert verdicts == [("PASSED", None)] + [("FAILED", "holder.replayed")] * (WORKERS - 1)


def test_a_value_is_spent_once_by_all_who_ask_at_once(node: WorkingNode) -> None:
    asked = node.question()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: node.ask(asked), range(32)))

    put_off = [problem_of(answer, PUT_OFF) for answer in answers if answer.status_code == PUT_OFF]
    verdicts = [verdict_of(answer) for answer in answers if answer.status_code != PUT_OFF]
    passed = verdicts.count(("PASSED", None))
    assert passed == 1 or (put_off and not passed)  # who was put off may have spent it before
    assert verdicts.count(("FAILED", "holder.replayed")) == len(verdicts) - passed


def test_a_question_that_is_repeated_at_every_worker_gets_one_report_and_another_body_is_a_conflict(
    node: WorkingNode,
) -> None:
    asked, other = node.question(), node.question()

    answers = []
    for number in node.workers:
        with node.only(number):
            answers.append(node.answer(asked, idempotency_key="order-0001"))
            assert problem_of(node.answer(other, idempotency_key="order-0001"), 409) == "input.idempotency_conflict"

    assert {verdict_of(answer) for answer in answers} == {("PASSED", None)}
    assert len({(answer.json()["report_id"], answer.json()["evaluated_at"]) for answer in answers}) == 1
    assert verdict_of(node.answer(asked)) == ("FAILED", "holder.replayed")
    assert verdict_of(node.answer(other)) == ("PASSED", None)


def test_a_question_that_is_put_to_many_workers_at_once_under_one_key_gets_one_report(node: WorkingNode) -> None:
    asked = node.question()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: node.answer(asked, idempotency_key="order-0002"), range(32)))

    assert {verdict_of(answer) for answer in answers} == {("PASSED", None)}
    assert len({(answer.json()["report_id"], answer.json()["evaluated_at"]) for answer in answers}) == 1


def test_a_worker_that_dies_is_told_and_begun_anew_and_the_others_answer_meanwhile(node: WorkingNode) -> None:
    mark, (number, pid) = len(node.journal.lines), next(iter(node.workers.items()))

    os.kill(pid, signal.SIGKILL)
    assert verdict_of(node.answer(node.question())) == ("PASSED", None)

    node.journal.since(mark, rf"worker {number} ended with -9 and begins anew", count=1)
    ((_, begun),) = node.journal.since(mark, rf"worker {number}: answers, process (\d+)", count=1)
    node.workers[number] = int(begun[1])
    with node.only(number):
        assert verdict_of(node.answer(node.question())) == ("PASSED", None)


def test_who_could_not_begin_waits_before_the_next_try_and_who_answered_for_a_while_does_not() -> None:
    assert pause_after(0.1) == pause_after(SETTLED_SECONDS - 0.1) == PAUSE_SECONDS
    assert pause_after(SETTLED_SECONDS) == 0


def test_of_all_that_begin_the_first_worker_alone_writes_alerts(node: WorkingNode) -> None:
    node.journal.since(0, r"worker 1: alert ", count=1)

    assert {line.partition(": alert ")[0].split(" ", 2)[2] for _, line in node.journal.lines if ": alert " in line} == {
        "idbridge_gateway worker 1"
    }


def test_a_server_that_was_told_to_evict_accepts_nothing_more_at_any_worker(
    node: WorkingNode, server: RedisServer
) -> None:
    """Each connection asks before it is used; here they are new because the server cut them off."""
    assert server.ask(b"CONFIG", b"SET", b"maxmemory-policy", b"allkeys-lru") == b"+OK\r\n"
    server.ask(b"CLIENT", b"KILL", b"TYPE", b"normal")
    asked = node.question()
    try:
        for number in node.workers:
            with node.only(number):
                refused = node.ask(asked)
            assert problem_of(refused, 503) == "system.overloaded"
            assert int(refused.headers["retry-after"]) > 0
    finally:
        server.ask(b"CONFIG", b"SET", b"maxmemory-policy", b"noeviction")
    assert verdict_of(node.answer(asked)) == ("PASSED", None)


def test_a_dump_of_the_server_names_nobody_who_asked_or_was_asked_about(node: WorkingNode, server: RedisServer) -> None:
    asked = node.question()
    answer = node.answer(asked, idempotency_key="canary-key-0001").json()
    assert answer["accepted"] is True
    assert server.ask(b"SAVE") == b"+OK\r\n"
    folder = server.ask(b"CONFIG", b"GET", b"dir").split(b"\r\n")[-2].decode()
    dump = (Path(folder) / "dump.rdb").read_bytes()

    assert b":1t:" in dump
    assert b":again:" in dump
    told = {answer["report_id"], "canary-key-0001", asked.case.relying_party, *words_in(json.loads(asked.body))}
    assert len(told) > 5
    for word in told:
        assert word.encode() not in dump
        assert word not in node.journal.text


def words_in(value: Any) -> Iterator[str]:
    """Every text of a question that is long enough to tell one from another, the parts of its credential among them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from words_in(one)
    elif isinstance(value, str):
        yield from (part for part in value.split(".") if len(part) >= 12)


def begun(node: WorkingNode) -> tuple[socket.socket, bytes]:
    """A connection over which half a question was sent, which a worker has begun to answer, and the other half."""
    asked, address = node.question(), urlsplit(node.url)
    head = "".join(f"{name}: {value}\r\n" for name, value in asked.headers.items())
    connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=120)
    said = f"POST {asked.path} HTTP/1.1\r\nhost: node\r\n{head}content-length: {len(asked.body)}\r\n"
    connection.sendall(f"{said}expect: 100-continue\r\n\r\n".encode())
    assert connection.recv(1024).startswith(b"HTTP/1.1 100")
    return connection, asked.body


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT], ids=["told to end", "Ctrl-C at a terminal"])
def test_a_node_that_ends_gives_its_last_answers_and_leaves_nobody_behind(
    tmp_path: Path, server: RedisServer, end: signal.Signals
) -> None:
    with working_node(tmp_path, server.url, workers=2) as node:
        connection, rest = begun(node)
        for pid in (node.process.pid, *(node.workers.values() if end is signal.SIGINT else ())):
            os.kill(pid, end)
        with connection, connection.makefile("rb") as answer:
            connection.sendall(rest)
            told = answer.read()

        assert told.startswith(b"HTTP/1.1 200")
        assert b'"accepted":true' in told
        assert node.process.wait(timeout=PATIENCE) == 0
        for pid in node.workers.values():
            await_end(pid)
        assert "Traceback" not in node.journal.text
        assert "begins anew" not in node.journal.text


def test_where_the_process_that_began_or_forked_them_is_killed_the_workers_end_too(
    tmp_path: Path, server: RedisServer
) -> None:
    with working_node(tmp_path, server.url, workers=2) as node:
        mark, forked = len(node.journal.lines), [*node.workers.values()]
        os.kill(int(Path(f"/proc/{forked[0]}/stat").read_text("ascii").rpartition(")")[2].split()[1]), signal.SIGKILL)
        begun = node.journal.since(mark, r"worker \d+: answers, process (\d+)", count=2)
        for pid in forked:  # nobody knows of them any more, and they would go on beside those in their place
            await_end(pid)
        assert verdict_of(node.answer(node.question())) == ("PASSED", None)

        node.process.kill()
        for _, told in begun:
            await_end(int(told[1]))
