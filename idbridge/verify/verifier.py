"""The verifier: from bytes to verdict in nine numbered steps. Read this file and you have read the product.

V1 was the making of the request: who asks, for what purpose, with which expectations. V2 to V9 are below, one call
each. They are a pure function of the request with the registration in it, the trust snapshot, the status snapshot and
the instant: no clock, no file, no socket, and nothing remembered that could change an answer.

Up to V5 each step needs what the one before it made, so the first refusal ends them and the steps after it are
reported as not made. Once a credential is verified, V6, V7 and V8 are all made, so that every reason is told at once.
FAILED is worse than INDETERMINATE, and neither is accepted, unless nothing but a trust list that is out of date stands
in the way and the states agreed to put up with that (``grace``). Clauses: architecture section 4 and D3; ETSI EN 319
102-1, 5.1.3.
"""

import copy
from datetime import UTC, datetime, timedelta
from typing import Final

from idbridge.credential.assertion_origin import HELD, check_origin
from idbridge.credential.encrypted import require_opened
from idbridge.credential.envelope import FORMATS, logins_in
from idbridge.credential.protocol import Reading
from idbridge.credential.qr_selection import listed_in
from idbridge.crypto import signature
from idbridge.crypto.jws import HeaderCache
from idbridge.crypto.signature import VerifiedSignatures
from idbridge.errors import EvidenceError, Refusal
from idbridge.limits import LIMITS
from idbridge.model.check import Check, CheckPoint, Refused, Step, decisive
from idbridge.model.credential import Mandate, RecognisedIdentity, UnverifiedCredential, VerifiedCredential
from idbridge.model.evidence import ProvenTime
from idbridge.model.region import CommitmentTier, MemberState
from idbridge.model.request import VerifyRequest
from idbridge.model.type_metadata import NO_DOCUMENTS, TypeDocuments
from idbridge.presentation.answers import Answer, open_answers
from idbridge.presentation.narrowing import asked_of
from idbridge.recognition.recognise import ENVIRONMENT, recognise
from idbridge.recognition.standing import Standings
from idbridge.status.check import STATUS, check_status
from idbridge.status.snapshot import StatusSnapshot
from idbridge.trust.ended import Evidence
from idbridge.trust.resolver import KeyResolver
from idbridge.trust.snapshot import NO_TIME, TrustSnapshot
from idbridge.verify.findings import Findings, Judged, together
from idbridge.verify.grace import granted
from idbridge.verify.policy import LEVEL, check_demands, check_registration, require_entitled
from idbridge.verify.presented import presented
from idbridge.verify.report import Report, compose
from idbridge.verify.representation import counts, lenders
from idbridge.verify.time_evidence import EVIDENCE, counted, prove

ENVELOPE: Final = CheckPoint("envelope.1", Step.V2, "idbridge formats")
LISTED: Final = CheckPoint("issuer.1", Step.V3, "ETSI TS 119 602")
SIGNATURE: Final = CheckPoint("signature.1", Step.V4, "RFC 7515 section 5.2")
ACCOUNT: Final = CheckPoint("credential.1", Step.V5, "architecture section 4")

# One check for each step, told as not made where an earlier step refused.
_POINTS: Final = (ENVELOPE, LISTED, SIGNATURE, ACCOUNT, STATUS, ENVIRONMENT, LEVEL)
_SIGNED: Final = (ENVELOPE.passed, LISTED.passed, SIGNATURE.passed)
_UTC_OFFSET: Final = timedelta(0)


class Verifier:
    """Verifies against one pair of snapshots; a request pins it from start to end.

    Keeps parsed headers, trust paths and standings of these snapshots, and digests of signatures that verified, all
    of it bounded, and nothing of any credential that could be read.
    """

    def __init__(
        self,
        *,
        trust: TrustSnapshot,
        status: StatusSnapshot,
        types: TypeDocuments = NO_DOCUMENTS,
        signatures: VerifiedSignatures | None = None,
    ) -> None:
        self._trust = trust
        self._status = status
        headers = HeaderCache(LIMITS.header_cache_entries)
        lost = next(iter(trust.lost_lists().values()), None)
        self._reading = Reading(headers, listed_in(trust), types, logins=logins_in(trust), lost=lost)
        self._keys = KeyResolver(trust, polled=status.polled)
        self._signatures = signatures if signatures is not None else VerifiedSignatures()
        self._standings = Standings(trust.arrangements, trust.purposes, observers=observers(trust))

    @property
    def trust(self) -> TrustSnapshot:
        """The trust snapshot that every answer of this verifier rests on."""
        return self._trust

    @property
    def status(self) -> StatusSnapshot:
        """The status snapshot that every answer of this verifier rests on."""
        return self._status

    @property
    def standings(self) -> Standings:
        """What the arrangements of the trust snapshot say; the recognition table asks the same."""
        return self._standings

    def with_status(self, status: StatusSnapshot) -> "Verifier":
        """Return a verifier against the same trust snapshot, with all that is kept of it, and against ``status``.

        What was found with other fetched keys is not kept.
        """
        other = copy.copy(self)
        other._status = status  # noqa: SLF001 - a copy of this very class
        if status.polled != self._status.polled:
            other._keys = KeyResolver(self._trust, polled=status.polled)  # noqa: SLF001 - as above
        return other

    def verify(self, request: VerifyRequest, *, at: datetime, historical: bool = False) -> Report:
        """Return the report on ``request`` at the UTC instant ``at``; ``historical`` if that is not the present one.

        Raises:
            RequestError: The relying party's registration is disabled.
            ConfigurationError: The registration belongs to another environment.
            ValueError: ``at`` is not in UTC.
        """
        if at.tzinfo is not UTC and at.utcoffset() != _UTC_OFFSET:
            raise ValueError("a verification is made at an instant in UTC")
        require_entitled(request.relying_party, environment=self._trust.environment)
        registration = check_registration(request)  # belongs to V8, and is looked at before any byte of the credential
        if decisive(registration) is not None:
            return self._report(
                request, (*_unmade_from(ENVELOPE), *registration), Findings(), at=at, historical=historical
            )
        report = self._made(request, registration, at=at, historical=historical)
        return self._in_grace(report, registration) if report.is_stale else report

    def _made(
        self,
        request: VerifyRequest,
        registration: tuple[Check, ...],
        *,
        at: datetime,
        historical: bool,
        grace: timedelta = NO_TIME,
    ) -> Report:
        """Return the report of steps V2 to V9; ``grace`` is by how much the trust lists may be out of date."""
        try:
            # V2  Size and format; who it says that it is from. Nothing of it is believed yet.
            require_opened(request.encryption)
            answers = open_answers(request, self._reading)
        except (Refused, Refusal) as refusal:
            findings = Findings()
            checks = (*_stopped(findings, refusal), *registration)
            return self._report(request, checks, findings, at=at, historical=historical)
        # V3 to V8 for each credential; then, part of V8, what they come to together: the worst of all decides.
        judged = tuple(self._each(answer, request, at=at, grace=grace) for answer in answers)
        if len(judged) > 1 or len(judged[0]) > 1:
            judged = self._representing(answers, judged, request, at=at, grace=grace)
        several = tuple(one for ones in judged for one in ones)
        checks, findings = together(several, registration, presented(request, answers, judged, trust=self._trust))
        return self._report(request, checks, findings, at=at, historical=historical)

    def _each(self, answer: Answer, request: VerifyRequest, *, at: datetime, grace: timedelta) -> tuple[Judged, ...]:
        """Return what is made of each credential of one presentation, of which more or less may be asked."""
        asked = asked_of(request, answer.query)
        return tuple(self._judged(one, asked, at=at, grace=grace) for one in answer.credentials)

    def _representing(
        self,
        answers: tuple[Answer, ...],
        judged: tuple[tuple[Judged, ...], ...],
        request: VerifyRequest,
        *,
        at: datetime,
        grace: timedelta,
    ) -> tuple[tuple[Judged, ...], ...]:
        """Return ``judged``, and judged once more what counts with the mandate that another credential states."""
        lending = iter(lenders(tuple(one for ones in judged for one in ones)))
        outcome: list[tuple[Judged, ...]] = []
        for answer, ones in zip(answers, judged, strict=True):
            asked, again = asked_of(request, answer.query), []
            for unverified, alone in zip(answer.credentials, ones, strict=True):
                lender = next(lending)
                if lender is None:
                    again.append(alone)
                    continue
                lent = self._judged(unverified, asked, at=at, grace=grace, mandate=lender.mandate)
                first = alone is judged[0][0]
                again.append(lent if counts(lent, lender, first=first) else alone)
            outcome.append(tuple(again))
        return tuple(outcome)

    def _judged(
        self,
        unverified: UnverifiedCredential,
        request: VerifyRequest,
        *,
        at: datetime,
        grace: timedelta,
        mandate: Mandate | None = None,
    ) -> Judged:
        """Return what steps V3 to V8 make of one credential; ``mandate`` is what another one of its person states."""
        form = FORMATS[unverified.format]
        resolved = signed = None
        try:
            # V3  Which listed service is that, was it trusted at this instant, and which is its key?
            kind = form.credential_type(unverified)
            resolved = self._keys.resolve(
                unverified=unverified,
                credential_type=kind,
                at=at,
                grace=grace,
                signer=request.signer,
                evidence=self._evidence(unverified, request, at=at),
            )
            # V4  Did that key sign it?
            allowed, claims = resolved.service.profile.algorithms, unverified.unverified_claims
            signed = signature.verify(
                unverified.message, claims=claims, key=resolved.key, algorithms=allowed, known=self._signatures
            )
            # V5  Account for every header and claim, its validity, and who may present it.
            credential = form.account(signed, unverified, resolved=resolved, request=request, at=at)
            # An assertion of another node: do our own lists trust what it rests on?
            origin = check_origin(credential, self._trust, at=at, grace=grace)
        except (Refused, Refusal) as refusal:
            findings = Findings(unverified, resolved, signed is not None)
            return Judged(_stopped(findings, refusal), findings)
        # V6  Is it still in force?
        status, standing = check_status(credential, self._status, trust=self._trust, path=resolved.path, at=at)
        # V7  Does the relying party's state recognise it, for this purpose, at which level?
        recognised, recognition = self._recognised(credential, request, at=at, mandate=mandate)
        # V8  Does it meet what the relying party itself demands?
        demands = check_demands(request, credential=credential, recognised=recognised)
        # V9  The worst indication, every reason.
        dated = () if request.time_evidence is None else (counted(resolved.proven),)
        checks = (*_SIGNED, *dated, *credential.checks, *origin, *status, *recognition)
        findings = Findings(unverified, resolved, True, credential, standing, recognised)  # noqa: FBT003 - signed
        return Judged(checks, findings, demands)

    def _evidence(self, unverified: UnverifiedCredential, request: VerifyRequest, *, at: datetime) -> Evidence | None:
        """Return what proves how old the credential is, once it is known that its service has ended."""
        brought = request.time_evidence
        if brought is None:
            return None

        def proves(state: MemberState, ended: str) -> ProvenTime:
            text, reading, trust = request.credential, self._reading, self._trust
            try:
                return prove(brought, unverified, presented=text, reading=reading, trust=trust, at=at, signed_by=state)
            except EvidenceError as refusal:
                raise Refused(EVIDENCE.refused(refusal.code), LISTED.refused(ended)) from refusal

        return proves

    def _in_grace(self, report: Report, registration: tuple[Check, ...]) -> Report:
        """Return the report on the same question that is accepted in grace, if it is; else ``report``.

        Everything is looked at once more as if the lists were up to date, and only if all of it passes it counts. No
        assertion is ever made from it, and so who asks for one gets no grace either.
        """
        request, at, longest = report.request, report.at, self._trust.longest_grace(at=report.at)
        if not longest or request.assertion_audience is not None:
            return report
        if report.findings.others:  # an arrangement is held against one list, and several credentials rest on several
            return report
        lenient = self._made(request, registration, at=at, historical=report.historical, grace=longest)
        identity = lenient.passed_identity
        grace = granted(identity, self._trust, at=at) if identity is not None else None
        if identity is None or grace is None:
            return report
        origin = identity.credential.origin
        stale = (
            (LISTED, grace.of(identity.credential.service.member_state)),
            (HELD, grace.of(origin.member_state) if origin is not None else None),
        )
        return lenient.in_grace(grace, {point: one.words for point, one in stale if one is not None})

    def _recognised(
        self, credential: VerifiedCredential, request: VerifyRequest, *, at: datetime, mandate: Mandate | None
    ) -> tuple[RecognisedIdentity | None, tuple[Check, ...]]:
        """Return who was recognised, if anybody, and the checks of step V7."""
        try:
            recognised = recognise(
                credential,
                by=request.relying_party.state,
                purpose=request.purpose,
                expected_entity=request.expected.entity,
                standings=self._standings,
                at=at,
                mandate=mandate,
            )
        except Refused as refused:
            return None, refused.checks
        return recognised, recognised.checks

    def _report(
        self, request: VerifyRequest, checks: tuple[Check, ...], findings: Findings, *, at: datetime, historical: bool
    ) -> Report:
        return compose(
            request,
            trust=self._trust,
            statuses=self._status,
            at=at,
            historical=historical,
            checks=checks,
            findings=findings,
        )


def observers(trust: TrustSnapshot) -> frozenset[MemberState]:
    """Return the states that take no part: their list says that they only observe, or is not held and cannot tell."""
    lists = trust.lists.items()
    observing = {state for state, held in lists if held.provenance.tier is CommitmentTier.OBSERVER}
    return frozenset(observing | trust.states_without_list.keys())


def _stopped(findings: Findings, refusal: Refused | Refusal) -> tuple[Check, ...]:
    """Return the checks of a verification that ended at ``refusal``, the steps after it as not made."""
    point = _reached(findings)
    position = _POINTS.index(point)
    refused = refusal.checks if isinstance(refusal, Refused) else (_refused(point, refusal.code, findings),)
    return (*_SIGNED[:position], *refused, *_unmade_from(_POINTS[position + 1]))


def _reached(findings: Findings) -> CheckPoint:
    """Return the step that was being made: the first whose outcome is missing."""
    if findings.unverified is None:
        return ENVELOPE
    if findings.resolved is None:
        return LISTED
    return ACCOUNT if findings.signed else SIGNATURE


def _refused(point: CheckPoint, code: str, findings: Findings) -> Check:
    """Return the refusal under the number that the format's own checklist gives it, if it has one, and at this step."""
    unverified = findings.unverified
    numbered = FORMATS[unverified.format].early(code) if unverified is not None else None
    return (CheckPoint(numbered.id, point.step, numbered.clause) if numbered is not None else point).refused(code)


def _unmade_from(point: CheckPoint) -> tuple[Check, ...]:
    """Return ``point`` and all after it as not made."""
    return tuple(later.skipped("an earlier step refused") for later in _POINTS[_POINTS.index(point) :])
