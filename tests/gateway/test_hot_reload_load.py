"""Hot reload under load: what is published is in force within two looks, and no request fails or mixes snapshots."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest

from idbridge.clock import SystemStopwatch
from idbridge.model.region import MemberState
from idbridge_gateway.app import create_app
from idbridge_gateway.serving import BackgroundServer
from idbridge_gateway.watch import Marks
from tests.engines import REPOSITORY
from tests.gateway import load_driver
from tests.gateway.asking import LOGIN, Node
from tests.gateway.distributed import distributed_node

QUESTIONS, THREADS = 60, 3
LOOKS_EVERY = 0.25  # seconds; the bound is counted in looks, so that a busy machine cannot break the test


class Arrivals(logging.Handler):
    """What the node says came into force, and a wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self._came = threading.Semaphore(0)

    def emit(self, record: logging.LogRecord) -> None:
        if "in force" in record.msg and record.args:
            self.ids.append(str(record.args[0]))
            self._came.release()

    def wait(self) -> None:
        assert self._came.acquire(timeout=60)


class Counted:
    """Marks that count how often somebody looked."""

    def __init__(self, marks: Marks) -> None:
        self.looks = 0
        self._marks = marks

    def read(self) -> Hashable:
        self.looks += 1
        return self._marks.read()


@contextmanager
def asking(url: str, questions: Path) -> Iterator[subprocess.Popen[str]]:
    """A second process that asks without a pause."""
    command = [sys.executable, "-B", load_driver.__file__, url, str(questions), str(THREADS)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asking\n"
        yield process


def written_questions(node: Node, place: Path) -> Path:
    """Questions that are all different, and one in four about the lists themselves."""
    cases = [node.case(LOGIN) for _ in range(QUESTIONS)]
    questions: list[dict[str, Any]] = [
        {"method": "POST", "path": case.path, "headers": dict(case.headers), "body": case.body.decode()}
        for case in cases
    ]
    for number in range(0, QUESTIONS, 4):
        questions[number] = {"method": "GET", "path": "/v1/trust", "headers": {}, "body": ""}
    place.write_text(json.dumps(questions))
    return place


def publications(node: Node) -> Iterator[None]:
    """Publish again and again: a new edition of another state, and at last the withdrawal of what is asked about."""
    for state in (MemberState.BN, MemberState.KH, MemberState.LA, MemberState.VN):
        node.clock.turn(seconds=60)
        node.region = node.region.reissued(state, at=node.clock.now())
        node.region.distribute(node.directory, at=node.clock.now())
        yield
    node.clock.turn(seconds=60)
    node.region = node.region.with_status("sg-login", "withdrawn", at=node.clock.now())
    node.region.distribute(node.directory, at=node.clock.now())
    yield


def test_no_request_fails_while_trust_is_exchanged_and_each_answer_fits_the_snapshot_that_it_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, record_testsuite_property: Any
) -> None:
    node = distributed_node(tmp_path / "node")
    app = create_app(node.settings.model_copy(update={"reload_seconds": LOOKS_EVERY}), clock=node.clock)
    first = app.state.trust.current().snapshot.id
    marks = app.state.reload._marks = Counted(app.state.reload._marks)
    arrivals, stopwatch = Arrivals(), SystemStopwatch()
    caplog.set_level(logging.INFO, logger="idbridge_gateway")
    logging.getLogger("idbridge_gateway").addHandler(arrivals)
    looks: list[int] = []
    seconds: list[float] = []

    questions = written_questions(node, tmp_path / "questions.json")
    with BackgroundServer(app) as server, asking(server.url, questions) as process:
        for _ in publications(node):
            before, published_at = marks.looks, stopwatch.seconds()
            arrivals.wait()
            looks.append(marks.looks - before)
            seconds.append(round(stopwatch.seconds() - published_at, 3))
        out, _ = process.communicate("")
    logging.getLogger("idbridge_gateway").removeHandler(arrivals)

    found = json.loads(out)
    order = [first, *arrivals.ids]
    assert found["failed"] == []
    assert len(order) == 6
    assert max(looks) <= 2
    for answers in found["answered"]:
        seen = [order.index(snapshot) for snapshot, _ in groupby(snapshot for snapshot, _ in answers)]
        assert all(earlier < later for earlier, later in pairwise(seen))
    verdicts = {
        (order.index(snapshot), verdict) for answers in found["answered"] for snapshot, verdict in answers if verdict
    }
    last = len(order) - 1
    assert {verdict for number, verdict in verdicts if number == last} == {"issuer.withdrawn"}
    assert {verdict for number, verdict in verdicts if number < last} <= {"PASSED", "holder.replayed"}
    record_testsuite_property("publish_to_effective_seconds", seconds)
    record_testsuite_property("requests", sum(map(len, found["answered"])))
