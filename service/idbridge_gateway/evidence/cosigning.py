"""Cosigning: other states' witnesses are asked to confirm this node's log, at their pace and never while anybody waits.

Decides which checkpoint counts as confirmed: one on which the word of another state counts by the lists in force. It is
kept beside the log, for receipts that are made again. A witness that does not answer, or answers nonsense, is asked
again at the next time, and takes nobody else's word away: each line counts for itself. One that has seen more of the
log than there is tells of files from a backup; its bare word stops nothing, since it could be said of any log.
"""

import asyncio
import hashlib
from pathlib import Path
from typing import Final

from idbridge.errors import ConfigurationError, EvidenceError, FetchError, TrustError
from idbridge.evidence import places, reading
from idbridge.evidence.errors import LogError
from idbridge.evidence.recovery import Signed
from idbridge.limits import LIMITS
from idbridge.net.calls import Answer, Call, Caller, Method
from idbridge.tlog import merkle, note, tile, witnessing
from idbridge.tlog.note import SignatureLine
from idbridge.trust import files
from idbridge.trust.log_listing import confirmed
from idbridge_gateway.evidence.cosigned import COSIGNED
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.oidc.turns import Turns
from idbridge_gateway.settings import Settings

_PATH: Final = "/add-checkpoint"
_OK: Final = 200
_CONFLICT: Final = 409


class Cosigning:
    """Has the log in ``folder`` confirmed by the witnesses of ``settings``, who are reached by ``caller``."""

    def __init__(self, folder: Path, settings: Settings, *, turns: Turns, caller: Caller) -> None:
        self._folder = folder
        self._settings = settings
        self._turns = turns
        self._caller = caller
        self._cosigned: dict[str, int] = {}
        self._trouble: dict[str, str] = {}
        self._silent = False
        self._begun = False

    def silence(self) -> None:
        """Ask nobody: another worker of this node does."""
        self._silent = True

    async def watch(self) -> None:
        """Ask again and again, until cancelled."""
        while True:
            if not self._silent:
                await asyncio.to_thread(self.ask)
            await asyncio.sleep(LIMITS.cosign_pause.total_seconds())

    def ask(self) -> None:
        """Ask every witness once about the newest checkpoint, and keep it if the word of one counts. It blocks.

        A log that was not begun yet has nothing to be confirmed; one that is gone again is told of.
        """
        self._begun = self._begun or (self._folder / places.CHECKPOINT).exists()
        if not self._begun:
            return
        try:
            signed = reading.newest(self._folder)
            if not signed.checkpoint.size:
                return
            lines = [line for url in self._settings.witnesses for line in self._asked(url, signed)]
            if lines:
                self._keep(signed, lines)
        except (LogError, EvidenceError, ConfigurationError) as refused:
            self._note("log", str(refused), refused)

    def _asked(self, url: str, signed: Signed) -> tuple[SignatureLine, ...]:
        """Return the lines of one witness; none if it does not answer, or has confirmed this very tree before."""
        size = signed.checkpoint.size
        try:
            for _ in range(LIMITS.cosign_attempts):
                old = self._known(url, size=size)
                call = Call(Method.POST, f"{url}{_PATH}", body=self._submission(signed, old))
                answer = self._caller.call(call, max_bytes=LIMITS.note_bytes)
                if answer.status == _OK:
                    self._cosigned[url] = size
                    self._trouble.pop(url, None)
                    return note.parse_lines(answer.body)
                self._cosigned[url] = _size_told(answer)
        except (FetchError, EvidenceError) as refused:
            self._note(url, str(refused), refused)
        return ()

    def _known(self, url: str, *, size: int) -> int:
        """Return how many entries of the log a witness has confirmed, as far as is known.

        Raises:
            FetchError: More than there are; the next time it is asked anew.
        """
        old = self._cosigned.get(url, 0)
        if old > size:
            del self._cosigned[url]
            raise FetchError(f"it has confirmed {old:,} entries, more than there are: are these files an old copy?")
        return old

    def _submission(self, signed: Signed, old: int) -> bytes:
        size = signed.checkpoint.size
        nodes = tile.nodes_of(size, lambda one: places.read_tile(self._folder, one))
        proof = merkle.consistency_proof(old, size, nodes) if 0 < old < size else ()
        return witnessing.submission(signed.note, old=old, proof=proof).octets()

    def _keep(self, signed: Signed, lines: list[SignatureLine]) -> None:
        """Keep the checkpoint with the lines that count here, as they will for everybody; nothing if none does.

        Raises:
            ConfigurationError: It cannot be written.
        """
        counting = {(line.name, line.key_id): line for line in reversed(lines) if self._counts(signed, line)}
        if counting:
            told = signed.note.with_lines(tuple(counting.values())[: LIMITS.note_signatures - len(signed.note.lines)])
            files.write(self._settings.state_dir, COSIGNED, told.octets())

    def _counts(self, signed: Signed, line: SignatureLine) -> bool:
        """Tell whether the word of another state counts, and say so where it does not."""
        turns, told = self._turns, signed.note.with_lines((line,))
        try:
            snapshot, at = turns.trust.in_force.snapshot, turns.clock.now()
            confirmed(told, snapshot, state=self._settings.state, at=at)
        except (EvidenceError, TrustError) as refused:
            self._note(line.name, str(refused), refused)
            return False
        return True

    def _note(self, who: str, why: str, refused: Exception) -> None:
        """Say what went wrong, once, however often it goes wrong in the same way."""
        known = hashlib.sha256(why.encode("utf-8", "replace")).hexdigest()
        if self._trouble.get(who) != known:
            self._trouble[who] = known
            JOURNAL.error("the log is not confirmed by %s: %s", who, refused)


def _size_told(answer: Answer) -> int:
    """Return the size that a witness says it cosigned last.

    Raises:
        FetchError: It says no such thing, but refuses.
    """
    if answer.status != _CONFLICT:
        raise FetchError(f"it answered {answer.status}")
    text = answer.body.decode("latin-1").removesuffix("\n")
    if not text.isdecimal() or not text.isascii() or len(text) > len(str(LIMITS.log_size)):
        raise FetchError("its answer names no size")
    return int(text)
