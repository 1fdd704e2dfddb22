"""How a login ends: the one seam between this provider and who logs the person in, or asks them for consent.

``complete`` takes what came of a step: a report on what a provider said, the person's yes or no, or an error. Nothing
is decided of a login but from a PASSED report on the very question that the transaction asks; no code is issued but
upon a yes after that. What was decided is written down before anybody is told (architecture D8). A transaction is
answered once, and so is what was pushed for it, in however many tabs it stands.
Clauses: OpenID Connect Core 1.0 sections 3.1.2.5 and 3.1.2.6; RFC 9207; Unmet Authentication Requirements 1.0.
"""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Final

from fastapi import Response

from idbridge.assertion.decision import Decision, decide
from idbridge.codec import length_prefixed
from idbridge.errors import Refusal, RequestError
from idbridge.limits import LIMITS
from idbridge.model.assertion import LEVELS_BY_URI
from idbridge.model.randomness import Randomness
from idbridge.oidc.authorization_request import AuthorizationRequest
from idbridge.oidc.authorization_response import code_response, error_response
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.request_uri import invalid_request_uri
from idbridge.reasons import Indication
from idbridge.verify.ground import Ground, ground_of
from idbridge.verify.report import Report
from idbridge_gateway.console.hours import HourlyVerdicts
from idbridge_gateway.evidence.records import Records
from idbridge_gateway.oidc import addresses
from idbridge_gateway.oidc.browser import TransactionCookies, public_name, see_other, to_client
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.codes import Codes
from idbridge_gateway.oidc.grounds import require_registered, require_stands
from idbridge_gateway.oidc.login_cookies import LoginCookies
from idbridge_gateway.oidc.questions import asked_by
from idbridge_gateway.oidc.transaction import (
    HeldTransaction,
    Transaction,
    Transactions,
    session_of,
    unknown_transaction,
)
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.stores.one_time import OneTime
from idbridge_gateway.stores.sealed import Kind, SealedStore
from idbridge_gateway.verdict import REPORT_ID_OCTETS

_NOT_MEANT: Final = "policy.assertion_not_available"


class Consent(StrEnum):
    """What a person said to what would be released."""

    YES = "yes"
    NO = "no"


class Completion:
    """How the logins of one node end; ``issuer`` stands in every response."""

    def __init__(
        self,
        *,
        transactions: Transactions,
        codes: Codes,
        store: SealedStore,
        one_time: OneTime,
        cookies: TransactionCookies,
        logins: LoginCookies,
        randomness: Randomness,
        counts: HourlyVerdicts,
        records: Records,
        issuer: str,
    ) -> None:
        self._records = records
        self._transactions = transactions
        self._codes = codes
        self._store = store
        self._one_time = one_time
        self._cookies = cookies
        self._logins = logins
        self._randomness = randomness
        self._counts = counts
        self._issuer = issuer

    async def complete(
        self,
        held: HeldTransaction,
        outcome: Report | Consent | OAuthError,
        *,
        turn: Turn,
        shared: frozenset[str] | None = None,
    ) -> Response:
        """Return where the browser goes after ``outcome``: to the consent page, or back to the client.

        With a yes, ``shared`` are the claims that the person leaves in; ``None`` for all that were decided.

        Raises:
            OAuthError: There is nobody to go back to: the transaction is over, or was answered in another tab.
            RequestError: ``system.*``: nothing was issued.
            ValueError: A report on another question than this transaction asks; a programming error.
        """
        if isinstance(outcome, Report):
            try:
                return await self._decided(held, outcome, turn=turn)
            except OAuthError as error:
                return await self._ended(held, error, at=turn.at)
        if outcome is Consent.YES:
            return await self._agreed(held, shared, turn=turn)
        refusal = outcome if isinstance(outcome, OAuthError) else OAuthError("access_denied", "the person said no")
        return await self._ended(held, refusal, at=turn.at)

    async def refuse(self, error: OAuthError, parameters: Parameters, *, pushed: str | None, at: datetime) -> Response:
        """Return ``error`` on its way to the redirect URI of ``parameters``, which was found to be registered.

        Raises:
            OAuthError: ``error`` itself if no browser carries it, or ``invalid_request_uri`` if it was answered before.
        """
        state = parameters.text("state")
        told = state if state is not None and len(state) <= LIMITS.opaque_characters and _is_printable(state) else None
        try:
            answer = error_response(error, state=told, issuer=self._issuer)
        except ValueError:
            raise error from None
        await self._spend(pushed, at=at)
        mode = parameters.text("response_mode") or "query"
        return to_client(parameters.values["redirect_uri"], answer, mode=mode, wished=_wished(parameters))

    async def _decided(self, held: HeldTransaction, report: Report, *, turn: Turn) -> Response:
        registered, asked = self._transactions.request_of(held.transaction)
        _require_same_question(report, asked, registered)
        report = _of_now(report, registered, turn)
        if report.indication is not Indication.PASSED:
            await self._judged(report)
            why = report.reason
            error = "temporarily_unavailable" if why is not None and why.retryable else "access_denied"
            sentence = "the login at the provider is not accepted"
            raise OAuthError(error, sentence, cause=why.code if why is not None else None)
        await self._require_recent(report, asked, since=held.transaction.ends_at - LIMITS.login_transaction)
        decision, ground = await self._decision(report, asked, turn)
        if not asked.may_be_answered_by(decision.subject):
            await self._judged(report.undeliverable(_NOT_MEANT))
            raise OAuthError("login_required", "the login is of another person than is meant", cause=_NOT_MEANT)
        try:
            self._transactions.require_room(held, decision, ground)
        except OAuthError as refusal:
            await self._judged(report.undeliverable(refusal.code))
            raise
        for value in report.one_time:
            if not await self._one_time.claim(value.key, until=value.until):
                await self._judged(report.spent())
                raise OAuthError("access_denied", "the login was used before", cause="holder.replayed")
        await self._records.answered(report, report_id=decision.transaction, releasing=False)  # nobody agreed yet
        await self._transactions.keep(held, decision, ground)
        self._counts.note(report)
        return see_other(addresses.consent(public_name(held.handle)))

    async def _judged(self, report: Report) -> None:
        """Write down what came of a login, and count it.

        Raises:
            RequestError: ``system.*``: it could not be written down, and nobody may be told.
        """
        await self._records.answered(report, report_id=self._new_report_id())
        self._counts.note(report)

    def _new_report_id(self) -> str:
        return f"rep_{self._randomness.octets(REPORT_ID_OCTETS).hex()}"

    async def _require_recent(self, report: Report, asked: AuthorizationRequest, *, since: datetime) -> None:
        try:
            _require_recent(report, asked, since=since)
        except OAuthError as refusal:
            await self._judged(report.undeliverable(refusal.code))
            raise

    async def _decision(self, report: Report, asked: AuthorizationRequest, turn: Turn) -> tuple[Decision, Ground]:
        try:
            ground = ground_of(report)
            decision = decide(
                report,
                audience=asked.client_id,
                node=turn.issuing.node,
                pairwise_key=turn.issuing.pairwise_key,
                report_id=self._new_report_id(),
                at=turn.at,
                randomness=self._randomness,
            )
        except Refusal as refusal:
            await self._judged(report.undeliverable(refusal.code))
            raise OAuthError("access_denied", "no assertion is made of this login", cause=refusal.code) from None
        return decision.lowered_to(asked.levels.stated(LEVELS_BY_URI[decision.core["acr"]])), ground

    async def _agreed(self, held: HeldTransaction, shared: frozenset[str] | None, *, turn: Turn) -> Response:
        transaction = await self._transactions.take(held.handle)
        decision, ground, at = transaction.decision, transaction.ground, turn.at
        if decision is None or ground is None:
            raise unknown_transaction()
        if decision != held.transaction.decision:  # a yes counts for what was seen, and no other
            raise unknown_transaction()
        if shared is not None:
            decision = decision.narrowed_to(shared)
        registered, asked = self._transactions.request_of(transaction)
        read, decision = decision, registered.bounded(decision)
        if _claims(decision) != _claims(read):  # the registration was narrowed since: a receipt would say too much
            await self._transactions.give_back(held.handle, transaction.asked_anew(registered.relying_party.claims))
            return see_other(addresses.consent(public_name(held.handle)))
        decision = decision.lowered_to(asked.levels.stated(LEVELS_BY_URI[decision.core["acr"]]))
        if at >= decision.expires_at:
            error = OAuthError("login_required", "the login is too long ago", cause="time.too_old")
            return await self._sent(held.handle, error, transaction, at=at)
        try:
            require_stands(ground, turn, error="access_denied")
            require_registered(decision, ground, registered.relying_party, error="access_denied")
        except OAuthError as error:
            return await self._sent(held.handle, error, transaction, at=at)
        try:
            await self._spend(transaction.pushed, at=at)
            session = session_of(held.handle)
            agreed_at = transaction.agreed_at or at
            code = await self._codes.issue(
                asked, decision, registered, ground=ground, session=session, agreed_at=agreed_at, at=at
            )
        except RequestError:  # nothing was issued: whoever said yes can say it again when the store is there
            await self._transactions.give_back(held.handle, transaction)
            raise
        answer = code_response(asked, code=code.handle, issuer=self._issuer)
        onward = to_client(asked.redirect_uri, answer, mode=asked.response_mode, wished=asked.ui_locales)
        response = self._left(onward, held.handle)
        self._logins.set(response, code.session)
        return response

    async def _ended(self, held: HeldTransaction, error: OAuthError, *, at: datetime) -> Response:
        transaction = await self._transactions.take(held.handle)
        if transaction.agreed_at is not None:  # a receipt was made of the yes: it does not become a no
            await self._transactions.give_back(held.handle, transaction)
            raise unknown_transaction()
        return await self._sent(held.handle, error, transaction, at=at)

    async def _sent(self, handle: str, error: OAuthError, transaction: Transaction, *, at: datetime) -> Response:
        """Send ``error`` to the client, if the redirect URI is still one that is registered for it."""
        self._transactions.request_of(transaction)
        parameters = Parameters(transaction.parameters)
        return self._left(await self.refuse(error, parameters, pushed=transaction.pushed, at=at), handle)

    def _left(self, response: Response, handle: str) -> Response:
        self._cookies.drop(response, handle)
        return response

    async def _spend(self, pushed: str | None, *, at: datetime) -> None:
        """Let what was pushed be answered, once; after that no browser brings its name again.

        The value outlives every transaction that the name can have begun.
        """
        if pushed is None:
            return
        key = hashlib.sha256(length_prefixed.encode("pushed-request", pushed)).digest()
        until = at + LIMITS.login_transaction + LIMITS.pushed_request_lifetime
        if not await self._one_time.claim(key, until=until):
            raise invalid_request_uri()
        await self._store.take(Kind.PUSHED_REQUEST, pushed)


def _of_now(report: Report, registered: RegisteredClient, turn: Turn) -> Report:
    """Return ``report`` as it is for the registration of this moment, which may not be the one that was asked for."""
    if report.request.relying_party == registered.relying_party:
        return report
    return turn.state.verifier.verify(asked_by(report.request, registered.relying_party), at=turn.at)


def _require_same_question(report: Report, asked: AuthorizationRequest, registered: RegisteredClient) -> None:
    question = report.request
    same = (
        question.relying_party.id == registered.relying_party.id
        and question.purpose == asked.purpose
        and question.purpose_text == asked.purpose_text
        and set(question.claims) <= set(asked.claims.wanted)
    )
    if not same:
        raise ValueError("the report answers another question than this transaction asks")


def _require_recent(report: Report, asked: AuthorizationRequest, *, since: datetime) -> None:
    """Return if the person logged in as lately as is demanded, seen from when the login began here (``since``).

    Who was asked to log in afresh does so after that, and so meets a ``max_age`` of zero; the provider's clock may
    differ from ours by what its listing grants. A login without time is never recent.
    """
    greatest = asked.greatest_age
    if greatest is None:
        return
    identity = report.passed_identity
    credential = identity.credential if identity is not None else None
    authenticated = credential.authenticated_at if credential is not None else None
    if credential is None or authenticated is None:
        raise OAuthError("login_required", "the login does not say when it was made", cause="time.claim_missing")
    if since - authenticated > greatest + credential.service.profile.leeway:
        raise OAuthError("login_required", "the login is older than was asked for", cause="time.too_old")


def _wished(parameters: Parameters) -> tuple[str, ...]:
    return tuple((parameters.text("ui_locales") or "")[: LIMITS.identifier_characters].split())


def _claims(decision: Decision) -> frozenset[str]:
    return frozenset(decision.core["verified_claims"]["claims"])


def _is_printable(text: str) -> bool:
    return text.isascii() and text.isprintable()
