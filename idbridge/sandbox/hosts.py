"""Hosts of the two environments: which address a service has in which.

Source documents name the hosts of the live environment. In the sandbox each host carries ``sandbox.`` in front, so that
no address is ever good in both, and a credential that crosses over is recognised for what it is (architecture D11).
"""

from typing import Final
from urllib.parse import urlsplit, urlunsplit

from idbridge.model.region import Environment

SANDBOX_PREFIX: Final = "sandbox."


def address_in(environment: Environment, address: str) -> str:
    """Return the address that a service listed under the live ``address`` has in ``environment``."""
    if environment is Environment.LIVE:
        return address
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=f"{SANDBOX_PREFIX}{parts.netloc}"))


def double(environment: Environment, address: str) -> str | None:
    """Return the address that a service has in the other environment; ``None`` for one that has no double there."""
    if environment is Environment.LIVE:
        return address_in(Environment.SANDBOX, address)
    parts = urlsplit(address)
    if not parts.netloc.startswith(SANDBOX_PREFIX):
        return None
    return urlunsplit(parts._replace(netloc=parts.netloc.removeprefix(SANDBOX_PREFIX)))
