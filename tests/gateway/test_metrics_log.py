"""What a node shows of its log: what was not written down first, and then how long it is and who confirmed it."""

import os
from pathlib import Path

import pytest

from idbridge.errors import RequestError
from idbridge.evidence import reading
from idbridge.evidence.errors import UnrecordedError
from idbridge_gateway.evidence.cosigned import COSIGNED
from idbridge_gateway.evidence.opening import Evidence
from idbridge_gateway.evidence.records import NoRecords
from idbridge_gateway.metrics.catalogue import LOG_CONFIRMED_AGE, LOG_ENTRIES, LOG_UNCONFIRMED, LOG_WAITING
from idbridge_gateway.metrics.log_gauges import log_gauges_of
from tests.gateway.asking import Node, problem_of
from tests.gateway.recording import publish
from tests.gateway.test_metrics import series_of, shown


def gauges(node: Node, **changes: object) -> dict[str, float]:
    settings = node.settings.model_copy(update=changes)
    told = log_gauges_of(node.app.state.parts.evidence, settings)(node.clock.now())
    return {key[0]: value for key, value in told}


def test_a_node_without_a_log_shows_nothing_of_one(node: Node) -> None:
    assert list(log_gauges_of(Evidence(NoRecords()), node.settings)(node.clock.now())) == []


def test_of_a_log_that_cannot_be_read_only_who_waits_is_shown(node: Node, tmp_path: Path) -> None:
    parts = node.app.state.parts
    evidence = Evidence(parts.evidence.records, folder=tmp_path)

    told = list(log_gauges_of(evidence, node.settings)(node.clock.now()))

    assert told == [((LOG_WAITING,), 0.0)]


@pytest.mark.parametrize(
    ("refusal", "why"),
    [
        (UnrecordedError("the disk did not answer in time"), "unrecorded"),
        (RequestError("system.overloaded", "as many leaves wait for the disk as may"), "overloaded"),
    ],
)
def test_an_answer_that_cannot_be_written_down_is_counted_by_why(
    node: Node, monkeypatch: pytest.MonkeyPatch, refusal: RequestError, why: str
) -> None:
    async def refused(*_: object, **__: object) -> None:
        raise refusal

    monkeypatch.setattr(type(node.app.state.parts.evidence.line), "append", refused)

    assert problem_of(node.ask(), 503) == refusal.code
    series = series_of(shown(node))
    others = {"unrecorded", "overloaded"} - {why}
    assert series["idbridge_log_refusals_total", (("why", why),)] == 1
    assert all(series["idbridge_log_refusals_total", (("why", other),)] == 0 for other in others)


def test_who_waits_for_the_disk_is_counted_while_they_do(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    records, seen = node.app.state.parts.evidence.records, []

    async def waited(*_: object, **__: object) -> None:
        seen.append(records.waiting)
        raise UnrecordedError("the disk is full")

    monkeypatch.setattr(type(node.app.state.parts.evidence.line), "append", waited)
    node.ask()

    assert (seen, records.waiting) == ([1], 0)


def test_the_length_of_the_log_is_that_of_what_is_published(node: Node) -> None:
    assert node.ask().status_code == 200
    publish(node.settings)
    folder = node.settings.log_dir
    assert folder is not None
    size = reading.newest(folder).checkpoint.size

    assert series_of(shown(node))[LOG_ENTRIES, ()] == size > 0
    assert LOG_UNCONFIRMED not in gauges(node)


def test_what_no_witness_confirmed_is_shown_where_witnesses_are_named(node: Node, tmp_path: Path) -> None:
    assert node.ask().status_code == 200
    publish(node.settings)
    folder = node.settings.log_dir
    assert folder is not None
    checkpoint, named = (
        folder / "checkpoint",
        {"witness_urls": "https://node.sg.example/witness", "state_dir": tmp_path},
    )
    size = reading.newest(folder).checkpoint.size
    begun = (folder / "log.vkey").stat().st_mtime

    never = gauges(node, **named)
    assert never[LOG_UNCONFIRMED] == size
    assert never[LOG_CONFIRMED_AGE] == pytest.approx(node.clock.now().timestamp() - begun)

    (tmp_path / COSIGNED).write_bytes(checkpoint.read_bytes())
    at = node.clock.now().timestamp() - 77
    os.utime(tmp_path / COSIGNED, (at, at))
    confirmed = gauges(node, **named)
    assert confirmed[LOG_UNCONFIRMED] == 0
    assert confirmed[LOG_CONFIRMED_AGE] == pytest.approx(77)

    assert node.ask().status_code == 200
    publish(node.settings)
    assert gauges(node, **named)[LOG_UNCONFIRMED] == reading.newest(folder).checkpoint.size - size
