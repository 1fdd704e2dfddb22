"""The wire to a gateway under test: one request, one whole answer, within a bound of time and of octets.

Follows no redirect, keeps no cookie and uses no proxy. Decides nothing about answers, except that none is a fault.
"""

from collections.abc import Mapping
from datetime import timedelta
from threading import Event
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import httpx2

from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply, is_here, read
from idbridge.conformance.targets.patience import OutOfPatienceError, within
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class GatewayWire:
    """Asks the gateway at ``url``, by https, or on this machine.

    Raises:
        ConfigurationError: ``url`` is no address of a gateway.
    """

    def __init__(self, url: str, *, patience: timedelta = LIMITS.conformance_patience) -> None:
        self.url: Final = _base(url)
        self._patience = patience
        each = httpx2.Timeout(patience.total_seconds())
        plain = {"Accept-Encoding": "identity"}
        alone = httpx2.Limits(max_keepalive_connections=0)  # no connection is left open, and a broken one is nobody's
        self._client = httpx2.Client(limits=alone, trust_env=False, follow_redirects=False, timeout=each, headers=plain)

    def send(self, method: str, path: str, *, headers: Mapping[str, str] = _NONE, body: bytes = b"") -> Reply:
        """Return the answer to one request to ``path``, query included.

        Raises:
            NoVerdictError: Nobody answered in time or not wholly.
        """
        return self.browse(method, path, headers=headers, body=body)[0]

    def browse(
        self, method: str, path: str, *, headers: Mapping[str, str] = _NONE, body: bytes = b""
    ) -> tuple[Reply, tuple[str, ...]]:
        """Return the answer to one request, and the cookies that it sets. Raises as ``send``."""
        self._client.cookies.clear()

        def asked(over: Event) -> tuple[Reply, tuple[str, ...]]:
            with self._client.stream(method, f"{self.url}{path}", headers=dict(headers), content=body) as response:
                fields = {name.lower(): value for name, value in response.headers.items()}
                reply = Reply(response.status_code, MappingProxyType(fields), read(response, over), path)
                return reply, tuple(response.headers.get_list("set-cookie"))

        try:
            return within(self._patience, asked)
        except (httpx2.TimeoutException, OutOfPatienceError):
            seconds = self._patience.total_seconds()
            raise NoVerdictError(FaultKind.HANG, f"no whole answer within {seconds:g} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise NoVerdictError(FaultKind.UNREACHABLE, f"no answer: {type(error).__name__}") from None


def _base(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ConfigurationError("a gateway is reached at an address like http://127.0.0.1:8080") from None
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc or parts.path not in ("", "/"):
        raise ConfigurationError("a gateway is reached at an address without path, query or user")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here(parts.hostname)):
        raise ConfigurationError("a gateway is reached by https, or on this machine")
    return url.rstrip("/")
