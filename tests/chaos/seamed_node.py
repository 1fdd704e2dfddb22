"""A node as ``idbridge serve`` runs one, but for its clock and for who stands in for the hosts that lists name.

Both are parameters of the application. The clock is that of the machine moved by the seconds that a file says; a host
that does not exist is asked at a port of this machine, by the product's own guarded client.
"""

import json
import logging
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from idbridge.clock import SystemClock
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.net.guarded import GuardedClient
from idbridge_gateway.app import create_app
from idbridge_gateway.clock_watch import ClockWatch
from idbridge_gateway.journal import write_to_stderr
from idbridge_gateway.serving import listen, serve_here
from idbridge_gateway.settings import read_settings


@dataclass(frozen=True)
class MovedClock:
    """The clock of this machine, moved by what ``path`` says now."""

    path: Path | None

    def now(self) -> datetime:
        at = SystemClock().now()
        if self.path is None:
            return at
        return datetime.fromtimestamp((at + timedelta(seconds=float(self.path.read_text()))).timestamp(), UTC)


@dataclass(frozen=True)
class StandIns:
    """Fetches what lists name from whoever stands in for the host; implements ``Source``."""

    hosts: dict[str, str]

    def fetch(self, url: str, *, max_bytes: int) -> bytes:
        host = urlsplit(url).netloc.lower()
        client = GuardedClient(
            frozenset({host}), Environment.SANDBOX, allow_loopback=True, ceiling=LIMITS.crl_bytes,
            stand_ins={host: self.hosts[host]} if host in self.hosts else {},
        )  # fmt: skip
        return client.fetch(url, max_bytes=max_bytes)


def main(seams: str) -> None:
    """Serve the node that the ``IDBRIDGE_*`` variables describe."""
    write_to_stderr(logging.INFO)
    told = json.loads(seams)
    settings = read_settings()
    clock = MovedClock(Path(told["clock"]) if told["clock"] else None)
    watch = None if told["passing"] else ClockWatch.begin(clock)
    app = create_app(settings, clock=clock, clock_watch=watch, revocation_source=StandIns(told["hosts"]))
    with listen(settings.host, settings.port) as listener:
        serve_here(app, listener=listener)


if __name__ == "__main__":
    main(sys.argv[1])
