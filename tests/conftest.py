"""What holds for all tests."""

from typing import Any

LONGEST_READABLE = 60


def pytest_make_parametrize_id(val: Any, argname: str) -> str | None:
    """Name a case by its argument where its value is long or made anew in each process, such as a key."""
    if isinstance(val, dict | list | tuple | bytes) or (isinstance(val, str) and len(val) > LONGEST_READABLE):
        return argname
    return None
