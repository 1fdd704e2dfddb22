"""Token exchange: a foreign token or credential in, a recognised assertion out (RFC 8693).

The subject token is verified like any other credential, for the relying party whose client asks: so first of all it
has to be meant for this node or for a client that is registered for this party at its issuer. Nothing is issued but
from PASSED; what is issued is no wider, no higher and no longer-lived than what it rests on, because it is the decision
of ``assertion``, and no higher than the profile of the client allows. A login counts once for each audience. A token
that does not pass spends nothing; where one was used before, the other may be spent by that (``_spent_by``). What is
issued or refused is written down before anybody is told (architecture D8).
"""

import hashlib
from datetime import datetime
from typing import Any, Final

from idbridge.assertion.acting import require_actor
from idbridge.assertion.decision import Decision, decide
from idbridge.assertion.issue import write
from idbridge.assertion.login import VERIFIED_CLAIMS, id_token_claims
from idbridge.codec import jcs, length_prefixed
from idbridge.crypto.jwe import DecryptionKey
from idbridge.crypto.jws import sign_compact
from idbridge.errors import ConfigurationError, Refusal, RequestError
from idbridge.limits import LIMITS
from idbridge.model.credential import OneTimeValue
from idbridge.model.randomness import Randomness
from idbridge.model.region import AssuranceLevel, Format
from idbridge.model.request import RelyingParty, VerifyRequest
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.token_exchange import ExchangeRequest, RequestedToken, read_exchange
from idbridge.reasons import Indication, Reason
from idbridge.verify.report import Report
from idbridge_gateway.api.request import read_request
from idbridge_gateway.console.hours import HourlyVerdicts
from idbridge_gateway.evidence.records import Records
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.signing import NamedSigner
from idbridge_gateway.stores.one_time import OneTime
from idbridge_gateway.verdict import REPORT_ID_OCTETS

TOKEN_TYPE: Final = "N_A"  # noqa: S105 - what is issued opens nothing here (RFC 8693 section 2.2.1)
_SPENT: Final = "holder.replayed"


class _DeniedError(Exception):
    """Nothing is issued because of ``report``; the client is told ``error``, once that is written down."""

    def __init__(self, report: Report, error: OAuthError) -> None:
        super().__init__(str(error))
        self.report = report
        self.error = error


class Exchange:
    """The grant ``urn:ietf:params:oauth:grant-type:token-exchange`` of one node."""

    def __init__(
        self,
        *,
        one_time: OneTime,
        randomness: Randomness,
        counts: HourlyVerdicts,
        node_url: str,
        decryption_keys: tuple[DecryptionKey, ...],
        records: Records,
    ) -> None:
        self._records = records
        self._one_time = one_time
        self._randomness = randomness
        self._counts = counts
        self._node_url = node_url
        self._decryption_keys = decryption_keys

    async def grant(self, parameters: Parameters, *, registered: RegisteredClient, turn: Turn) -> dict[str, Any]:
        """Return the token response for a client that authenticated itself.

        Raises:
            OAuthError: What was asked for is refused; ``code`` is the reason in the catalogue.
            RequestError: ``system.*``, a one-time value could not be spent or nothing be written down; nothing is
                released.
        """
        try:
            return await self._granted(parameters, registered=registered, turn=turn)
        except _DeniedError as denied:
            await self._records.answered(denied.report, report_id=self._new_report_id())
            self._counts.note(denied.report)
            raise denied.error from None

    async def _granted(self, parameters: Parameters, *, registered: RegisteredClient, turn: Turn) -> dict[str, Any]:
        party = registered.relying_party
        asked = read_exchange(parameters, client=registered.client, relying_party=party)
        subject = self._verified(self._question(asked.question(), party), turn)
        members = asked.question_of_actor()
        actor = self._verified(self._question(members, party), turn) if members is not None else None
        decision, token = self._issued(subject, actor, asked, registered, turn)
        for value in _spent_by(subject, actor, audience=asked.audience):
            if not await self._one_time.claim(value.key, until=value.until):
                error = OAuthError("invalid_grant", "the token was used before", cause=_SPENT)
                raise _DeniedError(subject.spent(), error)
        response = {
            "access_token": token,
            "issued_token_type": asked.requested.value,
            "token_type": TOKEN_TYPE,
            "expires_in": int((decision.expires_at - turn.at).total_seconds()),
        }
        return response | await self._written(subject, actor, decision, token)

    async def _written(self, subject: Report, actor: Report | None, decision: Decision, token: str) -> dict[str, Any]:
        """Write down what is about to be released, and return what proves that.

        The actor's leaf names the same report: it is the one of which the relying party is told, in a recall too.
        """
        if actor is not None:
            await self._records.answered(actor, report_id=decision.transaction)
        receipt = await self._records.answered(
            subject, report_id=decision.transaction, assertion=token, subject=decision.subject
        )
        for report in (subject, actor):
            if report is not None:
                self._counts.note(report)
        return {"receipt": receipt.document()} if receipt is not None else {}

    def _new_report_id(self) -> str:
        return f"rep_{self._randomness.octets(REPORT_ID_OCTETS).hex()}"

    def _question(self, members: dict[str, Any], party: RelyingParty) -> VerifyRequest:
        try:
            return read_request(
                members,
                relying_party=party,
                node_audiences=frozenset({self._node_url}),
                decryption_keys=self._decryption_keys,
            )
        except RequestError as broken:
            raise OAuthError("invalid_request", "the exchange is not one question", cause=broken.code) from None

    def _verified(self, question: VerifyRequest, turn: Turn) -> Report:
        """Return the report on a token, which is PASSED and young enough.

        Raises:
            _DeniedError: It is not.
        """
        report = turn.state.verifier.verify(question, at=turn.at)
        if report.indication is not Indication.PASSED:
            why = report.reason
            error = OAuthError("invalid_grant", _sentence(why), cause=why.code if why is not None else None)
            raise _DeniedError(report, error)
        if _is_old(report):
            error = OAuthError("invalid_grant", "the login is too long ago for its level", cause="time.too_old")
            raise _DeniedError(report.undeliverable("time.too_old"), error)
        return report

    def _issued(
        self,
        subject: Report,
        actor: Report | None,
        asked: ExchangeRequest,
        registered: RegisteredClient,
        turn: Turn,
    ) -> tuple[Decision, str]:
        try:
            decision = registered.bounded(self._decided(subject, asked, turn))
            if actor is not None:
                require_actor(subject, actor)
                decision = decision.acted_by(registered.bounded(self._decided(actor, asked, turn)))
            return decision, self._token(decision, asked, turn)
        except Refusal as refusal:
            error = OAuthError("invalid_grant", "no assertion is made from this token", cause=refusal.code)
            raise _DeniedError(subject.undeliverable(refusal.code), error) from None
        except ConfigurationError as broken:  # a token that was taken out, or locked itself
            JOURNAL.error("the assertion key does not sign: %s", broken)
            error = OAuthError("temporarily_unavailable", "the key of this node does not sign")
            raise _DeniedError(subject.undeliverable("policy.assertion_not_available"), error) from None

    def _decided(self, report: Report, asked: ExchangeRequest, turn: Turn) -> Decision:
        return decide(
            report,
            audience=asked.audience,
            node=turn.issuing.node,
            pairwise_key=turn.issuing.pairwise_key,
            report_id=self._new_report_id(),
            at=turn.at,
            randomness=self._randomness,
        )

    def _token(self, decision: Decision, asked: ExchangeRequest, turn: Turn) -> str:
        signer = turn.issuing.signer(turn.state.snapshot, at=turn.at)
        if signer is None:
            raise Refusal("policy.assertion_not_available", "the state of this node lists no key of it")
        if asked.requested is RequestedToken.ASSERTION:
            return write(decision, signer=signer, at=turn.at, randomness=self._randomness).jwt
        return _id_token(decision, signer=signer, at=turn.at)


def _id_token(decision: Decision, *, signer: NamedSigner, at: datetime) -> str:
    """Return the decision as an ID token, with everything that was released in it."""
    claims = id_token_claims(decision, nonce=None, verified_claims=decision.core[VERIFIED_CLAIMS], at=at)
    header = {"alg": signer.algorithm, "kid": signer.kid, "typ": "JWT"}
    token = sign_compact(header, jcs.canonicalize(claims), signer)
    if len(token) > LIMITS.token_bytes:
        raise Refusal("policy.assertion_not_available", "the released claims are too long for a token")
    return token


def _sentence(why: Reason | None) -> str:
    """Return a fixed sentence; which reason it was, the member ``code`` of the answer says."""
    retryable = why is not None and why.retryable
    return "the token cannot be judged now" if retryable else "the token is not accepted"


def _is_old(report: Report) -> bool:
    """Tell whether a login of the highest level was stated too long ago to count again here."""
    identity = report.passed_identity
    if identity is None or identity.credential.format is not Format.ID_TOKEN or identity.level < AssuranceLevel.A3:
        return False
    issued_at = identity.credential.issued_at
    return issued_at is None or report.at - issued_at > LIMITS.exchanged_login_age


def _spent_by(subject: Report, actor: Report | None, *, audience: str) -> tuple[OneTimeValue, ...]:
    """Return what counts once in this exchange, in the order in which it is spent.

    One login of an actor may count once for each that they act for, unless it answers a nonce: that counts once. The
    actor comes first, so that an actor's login that was used before costs no subject theirs. The other way round, a
    subject's login that was used before costs the actor one that answers a nonce.
    """
    spent = (*subject.one_time, *_login_once(subject, audience))
    if actor is None:
        return spent
    for_whom = hashlib.sha256(subject.request.credential.encode()).hexdigest()
    return (*actor.one_time, *_login_once(actor, audience, for_whom), *spent)


def _login_once(report: Report, *where: str) -> tuple[OneTimeValue, ...]:
    """Return what keeps a login from counting twice for one audience: a digest of what its provider signed.

    Not of the whole token: who may write one signature in two ways would use it twice. A credential is made to be shown
    again, and what keeps a presentation of it from counting twice is its nonce.

    Raises:
        _DeniedError: The login has no end, so that nothing says for how long it has to be remembered.
    """
    identity, unverified = report.passed_identity, report.findings.unverified
    if identity is None or unverified is None or identity.credential.format is not Format.ID_TOKEN:
        return ()
    until = identity.credential.expires_at
    if until is None:
        error = OAuthError("invalid_grant", "a login without an end is not exchanged", cause="time.claim_missing")
        raise _DeniedError(report.undeliverable("time.claim_missing"), error)
    leeway = identity.credential.service.profile.leeway
    party = report.request.relying_party.id
    fields = ("token-exchange", party, *where, unverified.message.signed.decode("ascii"))
    key = hashlib.sha256(length_prefixed.encode(*fields)).digest()
    return (OneTimeValue(key, until + leeway),)
