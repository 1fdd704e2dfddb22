"""What a server may say to whoever spends one-time values: whatever it is but the good answer spends nothing."""

import socket
from threading import Thread
from typing import Any, BinaryIO

import pytest

from idbridge_gateway.stores.redis_one_time import RedisOneTime
from tests.gateway.clocks import HandClock
from tests.gateway.test_redis_line import LATER, Work, outcome, worked


@pytest.mark.parametrize(
    "said",
    [b"+OK\r\n+OK\r\n", b"?nonsense\r\n", b":1\r\n", b"-ERR no\r\n", b"$2\r\nOK", b"+QUEUED\r\n", b""],
    ids=["more than was asked", "no answer at all", "a number", "a refusal", "half", "queued", "silence"],
)
def test_whatever_else_a_server_says_spends_nothing(said: bytes) -> None:
    """What listens here greets like a server that is fit, and then says ``said`` where it is asked to spend."""
    assert claimed_where_is_said(said + b":2\r\n" + TIME + bulk(b"evicted_keys:0")) == "system.overloaded"


@pytest.mark.parametrize(
    "stats",
    [b"$14\r\nevicted_keys:1\r\n", b"$14\r\nexpired_keys:0\r\n", b"+OK\r\n", b"-NOPERM no\r\n", b"$-1\r\n", b":0\r\n"],
    ids=["one", "no count", "no text", "a refusal", "nothing", "a number"],
)
def test_a_server_that_spends_and_does_not_say_that_it_evicted_nothing_spends_nothing(stats: bytes) -> None:
    assert claimed_where_is_said(b"+OK\r\n:2\r\n" + TIME + stats) == "system.overloaded"


@pytest.mark.parametrize(
    "count", [b":1\r\n", b":0\r\n", b"+OK\r\n", b"-ERR hash value is not an integer\r\n", b"-OOM no\r\n"]
)
def test_a_server_that_spends_and_did_not_count_it_spends_nothing(count: bytes) -> None:
    assert claimed_where_is_said(b"+OK\r\n" + count + TIME + bulk(b"evicted_keys:0")) == "system.overloaded"


@pytest.mark.parametrize(
    "time", [b"*2\r\n$10\r\n1900000000\r\n$1\r\n7\r\n", b"*0\r\n", b"$-1\r\n", b":1700000000\r\n", b"-NOPERM no\r\n"],
    ids=["far ahead", "no time", "nothing", "a number", "a refusal"],
)  # fmt: skip
def test_a_server_that_spends_and_whose_clock_is_ahead_or_unknown_spends_nothing(time: bytes) -> None:
    assert claimed_where_is_said(b"+OK\r\n:2\r\n" + time + bulk(b"evicted_keys:0")) == "system.overloaded"


def test_a_server_that_spends_counts_it_and_evicted_nothing_spends() -> None:
    assert claimed_where_is_said(b"+OK\r\n:2\r\n" + TIME + bulk(b"evicted_keys:0")) is True


@pytest.mark.parametrize(
    "recalled", [b"-NOPERM no\r\n", b"-ERR unknown command\r\n", b"-LOADING\r\n", b"*0\r\n", b"+OK\r\n"]
)
def test_a_server_that_does_not_say_what_it_remembers_spends_nothing(recalled: bytes) -> None:
    fit = b"+OK\r\n:2\r\n" + TIME + bulk(b"evicted_keys:0")
    assert claimed_where_is_said(fit, recalled=recalled) == "system.overloaded"


def skip_to(line: bytes, asked: BinaryIO) -> None:
    """Read to ``line``, or to the end if it never comes."""
    while asked.readline() not in (line, b""):
        pass


def bulk(text: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(text), text)


TIME = b"*2\r\n" + bulk(b"1700000000") + bulk(b"7")
RECALLED = b"*4\r\n" + bulk(b"a") + bulk(b"1") + bulk(b"1700000000") + bulk(b"0.000")


def claimed_where_is_said(said: bytes, *, recalled: bytes = RECALLED) -> Any:
    """What becomes of a claim at a server that answers ``said`` to the batch that it is in."""

    def answering(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as asked:
            skip_to(b"stats\r\n", asked)
            for info in (
                b"redis_version:7.2.4", b"maxmemory_policy:noeviction", b"aof_enabled:1",
                b"role:master\r\nsecond_repl_offset:-1", b"evicted_keys:0",
            ):  # fmt: skip
                connection.sendall(bulk(info))
            skip_to(b"use\r\n", asked)
            connection.sendall(recalled)
            skip_to(b"stats\r\n", asked)
            connection.sendall(said)
            asked.read()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(120)
        thread = Thread(target=answering, args=(listening,))
        thread.start()
        claim: Work = lambda engine: outcome(RedisOneTime(engine, HandClock()).claim(bytes(32), until=LATER))  # noqa: E731
        said_of_it = worked(f"redis://127.0.0.1:{listening.getsockname()[1]}/0", claim)
        thread.join(timeout=120)
    return said_of_it
