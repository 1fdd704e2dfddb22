"""The published test seed: of it come the keys and secrets of the corpus, the same wherever the corpus is made.

**It protects nothing.** Whoever reads this file can sign as every state, provider and wallet of the corpus. That is
what it is for; live nodes refuse these keys by name (``trust.published_test_keys``), and no other region has them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.crypto.seeded_keys import SeededKeys
from idbridge.model.region import Environment
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness

TEST_SEED: Final = b"IdBridge conformance corpus, version 1: everybody knows this seed, it protects nothing"
CORPUS_INSTANT: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
_NOTHING: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})


def corpus_keys(frozen: Mapping[str, Mapping[str, Any]] = _NOTHING) -> SeededKeys:
    """Return the keys of the corpus; ``frozen`` are the public JWKs of its RSA keys by name, if they were made."""
    return SeededKeys(TEST_SEED, frozen)


def corpus_region(
    keys: SeededKeys, *, at: datetime = CORPUS_INSTANT, environment: Environment = Environment.SANDBOX
) -> Region:
    """Return the region of the corpus, whose states publish their first lists at ``at``."""
    return Region.generate(at=at, environment=environment, keys=keys, randomness=corpus_randomness("region"))


def corpus_randomness(name: str) -> SeededRandomness:
    """Return the randomness of one thing that is made, such as a case by its name, from its beginning."""
    return SeededRandomness(TEST_SEED + b"\x00" + name.encode())
