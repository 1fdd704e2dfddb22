"""A pretend issuer at which the operators of nodes sign in: the smallest that OpenID Connect allows.

Public clients with PKCE and nothing else, the redirect URI as it is registered, a code that counts once, an ID token
with the roles of whom one pretends to be. One of the two has the role that makes an operator, so that both ends can be
seen. Its key is made at the start. It knows nothing of the region and nothing of people who log in. Clauses: OpenID
Connect Core 1.0 sections 2, 3.1.2 and 3.1.3; RFC 7636; RFC 9207.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Final

from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.oidc.authorization_response import response_location
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.pkce import require_challenge, require_verifier
from idbridge.sandbox.idp.asking import OPENID, opaque, response_to, told_state
from idbridge.sandbox.idp.discovery import AUTHORIZE, KEYS, TOKEN
from idbridge.sandbox.idp.memory import Memory
from idbridge.sandbox.idp.pages import ENGLISH, catalogues, choices, framed, policy
from idbridge.sandbox.idp.switches import nothing_here
from idbridge.sandbox.idp.web import (
    Answer,
    WebRequest,
    error_answer,
    json_answer,
    page_answer,
    public_answer,
    see_other,
)

ID: Final = "operators"
ISSUER: Final = "https://operators.region.example"
ROLE: Final = "registrar"
_ALGORITHM: Final = "ES256"
_MAX_AGE: Final = int(LIMITS.metadata_max_age.total_seconds())


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who works at a node, by the name that the page shows; ``id`` is their subject."""

    id: str
    name: str
    does: str
    roles: tuple[str, ...]


STAFF: Final = (
    Staff("staff-1", "Malee Sample", f"operator, has the role “{ROLE}”", ("staff", ROLE)),
    Staff("staff-2", "Anan Sample", "works there too, and is no operator", ("staff",)),
)


@dataclass(frozen=True, slots=True)
class OperatorClient:
    """One node as a client, public: it proves by PKCE that it is the one that asked."""

    id: str
    name: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class _Asked:
    client: OperatorClient
    state: str | None = field(repr=False)
    nonce: str | None = field(repr=False)
    challenge: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Granted:
    asked: _Asked
    who: Staff


class OperatorIssuer:
    """The issuer below the address ``browser``, for the nodes of ``clients``."""

    def __init__(self, clients: tuple[OperatorClient, ...], *, browser: str, randomness: Randomness) -> None:
        self._clients = {client.id: client for client in clients}
        self._browser = browser
        self._signer = generate(_ALGORITHM, kid=ID)
        self._asked: Memory[_Asked] = Memory(randomness)
        self._codes: Memory[_Granted] = Memory(randomness)

    def answer(self, request: WebRequest, *, at: datetime) -> Answer:
        """Return what the issuer answers ``at`` an instant."""
        try:
            match request.method, request.path:
                case "GET", path if path == KEYS:
                    return public_answer({"keys": [{**self._signer.public_jwk, "use": "sig"}]}, seconds=_MAX_AGE)
                case "GET", path if path == AUTHORIZE:
                    return self._authorize(request.parameters(), at=at)
                case "POST", path if path == AUTHORIZE:
                    return self._decide(request.parameters(), at=at)
                case "POST", path if path == TOKEN:
                    return self._token(request.parameters(), at=at)
            raise nothing_here()
        except OAuthError as error:
            return error_answer(error)

    def _authorize(self, parameters: Parameters, *, at: datetime) -> Answer:
        """Return the page that asks who somebody is; nobody is sent to an address that is not registered."""
        client = self._clients.get(parameters.text("client_id") or "")
        if client is None or parameters.text("redirect_uri") != client.redirect_uri:
            raise OAuthError("invalid_request", "no such client is registered with this redirect URI")
        try:
            asked = _read(parameters, client)
        except OAuthError as error:
            return _back(client, told_state(parameters), error.document())
        handle = self._asked.keep(asked, until=at + LIMITS.operator_sign_in)
        return page_answer(_page(client, handle, action=f"{self._browser}{AUTHORIZE}"), policy=policy())

    def _decide(self, parameters: Parameters, *, at: datetime) -> Answer:
        handle, who = parameters.text("transaction"), parameters.text("person")
        chosen = next((one for one in STAFF if one.id == who), None)
        if parameters.text("answer") not in ("yes", "no") or chosen is None:
            raise OAuthError("invalid_request", "choose one of those who are offered")
        asked = self._asked.take(handle, at=at)
        if asked is None:
            raise OAuthError("invalid_request", "this sign-in is over, or was answered")
        if parameters.text("answer") == "no":
            refusal = OAuthError("access_denied", "the person said no")
            return _back(asked.client, asked.state, refusal.document())
        code = self._codes.keep(_Granted(asked, chosen), until=at + LIMITS.code_lifetime)
        return _back(asked.client, asked.state, {"code": code})

    def _token(self, parameters: Parameters, *, at: datetime) -> Answer:
        """Return the ID token for a code, which is spent by whatever is asked with it."""
        if parameters.text("grant_type") != "authorization_code":
            raise OAuthError("unsupported_grant_type", "a code is redeemed here, and nothing else")
        granted = self._codes.take(parameters.text("code"), at=at)
        if granted is None:
            raise OAuthError("invalid_grant", "there is no such code, or it was redeemed")
        client = granted.asked.client
        if (parameters.text("client_id"), parameters.text("redirect_uri")) != (client.id, client.redirect_uri):
            raise OAuthError("invalid_grant", "the code was made for another client")
        require_verifier(parameters.text("code_verifier"), challenge=granted.asked.challenge)
        return json_answer({"token_type": "Bearer", "id_token": self._id_token(granted, at=at)})

    def _id_token(self, granted: _Granted, *, at: datetime) -> str:
        now = int(at.timestamp())
        claims = {
            "iss": ISSUER, "sub": granted.who.id, "aud": granted.asked.client.id, "iat": now,
            "exp": now + int(LIMITS.operator_session.total_seconds()), "roles": list(granted.who.roles),
        }  # fmt: skip
        if granted.asked.nonce is not None:
            claims["nonce"] = granted.asked.nonce
        header = {"alg": _ALGORITHM, "kid": ID, "typ": "JWT"}
        return sign_compact(header, json.dumps(claims).encode(), self._signer)


def _read(parameters: Parameters, client: OperatorClient) -> _Asked:
    """Return what ``client`` asks.

    Raises:
        OAuthError: ``invalid_request``, ``invalid_scope`` or ``unsupported_response_type``.
    """
    if parameters.text("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type is code")
    if OPENID not in (parameters.text("scope") or "").split(" "):
        raise OAuthError("invalid_scope", "scope has openid")
    challenge = require_challenge(parameters.text("code_challenge"), parameters.text("code_challenge_method"))
    return _Asked(client, opaque(parameters, "state"), opaque(parameters, "nonce"), challenge)


def _back(client: OperatorClient, state: str | None, said: Mapping[str, str]) -> Answer:
    return see_other(response_location(client.redirect_uri, response_to(state, said, issuer=ISSUER)))


def _page(client: OperatorClient, handle: str, *, action: str) -> str:
    words = catalogues()[ENGLISH]
    body = (
        f"<h1>Sign-in of operators</h1><p>{escape(words['asks'].format(client=client.name))}</p>"
        f'<form method="post" action="{escape(action)}">'
        f'<input type="hidden" name="transaction" value="{escape(handle)}">'
        f"{choices(words['who'], 'person', [(one.id, one.name, one.does) for one in STAFF])}"
        f'<div class="acts"><button name="answer" value="yes">{words["yes"]}</button>'
        f'<button class="no" name="answer" value="no">{words["no"]}</button></div></form>'
    )
    return framed(body, title="Sign-in of operators", language=ENGLISH, sandbox=words["sandbox"], end=ID)
