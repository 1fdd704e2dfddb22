"""The verifier profile over HTTP: a gateway that breaks passes nothing, and our own answers as the cases say."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from idbridge.clock import FixedClock
from idbridge.conformance.answer import Fault, FaultKind, Verdict
from idbridge.conformance.corpus import shipped
from idbridge.conformance.judge import Outcome, judged
from idbridge.conformance.opening import Surroundings, opened, parse_address
from idbridge.conformance.profiles import Profile
from idbridge.conformance.run import grouped, run
from idbridge.conformance.target import Target
from idbridge.conformance.targets.gateway.answers import read_answer
from idbridge.conformance.targets.gateway.wire import GatewayWire
from idbridge.conformance.targets.http_verifier import HttpVerifier
from idbridge.conformance.targets.idp.wire import Reply
from idbridge.conformance.targets.minted_verifier import MintedVerifier
from idbridge.errors import ConfigurationError
from idbridge.model.region import MemberState
from idbridge.reasons import Indication
from idbridge_gateway.serving import BackgroundServer
from tests.conformance.http.kit import conformance_node
from tests.gateway.asking import node_in, the_region

LOGIN = "sg-login-opens-account"
TAG = "status"
PROBLEM = {"content-type": "application/problem+json"}
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A node for the suite."""
    with conformance_node() as address:
        yield address


def told(status: int, document: Any, headers: dict[str, str]) -> Verdict | Fault:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_answer(Reply(status, headers, body))


@pytest.mark.parametrize(
    ("status", "document", "headers", "kind"),
    [
        (200, b"", JSON, FaultKind.EMPTY),
        (200, b"refused", JSON, FaultKind.MALFORMED),
        (200, {"indication": "PASSED"}, {"content-type": "text/html"}, FaultKind.MALFORMED),
        (200, {"indication": "PASSED", "accepted": False}, JSON, FaultKind.MALFORMED),
        (500, {"code": "system.internal", "status": 500}, PROBLEM, FaultKind.CRASH),
        (502, b"<html>", {"content-type": "text/html"}, FaultKind.CRASH),
        (400, {"code": "issuer.unknown", "status": 400}, PROBLEM, FaultKind.MALFORMED),
        (400, {"code": "input.media_type", "status": 415}, PROBLEM, FaultKind.MALFORMED),
        (400, {"status": 400}, PROBLEM, FaultKind.MALFORMED),
        (400, {"code": "input.made_up", "status": 400}, PROBLEM, FaultKind.MALFORMED),
        (400, {"code": "input.member_forbidden", "status": 400}, JSON, FaultKind.MALFORMED),
    ],
)
def test_what_is_neither_a_report_nor_a_published_problem_is_a_fault(
    status: int, document: Any, headers: dict[str, str], kind: FaultKind
) -> None:
    answer = told(status, document, headers)

    assert isinstance(answer, Fault)
    assert answer.kind is kind


def test_a_problem_is_a_refusal_by_its_code() -> None:
    later = told(503, {"code": "system.not_ready", "status": 503}, PROBLEM)
    broken = told(400, {"code": "input.member_forbidden", "status": 400}, PROBLEM)

    assert later == Verdict(Indication.INDETERMINATE, "system.not_ready")
    assert broken == Verdict(Indication.FAILED, "input.member_forbidden")


def _fallen(*_: Any) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            return
        body = b'{"spent":0}'
        status = 200 if scope["path"].startswith("/conformance") else 500
        head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})

    return app


def test_a_gateway_that_always_falls_over_passes_nothing() -> None:
    with BackgroundServer(_fallen()) as server:
        results = _run(HttpVerifier(GatewayWire(server.url), shipped()), [TAG])

    assert {result.outcome for result in results} == {Outcome.ERROR}


def test_a_gateway_that_is_gone_passes_nothing() -> None:
    with conformance_node() as gone:
        pass
    target = HttpVerifier(GatewayWire(gone), shipped())

    observed = target.answer(shipped().case(LOGIN))

    assert isinstance(observed.answer, Fault)
    assert observed.answer.kind is FaultKind.UNREACHABLE


@pytest.mark.parametrize(
    "address", ["http://node.example", "ftp://127.0.0.1", "http://u@127.0.0.1:1", "http://127.0.0.1:1/x?y", "http://"]
)
def test_what_is_no_address_of_a_gateway_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        _opened(address, tmp_path)


def _opened(address: str, folder: Path, settings: Path | None = None) -> Target:
    given = Surroundings(shipped(), folder, FixedClock(the_region().made_at), settings)
    return opened(parse_address(f"http:{address}"), Profile.VERIFIER, given)


def _run(target: Target, tags: list[str]) -> list[Any]:
    cases = grouped(shipped().chosen([Profile.VERIFIER], tags))
    return list(run(cases, target, description=target.describe()))


def test_our_own_gateway_answers_as_the_cases_say(url: str, tmp_path: Path) -> None:
    results = _run(_opened(url, tmp_path), [TAG])

    assert [(one.case.id, one.detail) for one in results if one.outcome is not Outcome.PASSED] == []
    assert len(results) >= 30


def test_a_replay_is_judged_by_what_the_node_remembers(url: str, tmp_path: Path) -> None:
    target = _opened(url, tmp_path)

    observed = target.answer(shipped().case("my-presentation-replayed"))

    assert observed.answer == Verdict(Indication.FAILED, "holder.replayed")
    assert observed.state is not None
    assert observed.state["spent"] == 1


def test_a_gateway_with_its_own_lists_needs_to_be_told_of_its_region(tmp_path: Path) -> None:
    with BackgroundServer(node_in(tmp_path).app) as server, pytest.raises(ConfigurationError, match="--settings"):
        _opened(server.url, tmp_path)


@pytest.mark.parametrize("words", ["", "region = 5", 'region = "nowhere"', 'more = 1\nregion = "r"', "not toml"])
def test_settings_that_name_no_region_are_refused(tmp_path: Path, words: str) -> None:
    settings = tmp_path / "gateway.toml"
    settings.write_text(words)

    with BackgroundServer(node_in(tmp_path).app) as server, pytest.raises(ConfigurationError):
        _opened(server.url, tmp_path, settings)


def test_a_gateway_that_is_no_node_of_the_region_is_refused() -> None:
    with conformance_node() as fresh, pytest.raises(ConfigurationError, match="no node of the region"):
        MintedVerifier(GatewayWire(fresh), shipped(), the_region(), clock=FixedClock(the_region().made_at))


class Refusing(BaseHTTPRequestHandler):
    """A gateway that calls everything a replay, also what nobody showed before."""

    def do_GET(self) -> None:
        self._say({"issuer": the_region().node(MemberState.TH).issuer})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._say({"indication": "FAILED", "accepted": False, "reason": {"code": "holder.replayed"}})

    def log_message(self, *words: object) -> None:
        """Say nothing."""

    def _say(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def test_a_replay_that_is_made_now_counts_only_if_the_first_use_was_accepted() -> None:
    case = shipped().case("my-presentation-replayed")
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        wire = GatewayWire(f"http://127.0.0.1:{server.server_port}")
        target = MintedVerifier(wire, shipped(), the_region(), clock=FixedClock(the_region().made_at))
        observed = target.answer(case)
        server.shutdown()

    assert observed.before.startswith("question 1, before the judged one: expected PASSED, got FAILED holder.replayed")
    assert judged(case, observed).outcome is Outcome.FAILED


def test_a_gateway_with_its_own_lists_gets_cases_that_are_made_now(tmp_path: Path) -> None:
    node = node_in(tmp_path / "node")
    the_region().save(tmp_path / "region")
    settings = tmp_path / "gateway.toml"
    settings.write_text('region = "region"\n')
    node.clock.turn(minutes=30)
    given = Surroundings(shipped(), tmp_path, node.clock, settings)
    cases = [case for case in shipped().chosen([Profile.VERIFIER]) if case.id in (LOGIN, "signature-changed")]

    with BackgroundServer(node.app) as server:
        target = opened(parse_address(f"http:{server.url}"), Profile.VERIFIER, given)
        results = list(run(cases, target, description=target.describe()))

    assert [(one.case.id, one.outcome, one.detail) for one in results if one.outcome is not Outcome.PASSED] == []
    assert all(one.observed is not None and one.observed.fresh for one in results)
    assert "state.spent" in target.describe().not_implemented
    assert not target.describe().declines(shipped().case(LOGIN))
    assert target.describe().declines(shipped().case("th-wallet-answers-query"))


def test_cases_of_one_node_stand_together_and_keep_their_order() -> None:
    cases = shipped().chosen([Profile.VERIFIER])

    ordered = grouped(cases)
    nodes = [(case.material, case.input["node"]) for case in ordered]

    assert sum(one != other for one, other in pairwise(nodes)) == len(set(nodes)) - 1
    assert sorted(ordered, key=lambda case: case.id) == list(cases)
    for node in set(nodes):
        of_node = [case for case in cases if (case.material, case.input["node"]) == node]
        assert [case for case in ordered if (case.material, case.input["node"]) == node] == of_node
