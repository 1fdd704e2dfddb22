"""Figures: bounded under whatever is asked, of nobody, and of all workers together."""

import json
from collections.abc import Iterator
from multiprocessing import Pipe
from threading import Event

import pytest
from prometheus_client.parser import text_string_to_metric_families

from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge_gateway.api.faults import ONE_TIME_FULL
from idbridge_gateway.metrics.catalogue import (
    ALERTS,
    ANSWERS,
    BATCH_BOUNDS,
    BOUNDS,
    BY_NAME,
    METRICS,
    SHED,
    TIMES,
    VERDICTS,
    WORKERS,
    allows,
)
from idbridge_gateway.metrics.exposition import UNMATCHED, exposed, most_series
from idbridge_gateway.metrics.figures import Figures
from idbridge_gateway.metrics.gathering import Gathering, tell
from idbridge_gateway.metrics.reading import Reading, parse_reading, together
from idbridge_gateway.metrics.serving import metrics_app, routes_of
from tests.gateway.asking import Node, problem_of, verdict_of

CANARY = "Canary7391"
Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def series_of(text: str) -> Series:
    """Every series of a text in the format of Prometheus."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def shown(node: Node) -> str:
    """What the node shows of itself."""
    return exposed(node.app.state.parts.figures.reading, routes=routes_of(node.app)).decode()


def hostile(node: Node, number: int) -> Iterator[int]:
    """Requests that try to become labels, and the statuses of their answers."""
    mark = f"{CANARY}-{number}"
    access = node.access()
    for method, path in (
        ("GET", f"/v1/trust/{mark}"),
        ("GET", f"/{mark}/{mark}"),
        ("PROPFIND", "/v1/trust"),
        (mark, "/healthz"),
        ("GET", f"/v1/reasons/{mark}"),
        ("GET", f"/v1/recognition?for={mark}&purpose={mark}"),
        ("GET", f"/trust/{mark}.json"),
        ("GET", "/v1/trust?access_token=" + mark),
        ("POST", f"/v1/verify?x={mark}"),
        ("POST", "/admin/v1/relying-parties"),
        ("GET", "/v1/presentations/" + mark),
    ):
        headers = {"x-request-id": mark, "user-agent": mark, "authorization": f"Bearer {mark}", "host": mark}
        yield node.send(method, path, headers=headers).status_code
    for body in ({"credential": mark, "purpose": mark}, {mark: mark}, [mark]):
        yield node.send("POST", "/v1/verify", body=body, headers=access).status_code


def test_no_request_makes_a_label_and_their_number_is_known_before(node: Node) -> None:
    statuses = [*hostile(node, 1)]
    first = shown(node)
    statuses += [*hostile(node, 2)]
    second = shown(node)

    assert set(statuses) & {200, 404, 405, 400, 401}
    assert CANARY not in second
    assert series_of(first).keys() == series_of(second).keys()
    assert len(series_of(second)) <= most_series(routes_of(node.app))


def test_every_label_value_shown_is_one_of_the_catalogue(node: Node) -> None:
    assert len([*hostile(node, 3)]) > 10
    verdict_of(node.ask())
    routes = routes_of(node.app) | {UNMATCHED}

    for family in text_string_to_metric_families(shown(node)):
        metric = BY_NAME.get(family.name) or BY_NAME[f"{family.name}_total"]
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "le"}
            assert allows(metric, tuple(labels[label.name] for label in metric.labels), routes=routes), sample


def test_what_a_worker_tells_under_another_name_or_label_is_not_shown() -> None:
    reading = Reading(
        {(SHED, "queue"): 2, (SHED, CANARY): 1, (CANARY,): 1, (SHED,): 9, (ANSWERS, CANARY, "2xx"): 1},
        {(TIMES, CANARY): (0.0,) * (len(BOUNDS) + 2), (CANARY,): (0.0, 0.0), (SHED, "queue"): (0.0, 0.0)},
        {(CANARY,): 1.0, (WORKERS, CANARY): 1.0},
    )

    text = exposed(lambda: together((reading,)), routes=frozenset({"/readyz"})).decode()

    assert CANARY not in text
    assert 'idbridge_shed_requests_total{why="queue"} 2.0' in text


def test_no_relying_party_is_a_label() -> None:
    names = {label.name for metric in METRICS for label in metric.labels}

    assert names == {
        "indication", "code", "format", "state", "route", "status", "why", "kind", "severity", "sample", "outcome",
    }  # fmt: skip


def test_verdicts_are_counted_by_indication_code_format_and_state(node: Node) -> None:
    verdict_of(node.ask())
    verdict_of(node.ask("signature-changed"))

    series = series_of(shown(node))

    verdicts = {dict(labels)["indication"]: dict(labels) for (name, labels) in series if name == VERDICTS}
    assert verdicts["PASSED"] == {"indication": "PASSED", "code": "-", "format": "id_token", "state": "SG"}
    assert verdicts["FAILED"]["code"] == "jose.signature_invalid"


def test_answers_are_counted_by_the_template_of_their_route(node: Node) -> None:
    assert node.send("GET", "/v1/trust/SG").status_code == 200
    assert node.send("GET", "/v1/trust/XX").status_code == 400
    assert node.send("GET", "/nowhere/SG").status_code == 404

    series = series_of(shown(node))

    assert series[ANSWERS, (("route", "/v1/trust/{state}"), ("status", "2xx"))] == 1
    assert series[ANSWERS, (("route", "/v1/trust/{state}"), ("status", "4xx"))] == 1
    assert series[ANSWERS, (("route", UNMATCHED), ("status", "4xx"))] == 1
    assert series["idbridge_http_answer_seconds_count", (("route", "/v1/trust/{state}"),)] == 2


def test_a_store_that_takes_nothing_is_counted_and_nothing_is_accepted(faulty: Node) -> None:
    assert faulty.faults is not None
    faulty.faults.switch(ONE_TIME_FULL, on=True)

    assert problem_of(faulty.ask(), 503) == "system.overloaded"

    series = series_of(shown(faulty))
    assert series["idbridge_one_time_store_failures_total", ()] == 1
    assert not [name for name, _ in series if name == VERDICTS]
    assert series[ANSWERS, (("route", "/v1/verify"), ("status", "503"))] == 1


def test_a_node_says_how_fresh_its_lists_are_and_what_it_was_alerted_to(node: Node) -> None:
    before = series_of(shown(node))
    node.clock.turn(hours=1)
    after = series_of(shown(node))

    left = ("idbridge_trust_list_seconds_left", (("state", "SG"),))
    assert before[left] - after[left] == 3600
    assert after["idbridge_ready", ()] == 1
    node.clock.turn(days=400)
    node.app.state.bell.ring_again()
    last = series_of(shown(node))
    assert last[left] < 0
    assert last["idbridge_ready", ()] == 0
    assert any(name == ALERTS and ("severity", "critical") in labels for name, labels in last)


def test_durations_fall_into_their_buckets() -> None:
    figures = Figures()
    for seconds in (0.0005, 0.001, 0.002, 99.0):
        figures.answered("/readyz", 200, seconds=seconds)

    series = series_of(exposed(figures.reading, routes=frozenset({"/readyz"})).decode())

    name = "idbridge_http_answer_seconds_bucket"
    found = {dict(labels)["le"]: value for (one, labels), value in series.items() if one == name}
    assert found["0.001"] == 2
    assert found["0.0025"] == 3
    assert found["10.0"] == 3
    assert found["+Inf"] == 4
    assert series["idbridge_http_answer_seconds_sum", (("route", "/readyz"),)] == pytest.approx(99.0035)


@pytest.mark.parametrize(
    "octets",
    [b"", b"[]", b'{"counts":[]}', b'{"counts":[[1,2]],"times":[],"gauges":[]}',
     b'{"counts":{},"times":[],"gauges":[]}',
     b'{"counts":[],"times":[["/x",1]],"gauges":[]}', b'{"counts":[],"times":[["idbridge_workers",1,1]],"gauges":[]}',
     b'{"counts":[],"times":[["idbridge_http_answer_seconds","/x",1]],"gauges":[]}',
     b'{"counts":[],"times":[["idbridge_log_batch_entries","x",0,0,0,0,0,0,0,0,0,0,0,0,0,0]],"gauges":[]}',
     b'{"counts":[],"times":[["idbridge_log_batch_entries",0,0,0,0,0,0,0,0,0,0,0,0,0]],"gauges":[]}',
     b'{"counts":[["x"]],"times":[],"gauges":[]}',
     b'{"counts":[["x",true]],"times":[],"gauges":[]}'],
)  # fmt: skip
def test_what_is_no_reading_is_refused(octets: bytes) -> None:
    with pytest.raises(InputError):
        parse_reading(octets)


def test_a_reading_past_the_bound_is_not_taken() -> None:
    gathering, (heard, telling) = Gathering(Figures()), Pipe(duplex=False)
    with heard, telling:
        telling.send_bytes(json.dumps({"counts": [], "times": [], "gauges": []}).encode())
        assert gathering.take(1, heard)

    with pytest.raises(InputError):
        parse_reading(b" " * (LIMITS.figures_bytes + 1))


def test_a_worker_that_ended_leaves_what_it_counted_and_no_longer_says_how_it_stands() -> None:
    gathering, figures = Gathering(Figures()), Figures()
    for number in (1, 2):
        figures.shed("queue")
        heard, telling = Pipe(duplex=False)
        ended = Event()
        ended.set()
        with heard, telling:
            tell(telling, figures, ended=ended)
            assert gathering.take(number, heard)
    both = gathering.reading()
    gathering.ended(1)
    one = gathering.reading()

    assert both.counts[SHED, "queue"] == one.counts[SHED, "queue"] == 3
    assert both.gauges[(WORKERS,)] == 2
    assert one.gauges[(WORKERS,)] == 1


def test_who_writes_the_log_is_no_worker_and_its_batches_count() -> None:
    gathering, writer, ended = Gathering(Figures()), Figures(), Event()
    writer.synced(7, 0.002)
    ended.set()
    heard, telling = Pipe(duplex=False)
    with heard, telling:
        tell(telling, writer, ended=ended, is_worker=False)
        assert gathering.take(0, heard)

    assert (WORKERS,) not in gathering.reading().gauges
    gathering.ended(0)
    series = series_of(exposed(gathering.reading, routes=frozenset()).decode())
    assert series["idbridge_log_batch_entries_sum", ()] == 7
    assert series["idbridge_log_batch_entries_bucket", (("le", "4.0"),)] == 0
    assert series["idbridge_log_batch_entries_bucket", (("le", "8.0"),)] == 1
    assert series["idbridge_log_sync_seconds_bucket", (("le", "0.001"),)] == 0
    assert series["idbridge_log_sync_seconds_bucket", (("le", "0.0025"),)] == 1
    assert series["idbridge_log_sync_seconds_sum", ()] == 0.002


def test_the_largest_batch_falls_under_the_last_bound() -> None:
    assert BATCH_BOUNDS[-1] == LIMITS.log_waiting


def test_the_worst_worker_says_how_the_node_stands() -> None:
    readings = (
        Reading(gauges={("idbridge_ready",): 1.0, ("idbridge_status_list_age_seconds", "SG"): 5.0}),
        Reading(gauges={("idbridge_ready",): 0.0, ("idbridge_status_list_age_seconds", "SG"): 9.0}),
    )

    gauges = together(readings).gauges

    assert gauges[("idbridge_ready",)] == 0
    assert gauges["idbridge_status_list_age_seconds", "SG"] == 9


def test_a_reading_travels_without_a_change() -> None:
    figures = Figures()
    figures.answered("/readyz", 200, seconds=0.25)
    figures.synced(3, 0.0004)
    figures.shed("queue")
    figures.gauges = lambda: ((("idbridge_ready",), 1.0), (("idbridge_disk_free_ratio",), 0.123456789))

    assert parse_reading(figures.reading().octets()) == figures.reading()


def test_the_port_of_figures_answers_at_one_address_only() -> None:
    app = metrics_app(Figures().reading, routes=frozenset())

    assert {getattr(route, "path", "") for route in app.routes} == {"/metrics"}
