"""Rounds: each sample is put to the node through its own port, as anybody would, and its answer is judged.

A forged sample that is accepted means that nothing this node says can be relied on: it is told at once and latched
(``standing``). A good one that is refused, one that is not answered, or a forged one that is refused for anything but
its forgery, which shows nothing, is told once until it is well again. One round
follows the other after a pause; the first one after it too, so that a node that has just begun has its lists.
"""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import urlsplit

from idbridge.clock import Clock
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.trust.alerts import Alert, AlertKind, Severity
from idbridge_gateway.canary.sample import FORGED, Sample, Samples
from idbridge_gateway.journal import note_unexpected

EXPECTED: Final = "as-expected"
REFUSED: Final = "refused"
ACCEPTED: Final = "accepted"
UNANSWERED: Final = "unanswered"
OTHER_REASON: Final = "other-reason"
_PATIENCE_SECONDS: Final = 10.0
_WORDS: Final = {
    REFUSED: "a good sample was refused", ACCEPTED: "a forged sample was accepted",
    UNANSWERED: "a sample was not answered",
    OTHER_REASON: "a forged sample was refused for another reason than its forgery, which shows nothing",
}  # fmt: skip

Put = Callable[[Sample], tuple[int, bytes]]  # the status and the octets of the answer


class Canary:
    """Puts samples to a node. ``counted`` is told what came of each, ``tell`` is told alerts.

    ``latch`` is called when something forged was accepted.
    """

    def __init__(
        self,
        samples: Samples,
        *,
        put: Put,
        clock: Clock,
        counted: Callable[[str, str, str], None],
        tell: Callable[[Alert], None],
        latch: Callable[[str], None],
    ) -> None:
        self._samples = samples
        self._put = put
        self._clock = clock
        self._counted = counted
        self._tell = tell
        self._latch = latch
        self._wrong: dict[str, str] = {}
        self._unusable = ""

    def round(self) -> None:
        """Put every sample once."""
        try:
            samples = self._samples.drawn()
        except ConfigurationError as error:
            if str(error) != self._unusable:
                self._alert("samples", str(error), severity=Severity.WARNING)
            self._unusable = str(error)
            return
        self._unusable = ""
        for sample in samples:
            self._judge(sample, judged(sample, *self._answer(sample)))

    def _answer(self, sample: Sample) -> tuple[int, bytes]:
        try:
            return self._put(sample)
        except (OSError, http.client.HTTPException):
            return 0, b""

    def _judge(self, sample: Sample, outcome: str) -> None:
        self._counted(sample.state.value, sample.kind, outcome)
        before, self._wrong[sample.name] = self._wrong.get(sample.name), outcome
        if outcome == ACCEPTED:
            self._latch(f"{_WORDS[ACCEPTED]}: {sample.name}, of {sample.state}")
        if outcome != EXPECTED and outcome != before:
            severity = Severity.CRITICAL if outcome == ACCEPTED else Severity.WARNING
            self._alert(f"{sample.state}/{sample.name}", _WORDS[outcome], severity=severity)

    def _alert(self, subject: str, detail: str, *, severity: Severity) -> None:
        self._tell(Alert(AlertKind.CANARY, severity, f"canary/{subject}", None, detail, self._clock.now()))


def judged(sample: Sample, status: int, octets: bytes) -> str:
    """Return what came of a sample. Only a report is an answer, and only a report can accept."""
    report = _report(octets) if status == http.client.OK else None
    if report is None:
        return UNANSWERED
    accepted = report["accepted"] is not False
    if sample.kind != FORGED:
        return EXPECTED if accepted else REFUSED
    if accepted:
        return ACCEPTED
    reason = report.get("reason")
    return EXPECTED if isinstance(reason, dict) and reason.get("code") == sample.code else OTHER_REASON


def _report(octets: bytes) -> dict[str, Any] | None:
    try:
        report = json.loads(octets)
    except ValueError:
        return None
    return report if isinstance(report, dict) and "accepted" in report else None


def own_port(url: str, *, path: str) -> Put:
    """Return what puts samples to ``path`` of the node at ``url``, each over a connection of its own.

    So each of its workers gets some.
    """
    there = urlsplit(url)

    def put(sample: Sample) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(str(there.hostname), there.port, timeout=_PATIENCE_SECONDS)
        try:
            headers = {"Authorization": f"Bearer {sample.api_key}", "Content-Type": "application/json"}
            connection.request("POST", path, body=sample.body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(LIMITS.canary_answer_bytes)
        finally:
            connection.close()

    return put


@contextmanager
def singing(canary: Canary | None, *, pause: timedelta = LIMITS.canary_pause) -> Iterator[None]:
    """Let ``canary`` make its rounds from ``with`` to its end, in a thread of its own, each after a ``pause``."""
    if canary is None:
        yield
        return
    ended = Event()
    thread = Thread(target=_rounds, args=(canary, ended, pause), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def _rounds(canary: Canary, ended: Event, pause: timedelta) -> None:
    while not ended.wait(pause.total_seconds()):
        try:
            canary.round()
        except Exception as error:  # noqa: BLE001 - the next round is made, whatever happened in this one
            note_unexpected(error, correlation_id="canary")
