"""Traces: a request goes on in its caller's trace, and nothing of it but its route, method and status is written."""

import asyncio
import json
import threading
from collections.abc import Mapping, Sequence
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
from idbridge_gateway.tracing import ATTRIBUTES, FileExporter, Spans, parent_of, spans_of
from tests.gateway.asking import Node, verdict_of

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
    path = tmp_path / "traces.jsonl"
    provider = TracerProvider(resource=Resource({"host.name": CANARY, "service.name": "idbridge"}))
    provider.add_span_processor(SimpleSpanProcessor(FileExporter(path)))
    with provider.get_tracer(CANARY).start_as_current_span(CANARY) as span:
        span.set_attribute("enduser.id", CANARY)
        span.add_event(CANARY, {"text": CANARY})
        span.record_exception(LookupError(CANARY))

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
    path = tmp_path / "traces.jsonl"
    exporter = FileExporter(path)
    for number in (1, 2):
        with path.open("wb") as file:
            file.truncate(LIMITS.traces_bytes - number)
        assert exporter.export([]) is SpanExportResult.SUCCESS

    assert sorted(one.name for one in tmp_path.iterdir()) == ["traces.jsonl", "traces.old"]
    assert path.stat().st_size < 1_000


def test_a_disk_that_takes_no_traces_stops_nobody(tmp_path: Path) -> None:
    assert FileExporter(tmp_path / "absent" / "traces.jsonl").export([]) is SpanExportResult.FAILURE


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
