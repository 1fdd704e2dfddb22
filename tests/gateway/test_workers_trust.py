"""Trust material at four workers under load: in force at all of them, with a hint at once, and no answer mixes it.

With the hint nobody looks for an hour and a second is enough; without it everybody looks every second and two
are. What this machine takes longer because others are busy on it is measured beside, and how long it took is recorded.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from idbridge.clock import SystemClock
from idbridge_gateway.distribution import distribution_of, state_loader
from idbridge_gateway.settings import read_settings
from idbridge_gateway.stores.chosen import hint_to
from tests.engines import REPOSITORY
from tests.gateway import load_driver
from tests.gateway.asking import problem_of, verdict_of
from tests.gateway.redis_server import redis_server
from tests.gateway.working import WorkingNode, command, working_node

WORKERS, QUESTIONS, THREADS = 4, 40, 3
HOUR = 3600.0
Record = Any


@pytest.fixture(scope="module")
def hinted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkingNode]:
    """A node whose workers look when they are told to, and hardly ever by themselves."""
    place = tmp_path_factory.mktemp("hinted")
    with (
        redis_server(tmp_path_factory.mktemp("redis")) as server,
        working_node(place, server.url, workers=WORKERS, reload_seconds=HOUR) as node,
    ):
        yield node


@contextmanager
def asked_by_many(node: WorkingNode, place: Path) -> Iterator[dict[str, Any]]:
    """Let another process ask without a pause meanwhile; what came of it is in the yielded table at the end."""
    cases = [node.question() for _ in range(QUESTIONS)]
    place.write_text(json.dumps([
        {"method": "POST", "path": case.path, "headers": dict(case.headers), "body": case.body.decode()}
        for case in cases
    ]))  # fmt: skip
    found: dict[str, Any] = {}
    words = [sys.executable, "-B", load_driver.__file__, node.url, str(place), str(THREADS)]
    with subprocess.Popen(words, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asking\n"
        yield found
        out, _ = process.communicate("")
    found.update(json.loads(out))


def slack(node: WorkingNode) -> float:
    """Seconds that this machine may take longer: workers verify one after the other, and each competes for its turn."""
    load = state_loader(node.settings, distribution_of(node.settings), clock=SystemClock())
    took: list[float] = []
    for _ in range(5):
        began = node.seconds()
        load()
        took.append(node.seconds() - began)
    return 10 * WORKERS * max(took)


def in_force(node: WorkingNode, mark: int) -> tuple[float, set[str]]:
    """The seconds at which a snapshot is in force at the last of the workers, and which they are."""
    arrived = node.journal.since(mark, r"worker (\d+): trust snapshot in force: ([0-9a-f]{64})", count=WORKERS)
    assert {int(match[1]) for _, match in arrived} == set(node.workers)
    return max(at for at, _ in arrived), {match[2] for _, match in arrived}


def require_unmixed(found: dict[str, Any], *, before: str, after: str) -> None:
    """Each answer is by one snapshot whole, and no connection ever goes back to the one before."""
    assert found["failed"] == []
    for answers in found["answered"]:
        seen = [snapshot for snapshot, _ in groupby(snapshot for snapshot, _ in answers)]
        assert seen in ([before], [after], [before, after])
    verdicts = {(snapshot, verdict) for answers in found["answered"] for snapshot, verdict in answers}
    assert {verdict for snapshot, verdict in verdicts if snapshot == after} == {"issuer.withdrawn"}
    assert {verdict for snapshot, verdict in verdicts if snapshot == before} <= {"PASSED", "holder.replayed"}


def test_a_hint_brings_a_publication_to_four_workers_under_load_though_nobody_looks_for_an_hour(
    hinted: WorkingNode, tmp_path: Path, record_testsuite_property: Record
) -> None:
    mark, before = len(hinted.journal.lines), hinted.get("/v1/trust")["trust_snapshot"]
    settings = read_settings(**{**hinted.settings.model_dump(), "redis_url": hinted.env["IDBRIDGE_REDIS_URL"]})

    with asked_by_many(hinted, tmp_path / "questions.json") as found:
        hinted.publish(withdrawn="sg-login")
        hinted_at = hinted.seconds()
        assert hint_to(settings) == WORKERS
        at, (after,) = in_force(hinted, mark)
        late = slack(hinted)

    require_unmixed(found, before=before, after=after)
    assert at - hinted_at < 1 + late
    record_testsuite_property("workers_hint_to_effective_seconds", round(at - hinted_at, 3))
    record_testsuite_property("workers_slack_seconds", round(late, 3))
    record_testsuite_property("workers_requests", sum(map(len, found["answered"])))


def test_an_operator_hints_by_a_command_that_says_how_many_workers_heard_it(hinted: WorkingNode) -> None:
    ended = command("serve", "--hint", env=hinted.env)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split()[-1] == str(WORKERS)


def test_without_hints_four_workers_find_a_publication_when_they_look(
    tmp_path: Path, record_testsuite_property: Record
) -> None:
    """The server knows no ``PUBLISH``, so that nobody hears of anything; then it goes away and comes back."""
    (tmp_path / "redis").mkdir()
    deaf = ("--rename-command", "PUBLISH", "")
    with (
        redis_server(tmp_path / "redis", *deaf) as server,
        working_node(tmp_path / "node", server.url, workers=WORKERS, reload_seconds=1.0) as node,
    ):
        mark, before = len(node.journal.lines), node.get("/v1/trust")["trust_snapshot"]
        with asked_by_many(node, tmp_path / "questions.json") as found:
            published_at = node.publish(withdrawn="sg-login")
            at, (after,) = in_force(node, mark)
            late = slack(node)
        require_unmixed(found, before=before, after=after)
        assert at - published_at < 2 + late
        record_testsuite_property("workers_publish_to_effective_seconds", round(at - published_at, 3))

        asked = node.question("sg-pid-opens-account")
        server.stop()
        for number in node.workers:
            with node.only(number):
                refused = node.ask(asked)
            assert problem_of(refused, 503) == "system.overloaded"
            assert int(refused.headers["retry-after"]) > 0
        with redis_server(tmp_path / "redis", port=server.port):
            assert verdict_of(node.answer(asked)) == ("PASSED", None)
