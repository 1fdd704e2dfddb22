"""Registered addresses of a client: where a browser or a logout token may be sent.

Decides whether an address can be registered at all: one https address, spelled in one way, that no two parsers take
apart differently. What was registered is later compared octet for octet, so nothing here normalises. Clauses: RFC 9700
section 2.1 (exact matching, no open redirectors); RFC 6749 section 3.1.2 (no fragment); RFC 8252 section 8.3 is not
followed: loopback addresses are for the sandbox.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from idbridge.limits import LIMITS
from idbridge.model.region import Environment

# The characters of RFC 3986 without fragment, user, wildcard and everything that must be escaped.
_ADDRESS: Final = re.compile(
    r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[1-9][0-9]{0,4})?((?:[/?][!$%&'()+,./:;=?_~0-9A-Za-z-]*)?)"
)
_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NAME: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LOOPBACK: Final = frozenset({"127.0.0.1", "[::1]", "localhost"})
_PORTS: Final = 65_536


def require_registrable(address: str, *, environment: Environment) -> None:
    """Return if ``address`` may be registered in ``environment``; plain http and loopback are for the sandbox only.

    Raises:
        ValueError: It may not.
    """
    if len(address) > LIMITS.client_uri_characters:
        raise ValueError("a registered address is too long")
    found = _ADDRESS.fullmatch(address)
    if found is None or _ESCAPE.search(address):
        raise ValueError("a registered address is an https address without fragment, user, wildcard or capital host")
    scheme, host, port, rest = found.groups()
    if port and int(port[1:]) >= _PORTS:
        raise ValueError("a registered address has a port that exists")
    if {".", ".."} & set(rest.partition("?")[0].split("/")):
        raise ValueError("a registered address has no dot segments")
    loopback = host in _LOOPBACK
    if loopback and environment is not Environment.SANDBOX:
        raise ValueError("a loopback address is for the sandbox")
    if scheme == "http" and not loopback:
        raise ValueError("plain http is for loopback addresses of the sandbox")
    if not loopback and _NAME.fullmatch(host) is None:
        raise ValueError("the host of a registered address is a name")
    if urlsplit(address).hostname != host.strip("[]"):
        raise ValueError("two parsers read the host of a registered address differently")
