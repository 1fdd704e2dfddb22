"""Regions whose keys come from a seed, made once for each environment, and what is made in them."""

from collections.abc import Callable
from functools import cache

from idbridge.crypto.seeded_keys import SeededKeys
from idbridge.model.region import Environment
from idbridge.sandbox.case import Case, Kind, MintedCase
from idbridge.sandbox.catalogue import entries
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from tests.sandbox.regions import NOON

# Not the published one: a live node of these tests has to accept a region that comes of it.
SEED = b"a seed of these tests, which live nodes do not refuse"


@cache
def keys() -> SeededKeys:
    """The keys of all regions here; their RSA keys were made in this process."""
    return SeededKeys(SEED)


def seeded(made_by: SeededKeys, environment: Environment = Environment.SANDBOX, seed: bytes = SEED) -> Region:
    """A region of these keys, and of the secrets that come of ``seed``."""
    return Region.generate(at=NOON, environment=environment, keys=made_by, randomness=SeededRandomness(seed))


@cache
def region(environment: Environment = Environment.SANDBOX) -> Region:
    """The region of this environment."""
    return seeded(keys(), environment)


def minted_cases() -> tuple[Case, ...]:
    """The cases whose input is a question, in the order of the catalogue."""
    asked = (entry.case for entry in entries().values())
    return tuple(case for case in asked if case.kind in (Kind.VERIFY, Kind.SEQUENCE))


def minting(case: Case, where: Callable[[Environment], Region] = region) -> Callable[[], MintedCase]:
    """How a case is minted: in the same way each time."""
    place = where(case.environment)
    return lambda: mint(case, region=place, at=NOON, randomness=SeededRandomness(case.name.encode()))
