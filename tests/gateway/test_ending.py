"""A node as a shell starts it: it shows its figures on a port of its own, leaves no core, and drains before it ends."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from idbridge_gateway.metrics.catalogue import ANSWERS
from tests.engines import REPOSITORY
from tests.gateway.distributed import lay_down, settings_in, the_present_region
from tests.gateway.redis_server import redis_server
from tests.gateway.test_metrics import Series, series_of
from tests.gateway.working import _COMMAND, PATIENCE, Journal, _read, variables, working_node

DRAIN = 8  # in which a machine that stands still for seconds has two more questions answered


@contextmanager
def single_node(directory: Path, **more: str) -> Iterator[tuple["subprocess.Popen[str]", Journal]]:
    """A node of one process."""
    lay_down(directory)
    env = variables(settings_in(directory, the_present_region()), port="0", **more)
    with subprocess.Popen(
        [*_COMMAND, "serve"], env={**os.environ, **env}, cwd=REPOSITORY, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        journal = Journal()
        reading = threading.Thread(target=_read, args=(process, journal), daemon=True)
        reading.start()
        try:
            yield process, journal
        finally:
            process.kill()
            process.wait(timeout=PATIENCE)
            reading.join(timeout=PATIENCE)


def address_in(journal: Journal, pattern: str) -> str:
    """The address at the port that the journal names."""
    ((_, match),) = journal.since(0, pattern, count=1)
    return f"http://127.0.0.1:{match[1]}"


def get(client: httpx2.Client, url: str) -> httpx2.Response:
    """The answer, once somebody answers."""
    for _ in range(int(PATIENCE * 50)):
        try:
            return client.get(url)
        except httpx2.TransportError:
            time.sleep(0.02)
    raise AssertionError(f"nobody answers at {url}")


def test_a_node_that_is_told_to_end_says_so_answers_on_and_then_ends(tmp_path: Path) -> None:
    told = {"metrics_port": "0", "drain_seconds": str(DRAIN)}
    with single_node(tmp_path, **told) as (process, journal), httpx2.Client(trust_env=False, timeout=60) as client:
        figures = address_in(journal, r"figures at 127.0.0.1 port (\d+)")
        url = address_in(journal, r"listens on \S+ port (\d+)")
        assert get(client, f"{url}/readyz").status_code == 200
        assert client.get(f"{url}/metrics").status_code == 404
        assert client.get(f"{figures}/readyz").status_code == 404
        shown = client.get(f"{figures}/metrics")
        limits = Path(f"/proc/{process.pid}/limits").read_text(encoding="ascii")

        process.send_signal(signal.SIGTERM)
        while client.get(f"{url}/readyz").status_code == 200:
            pass
        health, trust = client.get(f"{url}/healthz"), client.get(f"{url}/v1/trust")
        ended = process.wait(timeout=PATIENCE)

    assert shown.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert series_of(shown.text)[ANSWERS, (("route", "/readyz"), ("status", "2xx"))] == 1
    assert "Max core file size        0                    0 " in limits
    assert (health.status_code, trust.status_code) == (200, 200)
    assert ended == 0
    with pytest.raises(httpx2.TransportError):
        httpx2.get(f"{url}/healthz", trust_env=False, timeout=60)


def test_the_figures_of_all_workers_are_at_one_port_and_none_is_lost_with_a_worker(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path) as server,
        working_node(tmp_path, server.url, workers=2, metrics_port=0) as node,
        httpx2.Client(trust_env=False, timeout=60) as client,
    ):
        url = f"{address_in(node.journal, r'figures at .* port ([0-9]+)')}/metrics"
        for number in (1, 2):
            with node.only(number):
                assert node.get("/readyz")["status"] == "ready"
        answers = (ANSWERS, (("route", "/readyz"), ("status", "2xx")))
        both = awaited(client, url, answers, 2)

        os.kill(node.workers[2], signal.SIGKILL)
        node.journal.since(0, r"worker 2 ended with -9", count=1)
        node.journal.since(0, r"worker 2: answers, process (\d+)", count=2)
        again = awaited(client, url, ("idbridge_workers", ()), 2)
        written = awaited(client, url, ("idbridge_log_sync_seconds_count", ()), None)  # which no worker counts

    assert both["idbridge_ready", ()] == 1
    assert again[answers] == 2
    assert written["idbridge_log_batch_entries_sum", ()] >= 1
    assert written["idbridge_workers", ()] == 2


def awaited(
    client: httpx2.Client, url: str, name: tuple[str, tuple[tuple[str, str], ...]], value: float | None
) -> Series:
    """All series, once this one has this value, or any where it is ``None``."""
    series: Series = {}
    for _ in range(int(PATIENCE * 50)):
        series = series_of(client.get(url).text)
        if name in series and value in (None, series[name]):
            return series
        time.sleep(0.02)
    raise AssertionError(f"{name} is {series.get(name)}")
