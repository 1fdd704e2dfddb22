"""What a node is sent before the request that is judged."""

import json
from dataclasses import replace
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


def switched(fault: str | None, *, on: bool) -> tuple[Exchange, ...]:
    """Switch a fault of a sandbox node, if there is one to switch."""
    return () if fault is None else (Exchange("POST", f"/sandbox/faults/{fault}?on={str(on).lower()}"),)
