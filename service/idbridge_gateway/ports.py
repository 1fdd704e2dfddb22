"""Ports of this machine: whether one is free, answered by a node of ours, or taken by another program."""

import errno
import http.client
import socket
from enum import Enum
from typing import Final

from idbridge_gateway.serving import on_this_machine

_PATIENCE_SECONDS: Final = 2.0
_OURS: Final = (("/healthz", b'{"status":"up"}'), ("/metrics", b"# HELP idbridge_"))


class Held(Enum):
    """Who has a port."""

    FREE = "free"
    BY_A_NODE = "by a node"
    BY_OTHERS = "by others"
    NOT_OURS = "not ours"  # the address is none of this machine, or needs rights that we have not


def held_by(host: str, port: int) -> Held:
    """Return who has ``port`` of ``host``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            return Held.NOT_OURS
        return Held.BY_A_NODE if any(_answers(host, port, *one) for one in _OURS) else Held.BY_OTHERS
    return Held.FREE


def _answers(host: str, port: int, path: str, beginning: bytes) -> bool:
    connection = http.client.HTTPConnection(on_this_machine(host), port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().read(len(beginning)) == beginning
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
