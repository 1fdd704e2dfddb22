"""Pauses: how something that happens again and again waits in between, so that a test need not."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

Pause = Callable[[timedelta], Awaitable[None]]


async def system_pause(time: timedelta) -> None:
    """Let others have the loop for ``time``."""
    await asyncio.sleep(time.total_seconds())
