"""Reload: look at the trust material again when its files have changed, and exchange it whole.

Nothing that goes wrong here changes what is in force: the material that is held grows stale by its own dates, and then
it is refused for that.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from idbridge.errors import IdBridgeError
from idbridge.trust.snapshot import RefusedOffer
from idbridge_gateway.journal import JOURNAL, note_refused, note_unexpected
from idbridge_gateway.node import NodeState, TrustInForce

Marks = frozenset[tuple[str, int, int]]
_NOTHING: Final[Marks] = frozenset()


class Reload:
    """Watches the files below ``places`` and puts in force what ``load`` makes of them."""

    def __init__(self, *, places: tuple[Path, ...], load: Callable[[], NodeState], trust: TrustInForce) -> None:
        self._places = places
        self._load = load
        self._trust = trust
        self._seen = _NOTHING  # so that what changed while the node started is not missed
        self._refused: tuple[RefusedOffer, ...] = trust.in_force.snapshot.refused

    async def watch(self, *, every_seconds: float) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(every_seconds)
            await self.look()

    async def look(self) -> None:
        """Look once. Reading and checking is done beside the loop, so that requests go on."""
        marks = await asyncio.to_thread(self._marks)
        if marks == self._seen:
            return
        try:
            state = await asyncio.to_thread(self._load)
        except IdBridgeError as error:
            JOURNAL.error("trust material not taken: %s", error.code)
            return
        except Exception as error:  # noqa: BLE001 - what is in force stays in force, whatever happened
            note_unexpected(error, correlation_id="reload")
            return
        self._take_up(state, marks)

    def _take_up(self, state: NodeState, marks: Marks) -> None:
        """Put ``state`` in force. What was refused may be acceptable later, as a list of the near future is."""
        refused = state.snapshot.refused
        self._seen = _NOTHING if refused else marks
        if refused != self._refused:
            self._refused = refused
            note_refused(state.snapshot)
        if self._trust.exchange(state):
            JOURNAL.info("trust snapshot in force: %s", state.snapshot.id)

    def _marks(self) -> Marks:
        """Return what shows that a file was changed, added or taken away."""
        files = [file for place in self._places for file in (place, *place.rglob("*"))]
        marks: set[tuple[str, int, int]] = set()
        for file in files:
            try:
                status = file.stat()
            except OSError:  # taken away between listing and looking
                continue
            marks.add((str(file), status.st_mtime_ns, status.st_size))
        return frozenset(marks)
