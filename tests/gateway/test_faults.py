"""Faults of a sandbox node: under each of them it accepts nothing, and only this machine can switch them."""

from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.errors import ConfigurationError, FetchError
from idbridge.model.region import Environment
from idbridge.sandbox.region import Region
from idbridge_gateway.api.faults import TITLES, Faults, FaultySource
from tests.gateway.asking import REFUSED, Node, node_in, problem_of, verdict_of
from tests.gateway.clocks import NOON


def switch(node: Node, name: str, *, on: bool = True) -> None:
    response = node.send("POST", f"/sandbox/faults/{name}?on={str(on).lower()}")
    assert response.status_code == 200
    assert {row["name"]: row["on"] for row in response.json()["faults"]}[name] is on


def test_without_lists_the_node_is_not_ready_and_decides_nothing(faulty: Node) -> None:
    switch(faulty, "lists-unreachable")

    assert problem_of(faulty.send("GET", "/readyz"), 503) == "system.not_ready"
    assert problem_of(faulty.ask(), 503) == "system.not_ready"
    assert problem_of(faulty.batch([faulty.item()]), 503) == "system.not_ready"
    assert faulty.ask().headers["retry-after"] == "5"


def test_with_stale_lists_nothing_is_decided(faulty: Node) -> None:
    login = faulty.case("sg-login-opens-account")
    switch(faulty, "stale-lists")

    assert verdict_of(faulty.put(login.exchange)) == ("INDETERMINATE", "trust.stale")


def test_with_a_clock_that_is_behind_what_is_new_is_not_accepted(faulty: Node) -> None:
    login = faulty.case("sg-login-opens-account")
    switch(faulty, "clock-skew")

    assert verdict_of(faulty.put(login.exchange))[0] == "FAILED"


def test_with_a_full_store_nothing_is_released_and_the_caller_may_come_again(faulty: Node) -> None:
    switch(faulty, "one-time-full")

    response = faulty.ask()

    assert problem_of(response, 503) == "system.overloaded"
    assert response.headers["retry-after"] == "1"
    assert verdict_of(faulty.ask(REFUSED))[0] == "FAILED"


def test_with_a_broken_store_nothing_is_released_and_the_cause_stays_inside(
    faulty: Node, caplog: pytest.LogCaptureFixture
) -> None:
    switch(faulty, "one-time-broken")

    response = faulty.ask()

    assert problem_of(response, 500) == "system.internal"
    assert "OSError" not in response.text
    assert response.headers["x-request-id"] in caplog.text
    assert "broken" not in caplog.text


def test_without_the_writer_of_the_log_nothing_is_answered_and_the_node_is_not_ready(faulty: Node) -> None:
    switch(faulty, "log-gone")

    assert problem_of(faulty.send("GET", "/readyz"), 503) == "system.not_ready"
    for question in (faulty.ask(), faulty.ask(REFUSED)):
        assert problem_of(question, 503) == "system.unrecorded"
        assert question.headers["retry-after"] == "5"


class Listing:
    """A host that has a list."""

    def fetch(self, url: str, *, max_bytes: int) -> bytes:
        return url.encode()[:max_bytes]


def test_hosts_of_lists_are_down_hostile_or_well(faulty: Node) -> None:
    faults = Faults()
    source = FaultySource(Listing(), faults=faults)
    assert source.fetch("https://a.example", max_bytes=64) == b"https://a.example"

    faults.switch("hosts-hostile", on=True)
    assert source.fetch("https://a.example", max_bytes=64) == bytes(64)
    faults.switch("hosts-down", on=True)
    with pytest.raises(FetchError):
        source.fetch("https://a.example", max_bytes=64)

    switch(faulty, "hosts-down")
    assert faulty.send("GET", "/readyz").status_code == 200  # what was fetched goes on to count


@pytest.mark.parametrize("name", TITLES)
def test_what_was_switched_off_is_over(faulty: Node, name: str) -> None:
    switch(faulty, name)
    switch(faulty, name, on=False)

    assert verdict_of(faulty.ask()) == ("PASSED", None)


def test_a_fault_that_does_not_exist_is_not_found(faulty: Node) -> None:
    assert problem_of(faulty.send("POST", "/sandbox/faults/gremlins"), 404) == "input.not_found"


def test_a_fault_is_either_on_or_off(faulty: Node) -> None:
    response = faulty.send("POST", "/sandbox/faults/clock-skew?on=perhaps")

    assert problem_of(response, 400) == "input.request_malformed"
    assert "perhaps" not in response.text


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "node.th.example"},
        {"host": "evil.example:8080"},
        {"host": "[::1"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"x-forwarded-for": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_neither_a_stranger_nor_a_web_page_can_switch_or_see_faults(
    faulty: Node, method: str, headers: dict[str, str]
) -> None:
    path = "/sandbox/faults" if method == "GET" else "/sandbox/faults/lists-unreachable"

    assert problem_of(faulty.send(method, path, headers=headers), 404) == "input.not_found"
    assert verdict_of(faulty.ask()) == ("PASSED", None)


def test_a_node_that_is_no_demo_has_no_switches(node: Node) -> None:
    assert problem_of(node.send("GET", "/sandbox/faults"), 404) == "input.not_found"
    assert problem_of(node.send("POST", "/sandbox/faults/clock-skew"), 404) == "input.not_found"


def test_a_live_node_with_switches_does_not_start(tmp_path: Path) -> None:
    live = Region.generate(at=NOON - timedelta(hours=1), environment=Environment.LIVE)

    with pytest.raises(ConfigurationError, match="faults"):
        node_in(tmp_path, region=live, faults=Faults())
