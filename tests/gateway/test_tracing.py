"""Traces: a request goes on in its caller's trace, and nothing of it but its route, method and status is written."""

import asyncio
import json
import os
import re
import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge_gateway.app import create_app
from idbridge_gateway.metrics.serving import routes_of
from idbridge_gateway.retention.other_rows import GIVEN_ROWS
from idbridge_gateway.tracing import ATTRIBUTES, FileExporter, Spans, clear, parent_of, spans_of
from tests.gateway.asking import Node, verdict_of
from tests.gateway.clocks import NOON, HandClock

CANARY = "Canary7391"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TOLD = f"00-{TRACE}-{PARENT}-01"


class Traced:
    """A node that writes traces of everything, and what it wrote."""

    def __init__(self, node: Node, folder: Path) -> None:
        self.folder = folder
        settings = node.settings.model_copy(update={"traces_dir": folder, "traces_share": 1.0})
        self.node = Node(create_app(settings, clock=node.clock), settings, node.clock, None, node.directory)

    def written(self) -> str:
        """Everything that was written, once the node has ended."""
        spans = self.node.app.state.parts.spans
        asyncio.run(spans.close())
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.folder.iterdir()))

    def spans(self) -> list[dict[str, Any]]:
        return [
            span
            for line in self.written().splitlines()
            for resource in json.loads(line)["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]


@pytest.fixture
def traced(node: Node, tmp_path: Path) -> Traced:
    return Traced(node, tmp_path)


def attributes_of(span: Mapping[str, Any]) -> dict[str, str]:
    return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}


def test_nothing_of_a_request_but_route_method_and_status_is_written(traced: Traced) -> None:
    node = traced.node
    marked = {"x-request-id": CANARY, "user-agent": CANARY, "tracestate": f"x={CANARY}", "baggage": f"a={CANARY}"}
    for method, path in (
        ("GET", f"/v1/trust/{CANARY}"), ("GET", f"/{CANARY}?q={CANARY}"), (CANARY, "/healthz"),
        ("GET", f"/v1/reasons/{CANARY}"), ("POST", "/v1/verify"),
    ):  # fmt: skip
        node.send(method, path, headers={**marked, "authorization": f"Bearer {CANARY}"})
    node.send("POST", "/v1/verify", body={"credential": CANARY}, headers={**node.access(), **marked})
    verdict_of(node.ask(headers=marked))

    spans = traced.spans()

    assert len(spans) == 7
    assert CANARY not in json.dumps(spans)
    assert {name for span in spans for name in attributes_of(span)} == ATTRIBUTES
    assert {span["name"] for span in spans} <= routes_of(node.app) | {"-"}
    assert {attributes_of(span)["http.request.method"] for span in spans} == {"GET", "POST", "_OTHER"}


def test_whatever_else_a_span_has_is_not_written(tmp_path: Path) -> None:
    provider = TracerProvider(resource=Resource({"host.name": CANARY, "service.name": "idbridge"}))
    provider.add_span_processor(SimpleSpanProcessor(FileExporter(tmp_path, HandClock())))
    with provider.get_tracer(CANARY).start_as_current_span(CANARY) as span:
        span.set_attribute("enduser.id", CANARY)
        span.add_event(CANARY, {"text": CANARY})
        span.record_exception(LookupError(CANARY))

    (path,) = tmp_path.iterdir()
    assert CANARY not in path.read_text(encoding="utf-8")
    assert '"service.name"' in path.read_text(encoding="utf-8")


def test_a_trace_of_the_caller_goes_on_here(traced: Traced) -> None:
    traced.node.send("GET", "/v1/trust/SG", headers={"traceparent": TOLD})

    (span,) = traced.spans()

    assert (span["traceId"], span["parentSpanId"]) == (TRACE, PARENT)
    assert attributes_of(span)["http.route"] == "/v1/trust/{state}"
    assert int(span["endTimeUnixNano"]) >= int(span["startTimeUnixNano"])


def test_what_the_caller_does_not_record_is_not_recorded_here(traced: Traced) -> None:
    traced.node.send("GET", "/readyz", headers={"traceparent": TOLD.removesuffix("01") + "00"})

    assert traced.written() == ""


def test_a_caller_who_records_does_not_get_more_written_than_the_share(node: Node) -> None:
    written = Counted()
    spans = Spans(written, share=0.0, node={}, clock=node.clock)
    for _ in range(100):
        spans.note("GET", "/readyz", 200, seconds=0.001, headers=[(b"traceparent", TOLD.encode())])
    asyncio.run(spans.close())

    assert written.count == 0


def test_which_trace_a_caller_names_decides_nothing(node: Node) -> None:
    written, lowest = Counted(), f"00-{'f' * 16}{'0' * 15}1-{PARENT}-01"  # ratios look at the end of a trace's name
    spans = Spans(written, share=0.5, node={}, clock=node.clock)
    for _ in range(400):
        spans.note("GET", "/readyz", 200, seconds=0.001, headers=[(b"traceparent", lowest.encode())])
    asyncio.run(spans.close())

    assert 100 < written.count < 300  # one time in 10^23 it is not


@pytest.mark.parametrize(
    "told",
    ["", CANARY, TOLD.upper(), f"01{TOLD[2:]}", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01", f"{TOLD}-x"],
)
def test_what_is_no_trace_begins_one_of_our_own(told: str) -> None:
    assert parent_of([(b"traceparent", told.encode())]) is None
    assert parent_of([(b"traceparent", TOLD.encode())] * 2) is None
    assert parent_of([(b"x", TOLD.encode())]) is None


def test_a_fault_of_ours_is_told_as_one(traced: Traced) -> None:
    traced.node.app.state.parts.standing.end()
    traced.node.send("GET", "/readyz")
    traced.node.send("GET", "/nowhere")

    assert [span["status"] for span in traced.spans()] == [{"code": 2}, {}]


def test_a_file_that_is_full_is_kept_beside_the_new_one_and_no_third(tmp_path: Path) -> None:
    exporter = FileExporter(tmp_path, HandClock())
    exporter.export([])
    (path,) = tmp_path.iterdir()
    for number in (1, 2):
        with path.open("wb") as file:
            file.truncate(LIMITS.traces_bytes - number)
        assert exporter.export([]) is SpanExportResult.SUCCESS

    assert sorted(tmp_path.iterdir()) == [path, path.with_suffix(".old")]
    assert path.stat().st_size < 1_000


def laid(folder: Path, name: str, *, ago: timedelta) -> Path:
    """A file that was written to last some time before noon."""
    path = folder / name
    path.write_bytes(b"{}\n")
    at = (NOON - ago).timestamp()
    os.utime(path, (at, at))
    return path


def test_a_file_of_traces_that_is_old_goes_and_nothing_else(tmp_path: Path) -> None:
    late, young = LIMITS.traces_life + timedelta(seconds=1), LIMITS.traces_life - timedelta(seconds=1)
    gone = [laid(tmp_path, name, ago=late) for name in ("traces-1.jsonl", "traces-2-20260101.jsonl", "traces-2.old")]
    stay = [laid(tmp_path, name, ago=late) for name in ("traces-x.jsonl", "mytraces-1.jsonl", "traces-1.jsonl.gz")]
    stay += [laid(tmp_path, "traces-3-20260525.jsonl", ago=young)]
    (tmp_path / "traces-4.jsonl").mkdir()  # what cannot be removed keeps nothing else there
    os.utime(tmp_path / "traces-4.jsonl", (0, 0))

    clear(tmp_path, at=NOON)
    clear(tmp_path / "absent", at=NOON)

    assert not [path for path in gone if path.exists()]
    assert all(path.exists() for path in stay)


def test_a_node_begins_another_file_before_what_is_in_one_is_old(tmp_path: Path) -> None:
    clock = HandClock()
    exporter = FileExporter(tmp_path, clock)
    exporter.export([])
    clock.turn(seconds=LIMITS.traces_turn.total_seconds())
    exporter.export([])
    exporter.export([])

    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 2
    assert all(re.fullmatch(rf"traces-{os.getpid()}-\d{{8}}\.jsonl", name) for name in names)
    assert LIMITS.traces_turn >= timedelta(days=1)  # or two files would have one name


def test_no_request_is_in_a_trace_for_longer_than_the_table_says(tmp_path: Path) -> None:
    """The worst: written as a file is begun, which is written to until another one is, just behind a look."""
    (row,) = (one for one in GIVEN_ROWS if one.name == "traces-*")
    last = LIMITS.traces_turn - timedelta(seconds=1)
    path = laid(tmp_path, "traces-1-20260528.jsonl", ago=-last)  # begun at noon
    looks = [NOON + last + LIMITS.traces_life + LIMITS.traces_look * number for number in (0, 1)]

    clear(tmp_path, at=looks[0])
    assert path.exists()
    clear(tmp_path, at=looks[1])

    assert not path.exists()
    assert row.longest is not None
    assert looks[1] - NOON <= row.longest


def test_a_node_that_runs_clears_old_traces_away(node: Node, tmp_path: Path) -> None:
    path = laid(tmp_path, "traces-1.jsonl", ago=LIMITS.traces_life + timedelta(seconds=1))
    traced = Traced(node, tmp_path)

    async def ran() -> None:
        async with traced.node.app.router.lifespan_context(traced.node.app):
            async with asyncio.timeout(60):
                while path.exists():
                    await asyncio.sleep(0.01)

    asyncio.run(ran())

    assert not path.exists()


def test_a_disk_that_takes_no_traces_stops_nobody(tmp_path: Path) -> None:
    assert FileExporter(tmp_path / "absent", HandClock()).export([]) is SpanExportResult.FAILURE


class Counted(SpanExporter):
    """Counts what it would write."""

    def __init__(self) -> None:
        self.count = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.count += len(spans)
        return SpanExportResult.SUCCESS


class Stuck(SpanExporter):
    """Writes nothing until it may go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.count = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.go_on.wait()
        self.count += len(spans)
        return SpanExportResult.SUCCESS


def test_no_more_requests_wait_to_be_written_than_are_bounded(node: Node) -> None:
    stuck = Stuck()
    spans = Spans(stuck, share=1.0, node={}, clock=node.clock)
    for _ in range(3 * LIMITS.spans_waiting):
        spans.note("GET", "/readyz", 200, seconds=0.001, headers=())
    stuck.go_on.set()
    asyncio.run(spans.close())

    assert LIMITS.spans_waiting <= stuck.count < 2 * LIMITS.spans_waiting


def test_traces_are_off_unless_a_folder_is_named_that_is_there(node: Node, tmp_path: Path) -> None:
    assert node.settings.traces_dir is None
    assert node.app.state.parts.spans is None
    with pytest.raises(ConfigurationError, match="IDBRIDGE_TRACES_DIR"):
        spans_of(node.settings.model_copy(update={"traces_dir": tmp_path / "absent"}), clock=node.clock)
