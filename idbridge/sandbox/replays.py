"""What a node is sent around the request that is judged: the same again, another one, a fault switched on and off."""

import json
from dataclasses import dataclass, replace
from typing import Final

from idbridge.sandbox.case import Exchange

IDEMPOTENCY_KEY: Final = "Idempotency-Key"


def the_same(exchange: Exchange) -> tuple[Exchange, ...]:
    """Send the same request."""
    return (exchange,)


def another_body(exchange: Exchange) -> tuple[Exchange, ...]:
    """Send the same request with another body under the same idempotency key."""
    body = {**json.loads(exchange.body), "detail": "evidence"}
    return (replace(exchange, body=json.dumps(body).encode()),)


@dataclass(frozen=True, slots=True)
class Switched:
    """Switch a fault of a sandbox node, as ``POST /sandbox/faults/{name}`` does."""

    fault: str
    on: str

    def __call__(self, _exchange: Exchange) -> tuple[Exchange, ...]:
        """Send the switch."""
        return (Exchange("POST", f"/sandbox/faults/{self.fault}?on={self.on}"),)
