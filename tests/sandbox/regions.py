"""One pretend region for each environment, made once: a region is a value and no test can change it."""

from datetime import UTC, datetime
from functools import cache

from idbridge.model.region import Environment
from idbridge.sandbox.region import Region
from idbridge.trust.snapshot import TrustSnapshot

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@cache
def _made(environment: Environment) -> tuple[Region, TrustSnapshot]:
    made = Region.generate(at=NOON, environment=environment)
    return made, made.snapshot(at=NOON)


def region(environment: Environment = Environment.SANDBOX) -> Region:
    """The region of this environment, whose lists were published at noon."""
    return _made(environment)[0]


def snapshot(environment: Environment = Environment.SANDBOX) -> TrustSnapshot:
    """What a node of that region trusts at noon."""
    return _made(environment)[1]
