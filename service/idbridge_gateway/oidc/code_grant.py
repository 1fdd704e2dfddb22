"""The grant ``authorization_code``: a code in, an ID token and an access token out (RFC 6749 section 4.1.3).

Everything is compared before the code is spent, so that a client that made a mistake, or owes us a proof, does not lose
its code; nothing is issued before it was spent, nor of a login that no longer stands, nor before it is written down
(architecture D8). A second use by the same client takes back what the first one got, also when both come at once.
"""

import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from idbridge.assertion.decision import Decision
from idbridge.assertion.login import id_token_claims
from idbridge.codec import jcs
from idbridge.errors import Refusal
from idbridge.limits import LIMITS
from idbridge.model.assertion import LEVELS_BY_URI
from idbridge.oidc.authorization_request import OPENID
from idbridge.oidc.claims_release import for_id_token
from idbridge.oidc.claims_request import parse_claims
from idbridge.oidc.client import AUTHORIZATION_CODE, Profile
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.levels import read_levels
from idbridge.oidc.metadata import Endpoints
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.pkce import require_verifier
from idbridge_gateway.evidence.records import LaterAssertion, Records
from idbridge_gateway.oidc.access_tokens import AccessToken, AccessTokens
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.codes import Code, Codes
from idbridge_gateway.oidc.consent_record import TYPE, consent_record, digest_of
from idbridge_gateway.oidc.dpop_proofs import DpopProofs
from idbridge_gateway.oidc.grounds import require_registered, require_stands
from idbridge_gateway.oidc.sessions import Sessions
from idbridge_gateway.oidc.signed_responses import encrypted, half_hash, signed
from idbridge_gateway.oidc.turns import Turn

_SPENT: Final = "holder.replayed"


class CodeGrant:
    """How the codes of one node are redeemed."""

    def __init__(
        self,
        *,
        codes: Codes,
        tokens: AccessTokens,
        sessions: Sessions,
        proofs: DpopProofs,
        endpoints: Endpoints,
        records: Records,
    ) -> None:
        self._records = records
        self._codes = codes
        self._tokens = tokens
        self._sessions = sessions
        self._proofs = proofs
        self._endpoints = endpoints

    async def grant(self, parameters: Parameters, *, registered: RegisteredClient, turn: Turn) -> dict[str, Any]:
        """Return the token response for a client that authenticated itself.

        Raises:
            OAuthError: ``invalid_grant``, ``invalid_request``, ``invalid_dpop_proof``, ``use_dpop_nonce``,
                ``unauthorized_client``, or ``temporarily_unavailable``: the code is not spent.
            RequestError: ``system.*``: nothing was issued.
        """
        if AUTHORIZATION_CODE not in registered.client.grants:
            raise OAuthError("unauthorized_client", "this client may not redeem codes")
        handle = parameters.text("code")
        if handle is None:
            raise OAuthError("invalid_request", "code is missing")
        code = await self._codes.find(handle)
        if code is None or not hmac.compare_digest(code.client_id.encode(), registered.client.id.encode()):
            raise _invalid_code()
        if code.relying_party != registered.relying_party.id:  # the client was another's when the person said yes
            raise _invalid_code()
        jkt = await self._holder(code, parameters, registered, turn)
        require_stands(code.ground, turn, error="invalid_grant")
        require_registered(code.decision, code.ground, registered.relying_party, error="invalid_grant")
        record = _record_of(code, registered)
        if not await self._codes.spend(handle, at=turn.at):
            await self._codes.revoke(handle, code)
            await self._sessions.end(code.session, turn=turn)
            raise OAuthError("invalid_grant", "the code was used before; what it gave is taken back", cause=_SPENT)
        if turn.at >= code.expires_at:
            raise _invalid_code()
        response = await self._issued(code, registered, turn, jkt=jkt)
        if not await self._codes.stands(handle):  # used a second time while this was written
            await self._codes.revoke(handle, code)
            await self._sessions.end(code.session, turn=turn)
            raise OAuthError("invalid_grant", "the code was used twice at once", cause=_SPENT)
        if not await self._sessions.may_begin(code.session):
            await self._codes.revoke(handle, code)
            await self._sessions.end(code.session, turn=turn)
            raise OAuthError("invalid_grant", "the provider ended the login meanwhile", cause="time.expired")
        response["consent_receipt"] = _consent_receipt(record, registered, turn)
        names = _released_in(code, _bounded(code, registered), turn)
        return response | await self._written(code, response["id_token"], record, names)

    async def _written(
        self, code: Code, id_token: str, record: Mapping[str, Any], names: frozenset[str]
    ) -> dict[str, Any]:
        """Write down the assertion that is about to be released and the yes to it, and return what proves that."""
        decision = code.decision
        made = LaterAssertion(
            text=id_token,
            report_id=decision.transaction,
            relying_party=code.relying_party,
            subject=decision.subject,
            consent=jcs.canonicalize(dict(record)),
            claims=names,
        )
        receipt = await self._records.asserted(made)
        return {"receipt": receipt.document()} if receipt is not None else {}

    async def _holder(self, code: Code, parameters: Parameters, registered: RegisteredClient, turn: Turn) -> str | None:
        """Return whose key redeems ``code``; ``None`` for a bearer of a client that may be one.

        Raises:
            OAuthError: ``invalid_grant``, ``invalid_dpop_proof`` or ``use_dpop_nonce``.
        """
        if parameters.text("redirect_uri") != code.redirect_uri:
            raise OAuthError("invalid_grant", "redirect_uri is another than the one of the request")
        require_verifier(parameters.text("code_verifier"), challenge=code.code_challenge)
        profile, url = registered.client.profile, self._endpoints.token
        if code.dpop_jkt is None and not turn.proofs and profile is Profile.OIDC_CODE:
            return None
        proof = await self._proofs.proved(
            turn.proofs, method="POST", url=url, profile=profile, at=turn.at, bound_to=code.dpop_jkt
        )
        return proof.thumbprint

    async def _issued(self, code: Code, registered: RegisteredClient, turn: Turn, *, jkt: str | None) -> dict[str, Any]:
        decision = _bounded(code, registered)
        expires_at = min(turn.at + _lifetime(jkt), decision.expires_at)
        id_token = _id_token(code, decision, registered, turn)
        token = AccessToken(
            code.client_id, code.relying_party, jkt, code.claims, decision, code.ground, turn.at, expires_at
        )
        await self._tokens.keep(code.access_token, token)
        await self._sessions.keep(code, at=turn.at)
        return {
            "access_token": code.access_token,
            "token_type": token.token_type,
            "expires_in": int((expires_at - turn.at).total_seconds()),
            "id_token": id_token,
            "scope": OPENID,
        }


def _lifetime(jkt: str | None) -> timedelta:
    return LIMITS.bearer_token_lifetime if jkt is None else LIMITS.bound_token_lifetime


def _bounded(code: Code, registered: RegisteredClient) -> Decision:
    """Return what was decided within the registration of this moment: it may have been narrowed since the yes.

    Raises:
        OAuthError: ``invalid_grant``: no level that was demanded is left.
    """
    decision = registered.bounded(code.decision)
    demand = parse_claims(code.claims).id_token.get("acr")
    try:
        levels = read_levels(None, demand, profile=registered.client.profile)
        return decision.lowered_to(levels.stated(LEVELS_BY_URI[decision.core["acr"]]))
    except OAuthError as refusal:
        sentence = "the level that was demanded can no longer be had"
        raise OAuthError("invalid_grant", sentence, cause=refusal.code) from None


def _id_token(code: Code, decision: Decision, registered: RegisteredClient, turn: Turn) -> str:
    client = registered.client
    try:
        recognised = decision.core["verified_claims"]
        released = for_id_token(parse_claims(code.claims), recognised, at=turn.at)
        claims = id_token_claims(
            decision,
            nonce=code.nonce,
            verified_claims=released,
            at=turn.at,
            to_the_second=code.counts_from_login,
        )
        algorithm = client.id_token_signed_response_alg
        claims |= {"at_hash": half_hash(code.access_token, algorithm), "sid": code.session}
        return encrypted(signed(claims, algorithm=algorithm, turn=turn), client.id_token_encryption, client)
    except Refusal as refusal:
        raise OAuthError("invalid_grant", "no ID token is made of this login", cause=refusal.code) from None


def _released_in(code: Code, decision: Decision, turn: Turn) -> frozenset[str]:
    """Return the names of the claims about the person that the ID token of ``code`` holds."""
    told = for_id_token(parse_claims(code.claims), decision.core["verified_claims"], at=turn.at)
    several = told if isinstance(told, list) else [told] if told is not None else []
    return frozenset(name for one in several for name in one["claims"])


def _record_of(code: Code, registered: RegisteredClient) -> Mapping[str, Any]:
    """Return the record of the yes that ``code`` was issued upon: the very one that the person may have kept.

    Raises:
        OAuthError: ``invalid_grant``: what the person was told of the party is registered otherwise since.
    """
    record = consent_record(code.decision, parse_claims(code.claims), registered, agreed_at=code.agreed_at)
    if not hmac.compare_digest(digest_of(record).encode(), code.consent.encode()):
        raise OAuthError("invalid_grant", "the party is registered otherwise than the person who said yes was told")
    return record


def _consent_receipt(record: Mapping[str, Any], registered: RegisteredClient, turn: Turn) -> str:
    """Return the record of the yes, signed: the party's copy of what the person may keep as well."""
    try:
        algorithm = registered.client.id_token_signed_response_alg
        return signed(record, algorithm=algorithm, turn=turn, typ=TYPE)
    except Refusal as refusal:
        raise OAuthError("invalid_grant", "no consent receipt is made of this login", cause=refusal.code) from None


def _invalid_code() -> OAuthError:
    """Return the one answer to a code that is unknown, expired, or of another client."""
    return OAuthError("invalid_grant", "the code is unknown, expired, or of another client")
