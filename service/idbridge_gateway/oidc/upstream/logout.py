"""``POST /login/backchannel/{provider}``: a provider says that a login is over, and what rests on it here ends too.

The token has to be signed by a key that the list vouches for, lately, for our client or one by which somebody logged in
there within the life of a session, and counts once: it is spent when all that it ends has ended, so that a provider
which was told that we could not may bring it again. The clients of ours that were told of the login are told in turn
(``sessions``). Whether anything rested on it, the provider does not hear. Clause: OpenID Connect Back-Channel Logout
1.0, sections 2.5 to 2.8.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request, Response

from idbridge.crypto.jwe import PARTS, DecryptionKey, decrypt
from idbridge.errors import Refusal
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.logout_token import LogoutToken, verify_logout_token
from idbridge.oidc.upstream_listed import ListedLogin, keys_of, listed_login
from idbridge_gateway.oidc.answers import NO_STORE, answered
from idbridge_gateway.oidc.forms import read_form
from idbridge_gateway.oidc.provider import Provider
from idbridge_gateway.oidc.transaction import session_of
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.oidc.upstream.key_sets import LATE, KeySets
from idbridge_gateway.oidc.upstream.logins import ClientThere, RestingLogins
from idbridge_gateway.oidc.upstream.providers import Providers
from idbridge_gateway.stores.one_time import OneTime

_CARRIED_OUT: Final = b"upstream-logout"  # who spends a logout token: so it can be asked whether it was


@dataclass(frozen=True, slots=True)
class UpstreamLogout:
    """How logins of one node end that rest on one at a provider."""

    provider: Provider
    providers: Providers
    logins: RestingLogins
    key_sets: KeySets
    one_time: OneTime
    decryption_keys: tuple[DecryptionKey, ...] = field(repr=False)

    async def answer(self, request: Request, provider: str) -> Response:
        """Answer one request: 200 without a word, or an error in the form of RFC 6749."""

        async def act(request: Request) -> Response:
            return await self._ended(request, provider)

        return await answered(request, act)

    async def _ended(self, request: Request, provider: str) -> Response:
        text = (await read_form(request)).text("logout_token")
        if text is None:
            raise OAuthError("invalid_request", "logout_token is missing")
        turn = self.provider.turns.begin()
        earlier = await self.logins.clients(provider, turn=turn)
        try:
            token = await self._verified(self._opened(text), provider, earlier, turn)
        except Refusal as refusal:
            raise OAuthError("invalid_request", "the logout token is refused", cause=refusal.code) from None
        if await self.one_time.was_spent(token.one_time.key, by=_CARRIED_OUT):
            raise OAuthError("invalid_request", "the logout token was used before", cause="holder.replayed")
        await self._end(token, turn)
        await self.one_time.claim(token.one_time.key, until=token.one_time.until, by=_CARRIED_OUT)
        return Response(status_code=200, headers=dict(NO_STORE))

    async def _end(self, token: LogoutToken, turn: Turn) -> None:
        """End what rests on the login that is over. Each step may be done again; what stands is forgotten last.

        Raises:
            RequestError: ``system.*``: some of it may still stand, and is found again.
        """
        over = await self.logins.find(token.issuer, subject=token.subject, session=token.session, turn=turn)
        for handle in over:
            await self.provider.transactions.forget(handle)
            await self.provider.sessions.forbid(session_of(handle), turn=turn)
            await self.provider.sessions.end(session_of(handle), turn=turn)
        await self.logins.forget(over, token.issuer, subject=token.subject, session=token.session, turn=turn)

    def _opened(self, text: str) -> str:
        """Return the token that ``text`` is, opened if it came encrypted as the ID tokens of its provider do."""
        if text.count(".") != PARTS - 1:
            return text
        return decrypt(text, self.decryption_keys).plaintext.decode("ascii", errors="replace")

    async def _verified(self, text: str, provider: str, earlier: tuple[ClientThere, ...], turn: Turn) -> LogoutToken:
        """Return what the token demands, made for our client at ``provider`` or one of those that were ``earlier``.

        Raises:
            OAuthError: ``invalid_request`` with the reason code.
            Refusal: Nobody vouches for the provider.
        """
        try:
            return await self._of_present_client(text, provider, turn)
        except (OAuthError, Refusal) as refused:
            for client in earlier:
                with suppress(OAuthError, Refusal):
                    return _judged(text, client, listed_login(turn.state.snapshot, client.issuer, at=turn.at), turn)
            raise refused from None

    async def _of_present_client(self, text: str, provider: str, turn: Turn) -> LogoutToken:
        """Return what the token demands; for a key that nobody knows yet, the provider's key set is looked at again."""
        usable = self.providers.usable(provider, turn)
        client = ClientThere(usable.client.issuer, usable.client.client_id)
        try:
            return _judged(text, client, usable.login, turn)
        except OAuthError as refusal:
            if refusal.code not in LATE or not usable.login.key_sets:
                raise
        looked = turn.with_status(await self.key_sets.looked_at_again(usable, turn))
        return _judged(text, client, usable.login, looked)


def _judged(text: str, client: ClientThere, login: ListedLogin, turn: Turn) -> LogoutToken:
    state = turn.state
    return verify_logout_token(
        text,
        issuer=client.issuer,
        client_id=client.client_id,
        keys=keys_of(login, state.snapshot, state.verifier.status.polled, at=turn.at),
        algorithms=login.algorithms,
        at=turn.at,
    )
