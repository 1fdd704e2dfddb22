"""The canary: what is forged and accepted stops a node for good, and what is good and refused is told."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.clock import SystemClock
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.trust.alerts import Alert, AlertKind, Severity
from idbridge_gateway.canary.rounds import (
    ACCEPTED,
    EXPECTED,
    OTHER_REASON,
    REFUSED,
    UNANSWERED,
    Canary,
    judged,
    own_port,
    singing,
)
from idbridge_gateway.canary.sample import FORGED, GOOD, FolderSamples, Sample, missing
from idbridge_gateway.canary.wiring import canary_of, samples_in
from idbridge_gateway.demo.canaries import RegionCanaries, forged
from idbridge_gateway.demo.nodes import RunningNodes, lay_out
from idbridge_gateway.metrics.catalogue import CANARIES
from idbridge_gateway.serving import LOOPBACK, BackgroundServer, listen, reached
from idbridge_gateway.standing import is_latched
from tests.gateway.asking import Node, problem_of
from tests.gateway.distributed import the_present_region

LISTED = "kh-residence-at-home"


class Watched:
    """A canary, and what it said."""

    def __init__(self, samples: object, put: Callable[[Sample], tuple[int, bytes]], node: Node) -> None:
        self.alerts: list[Alert] = []
        self.latched: list[str] = []
        self.counted: list[tuple[str, str, str]] = []
        self.canary = Canary(
            samples,  # type: ignore[arg-type] # a folder, or a region, or a list of a test
            put=put,
            clock=node.clock,
            counted=lambda *one: self.counted.append(one),
            tell=self.alerts.append,
            latch=self.latched.append,
        )


class Listed:
    """Samples that a test names."""

    def __init__(self, *samples: Sample) -> None:
        self.samples = samples

    def drawn(self) -> tuple[Sample, ...]:
        return self.samples


@pytest.fixture
def region_samples(node: Node) -> tuple[Sample, ...]:
    return RegionCanaries(node.region, MemberState.TH, clock=node.clock, randomness=SystemRandomness()).drawn()


@pytest.fixture
def served(own_node: Node) -> Iterator[str]:
    """The address of a node that answers on a port of this machine."""
    with BackgroundServer(own_node.app) as server:
        yield server.url


FORGERY = "jose.signature_invalid"


def sample(kind: str = GOOD) -> Sample:
    return Sample("one", MemberState.SG, kind, b"{}", "key", code=FORGERY if kind == FORGED else "")


def report(*, accepted: object, code: object = FORGERY) -> bytes:
    return json.dumps({"accepted": accepted, "reason": {"code": code}}).encode()


@pytest.mark.parametrize(
    ("kind", "status", "octets", "outcome"),
    [
        (FORGED, 200, report(accepted=True), ACCEPTED),
        (FORGED, 200, report(accepted=None), ACCEPTED),
        (FORGED, 200, report(accepted=False), EXPECTED),
        (FORGED, 200, report(accepted=True, code="time.expired"), ACCEPTED),
        (FORGED, 200, report(accepted=False, code="time.expired"), OTHER_REASON),
        (FORGED, 200, report(accepted=False, code=[]), OTHER_REASON),
        (FORGED, 200, b'{"accepted":false,"reason":null}', OTHER_REASON),
        (FORGED, 503, report(accepted=True), UNANSWERED),
        (FORGED, 200, b"{}", UNANSWERED),
        (FORGED, 200, b"[true]", UNANSWERED),
        (FORGED, 0, b"", UNANSWERED),
        (GOOD, 200, report(accepted=False), REFUSED),
        (GOOD, 200, report(accepted=True), EXPECTED),
        (GOOD, 401, b"{}", UNANSWERED),
    ],
)
def test_only_a_report_is_an_answer_and_only_a_refusal_for_the_forgery_is_as_expected(
    kind: str, status: int, octets: bytes, outcome: str
) -> None:
    assert judged(sample(kind), status, octets) == outcome


def test_a_forged_sample_that_is_accepted_is_latched_each_time_and_told_once(node: Node) -> None:
    watched = Watched(Listed(sample(FORGED)), lambda _: (200, report(accepted=True)), node)

    watched.canary.round()
    watched.canary.round()

    assert len(watched.latched) == 2
    assert [(alert.kind, alert.severity) for alert in watched.alerts] == [(AlertKind.CANARY, Severity.CRITICAL)]
    assert watched.counted == [("SG", FORGED, ACCEPTED)] * 2


def test_a_forged_sample_that_is_refused_for_another_reason_shows_nothing_and_is_told(node: Node) -> None:
    watched = Watched(Listed(sample(FORGED)), lambda _: (200, report(accepted=False, code="time.expired")), node)

    watched.canary.round()

    assert watched.counted == [("SG", FORGED, OTHER_REASON)]
    assert [alert.severity for alert in watched.alerts] == [Severity.WARNING]
    assert not watched.latched


def test_a_good_sample_that_is_refused_is_told_again_only_after_it_was_well(node: Node) -> None:
    answers = iter([False, False, True, False])
    watched = Watched(Listed(sample()), lambda _: (200, report(accepted=next(answers))), node)

    for _ in range(4):
        watched.canary.round()

    assert [alert.severity for alert in watched.alerts] == [Severity.WARNING] * 2
    assert not watched.latched


def test_a_node_that_does_not_answer_itself_is_told_and_not_latched(node: Node) -> None:
    with listen(LOOPBACK, 0) as closed:
        url = reached(closed)
    watched = Watched(Listed(sample(), replace(sample(FORGED), name="two")), own_port(url, path="/v1/verify"), node)

    watched.canary.round()

    assert [outcome for _, _, outcome in watched.counted] == [UNANSWERED, UNANSWERED]
    assert len(watched.alerts) == 2
    assert not watched.latched


def test_a_node_refuses_every_forged_sample_of_its_region_and_accepts_every_good_one(
    node: Node, region_samples: tuple[Sample, ...]
) -> None:
    def put(one: Sample) -> tuple[int, bytes]:
        headers = {"authorization": f"Bearer {one.api_key}", "content-type": "application/json"}
        answer = node.send("POST", "/v1/verify", body=one.body, headers=headers)
        return answer.status_code, answer.content

    watched = Watched(Listed(*region_samples), put, node)
    watched.canary.round()

    assert {outcome for _, _, outcome in watched.counted} == {EXPECTED}
    assert not watched.alerts
    states = {MemberState(state) for state, _, _ in watched.counted}
    assert len(states) == 9
    assert missing(region_samples, states=states) == ()
    codes = {json.loads(put(one)[1])["reason"]["code"] for one in region_samples if one.kind == FORGED}
    assert codes == {"jose.signature_invalid"}


def test_the_other_node_has_samples_too(other_node: Node) -> None:
    drawn = RegionCanaries(other_node.region, MemberState.SG, clock=other_node.clock, randomness=SystemRandomness())

    assert {case.state.value for case in drawn.shown} >= {"TH", "SG", "MY", "PH"}


def test_a_forged_token_differs_in_its_signature_alone() -> None:
    assert forged("aa.bb.Acc~dd~ee.ff.gg") == "aa.bb.Bcc~dd~ee.ff.gg"
    assert forged("aa.bb.Zcc") == "aa.bb.Acc"


def test_what_a_live_node_is_shown_as_forged_and_accepts_stops_its_assertions_and_readiness(
    own_node: Node, served: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    minted = own_node.case(LISTED)
    for name, expect in (("good", "accepted"), ("mislabelled", "refused")):
        request = own_node.case(LISTED).document()
        code = {"code": FORGERY} if expect == "refused" else {}
        text = json.dumps({"state": "KH", "expect": expect, "request": request, **code})
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    key = tmp_path / "key"
    key.write_text(minted.headers["Authorization"].removeprefix("Bearer "), encoding="ascii")
    settings = own_node.settings.model_copy(update={"canary_dir": folder, "canary_key_file": key})
    figures, standing = own_node.app.state.parts.figures, own_node.app.state.parts.standing

    with listen(LOOPBACK, 0) as unused:
        canary = canary_of(settings, samples_in(settings), listener=unused, figures=figures, clock=own_node.clock)
        assert canary is not None
        canary._put = own_port(served, path="/v1/verify")
        with caplog.at_level(logging.WARNING, logger="idbridge_gateway"):
            canary.round()
    standing.look()

    assert is_latched(settings.state_dir)
    assert "a forged sample was accepted" in caplog.text
    assert figures.reading().counts[CANARIES, "KH", FORGED, ACCEPTED] == 1
    assert figures.reading().counts[CANARIES, "KH", GOOD, EXPECTED] == 1
    assert problem_of(own_node.send("GET", "/readyz"), 503) == "system.not_ready"
    assert own_node.ask(assertion={"audience": own_node.settings.node_url}).json()["assertion"] is None


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"state":"SG","expect":"accepted"}', '{"state":"XX","expect":"accepted","request":{}}',
        '{"state":"SG","expect":"maybe","request":{}}', '{"state":"SG","expect":"accepted","request":[]}',
        '{"state":"SG","expect":"refused","request":{}}',
        '{"state":"SG","expect":"refused","request":{},"code":"no.such"}',
        '{"state":"SG","expect":"refused","request":{},"code":[]}',
        '{"state":"SG","expect":"accepted","request":{},"code":"jose.signature_invalid"}',
        '{"state":"SG","expect":"accepted","request":{},"more":1}', '{"state":"SG","state":"SG"}',
        json.dumps({"state": "SG", "expect": "accepted", "request": {"credential": "x" * LIMITS.body_bytes}}),
    ],
)  # fmt: skip
def test_a_file_that_is_no_sample_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.json").write_text(text, encoding="utf-8")
    (tmp_path / "key").write_text("idb_test_x", encoding="ascii")

    with pytest.raises(ConfigurationError):
        FolderSamples(tmp_path, tmp_path / "key").drawn()


def test_too_many_samples_none_or_no_key_are_told_once(node: Node, tmp_path: Path) -> None:
    samples = FolderSamples(tmp_path, tmp_path / "key")
    watched = Watched(samples, lambda _: (200, report(accepted=True)), node)
    watched.canary.round()
    (tmp_path / "key").write_text("idb_test_x", encoding="ascii")
    watched.canary.round()
    watched.canary.round()
    text = '{"state":"SG","expect":"accepted","request":{}}'
    for number in range(LIMITS.canary_samples + 1):
        (tmp_path / f"{number}.json").write_text(text, encoding="utf-8")
    watched.canary.round()
    (tmp_path / "0.json").unlink()
    watched.canary.round()

    assert len(watched.alerts) == 3
    assert len(watched.counted) == LIMITS.canary_samples


def test_states_without_a_good_or_a_forged_sample_are_named() -> None:
    assert missing([sample()], states=(MemberState.TH, MemberState.SG)) == ("SG forged", "TH good", "TH forged")


def test_rounds_follow_one_another_and_a_fault_in_one_ends_none(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    rounds_made: list[int] = []

    class Faulty:
        def drawn(self) -> tuple[Sample, ...]:
            rounds_made.append(1)
            raise LookupError("fault")

    with (
        caplog.at_level(logging.ERROR, logger="idbridge_gateway"),
        singing(Watched(Faulty(), lambda _: (200, b""), node).canary, pause=timedelta(0)),
    ):
        while len(rounds_made) < 2:
            pass

    assert "unexpected LookupError" in caplog.text
    assert LIMITS.canary_pause.total_seconds() <= 60


def test_an_answer_is_read_no_further_than_its_bound(own_node: Node, served: str) -> None:
    status, octets = own_port(served, path="/openapi.json")(sample())

    assert status == 405
    assert len(octets) < LIMITS.canary_answer_bytes


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])  # noqa: S104 - where it listens is what is asked about
def test_a_node_reaches_itself_on_this_machine_wherever_it_listens(host: str) -> None:
    with listen(host, 0) as listener:
        assert reached(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_each_node_of_a_region_that_runs_answers_its_own_samples_through_its_own_port(tmp_path: Path) -> None:
    clock = SystemClock()
    region = the_present_region()
    layout = lay_out(region, tmp_path)
    with RunningNodes(region, layout, clock=clock) as nodes:
        for state in layout:
            canary = nodes._canary(state)
            assert canary is not None
            canary.round()
        counts = [app.state.parts.figures.reading().counts for app in nodes._apps.values()]

    outcomes = {(key[1], key[3]) for one in counts for key in one if key[0] == CANARIES}
    assert {outcome for _, outcome in outcomes} == {EXPECTED}
    assert {state for state, _ in outcomes} >= {"BN", "KH", "ID", "LA", "MY", "MM", "PH", "SG", "TH", "VN"}
