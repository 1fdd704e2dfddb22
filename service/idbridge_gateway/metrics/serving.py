"""The port on which a node shows its figures: one address that answers, apart from everything else the node serves.

It is off unless a port is set, and on this machine alone unless told otherwise. With several workers the process that
began them shows what all of them counted (``gathering``).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Response

from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.metrics.exposition import MEDIA_TYPE, exposed
from idbridge_gateway.metrics.reading import Reading
from idbridge_gateway.serving import BackgroundServer, listen
from idbridge_gateway.settings import Settings


def metrics_app(read: Callable[[], Reading], *, routes: frozenset[str]) -> FastAPI:
    """Return what answers ``GET /metrics``."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(exposed(read, routes=routes), media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})

    return app


@contextmanager
def showing(settings: Settings, read: Callable[[], Reading], *, routes: frozenset[str]) -> Iterator[None]:
    """Show figures from ``with`` to its end, if ``settings`` name a port for them.

    Raises:
        ConfigurationError: The port cannot be used.
    """
    if settings.metrics_port is None:
        yield
        return
    with listen(settings.metrics_host, settings.metrics_port) as listener:
        address = listener.getsockname()
        with BackgroundServer(metrics_app(read, routes=routes), listener=listener):
            JOURNAL.info("figures at %s port %d", *address[:2])
            yield


def routes_of(app: Any) -> frozenset[str]:
    """Return the templates of all paths that ``app`` answers."""
    return frozenset({*app.front_paths, *_templates(app.routes)})


def _templates(routes: Any) -> Iterator[str]:
    for route in routes:
        path, included = getattr(route, "path", None), getattr(route, "original_router", None)
        if isinstance(path, str):
            yield path
        if included is not None:
            yield from _templates(included.routes)
