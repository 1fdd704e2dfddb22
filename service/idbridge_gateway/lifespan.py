"""The life of a process that answers: what looks at the world beside the requests, and how all of it ends.

A look that ends by a fault is told at once, for nobody would miss it. At the end each is cancelled until it has ended:
a library may take a cancellation that comes just as its own wait is over for that wait's end (``asyncio.wait_for`` of
Python 3.11 does), and a worker that waited for it would never end.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI

from idbridge_gateway.journal import note_unexpected

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
Watch = Callable[[], Coroutine[Any, Any, None]]
_CANCEL_AGAIN_SECONDS: Final = 0.5


def watching(*watches: Watch, closing: tuple[Watch, ...] = ()) -> Lifespan:
    """Return a lifespan in which ``watches`` run, and at whose end what ``closing`` names is closed."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(watch()) for watch in watches]
        for task in tasks:
            task.add_done_callback(_told)
        try:
            yield
        finally:
            await _end(tasks)
            for close in closing:
                await close()

    return lifespan


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    going_on = {task for task in tasks if not task.done()}
    while going_on:
        for task in going_on:
            task.cancel()
        _, going_on = await asyncio.wait(going_on, timeout=_CANCEL_AGAIN_SECONDS)


def _told(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if isinstance(error, Exception):
        note_unexpected(error, correlation_id="watch")
