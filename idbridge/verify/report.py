"""The report: what came of a verification, in three levels of detail. Step V9.

A report keeps references and renders on demand; making one is cheap, and nothing personal is written anywhere by
making it. Nothing about the person leaves it unless it is PASSED, or counts in a grace that the states agreed on.
``bool(report)`` is an error, so that no truth value can be mistaken for a verdict. Members and levels: the interface
page; indications: ETSI EN 319 102-1 section 5.1.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NoReturn

from idbridge import __version__
from idbridge.codec import jcs
from idbridge.model.check import Check, CheckPoint, Refused, Result, Step, decisive
from idbridge.model.credential import OneTimeValue, RecognisedIdentity, VerifiedCredential
from idbridge.model.region import AssuranceLevel, Format
from idbridge.model.request import Detail, VerifyRequest
from idbridge.model.time import instant_text
from idbridge.reasons import Indication, Reason
from idbridge.status.check import StatusFinding
from idbridge.status.snapshot import StatusSnapshot
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.findings import Findings, Presented
from idbridge.verify.grace import STALE, Grace
from idbridge.verify.minimise import minimise
from idbridge.verify.reliance import chain_document, digests_document, trust_document
from idbridge.verify.represents import represents_document
from idbridge.verify.summary import accepted_summary
from idbridge.verify.time_evidence import words

SCHEMA: Final = "idbridge-report-1"
ONE_TIME: Final = CheckPoint("one-time.1", Step.V9, "RFC 9901 section 9.5; RFC 7519 section 4.1.7")

DELIVERY: Final = CheckPoint("delivery.1", Step.V9, "interface: assertion")

# Read once: in Python 3.11 the look-up of a member in its class costs as much as a small function.
_PASSED: Final = Indication.PASSED
_PASSED_CHECK: Final = Result.PASSED
_SKIPPED: Final = Result.SKIPPED
_SIMPLE: Final = Detail.SIMPLE
_EVIDENCE: Final = Detail.EVIDENCE
_LEVEL_NAMES: Final = tuple(level.name for level in AssuranceLevel)

# What differs between two answers about one decision: who asked when, in which words, and what was done with it.
_NOT_DECISION: Final = frozenset({
    "report_id", "accepted", "summary", "retry_after_s", "historical", "assertion", "receipt",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """One verdict with everything it rests on.

    ``checks`` are all checks in the order of the steps. ``decided_by`` is the first of the worst among them, ``None``
    if the report is PASSED. A ``historical`` report is about another instant: it accepts nothing. ``grace`` is there if
    the one thing against it is a trust list out of date, and that is put up with.
    """

    request: VerifyRequest = field(repr=False)
    trust: TrustSnapshot = field(repr=False)
    statuses: StatusSnapshot = field(repr=False)
    at: datetime
    historical: bool
    checks: tuple[Check, ...]
    indication: Indication
    decided_by: Check | None
    findings: Findings = field(repr=False)
    grace: Grace | None = None
    _released: tuple[dict[str, Any], list[dict[str, str]]] | None = field(
        init=False, repr=False, compare=False, default=None
    )

    def __bool__(self) -> NoReturn:
        """Refuse to be true or false.

        Raises:
            TypeError: Always; ask for ``accepted`` or call ``require_passed``.
        """
        raise TypeError("a report is neither true nor false: ask for `accepted` or call `require_passed`")

    @property
    def accepted(self) -> bool:
        """Tell whether the relying party may rely on it, now."""
        return (self.indication is _PASSED or self.grace is not None) and not self.historical

    @property
    def is_stale(self) -> bool:
        """Tell whether what decided is a trust list that is out of date."""
        return self.decided_by is not None and self.reason is not None and self.reason.code == STALE

    @property
    def reason(self) -> Reason | None:
        """Why it is not PASSED: the first reason of the worst indication."""
        return self.decided_by.reason if self.decided_by is not None else None

    @property
    def format(self) -> Format | None:
        """The format of the credential, once it was detected."""
        unverified = self.findings.unverified
        return unverified.format if unverified is not None else None

    @property
    def passed_identity(self) -> RecognisedIdentity | None:
        """Who was recognised; ``None`` unless the report is PASSED."""
        return self.findings.recognised if self.indication is _PASSED else None

    @property
    def identity(self) -> RecognisedIdentity | None:
        """Who was recognised; ``None`` unless the report is PASSED or counts in grace."""
        return self.findings.recognised if self.grace is not None else self.passed_identity

    @property
    def one_time(self) -> tuple[OneTimeValue, ...]:
        """The values to spend before this report is released; none under a report that accepts nothing."""
        if not self.accepted:
            return ()
        values = [
            value
            for one in (self.findings, *self.findings.others)
            if one.credential is not None
            for value in one.credential.one_time
        ]
        # Two credentials of one issuer carry one nonce, which counts once, for as long as the longer of them counts.
        longest = {value.key: value for value in sorted(values, key=lambda value: value.until)}
        return tuple(longest.values())

    def spent(self) -> "Report":
        """Return the report of the same verification whose one-time value had been spent before: FAILED."""
        return self._refused_after(ONE_TIME.refused("holder.replayed"))

    def undeliverable(self, code: str, note: str = "") -> "Report":
        """Return the report of the same verification whose assertion was asked for and cannot be made: FAILED."""
        return self._refused_after(DELIVERY.refused(code, note))

    def in_grace(self, grace: Grace, stale: Mapping[CheckPoint, str]) -> "Report":
        """Return the report of the same verification that says which of its checks rest on a list out of date.

        ``self`` is PASSED but for that; ``stale`` has the checks concerned, with words.

        Raises:
            ValueError: It is not PASSED, or no check of it is concerned.
        """
        noted = {point.id: point.refused(STALE, words) for point, words in stale.items()}
        checks = tuple(noted.get(check.id, check) for check in self.checks)
        indication, decided_by = _verdict(checks)
        if self.indication is not _PASSED or indication is not Indication.INDETERMINATE:
            raise ValueError("grace is for what passes but for a list that is out of date")
        return replace(self, checks=checks, indication=indication, decided_by=decided_by, grace=grace)

    def require_passed(self) -> RecognisedIdentity:
        """Return who was recognised.

        Raises:
            Refused: The report is not PASSED.
            ValueError: The report is historical, and accepts nothing.
        """
        if self.historical:
            raise ValueError("a historical report accepts nothing")
        recognised = self.passed_identity
        if recognised is None:
            raise Refused(*self.checks)
        return recognised

    def released(self) -> tuple[dict[str, Any], list[dict[str, str]]]:
        """Return the claims that leave with this report, and the names of those withheld with the reason."""
        found = self._released
        if found is None:  # the leaf of an answer, its assertion and the answer itself all ask for them
            together = self.findings.presented
            found = minimise(self.request, self.identity, at=self.at, kin=together.kin, strangers=together.strangers)
            object.__setattr__(self, "_released", found)
        claims, withheld = found
        return dict(claims), list(withheld)

    def render(
        self, detail: Detail, *, report_id: str, assertion: str | None = None, receipt: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the report as JSON values, with the members that the interface page lists for ``detail``."""
        document = self._simple(report_id=report_id, assertion=assertion, receipt=receipt)
        if detail is not _SIMPLE:
            document["reasons"] = [reason for check in self.checks if (reason := _reason_document(check)) is not None]
            document["checks"] = [_check_document(check) for check in self.checks]
            document["trust"] = trust_document(self.trust, self.findings.resolved, at=self.at)
            document["dcql"] = _query_document(self.findings.presented)
        if detail is _EVIDENCE:
            document["digests"] = digests_document(self.trust, self.findings.recognised)
            document["chain"] = chain_document(self.findings.resolved)
            document["sub_indication"] = self.reason.sub_indication if self.reason is not None else None
        return document

    def decision(self) -> bytes:
        """Return what replay must reproduce byte for byte: the evidence without the circumstances (RFC 8785)."""
        return jcs.canonicalize(without_circumstances(self.render(Detail.EVIDENCE, report_id="")))

    def _refused_after(self, refused: Check) -> "Report":
        """Return this report with one more check, made after it and refused."""
        checks = (*self.checks, refused)
        indication, decided_by = _verdict(checks)
        return replace(self, checks=checks, indication=indication, decided_by=decided_by, grace=None)

    def _simple(self, *, report_id: str, assertion: str | None, receipt: dict[str, Any] | None) -> dict[str, Any]:
        findings, request, identity = self.findings, self.request, self.identity
        party = request.relying_party
        claims, withheld = self.released()
        return {
            "schema": SCHEMA,
            "report_id": report_id,
            "environment": str(self.trust.environment),
            "indication": str(self.indication),
            "accepted": self.accepted,
            "reason": _reason_document(self.decided_by) if self.decided_by is not None else None,
            "summary": self._summary(identity, claims, withheld),
            "format": str(findings.unverified.format) if findings.unverified is not None else None,
            "issuer": _issuer_document(findings),
            "assurance": _assurance_document(findings.recognised),
            "recognition": _recognition_document(request, findings, self.grace),
            "holder": _holder_document(findings.credential),
            "status": _status_document(findings.status),
            "represents": represents_document(identity.mandate) if identity is not None else None,
            "claims": claims,
            "not_released": withheld,
            "trust_snapshot": self.trust.id,
            "status_snapshot": self.statuses.id,
            "policy": {"id": party.id, "version": party.policy_version},
            "evaluated_at": instant_text(self.at),
            "historical": self.historical,
            "verifier_version": __version__,
            "assertion": assertion,
            "receipt": receipt,
        }

    def _summary(
        self, identity: RecognisedIdentity | None, claims: dict[str, Any], withheld: list[dict[str, str]]
    ) -> str:
        if identity is None:
            return self.reason.business if self.reason is not None else ""
        return accepted_summary(
            identity,
            purpose=self.trust.purposes.find(identity.purpose),
            shared=claims,
            not_shared=[entry["claim"] for entry in withheld],
            historical=self.historical,
            reserves=self.grace.limits if self.grace is not None else (),
            dated=_dated(self.findings),
        )


def compose(
    request: VerifyRequest,
    *,
    trust: TrustSnapshot,
    statuses: StatusSnapshot,
    at: datetime,
    historical: bool,
    checks: tuple[Check, ...],
    findings: Findings,
) -> Report:
    """Return the report of these checks: the worst indication decides, and its first reason is the reason.

    Raises:
        ValueError: Nothing was checked, or everything passed and nobody was recognised: empty is not success.
    """
    indication, decided_by = _verdict(checks)
    if decided_by is None and findings.recognised is None:
        raise ValueError("nothing was recognised: a report without an identity cannot pass")
    return Report(request, trust, statuses, at, historical, checks, indication, decided_by, findings)


def _verdict(checks: tuple[Check, ...]) -> tuple[Indication, Check | None]:
    """Return the worst indication and the first check that has it."""
    decided_by = decisive(checks)
    if decided_by is not None:
        return Indication(decided_by.result.value), decided_by
    if not checks or (checks[0].result is not _PASSED_CHECK and all(check.result is _SKIPPED for check in checks)):
        raise ValueError("no check was made: empty is not success")
    return _PASSED, None


def _reason_document(check: Check) -> dict[str, Any] | None:
    """Return why a check refused, with the words that say what would have been accepted; ``None`` if it did not."""
    why = check.reason
    if why is None:
        return None
    document: dict[str, Any] = {
        "code": why.code,
        "step": check.step.value,
        "clause": why.clause,
        "remedy": why.remedy,
        "retryable": why.retryable,
    }
    if why.retry_after is not None:
        document["retry_after_s"] = int(why.retry_after.total_seconds())
    if check.note:
        document["note"] = check.note
    return document


def _check_document(check: Check) -> dict[str, Any]:
    document = {"id": check.id, "step": check.step.value, "result": check.result.value, "clause": check.clause}
    if check.reason is not None:
        document["code"] = check.reason.code
    if check.note:
        document["note"] = check.note
    return document


def _issuer_document(findings: Findings) -> dict[str, Any] | None:
    """Return who signed; ``None`` until a signature verified, whatever the credential claims."""
    if findings.resolved is None or not findings.signed:
        return None
    service = findings.resolved.service
    return {"state": str(service.member_state), "id": service.issuer, "name": service.name}


def _assurance_document(recognised: RecognisedIdentity | None) -> dict[str, Any] | None:
    if recognised is None:
        return None
    credential = recognised.credential
    return {
        "loa": _LEVEL_NAMES[recognised.level],
        "identity": _LEVEL_NAMES[credential.identity],
        "authentication": _LEVEL_NAMES[credential.authentication],
        "national": credential.national_level,
        "mapping": recognised.mapping,
    }


def _recognition_document(request: VerifyRequest, findings: Findings, grace: Grace | None) -> dict[str, Any]:
    party, recognised = request.relying_party, findings.recognised
    return {
        "by": str(party.state),
        "purpose": request.purpose if request.purpose in party.purposes else None,  # never echo what is no code
        "arrangement": recognised.arrangement if recognised is not None else None,
        "version": recognised.arrangement_version if recognised is not None else None,
        "limits": [
            *(recognised.limits if recognised is not None else ()),
            *(grace.limits if grace else ()),
            *_dated(findings),
            *findings.presented.reserves,
        ],
    }


def _dated(findings: Findings) -> tuple[str, ...]:
    """Return what must be said of credentials that count only because evidence shows how old they are."""
    resolved = [one.resolved for one in (findings, *findings.others) if one.signed]
    return tuple(words(one.proven) for one in resolved if one is not None and one.proven is not None)


def _holder_document(credential: VerifiedCredential | None) -> dict[str, Any] | None:
    if credential is None:
        return None
    return {"bound": credential.holder.bound, "method": str(credential.holder.method)}


def _query_document(presented: Presented) -> dict[str, Any] | None:
    """Return what came of the query, by the ids and places in it; ``None`` without one or where it was not judged."""
    outcome = presented.fulfilment
    if outcome is None:
        return None
    return {
        "satisfied": outcome.satisfied,
        "missing": list(outcome.missing),
        "unsatisfied_sets": list(outcome.unsatisfied_sets),
    }


def _status_document(finding: StatusFinding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    return {"state": str(finding.state), "as_of": instant_text(finding.as_of) if finding.as_of is not None else None}


def without_circumstances(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rendering without the members that are no part of the decision; of the evidence, it is the decision.

    A rendering of less detail has no ``reasons``, and gets none.
    """
    decided = {name: member for name, member in document.items() if name not in _NOT_DECISION}
    decided["reason"] = _without_retry(document["reason"])
    if "reasons" in document:
        decided["reasons"] = [_without_retry(reason) for reason in document["reasons"]]
    return decided


def _without_retry(reason: dict[str, Any] | None) -> dict[str, Any] | None:
    if reason is None:
        return None
    return {name: member for name, member in reason.items() if name not in _NOT_DECISION}
