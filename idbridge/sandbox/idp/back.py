"""The back of a pretend provider: what servers are answered, in JSON and never by a redirect.

A code is redeemed once, by the client that it was made for, with the verifier of its challenge and the key that it is
bound to; a code that comes again ends the token that was made of it. Clauses: RFC 6749 section 4.1.3; RFC 7636 section
4.6; RFC 9126 section 2; RFC 9449 sections 5, 7 and 10; OpenID Connect Core 1.0 section 5.3.
"""

from datetime import datetime
from typing import Final

from idbridge.limits import LIMITS
from idbridge.oidc.client import OidcClient
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.pkce import require_verifier
from idbridge.oidc.request_uri import request_uri_of
from idbridge.sandbox.idp.asking import read_asked
from idbridge.sandbox.idp.desk import Access, Desk, Granted
from idbridge.sandbox.idp.discovery import PUSH, TOKEN, USERINFO, Endpoints
from idbridge.sandbox.idp.listed import Speech
from idbridge.sandbox.idp.tokens import id_token, login_claims, userinfo
from idbridge.sandbox.idp.web import Answer, WebRequest, json_answer, signed_answer

_CREATED: Final = 201
_SCHEMES: Final = {True: "DPoP", False: "Bearer"}


class Back:
    """What servers are answered by one provider."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._endpoints = Endpoints(desk.listed)
        self._fapi = desk.listed.speech is Speech.FAPI

    def push(self, request: WebRequest, *, at: datetime) -> Answer:
        """Return the name under which a browser brings the request that a client hands in.

        Raises:
            OAuthError: As for ``read_asked``; ``invalid_client``.
        """
        parameters = request.parameters()
        client = self._desk.authenticated(request, parameters, at=at)
        url = self._endpoints.server(PUSH)
        proof = self._desk.proof(request, url=url, at=at, fresh=False) if request.fields("dpop") else None
        asked = read_asked(parameters, client, listed=self._desk.listed, proof=proof)
        life = LIMITS.pushed_request_lifetime
        handle = self._desk.pushed.keep(asked, until=at + life)
        said = {"request_uri": request_uri_of(handle), "expires_in": int(life.total_seconds())}
        return json_answer(said, status=_CREATED)

    def token(self, request: WebRequest, *, at: datetime) -> Answer:
        """Return the tokens for a code.

        Raises:
            OAuthError: ``invalid_client``, ``unsupported_grant_type``, ``invalid_grant``, ``invalid_dpop_proof``,
                ``use_dpop_nonce`` or ``invalid_request``.
        """
        parameters = request.parameters()
        client = self._desk.authenticated(request, parameters, at=at)
        if parameters.text("grant_type") != "authorization_code":
            raise OAuthError("unsupported_grant_type", "grant_type is authorization_code")
        url = self._endpoints.server(TOKEN)
        thumbprint = self._desk.proof(request, url=url, at=at).thumbprint if self._fapi else None
        code = parameters.text("code")
        granted = self._redeemed(code, client, parameters, thumbprint=thumbprint, at=at)
        service, made = self._desk.keys.service, self._desk.minting(at=at)
        claims = login_claims(service, granted.login, client=client, nonce=granted.asked.nonce, made=made)
        life = LIMITS.bound_token_lifetime if self._fapi else LIMITS.bearer_token_lifetime
        access_token = self._desk.tokens.keep(Access(client.id, claims, thumbprint), until=at + life)
        self._desk.redeemed.put(str(code), access_token, until=at + life)
        self._desk.tell(granted.session, client, claims, at=at)
        return json_answer({
            "access_token": access_token,
            "token_type": _SCHEMES[self._fapi],
            "expires_in": int(life.total_seconds()),
            "id_token": id_token(service, claims, client=client, access_token=access_token, made=made),
        })  # fmt: skip

    def _redeemed(
        self, code: str | None, client: OidcClient, parameters: Parameters, *, thumbprint: str | None, at: datetime
    ) -> Granted:
        granted = self._desk.codes.take(code, at=at)
        if granted is None:
            self._desk.tokens.take(self._desk.redeemed.take(code, at=at), at=at)
            raise OAuthError("invalid_grant", "the code is unknown, used or over")
        asked = granted.asked
        if asked.client_id != client.id:
            raise OAuthError("invalid_grant", "the code is of another client")
        if parameters.text("redirect_uri") != asked.redirect_uri:
            raise OAuthError("invalid_grant", "redirect_uri is another than the one of the request")
        require_verifier(parameters.text("code_verifier"), challenge=asked.code_challenge or "")
        if asked.dpop_jkt not in (None, thumbprint):
            raise OAuthError("invalid_dpop_proof", "the code is bound to another key", cause="holder.key_missing")
        return granted

    def userinfo(self, request: WebRequest, *, at: datetime) -> Answer:
        """Return the signed claims of the person for whom an access token was made.

        Raises:
            OAuthError: ``invalid_token``, ``invalid_dpop_proof`` or ``use_dpop_nonce``.
        """
        scheme, _, token = (request.only("authorization") or "").partition(" ")
        access = self._desk.tokens.read(token, at=at) if scheme.lower() == _SCHEMES[self._fapi].lower() else None
        client = self._desk.clients.get(access.client_id) if access is not None else None
        if access is None or client is None:
            named = {"WWW-Authenticate": f'{_SCHEMES[self._fapi]} error="invalid_token"'}
            raise OAuthError("invalid_token", "the access token is unknown or over", headers=named)
        if self._fapi:
            url = self._endpoints.server(USERINFO)
            self._desk.proof(request, url=url, at=at, access_token=token, bound_to=access.thumbprint)
        return signed_answer(userinfo(self._desk.keys.service, access.claims, client=client))
