"""The cases of the profile trust-list-publisher, from their table."""

from collections.abc import Iterator

from idbridge.conformance.making.live import Written, written_cases


def cases() -> Iterator[Written]:
    """Yield every case."""
    return written_cases("trust-list-publisher")
