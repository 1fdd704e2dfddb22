"""The only source of unpredictable octets outside ``crypto``. Everything else takes it as an argument."""

import secrets
from typing import Protocol


class Randomness(Protocol):
    """Where unpredictable octets come from."""

    def octets(self, count: int) -> bytes:
        """Return ``count`` octets that nobody can guess and that never come again."""
        ...


class SystemRandomness:
    """The random generator of this machine's operating system."""

    def octets(self, count: int) -> bytes:
        """Return ``count`` octets that nobody can guess."""
        return secrets.token_bytes(count)
