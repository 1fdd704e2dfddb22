"""The node for the conformance suite: holds nothing at first, takes only what is in order, and is reached from here."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner

from idbridge.cli.exits import Exit
from idbridge.cli.main import root
from idbridge.conformance.corpus import shipped
from idbridge.conformance.loading import LOAD_PATH, RECALL_PATH, STATE_PATH, load_document
from idbridge.conformance.seed import CORPUS_INSTANT, corpus_keys, corpus_region
from idbridge.conformance.targets.gateway.wire import GatewayWire
from idbridge.conformance.targets.http_verifier import ask
from idbridge.conformance.targets.idp.wire import Reply
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.region import Region
from tests.conformance.http.kit import conformance_node, document, with_file, without
from tests.gateway.asking import node_in

JSON = {"Content-Type": "application/json"}
LOGIN = "sg-login-opens-account"


@pytest.fixture(scope="module")
def held() -> Iterator[GatewayWire]:
    """A node that holds the material of the corpus and has accepted one login."""
    with conformance_node() as url:
        wire = GatewayWire(url)
        assert load(wire, document()).status == 200
        assert login(wire).document()["indication"] == "PASSED"
        yield wire


@pytest.fixture(scope="module")
def wire() -> Iterator[GatewayWire]:
    """A node that holds the material of the corpus when a test has loaded it."""
    with conformance_node() as url:
        yield GatewayWire(url)


def load(wire: GatewayWire, loaded: Any, headers: dict[str, str] | None = None) -> Reply:
    body = loaded if isinstance(loaded, bytes) else json.dumps(loaded).encode()
    return wire.send("POST", LOAD_PATH, headers={**JSON, **(headers or {})}, body=body)


def code(reply: Reply) -> tuple[int, Any]:
    assert reply.headers["content-type"] == "application/problem+json"
    return reply.status, reply.document()["code"]


def login(wire: GatewayWire) -> Reply:
    put = shipped().case(LOGIN).input
    return ask(wire, put["request"], key=corpus_region(corpus_keys()).keys.api[put["relying_party"]])


def test_a_node_that_was_given_nothing_is_not_ready_and_answers_nobody() -> None:
    with conformance_node() as url:
        fresh = GatewayWire(url)

        assert code(fresh.send("GET", "/readyz")) == (503, "system.not_ready")
        assert code(login(fresh)) == (503, "system.not_ready")
        assert code(fresh.send("GET", "/sandbox/faults")) == (503, "system.not_ready")
        assert fresh.send("GET", STATE_PATH).document() == {"loaded": False, "spent": 0}


def live() -> dict[str, Any]:
    folder = shipped().material("region").folder
    region = Region.generate(at=CORPUS_INSTANT - timedelta(hours=1), environment=Environment.LIVE)
    return load_document(folder, at=CORPUS_INSTANT, node=MemberState.TH, beside=_published(region))


def _published(region: Region) -> dict[str, bytes]:
    with TemporaryDirectory() as name:
        region.publish(Path(name))
        return {
            path.relative_to(name).as_posix(): path.read_bytes() for path in Path(name).rglob("*") if path.is_file()
        }


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda: live(), id="live lists"),
        pytest.param(lambda: document(MemberState.VN), id="a state without a node"),
        pytest.param(lambda: without(document(), "parties.json"), id="no parties"),
        pytest.param(lambda: without(document(), "pins.json"), id="no pins"),
        pytest.param(lambda: without(document(), "status/index.json"), id="no index of status"),
        pytest.param(lambda: document(material={}), id="no material"),
        pytest.param(lambda: with_file(document(), "pins.json", b"{}"), id="empty pins"),
        pytest.param(lambda: with_file(document(), "clients.json", b'{"nobody":[]}'), id="client of nobody"),
        pytest.param(lambda: with_file(document(), "clients.json", b'{"th-bank":[{"id":1}]}'), id="broken client"),
        pytest.param(lambda: with_file(document(), "../escaped.json", b"{}"), id="a path upwards"),
        pytest.param(lambda: with_file(document(), "/escaped.json", b"{}"), id="a path from the root"),
        pytest.param(lambda: with_file(document(), ".hidden", b"{}"), id="a hidden file"),
        pytest.param(lambda: document(at="2026-11-24 12:00"), id="no instant"),
        pytest.param(lambda: document(at=5), id="an instant that is a number"),
        pytest.param(lambda: document(more=1), id="one member more"),
        pytest.param(lambda: document(material=[]), id="material that is a list"),
        pytest.param(lambda: document(material={"pins.json": "***"}), id="no base64"),
        pytest.param(lambda: b'{"at":1,"at":2}', id="a member twice"),
        pytest.param(lambda: b"", id="nothing"),
    ],
)
def test_what_is_not_in_order_is_refused_and_changes_nothing(held: GatewayWire, broken: Any) -> None:
    assert code(load(held, broken())) == (400, "input.request_malformed")

    assert held.send("GET", STATE_PATH).document() == {"loaded": True, "spent": 1}
    assert login(held).document()["reason"]["code"] == "holder.replayed"


def test_a_load_is_bounded(wire: GatewayWire) -> None:
    most = {f"f{number}": "" for number in range(LIMITS.conformance_load_files + 1)}
    large = with_file(document(), "large", b"0" * (LIMITS.conformance_file_bytes + 1))

    assert code(load(wire, b" " * (LIMITS.conformance_load_bytes + 1))) == (413, "input.body_too_large")
    assert code(load(wire, document(material=most))) == (400, "input.request_malformed")
    assert code(load(wire, large)) == (400, "input.request_malformed")


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"host": "node.th.example"}])
def test_neither_a_stranger_nor_a_web_page_can_load_or_look(wire: GatewayWire, headers: dict[str, str]) -> None:
    assert code(load(wire, document(), headers)) == (404, "input.not_found")
    assert code(wire.send("GET", STATE_PATH, headers=headers)) == (404, "input.not_found")


def test_other_methods_and_media_are_refused(wire: GatewayWire) -> None:
    refused = wire.send("GET", LOAD_PATH)

    assert code(refused) == (405, "input.method_not_allowed")
    assert refused.headers["allow"] == "POST"
    assert code(wire.send("POST", STATE_PATH)) == (405, "input.method_not_allowed")
    assert code(load(wire, document(), {"Content-Type": "text/plain"})) == (415, "input.media_type")


def test_a_load_replaces_everything_and_forgets_what_was_spent(wire: GatewayWire) -> None:
    load(wire, document())
    wire.send("POST", "/sandbox/faults/stale-lists")
    assert login(wire).document()["reason"]["code"] == "trust.stale"

    assert load(wire, document()).document() == {"loaded": True, "spent": 0}
    assert login(wire).document()["indication"] == "PASSED"
    assert login(wire).document()["reason"]["code"] == "holder.replayed"
    assert wire.send("GET", STATE_PATH).document() == {"loaded": True, "spent": 1}


@pytest.mark.parametrize(
    "body",
    [
        {}, {"key": "x"}, {"key": "x", "since": "2026-11-24T12:00:00Z"}, {"key": "A" * 43, "since": "noon"},
        {"key": 1, "since": "2026-11-24T12:00:00Z"}, {"key": "A" * 43, "since": "2026-11-24T12:00:00Z", "rp": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_what_recalls_nothing_that_there_is_is_refused(held: GatewayWire, body: dict[str, Any]) -> None:
    refused = held.send("POST", RECALL_PATH, headers=JSON, body=json.dumps(body).encode())

    assert code(refused) == (400, "input.request_malformed")


def test_a_node_that_holds_nothing_recalls_nothing_and_no_page_lets_one_recall(wire: GatewayWire) -> None:
    body = json.dumps({"key": "A" * 43, "since": "2026-11-24T12:00:00Z"}).encode()

    with conformance_node() as url:
        refused = GatewayWire(url).send("POST", RECALL_PATH, headers=JSON, body=body)
    foreign = wire.send("POST", RECALL_PATH, headers={**JSON, "Origin": "https://evil.example"}, body=body)

    assert code(refused) == (503, "system.not_ready")
    assert code(foreign) == (404, "input.not_found")


def test_a_webhook_of_nobody_is_not_taken_up(wire: GatewayWire) -> None:
    loaded = with_file(document(), "webhooks.json", b'{"nobody": "https://nobody.example/hook"}')

    assert code(load(wire, loaded)) == (400, "input.request_malformed")


def test_the_instant_of_the_load_is_the_clock(wire: GatewayWire) -> None:
    load(wire, document(at="2026-11-24T13:00:00Z"))

    assert login(wire).document()["reason"]["code"] == "time.expired"


def test_the_contract_does_not_name_what_only_this_mode_has(wire: GatewayWire) -> None:
    load(wire, document())
    contract = wire.send("GET", "/openapi.json").document(max_depth=LIMITS.conformance_contract_depth)

    assert "/v1/verify" in contract["paths"]
    assert not [path for path in contract["paths"] if "conformance" in path]


def test_an_ordinary_node_has_nothing_of_it(tmp_path: Path) -> None:
    node = node_in(tmp_path)

    for method, path in (("POST", LOAD_PATH), ("GET", STATE_PATH), ("POST", RECALL_PATH)):
        response = node.send(method, path, body=document() if method == "POST" else b"", headers=JSON)
        assert response.status_code == 404
        assert response.json()["code"] == "input.not_found"


def test_the_command_serves_such_a_node() -> None:
    command = [sys.executable, "-c", "from idbridge.cli.main import main; main()", "serve", "--conformance", "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            told = process.stdout.readline() if process.stdout is not None else ""
            port = re.search(r"conformance node listens on 127\.0\.0\.1 port (\d+)", told)
            assert port is not None, told
            state = GatewayWire(f"http://127.0.0.1:{port[1]}").send("GET", STATE_PATH)
        finally:
            process.kill()

    assert state.document() == {"loaded": False, "spent": 0}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "localhost", "node.example"])  # noqa: S104 - refused
def test_it_listens_on_this_machine_alone(host: str) -> None:
    result = CliRunner().invoke(root, ["serve", "--conformance", "--host", host, "--port", "0"])

    assert result.exit_code == Exit.LOCAL
    assert "this machine alone" in result.output


def test_it_does_not_start_beside_the_settings_of_a_live_node() -> None:
    result = CliRunner().invoke(root, ["serve", "--conformance"], env={"IDBRIDGE_ENVIRONMENT": "live"})

    assert result.exit_code == Exit.LOCAL
    assert "`live`" in result.output


@pytest.mark.parametrize("other", ["--check", "--initialise", "--hint", "--workers=2"])
def test_the_mode_goes_with_nothing_that_is_about_settings(other: str) -> None:
    assert CliRunner().invoke(root, ["serve", "--conformance", other]).exit_code == Exit.USAGE


def test_a_load_that_breaks_is_a_problem_and_no_more() -> None:
    def breaks(*_: Any) -> Any:
        raise RequestError("system.overloaded")

    with conformance_node(breaks) as url:
        assert code(load(GatewayWire(url), document())) == (400, "input.request_malformed")
        assert GatewayWire(url).send("GET", STATE_PATH).document()["loaded"] is False
