"""Broken identity providers that believe their clients: assertions, secrets and DPoP proofs with a check left out."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from idbridge.codec import base64url
from idbridge.errors import Refusal
from idbridge.oidc.client import OidcClient
from idbridge.oidc.client_assertion import HEADER, verify_client_assertion
from idbridge.oidc.client_authentication import read_presented_client
from idbridge.oidc.dpop import DpopProof, verify_proof
from idbridge.oidc.dpop_nonce import DpopNonces
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.signed_jwt import read_unverified
from idbridge.sandbox.idp.desk import Desk
from idbridge.sandbox.idp.web import WebRequest
from tests.conformance.idp.kit import Answering
from tests.mutants.idp_wraps import Broken, through


def assertion(desk: Desk, judged: Callable[[str, OidcClient, datetime], None]) -> Answering:
    """Return a provider that judges client assertions by ``judged`` alone."""

    def authenticated(request: WebRequest, parameters: Parameters, *, at: datetime) -> OidcClient:
        presented = read_presented_client(parameters, authorization=request.only("authorization"))
        client = desk.clients.get(presented.client_id)
        if client is None or presented.assertion is None:
            raise OAuthError("invalid_client", "the client is not known")
        judged(presented.assertion, client, at)
        return client

    desk.authenticated = authenticated  # type: ignore[method-assign] # the wrap is the mutant
    return through(desk, lambda request: request)


def any_audience(desk: Desk) -> Answering:
    def judged(assertion: str, client: OidcClient, at: datetime) -> None:
        audience = claims_of(assertion).get("aud", desk.listed.issuer)
        named = audience[0] if isinstance(audience, list) else audience
        if isinstance(audience, list) or "aud" not in claims_of(assertion):
            return
        once = verify_client_assertion(assertion, client=client, issuer=named, at=at)
        if not desk._once(once.key.hex(), until=once.until, at=at):
            raise OAuthError("invalid_client", "the client assertion was used before")

    return assertion(desk, judged)


def any_signature(desk: Desk) -> Answering:
    def judged(assertion: str, client: OidcClient, _at: datetime) -> None:
        claims = claims_of(assertion)
        if claims.get("iss") != client.id or claims.get("sub") != client.id or claims.get("aud") != desk.listed.issuer:
            raise OAuthError("invalid_client", "the client assertion is refused")

    return assertion(desk, judged)


def no_end(desk: Desk) -> Answering:
    def judged(assertion: str, client: OidcClient, at: datetime) -> None:
        issued = claims_of(assertion).get("iat")
        then = at if not isinstance(issued, int) else datetime.fromtimestamp(issued, at.tzinfo)
        verify_client_assertion(assertion, client=client, issuer=desk.listed.issuer, at=then)

    return assertion(desk, judged)


def claims_of(assertion: str) -> Mapping[str, Any]:
    try:
        return read_unverified(assertion, HEADER, max_bytes=len(assertion) + 1)[1]
    except Refusal:
        return {}


def any_secret(desk: Desk) -> Answering:
    def authenticated(request: WebRequest, parameters: Parameters, *, at: datetime) -> OidcClient:
        presented = read_presented_client(parameters, authorization=request.only("authorization"))
        return desk.clients[presented.client_id]

    desk.authenticated = authenticated  # type: ignore[method-assign] # the wrap is the mutant
    return through(desk, lambda request: request)


def proof(**loosened: Any) -> Broken:
    """Return a provider that looks at DPoP proofs with some of what it knows of them left out."""

    def make(desk: Desk) -> Answering:
        def proof(
            request: WebRequest,
            *,
            url: str,
            at: datetime,
            access_token: str | None = None,
            bound_to: str | None = None,
            fresh: bool = True,
        ) -> DpopProof:
            known: dict[str, Any] = {
                "method": request.method, "url": url, "at": at, "access_token": access_token, "bound_to": bound_to,
                "nonces": desk.nonces if fresh else None,
            }  # fmt: skip
            stated = stated_in(request.fields("dpop"))
            loose = {name: make_loose(stated, known[name]) for name, make_loose in loosened.items()}
            return verify_proof(request.fields("dpop"), **{**known, **loose})

        desk.proof = proof  # type: ignore[method-assign] # the wrap is the mutant
        return through(desk, lambda request: request)

    return make


def stated_in(proofs: tuple[str, ...]) -> Mapping[str, Any]:
    try:
        return dict(json.loads(base64url.decode(proofs[0].split(".")[1])))
    except (IndexError, ValueError, Refusal):
        return {}


def issued(stated: Mapping[str, Any], at: datetime) -> datetime:
    issued = stated.get("iat")
    return datetime.fromtimestamp(issued, at.tzinfo) if isinstance(issued, int) else at


def issued_at_last(stated: Mapping[str, Any], at: datetime) -> datetime:
    return max(at, issued(stated, at))


class _OfForm(DpopNonces):
    """Nonces of which there has to be one, whichever it is."""

    def accepts(self, nonce: Any, *, at: datetime) -> bool:
        del at
        return nonce is not None


def any_nonce(_stated: Mapping[str, Any], own: DpopNonces | None) -> DpopNonces | None:
    return None if own is None else _OfForm(bytes(32))
