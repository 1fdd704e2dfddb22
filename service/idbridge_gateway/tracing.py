"""Traces: one span for each request, of what took how long at which route, and nothing of who asked or about whom.

Off unless a folder is set. A caller's ``traceparent`` is taken up (W3C Trace Context 1), so that its trace goes on;
whether it is recorded is the caller's word, and without one a share of the requests is. What is written are lines of
OTLP in JSON, which a collector reads from the folder: only the attributes that are listed here, whatever a span has,
and no more than a file's bound.
"""

import asyncio
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, set_span_in_context

from idbridge import __version__
from idbridge.clock import Clock
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge_gateway.settings import Settings

ATTRIBUTES: Final = frozenset({"http.request.method", "http.route", "http.response.status_code"})
OF_THE_NODE: Final = frozenset({"service.name", "service.version", "deployment.environment.name", "idbridge.state"})
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD: Final = "_OTHER"
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_FAULTS_FROM: Final = 500
_SERVER: Final = 2  # SPAN_KIND_SERVER of OTLP
_ERROR: Final = 2  # STATUS_CODE_ERROR
_NANO: Final = 1_000_000_000


class Spans:
    """The spans of one process, which ``exporter`` writes."""

    def __init__(self, exporter: SpanExporter, *, share: float, node: Mapping[str, str], clock: Clock) -> None:
        processor = BatchSpanProcessor(exporter, max_queue_size=LIMITS.spans_waiting)
        sampler = ParentBased(TraceIdRatioBased(share))
        self._provider = TracerProvider(sampler=sampler, resource=Resource(dict(node)), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("idbridge")
        self._clock = clock

    def note(
        self, method: str, route: str, status: int, *, seconds: float, headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Note a request to ``route``, the template of its path, which was answered after so many ``seconds``."""
        ended = int(self._clock.now().timestamp() * _NANO)
        attributes: dict[str, str | int] = {
            "http.request.method": method if method in METHODS else OTHER_METHOD,
            "http.route": route,
            "http.response.status_code": status,
        }
        begun = ended - int(seconds * _NANO)
        context = parent_of(headers) or Context()
        span = self._tracer.start_span(
            route, context, kind=SpanKind.SERVER, attributes=attributes, start_time=begun, record_exception=False
        )
        span.end(end_time=ended)

    async def close(self) -> None:
        """Write what waits, and end."""
        await asyncio.to_thread(self._provider.shutdown)


def parent_of(headers: Iterable[tuple[bytes, bytes]]) -> Context | None:
    """Return the trace that a request belongs to; ``None`` if it says none, or not in the form of the standard."""
    found = [value for name, value in headers if name == b"traceparent"]
    match = _TRACEPARENT.fullmatch(found[0]) if len(found) == 1 else None
    if match is None:
        return None
    trace, span, flags = (int(part, 16) for part in match.groups())
    return set_span_in_context(
        NonRecordingSpan(SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(flags)))
    )


def spans_of(settings: Settings, *, clock: Clock) -> Spans | None:
    """Return where the requests of this process are noted; ``None`` if ``settings`` name no folder.

    Raises:
        ConfigurationError: The folder is not there.
    """
    if settings.traces_dir is None:
        return None
    if not settings.traces_dir.is_dir():
        raise ConfigurationError("IDBRIDGE_TRACES_DIR is no folder")
    node = {
        "service.name": "idbridge",
        "service.version": __version__,
        "deployment.environment.name": settings.environment.value,
        "idbridge.state": settings.state.value,
    }
    exporter = FileExporter(settings.traces_dir / f"traces-{os.getpid()}.jsonl")
    return Spans(exporter, share=settings.traces_share, node=MappingProxyType(node), clock=clock)


class FileExporter(SpanExporter):
    """Writes spans to ``path`` as lines of OTLP in JSON; of files that were full the last one is kept beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write ``spans`` as one line."""
        line = json.dumps(otlp(spans), separators=(",", ":")).encode() + b"\n"
        try:
            if self._path.exists() and self._path.stat().st_size + len(line) > LIMITS.traces_bytes:
                self._path.replace(self._path.with_suffix(".old"))
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
            with os.fdopen(descriptor, "ab") as file:
                file.write(line)
        except OSError:  # a trace is nothing that a node would stop for
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """End; nothing is open."""


def otlp(spans: Sequence[ReadableSpan]) -> dict[str, Any]:
    """Return ``spans`` of one process as OTLP, with what is listed here of each and nothing else."""
    resource = _attributes(spans[0].resource.attributes, OF_THE_NODE) if spans else []
    scope = {"scope": {"name": "idbridge"}, "spans": [_span(span) for span in spans]}
    return {"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [scope]}]}


def _span(span: ReadableSpan) -> dict[str, Any]:
    context, attributes = span.get_span_context(), span.attributes or {}
    document: dict[str, Any] = {
        "traceId": f"{context.trace_id if context else 0:032x}",
        "spanId": f"{context.span_id if context else 0:016x}",
        "name": str(attributes.get("http.route", "-")),
        "kind": _SERVER,
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "attributes": _attributes(attributes, ATTRIBUTES),
        "status": {"code": _ERROR} if _failed(attributes) else {},
    }
    if span.parent is not None:
        document["parentSpanId"] = f"{span.parent.span_id:016x}"
    return document


def _failed(attributes: Mapping[str, Any]) -> bool:
    status = attributes.get("http.response.status_code", 0)
    return isinstance(status, int) and status >= _FAULTS_FROM


def _attributes(held: Mapping[str, Any], allowed: frozenset[str]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(held[name])} for name in sorted(held) if name in allowed]


def _value(value: Any) -> dict[str, str]:
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": str(value)}
