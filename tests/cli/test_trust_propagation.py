"""``trust propagation``: who has taken up what was published, who is behind, and who was told another story."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from idbridge.clock import SystemClock
from idbridge.model.time import instant_text
from tests.cli.ended import Ended
from tests.net.servers import document, sending, serving
from tests.trust.test_propagation import DENIAL, listed, plain, statement

Run = Callable[..., Ended]
Serve = Callable[[Any], str]


def now(**shift: float) -> str:
    return instant_text(SystemClock().now().replace(microsecond=0) + timedelta(**shift))


def current(**of_top: Any) -> dict[str, Any]:
    """What a node says whose material is in date today."""
    return dated(statement(**{"signed_at": now(minutes=-90), "expires": now(hours=20), **of_top}))


def dated(said: dict[str, Any]) -> dict[str, Any]:
    dates = {"issued_at": now(days=-2), "next_update": now(days=60)}
    return {**said, "states": [{**row, **dates} if row["listed"] else row for row in said["states"]]}


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve what a node says, and return its address."""
    with ExitStack() as stack:

        def served(said: Any) -> str:
            answer = document(said if isinstance(said, bytes) else json.dumps(said).encode())
            return f"http://127.0.0.1:{stack.enter_context(serving(answer)).port}"

        yield served


def standings(ended: Ended) -> list[str]:
    return [row["standing"] for row in ended.json["results"]]


@pytest.mark.parametrize(
    "url",
    ["node.th.example", "http://node.th.example", "http://10.0.0.1", "ftp://127.0.0.1", "https://", "https://me@a.example",
     "https://a.example?b", "https://a.example#b", "https://[::1", "https://a_b..example", "https://a.example:x", ""],
)  # fmt: skip
def test_what_is_no_address_of_a_node_is_a_usage_error(run: Run, url: str) -> None:
    assert run("trust", "propagation", url).code == 2


def test_without_a_node_there_is_nothing_to_show(run: Run) -> None:
    assert run("trust", "propagation").code == 2


@pytest.mark.parametrize("denial", ["", "d" * 63, "x" * 64, "key"])
def test_what_is_no_id_of_a_denial_is_a_usage_error(run: Run, serve: Serve, denial: str) -> None:
    ended = run("trust", "propagation", serve(current()), "--deny", denial)

    assert ended.code == 2
    assert "64 hexadecimal" in ended.err


def test_nodes_of_two_environments_are_not_compared(run: Run, serve: Serve) -> None:
    ended = run("trust", "propagation", serve(current()), serve({**current(), "environment": "live"}))

    assert ended.code == 2
    assert "two environments" in ended.err


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (current(digest="f" * 64), "forked"),
        (current(timestamp=8, snapshot=2, digest="f" * 64), "rolled back"),
        (current(timestamp=6, snapshot=2, digest="f" * 64, expires=now(hours=-1)), "expired"),
    ],
)
def test_an_older_or_forked_snapshot_ends_with_four(run: Run, serve: Serve, other: Any, found: str) -> None:
    oldest = current(timestamp=5, snapshot=1, digest="c" * 64)

    ended = run("trust", "propagation", serve(current()), serve(other), serve(oldest), "--json")

    assert ended.code == 4
    assert standings(ended)[1] == found


def test_a_node_that_is_behind_ends_with_one(run: Run, serve: Serve) -> None:
    nodes = [serve(current()), serve(current(timestamp=6, signed_at=now(hours=-3)))]

    ended = run("trust", "propagation", *nodes, "--json")

    assert ended.code == 1
    assert standings(ended) == ["current", "behind"]
    assert [row["timestamp_version"] for row in ended.json["results"]] == [7, 6]
    assert ended.json["summary"]["current"] == 1
    assert ended.json["results"][1]["why"] == "timestamp 6, elsewhere 7"


@pytest.mark.parametrize(
    "answer", [sending(b""), document(b"", status="503 Busy"), document(b"", "Location: /", status="302 Found")]
)
def test_a_node_that_does_not_answer_is_unreachable_and_ends_with_one(run: Run, serve: Serve, answer: Any) -> None:
    with serving(answer) as silent:
        ended = run("trust", "propagation", serve(current()), f"http://127.0.0.1:{silent.port}", "--json")

    assert ended.code == 1
    assert standings(ended) == ["current", "unreachable"]
    assert ended.json["results"][1]["trust_snapshot"] is None


@pytest.mark.parametrize("said", [b"<html>busy</html>", b"{}", b"\x1b[2J"])
def test_a_node_that_makes_no_sense_is_unreadable_and_ends_with_one(run: Run, serve: Serve, said: bytes) -> None:
    ended = run("trust", "propagation", serve(said), "--json")

    assert ended.code == 1
    assert standings(ended) == ["unreadable"]


def test_a_denial_that_is_not_in_force_everywhere_ends_with_one(run: Run, serve: Serve) -> None:
    without = current()
    without["distribution"]["denials"] = []
    nodes = [serve(current()), serve(without)]

    ended = run("trust", "propagation", *nodes, "--deny", DENIAL, "--json")

    assert ended.code == 1
    assert [row["denied"] for row in ended.json["results"]] == [True, False]
    assert ended.json["summary"]["denial"] == DENIAL
    assert run("trust", "propagation", nodes[0], "--deny", DENIAL.upper()).code == 0


def test_nodes_that_have_all_caught_up_end_with_nought(run: Run, serve: Serve) -> None:
    node = serve(current())

    ended = run("trust", "propagation", node, f"{node}/", serve(current()), "--json")

    assert ended.code == 0
    assert ended.json["schema"] == "idbridge-trust-propagation-1"
    assert standings(ended) == ["current", "current"]  # one node by two spellings is one node
    assert all(5400 <= row["age_s"] < 6000 for row in ended.json["results"])


def test_the_table_says_who_stands_how_since_when_and_why(run: Run, serve: Serve) -> None:
    dark = serve(b"nonsense")
    nodes = [serve(current()), serve(current(timestamp=6)), serve(dated(plain())), dark]

    ended = run("trust", "propagation", *nodes, "--deny", DENIAL)

    lines = ended.out.splitlines()
    assert lines[0].split() == ["NODE", "STANDING", "SNAPSHOT", "TIMESTAMP", "AGE", "DENIED", "WHY"]
    assert lines[1].split()[1:] == ["current", "e" * 12, "7", "1", "h", "yes"]
    assert "timestamp 6, elsewhere 7" in lines[2]
    assert lines[3].split()[2:7] == ["e" * 12, "plain", "2", "d", "no"]
    assert lines[4].split()[1:] == ["unreadable", "-", "-", "-", "-"]
    assert "1 of 4 nodes current" in lines[-1]
    assert ended.code == 1


@pytest.mark.parametrize(("ago", "said"), [({"seconds": -20}, "s"), ({"minutes": -3}, "min"), ({"hours": 1}, "0 s")])
def test_the_age_is_said_in_the_largest_whole_unit(run: Run, serve: Serve, ago: dict[str, float], said: str) -> None:
    row = run("trust", "propagation", serve(current(signed_at=now(**ago)))).out.splitlines()[1]

    assert row.rstrip().endswith(said)


def test_a_node_that_lists_nothing_has_no_age(run: Run, serve: Serve) -> None:
    empty = {**plain(), "states": [{**listed("SG"), "listed": False}]}

    ended = run("trust", "propagation", serve(empty))

    assert ended.code == 4
    assert ended.out.splitlines()[1].split()[1:5] == ["expired", "e" * 12, "plain", "-"]
