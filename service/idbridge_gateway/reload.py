"""Reload: look at the trust material again when its marks have changed, and exchange it whole.

Nothing that goes wrong here changes what is in force: the material that is held grows stale by its own dates, and then
it is refused for that. What was refused is offered again after a while though nothing changed: a list of the near
future becomes acceptable, and a source that was out of reach comes back.
"""

import asyncio
from collections.abc import Callable, Hashable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from idbridge.clock import Stopwatch, SystemStopwatch
from idbridge.errors import IdBridgeError, TrustError
from idbridge.model.randomness import Randomness
from idbridge_gateway.bell import Bell
from idbridge_gateway.journal import JOURNAL, note_unexpected
from idbridge_gateway.node import NodeState, TrustInForce
from idbridge_gateway.watch import Marks, Pace

RETRY: Final = timedelta(seconds=30)
RING_AGAIN: Final = timedelta(minutes=1)


class Reload:
    """Watches ``marks`` and puts in force what ``load`` makes of the material behind them.

    When something else has come into force, ``on_change`` is told, and ``tidy`` clears up behind it.
    """

    def __init__(
        self,
        *,
        marks: Marks,
        load: Callable[[], NodeState],
        trust: TrustInForce,
        bell: Bell,
        on_change: Callable[[], None],
        tidy: Callable[[], None],
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self._marks = marks
        self._load = load
        self._trust = trust
        self._bell = bell
        self._on_change = on_change
        self._tidy = tidy
        self._stopwatch = stopwatch or SystemStopwatch()
        self._hurry = asyncio.Event()
        self._seen: Hashable = None  # so that what changed while the node started is not missed
        self._retry_at: float | None = None
        self._ring_at = self._stopwatch.seconds() + RING_AGAIN.total_seconds()
        self._trouble = ""

    async def watch(self, *, pace: Pace, randomness: Randomness) -> None:
        """Look again and again, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pace.seconds(randomness)):
                    await self._hurry.wait()
            self._hurry.clear()
            await self.look()

    def hurry(self) -> None:
        """Let the next look begin now: somebody says that there is something new."""
        self._hurry.set()

    async def look(self) -> None:
        """Look once. Reading and checking is done beside the loop, so that requests go on."""
        try:
            if self._stopwatch.seconds() >= self._ring_at:
                self._ring_at = self._stopwatch.seconds() + RING_AGAIN.total_seconds()
                await asyncio.to_thread(self._bell.ring_again)
            marks = await asyncio.to_thread(self._marks.read)
            if marks == self._seen and not self._is_due():
                return
            self._seen, self._retry_at = marks, self._stopwatch.seconds() + RETRY.total_seconds()
            await self._take_up(await asyncio.to_thread(self._load))
        except IdBridgeError as error:
            self._note_trouble(error)
        except Exception as error:  # noqa: BLE001 - what is in force stays in force, whatever happened
            note_unexpected(error, correlation_id="reload")

    def _is_due(self) -> bool:
        """Tell whether what was refused, or went wrong, is to be tried once more."""
        return self._retry_at is not None and self._stopwatch.seconds() >= self._retry_at

    async def _take_up(self, state: NodeState) -> None:
        """Put ``state`` in force, and tell what is news of it."""
        self._trouble = ""
        if not state.snapshot.refused:
            self._retry_at = None
        changed = self._trust.exchange(state)
        if changed:
            JOURNAL.info("trust snapshot in force: %s", state.snapshot.id)
            self._on_change()
        await asyncio.to_thread(self._bell.ring, state.snapshot)
        if changed:
            await asyncio.to_thread(self._tidy)

    def _note_trouble(self, error: IdBridgeError) -> None:
        """Say what went wrong, once, however often it goes wrong in the same way."""
        if error.code == self._trouble:
            return
        self._trouble = error.code
        if isinstance(error, TrustError):
            self._bell.refused(error)
        else:
            JOURNAL.error("trust material not taken: %s", error.code)
