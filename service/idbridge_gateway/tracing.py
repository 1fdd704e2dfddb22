"""Traces: one span for each request, of what took how long at which route, and nothing of who asked or about whom.

Off unless a folder is set. A share of the requests is recorded, by chance alone. A caller's ``traceparent`` is taken up
(W3C Trace Context 1), so that its trace goes on. What it does not record is not recorded here either; neither flag nor
name of a trace gets past the share. What is written are lines of OTLP in JSON, which a collector reads from the folder:
only the attributes that are listed here, whatever a span has, and no more than a file's bound. Old files go.
"""

import asyncio
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased, TraceIdRatioBased
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
_FILE: Final = re.compile(r"traces-[0-9]+(?:-[0-9]{8})?\.(?:jsonl|old)")
_FAULTS_FROM: Final = 500
_SERVER: Final = 2  # SPAN_KIND_SERVER of OTLP
_ERROR: Final = 2  # STATUS_CODE_ERROR
_NANO: Final = 1_000_000_000


class Spans:
    """The spans of a ``share`` of one process's requests, which ``exporter`` writes; old files of ``folder`` go."""

    def __init__(
        self,
        exporter: SpanExporter,
        *,
        share: float,
        node: Mapping[str, str],
        clock: Clock,
        folder: Path | None = None,
    ) -> None:
        processor = BatchSpanProcessor(exporter, max_queue_size=LIMITS.spans_waiting)
        self._share = TraceIdRatioBased(share)
        self._chance = RandomIdGenerator()
        self._folder = folder
        resource = Resource(dict(node))
        self._provider = TracerProvider(sampler=ParentBased(ALWAYS_ON), resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("idbridge")
        self._clock = clock

    def note(
        self, method: str, route: str, status: int, *, seconds: float, headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Note a request to ``route``, the template of its path, which was answered after so many ``seconds``.

        A number of our own is drawn, for callers choose the name of a trace.
        """
        drawn = self._chance.generate_trace_id()
        if self._share.should_sample(None, drawn, route).decision is Decision.DROP:
            return
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

    async def watch(self) -> None:
        """Let old files go, again and again, until cancelled."""
        while self._folder is not None:
            await asyncio.to_thread(clear, self._folder, at=self._clock.now())
            await asyncio.sleep(LIMITS.traces_look.total_seconds())

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
    folder = settings.traces_dir
    exporter = FileExporter(folder, clock)
    return Spans(exporter, share=settings.traces_share, node=MappingProxyType(node), clock=clock, folder=folder)


def clear(folder: Path, *, at: datetime) -> None:
    """Let files of traces go that no process has written to for ``LIMITS.traces_life``; others of ``folder`` stay.

    What cannot be removed is tried again at the next time: a node does not stop for a trace.
    """
    latest = (at - LIMITS.traces_life).timestamp()
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            with suppress(OSError):
                if _FILE.fullmatch(path.name) and path.lstat().st_mtime < latest:
                    path.unlink()


class FileExporter(SpanExporter):
    """Writes spans to files of this process in ``folder``, as lines of OTLP in JSON.

    A file is named by the day since when it is written to, and another one is begun after ``LIMITS.traces_turn``. Of
    those that were full meanwhile the last one is kept beside it.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write ``spans`` as one line."""
        line = json.dumps(otlp(spans), separators=(",", ":")).encode() + b"\n"
        path = self._path()
        try:
            if path.exists() and path.stat().st_size + len(line) > LIMITS.traces_bytes:
                path.replace(path.with_suffix(".old"))
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
            with os.fdopen(descriptor, "ab") as file:
                file.write(line)
        except OSError:  # a trace is nothing that a node would stop for
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def _path(self) -> Path:
        turn = LIMITS.traces_turn.total_seconds()
        begun = datetime.fromtimestamp(self._clock.now().timestamp() // turn * turn, UTC)
        return self._folder / f"traces-{os.getpid()}-{begun:%Y%m%d}.jsonl"

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
