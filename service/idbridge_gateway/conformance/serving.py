"""Serving a conformance node: on this machine alone, and never where somebody meant to run a live node."""

import ipaddress
import os
from typing import Final

from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment
from idbridge_gateway.conformance.node import ConformanceNode
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.serving import LOOPBACK, listen, serve_here

_ENVIRONMENT: Final = "IDBRIDGE_ENVIRONMENT"
_HOST: Final = "IDBRIDGE_HOST"
_PORT: Final = 8080


def serve_conformance(*, host: str | None, port: int | None) -> None:
    """Serve until the process is told to end.

    Raises:
        ConfigurationError: The host is not this machine, or the settings beside it are those of a live node.
    """
    chosen = host or os.environ.get(_HOST) or LOOPBACK
    require_here(chosen)
    require_no_live_node(os.environ.get(_ENVIRONMENT))
    with listen(chosen, _PORT if port is None else port) as listener:
        address = listener.getsockname()
        name = f"[{address[0]}]" if ":" in address[0] else address[0]
        JOURNAL.info("conformance node listens on %s port %d", *address[:2])
        serve_here(ConformanceNode(f"http://{name}:{address[1]}"), listener=listener)


def require_here(host: str) -> None:
    """Return if ``host`` is an address of this machine that nobody else can reach.

    Raises:
        ConfigurationError: It is another one, or a name, which could lead anywhere.
    """
    try:
        here = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        here = False
    if not here:
        raise ConfigurationError("a conformance node listens on this machine alone: --host 127.0.0.1")


def require_no_live_node(environment: str | None) -> None:
    """Return unless the settings in sight are those of a live node.

    Raises:
        ConfigurationError: They are: whoever asks for this mode there has made a mistake.
    """
    if environment == Environment.LIVE.value:
        raise ConfigurationError(f"{_ENVIRONMENT} is `live`; a conformance node answers by published test keys")
