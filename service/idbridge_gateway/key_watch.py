"""Key watch: look at the node's own keys again when their files or the lists have changed, and exchange them whole.

Nothing that goes wrong here changes what is in force: the node goes on with the keys it has, and says so once. A key
that waits signs nothing before ``idbridge keys rotate``, and nothing before the state's list grants it.
"""

import asyncio
from collections.abc import Hashable
from datetime import datetime
from typing import Final

from idbridge.clock import Clock
from idbridge.errors import IdBridgeError
from idbridge.model.randomness import Randomness
from idbridge.trust.snapshot import TrustSnapshot
from idbridge_gateway.bell import Bell
from idbridge_gateway.journal import JOURNAL, note_unexpected
from idbridge_gateway.keys import IssuingSource
from idbridge_gateway.node import TrustInForce
from idbridge_gateway.settings import Settings
from idbridge_gateway.signing import IssuingInForce
from idbridge_gateway.watch import FileMarks, Marks, Pace

_NOTHING: Final[Hashable] = None  # so that what changed while the node started is not missed


def key_marks(settings: Settings) -> Marks:
    """Return what shows that the keys of a folder changed. A single key file is read once, when the node starts."""
    places = (settings.assertion_keys_dir, settings.assertion_passphrase_file)
    return FileMarks(*(place for place in places if place is not None))


class KeyWatch:
    """Watches ``marks`` and puts in force what ``source`` makes of the keys behind them under the lists in force."""

    def __init__(
        self,
        *,
        marks: Marks,
        source: IssuingSource,
        issuing: IssuingInForce,
        trust: TrustInForce,
        bell: Bell,
        clock: Clock,
    ) -> None:
        self._marks = marks
        self._source = source
        self._issuing = issuing
        self._trust = trust
        self._bell = bell
        self._clock = clock
        self._files = _NOTHING
        self._lists = _NOTHING
        self._trouble = ""
        self._used = ""

    async def watch(self, *, pace: Pace, randomness: Randomness) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(pace.seconds(randomness))
            await self.look()

    async def look(self) -> None:
        """Look once. Reading and opening is done beside the loop, so that requests go on."""
        try:
            await asyncio.to_thread(self._look)
        except Exception as error:  # noqa: BLE001 - what is in force stays in force, whatever happened
            note_unexpected(error, correlation_id="keys")

    def _look(self) -> None:
        files, snapshot, at = self._marks.read(), self._trust.in_force.snapshot, self._clock.now()
        if (files, snapshot.id) != (self._files, self._lists):
            if files != self._files:
                self._source.files_changed()
            self._files, self._lists = files, snapshot.id
            try:
                self._issuing.exchange(self._source.load(snapshot, at=at))
                self._trouble = ""
            except IdBridgeError as error:
                self._trouble = f"the keys cannot be read: {error}"
        self._tell(snapshot, at=at)

    def _tell(self, snapshot: TrustSnapshot, *, at: datetime) -> None:
        """Write which key signs where that is another than it was, and ring for what keeps the active one from it."""
        issuing = self._issuing.current()
        used = issuing.signer(snapshot, at=at)
        if used is not None and used.kid != self._used:
            self._used = used.kid
            JOURNAL.info("assertion key in use: %s", used.kid)
        self._bell.ring_keys(self._trouble or issuing.fault(snapshot, at=at))
