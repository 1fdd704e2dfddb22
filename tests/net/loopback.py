"""Whether this machine can be reached at ``::1``: asked of the kernel, so that no other fault passes for its lack."""

import os
import socket
from pathlib import Path
from typing import Final

import pytest

INTERFACES: Final = Path("/proc/net/if_inet6")  # of the kernel; the file is there if it has IPv6 at all
_LOOPBACK: Final = "0" * 31 + "1"
NO_LOOPBACK: Final = "the kernel has no IPv6 loopback address"


def has_ipv6_loopback(interfaces: Path = INTERFACES) -> bool:
    """Tell whether the kernel has ``::1`` on an interface; of one that has no such file to ask, we assume it."""
    if not interfaces.is_file():
        return not interfaces.parent.is_dir()
    return any(line.split()[:1] == [_LOOPBACK] for line in interfaces.read_text(encoding="ascii").splitlines())


def require_ipv6_loopback(interfaces: Path = INTERFACES) -> None:
    """Return if a test can serve at ``::1``; skip by name if the kernel lacks it, under CI too, else fail there."""
    if not has_ipv6_loopback(interfaces):
        pytest.skip(NO_LOOPBACK)
    try:
        with socket.socket(socket.AF_INET6) as tried:
            tried.bind(("::1", 0))
    except OSError as barred:
        message = f"the kernel has an IPv6 loopback address, and it cannot be used: {barred.strerror}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
