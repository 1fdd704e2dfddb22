"""Sessions of browsers at a pretend provider, and their end: at the person's wish, and told to every client.

A browser has one session, in a cookie. Every client that was told of a login in it gets a logout token when it ends,
before the person reads that it did. Clauses: OpenID Connect RP-Initiated Logout 1.0 sections 2 and 3; Back-Channel
Logout 1.0 section 2.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.crypto.header import HeaderRules
from idbridge.crypto.keys import parse_jwk
from idbridge.errors import Refusal
from idbridge.limits import LIMITS
from idbridge.oidc.authorization_response import response_location
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.logout_token import make_logout_token
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.signed_jwt import read_unverified, text_claim, verify_with_any
from idbridge.sandbox.idp.asking import response_to, told_state
from idbridge.sandbox.idp.desk import Desk, Session
from idbridge.sandbox.idp.discovery import LOGOUT, Endpoints
from idbridge.sandbox.idp.pages import ProviderPages, policy
from idbridge.sandbox.idp.tokens import Choice, LoggedIn
from idbridge.sandbox.idp.web import Answer, Errand, WebRequest, page_answer, see_other

_HINT: Final = HeaderRules(types=frozenset({"", "jwt"}))
_SID_OCTETS: Final = 16
_JTI_OCTETS: Final = 16


class Sessions:
    """The sessions of one provider."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pages = ProviderPages(desk.listed)
        self._endpoints = Endpoints(desk.listed)

    @property
    def cookie(self) -> str:
        """The name of the cookie; ports of one machine share their cookies, so it names the provider."""
        return f"idp-{self._desk.listed.id}"

    def begin(self, request: WebRequest, choice: Choice, *, at: datetime) -> tuple[str, LoggedIn, tuple[str, str]]:
        """Return the session of a login that just took place, the login, and the header field that sets its cookie.

        It is the one that the browser has, if the same person logs in again in the same way.
        """
        handle = request.cookie(self.cookie)
        held = self._desk.sessions.read(handle, at=at)
        if handle is not None and held is not None and held.login.choice == choice:
            login = LoggedIn(choice, held.login.session, at)
            self._keep(handle, Session(login, held.told), at=at)
        else:
            login = LoggedIn(choice, base64url.encode(self._desk.randomness.octets(_SID_OCTETS)), at)
            until = at + LIMITS.session_lifetime
            handle = self._desk.sessions.keep(Session(login, MappingProxyType({})), until=until)
        secure = "; Secure" if self._desk.listed.browser.startswith("https://") else ""
        return handle, login, ("set-cookie", f"{self.cookie}={handle}; Path=/; HttpOnly; SameSite=Lax{secure}")

    def _keep(self, handle: str, session: Session, *, at: datetime) -> None:
        self._desk.sessions.put(handle, session, until=at + LIMITS.session_lifetime)

    def leave(self, request: WebRequest, *, at: datetime) -> Answer:
        """Return the answer to a log-out: the end of the session, or a question where nobody showed who asks."""
        try:
            parameters = request.parameters()
            hinted = self._hint(parameters)
            address = self._address(parameters, hinted)
        except OAuthError as error:
            return page_answer(self._pages.broken(error.description), policy=policy(), status=error.status)
        handle = request.cookie(self.cookie)
        held = self._desk.sessions.read(handle, at=at)
        asked = request.method == "POST" and parameters.text("session") == handle
        if held is not None and handle is not None and not asked and not _is_of(hinted, held):
            page = self._pages.leaving(action=self._endpoints.browser(LOGOUT), session=handle)
            return page_answer(page, policy=policy())
        errands = () if held is None else self._end(handle, held, at=at)
        if address is None:
            left = page_answer(self._pages.gone(), policy=policy())
        else:
            left = see_other(response_location(address, response_to(told_state(parameters), {}, issuer=None)))
        forgotten = ("set-cookie", f"{self.cookie}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
        return Answer(left.status, (*left.headers, forgotten), left.body, errands)

    def _end(self, handle: str | None, session: Session, *, at: datetime) -> tuple[Errand, ...]:
        """End a session, and return what its clients are told."""
        self._desk.sessions.take(handle, at=at)
        told = ((self._desk.clients.get(client_id), subject) for client_id, subject in session.told.items())
        return tuple(
            Errand(
                client.backchannel_logout_uri,
                {"logout_token": self._token(client.id, subject, session.login.session, at=at)},
            )
            for client, subject in told
            if client is not None and client.backchannel_logout_uri is not None
        )

    def _token(self, client_id: str, subject: str, session: str, *, at: datetime) -> str:
        return make_logout_token(
            self._desk.keys.service.signer,
            issuer=self._desk.listed.issuer,
            client_id=client_id,
            jti=base64url.encode(self._desk.randomness.octets(_JTI_OCTETS)),
            at=at,
            subject=subject,
            session=session,
        )

    def _hint(self, parameters: Parameters) -> Mapping[str, Any] | None:
        """Return the claims of our own ID token that shows who asks, ``None`` without one.

        Raises:
            OAuthError: ``invalid_request``: it is none of ours.
        """
        token = parameters.text("id_token_hint")
        if token is None:
            return None
        algorithms = frozenset(self._desk.listed.algorithms)
        keys = [parse_jwk(signer.public_jwk) for signer in self._desk.keys.service.keys.signers]
        try:
            unverified, claims = read_unverified(token, _HINT, max_bytes=LIMITS.token_bytes)
            hinted = verify_with_any(unverified, claims, keys, algorithms=algorithms).claims
            text_claim(hinted, "aud"), text_claim(hinted, "sid")
        except Refusal as refusal:
            raise OAuthError("invalid_request", "id_token_hint is no ID token of ours", cause=refusal.code) from None
        return hinted

    def _address(self, parameters: Parameters, hinted: Mapping[str, Any] | None) -> str | None:
        address = parameters.text("post_logout_redirect_uri")
        if address is None:
            return None
        client = self._desk.clients.get(str(hinted["aud"])) if hinted is not None else None
        if client is None or address not in client.post_logout_redirect_uris:
            raise OAuthError("invalid_request", "post_logout_redirect_uri is none that is registered for who asks")
        return address


def _is_of(hinted: Mapping[str, Any] | None, session: Session) -> bool:
    return hinted is not None and hinted["sid"] == session.login.session
