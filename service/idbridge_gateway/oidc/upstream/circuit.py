"""Circuits: a provider that failed again and again is left alone for a while, and people hear so at once.

Decides from failures in a row. After the rest one call is let through to see; the others wait for what comes of it.
It knows no provider and no network.
"""

from dataclasses import dataclass
from datetime import datetime

from idbridge.limits import LIMITS


@dataclass(slots=True)
class Circuit:
    """The circuit to one provider."""

    _failures: int = 0
    _rests_until: datetime | None = None

    def lets_through(self, at: datetime) -> bool:
        """Tell whether a call may be made ``at`` an instant; after a rest, one is let through to see."""
        if self._rests_until is None:
            return True
        if at < self._rests_until:
            return False
        self._rests_until = at + LIMITS.upstream_rest
        return True

    def answered(self) -> None:
        """Note that the provider answered: it is whole."""
        self._failures, self._rests_until = 0, None

    def failed(self, at: datetime) -> None:
        """Note that the provider did not answer."""
        self._failures += 1
        if self._failures >= LIMITS.upstream_failures:
            self._rests_until = at + LIMITS.upstream_rest
