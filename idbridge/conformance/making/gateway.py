"""The cases of the profiles gateway and privacy, from their tables."""

from collections.abc import Iterator

from idbridge.conformance.making.live import Written, written_cases
from idbridge.conformance.profiles import Profile


def cases(profile: Profile = Profile.GATEWAY) -> Iterator[Written]:
    """Yield the cases of ``profile``, gateway or privacy. Raises as ``written_cases``."""
    return written_cases(profile.value)
