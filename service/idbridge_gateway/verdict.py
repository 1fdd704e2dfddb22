"""From a question to what leaves the node: decide, sign, spend what may count once, write down, release.

In this order, always. Decided is by the library, as a pure function of the question, the trust material and the
instant. Around it: an assertion is made only when asked for and only from a report that passed, and a one-time value
that was spent before makes the report FAILED ``holder.replayed``. What is refused spends nothing, or anybody could burn
another's nonce. What cannot be written down is not released, and what it spent stays spent: the same question under its
``Idempotency-Key`` has its own spending back, and any other one is a replay.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from idbridge.assertion.issue import issue
from idbridge.errors import ConfigurationError, Refusal, RequestError
from idbridge.model.randomness import Randomness
from idbridge.model.request import Detail, VerifyRequest
from idbridge.reasons import Indication
from idbridge.verify.report import Report
from idbridge_gateway.evidence.records import Records
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.metrics.figures import Counts
from idbridge_gateway.node import NodeState
from idbridge_gateway.signing import Issuing
from idbridge_gateway.stores.idempotency import Remembered
from idbridge_gateway.stores.one_time import NOBODY, OneTime

REPORT_ID_OCTETS: Final = 16
_NO_ASSERTION: Final = "policy.assertion_not_available"
_SEVERITY: Final = {Indication.PASSED: 0, Indication.INDETERMINATE: 1, Indication.FAILED: 2}


@dataclass(frozen=True, slots=True)
class Released:
    """A report on its way out, and the assertion that goes with it. ``receipt`` is there once it is written down.

    ``settled`` tells that the same question asked again has the same answer. It has not where a one-time value was
    spent before, or where what was accepted could not be delivered and so spent nothing.
    """

    report: Report
    report_id: str
    assertion: str | None
    settled: bool = True
    subject: str | None = None
    receipt: dict[str, Any] | None = None

    def document(self) -> dict[str, Any]:
        """Return it as JSON values, in the detail that was asked for."""
        return self.rendered(self.report.request.detail)

    def rendered(self, detail: Detail) -> dict[str, Any]:
        """Return it as JSON values in another detail."""
        return self.report.render(detail, report_id=self.report_id, assertion=self.assertion, receipt=self.receipt)


class Verdicts:
    """Makes one released document of one question."""

    def __init__(self, *, one_time: OneTime, randomness: Randomness, counts: Counts, records: Records) -> None:
        self._one_time = one_time
        self._records = records
        self._randomness = randomness
        self._counts = counts

    async def first(
        self, request: VerifyRequest, *, state: NodeState, issuing: Issuing, at: datetime, by: bytes = NOBODY
    ) -> Released:
        """Return the answer to a question that is asked for the first time; its one-time values are spent ``by`` it.

        Raises:
            RequestError: ``system.*``, a one-time value could not be spent, or the answer not written down; nothing is
                released.
        """
        report_id = f"rep_{self._randomness.octets(REPORT_ID_OCTETS).hex()}"
        report = state.verifier.verify(request, at=at)
        signed = self._signed(report, state=state, issuing=issuing, report_id=report_id, at=at)
        released = await self._recorded(await self._spent(signed, by=by))
        self._counts.note(released.report)
        return released

    async def anew(
        self,
        request: VerifyRequest,
        *,
        earlier: Remembered,
        current: NodeState,
        issuing: Issuing,
        at: datetime,
        by: bytes,
    ) -> Released:
        """Return the answer to a question asked before, where what it was decided by is not held here.

        Another worker had it, or it is gone. So the question is decided by what is in force now, as of then and as of
        now, and the worse of both counts.

        Raises:
            RequestError: ``system.repetition_undecided``, it would be accepted here and was not there;
                ``system.*``, it cannot be told or written down.
        """
        verdicts = (current.verifier.verify(request, at=instant) for instant in (earlier.instant, at))
        report = max(verdicts, key=_severity)
        await self._require_accepted_before(report, earlier, at=at, by=by)
        return await self._recorded(
            self._signed(report, state=current, issuing=issuing, report_id=earlier.report_id, at=at)
        )

    async def again(
        self,
        request: VerifyRequest,
        *,
        earlier: Remembered,
        then: NodeState,
        current: NodeState,
        issuing: Issuing,
        at: datetime,
        by: bytes,
    ) -> Released:
        """Return the answer to a question asked before: as it was decided then, or worse if trust has moved since.

        ``then`` is what it was decided by. The registration is not kept: the party has the one that it has now.

        Raises:
            RequestError: ``system.repetition_undecided``, it would be accepted now and was not then;
                ``system.*``, it cannot be told or written down.
        """
        report = then.verifier.verify(request, at=earlier.instant)
        if current.id != then.id:
            report = max(report, current.verifier.verify(request, at=at), key=_severity)
        await self._require_accepted_before(report, earlier, at=at, by=by)
        return await self._recorded(
            self._signed(report, state=current, issuing=issuing, report_id=earlier.report_id, at=at)
        )

    async def later(
        self,
        request: VerifyRequest,
        *,
        earlier: Remembered,
        then: NodeState | None,
        current: NodeState,
        issuing: Issuing,
        at: datetime,
        by: bytes,
    ) -> Released:
        """Return the answer to a question that was accepted before and told to nobody: as of now, or worse.

        ``then`` is what it was decided by, ``None`` if that is not held here. It counts as well, so that nothing is
        accepted for which trust has grown since; an assertion is made from what is decided now.

        Raises:
            RequestError: ``system.*``, it is not known here that its one-time values were spent ``by`` it, or it could
                not be written down.
        """
        before = (then or current).verifier.verify(request, at=earlier.instant)
        report = max(current.verifier.verify(request, at=at), before, key=_severity)
        await self._require_accepted_before(report, earlier, at=at, by=by)
        return await self._recorded(
            self._signed(report, state=current, issuing=issuing, report_id=earlier.report_id, at=at)
        )

    async def _require_accepted_before(self, report: Report, earlier: Remembered, *, at: datetime, by: bytes) -> None:
        """Return if ``report`` accepts nothing, or the first answer accepted it and spent its one-time values ``by``.

        A repeated question spends nothing, so what it accepts beyond the first answer could be accepted once more. Of
        a value that nobody could accept any longer the store keeps nothing, and it is not asked for.

        Raises:
            RequestError: ``system.repetition_undecided``; ``system.overloaded``: the store of one-time values cannot
                tell.
        """
        if not report.accepted:
            return
        if not earlier.accepted:
            raise RequestError("system.repetition_undecided", "the first answer refused this; ask under a new key")
        for value in report.one_time:
            if value.until >= at and not await self._one_time.was_spent(value.key, by=by):
                raise RequestError("system.repetition_undecided", "what this question spent first is not known here")

    async def _spent(self, released: Released, *, by: bytes) -> Released:
        """Return what may be released once its one-time values are spent."""
        for value in released.report.one_time:
            if not await self._one_time.claim(value.key, until=value.until, by=by):
                return Released(released.report.spent(), released.report_id, None, settled=False)
        return released

    async def _recorded(self, released: Released) -> Released:
        """Return what may be released, once its leaf is durable, with its receipt.

        Raises:
            RequestError: ``system.*``: it could not be written down.
        """
        receipt = await self._records.answered(
            released.report,
            report_id=released.report_id,
            assertion=released.assertion,
            subject=released.subject,
        )
        return Released(
            released.report,
            released.report_id,
            released.assertion,
            settled=released.settled,
            subject=released.subject,
            receipt=receipt.document() if receipt is not None else None,
        )

    def _signed(self, report: Report, *, state: NodeState, issuing: Issuing, report_id: str, at: datetime) -> Released:
        """Return ``report`` with its assertion; if one was asked for and cannot be made, the report says so."""
        audience = report.request.assertion_audience
        if audience is None or not report.accepted:
            return Released(report, report_id, None)
        signer = issuing.signer(state.snapshot, at=at)
        if signer is None:
            return _without(report, Refusal(_NO_ASSERTION, "the state of this node lists no key of it"), report_id)
        try:
            assertion = issue(
                report,
                audience=audience,
                node=issuing.node,
                signer=signer,
                pairwise_key=issuing.pairwise_key,
                report_id=report_id,
                at=at,
                randomness=self._randomness,
            )
        except Refusal as refusal:
            return _without(report, refusal, report_id)
        except ConfigurationError as broken:  # a token that was taken out, or locked itself
            JOURNAL.error("the assertion key does not sign: %s", broken)
            return _without(report, Refusal(_NO_ASSERTION, "the key of this node does not sign"), report_id)
        return Released(report, report_id, assertion.jwt, subject=assertion.subject)


def _without(report: Report, refusal: Refusal, report_id: str) -> Released:
    """Return the report whose assertion cannot be made, for the reason of ``refusal``."""
    return Released(report.undeliverable(refusal.code, refusal.detail), report_id, None, settled=False)


def _severity(report: Report) -> tuple[int, bool]:
    """Order reports: of two that cannot tell, the one that is not accepted in grace is the worse."""
    return _SEVERITY[report.indication], not report.accepted
