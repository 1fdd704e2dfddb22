"""What a witness did not put its name to is a leaf of the log of its own node: which log, and why.

Decides how often: anybody can send a checkpoint that a log published long ago, or one that it never signed. Of one log
the same is written once in ``LIMITS.witness_refusal_pause`` by one worker; that it signed two trees of one size counts
apart from all that a stranger can bring about. A leaf that the disk does not take is written at the next refusal.
"""

from collections.abc import Callable
from typing import Final

from idbridge.clock import Stopwatch, SystemStopwatch
from idbridge.codec import base64url
from idbridge.errors import EvidenceError, RequestError
from idbridge.limits import LIMITS
from idbridge.tlog.leaf import LeafType, Value
from idbridge_gateway.evidence.leaves import short
from idbridge_gateway.evidence.line import LogLine
from idbridge_gateway.evidence.witness import Refusal
from idbridge_gateway.journal import JOURNAL

_PAUSE: Final = LIMITS.witness_refusal_pause.total_seconds()


class WitnessRefusals:
    """Tells ``line`` what was refused; a witness without a node has none, and writes nothing down."""

    def __init__(self, line: LogLine | None, *, stopwatch: Stopwatch | None = None) -> None:
        self._line = line
        self._seconds: Callable[[], float] = (stopwatch or SystemStopwatch()).seconds
        self._quiet_until: dict[tuple[str, str, str], float] = {}  # of logs that lists name, and so not many

    async def note(self, refusal: Refusal) -> None:
        """Write ``refusal`` down, unless that was done of late."""
        line, now = self._line, self._seconds()
        said = (refusal.origin, refusal.act, refusal.code)
        if line is None or now < self._quiet_until.get(said, now):
            return
        self._quiet_until[said] = now + _PAUSE
        try:
            await line.append(LeafType.WITNESS, _members(refusal))
        except RequestError:
            del self._quiet_until[said]
        except EvidenceError as refused:
            JOURNAL.error("a leaf cannot be made: %s", refused)


def _members(refusal: Refusal) -> dict[str, Value]:
    members: dict[str, Value] = {"act": refusal.act, "origin": short(refusal.origin), "code": refusal.code}
    if refusal.state is not None:
        members["state"] = refusal.state.value
    if refusal.told is not None:
        members |= {"size": refusal.told.size, "root": base64url.encode(refusal.told.root)}
    return members
