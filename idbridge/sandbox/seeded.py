"""Randomness that can be had again: the same seed gives the same octets. For minting in the sandbox only.

Nothing that protects anything is made with it. What a region with keys of ``crypto.seeded_keys`` needs beside them, it
draws from here: its API keys are as well known as they are.
"""

import hashlib


class SeededRandomness:
    """Octets from SHA-256 over a seed and a counter; implements ``model.randomness.Randomness`` for minting."""

    def __init__(self, seed: bytes) -> None:
        self._seed = hashlib.sha256(seed).digest()
        self._drawn = 0

    def octets(self, count: int) -> bytes:
        """Return the next ``count`` octets of this seed."""
        drawn = b""
        while len(drawn) < count:
            drawn += hashlib.sha256(self._seed + self._drawn.to_bytes(8, "big")).digest()
            self._drawn += 1
        return drawn[:count]
