"""The life of a process that answers: what looks at the world beside the requests, and how all of it ends.

A look that ends by a fault is told at once, for nobody would miss it, and begins again after a pause: a node that no
longer looks at its disk, at the canary's word or at its lists would go on as if all were well. At the end each is
cancelled until it has ended: a library may take a cancellation that comes just as its own wait is over for that wait's
end (``asyncio.wait_for`` of Python 3.11 does), and a worker that waited for it would never end.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from fastapi import FastAPI

from idbridge.limits import LIMITS
from idbridge_gateway.journal import note_unexpected

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
Watch = Callable[[], Coroutine[Any, Any, None]]
_CANCEL_AGAIN_SECONDS: Final = 0.5


def watching(*watches: Watch, closing: tuple[Watch, ...] = (), pause: timedelta = LIMITS.watch_pause) -> Lifespan:
    """Return a lifespan in which ``watches`` run, and at whose end what ``closing`` names is closed.

    After a fault ``pause`` goes by before a watch begins again.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_kept_up(watch, pause=pause)) for watch in watches]
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


async def _kept_up(watch: Watch, *, pause: timedelta) -> None:
    while True:
        try:
            await watch()
        except Exception as error:  # noqa: BLE001 - whatever it was, the node has to go on looking
            note_unexpected(error, correlation_id="watch")
        else:
            return
        await asyncio.sleep(pause.total_seconds())
