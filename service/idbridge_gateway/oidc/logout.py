"""``GET`` and ``POST /oauth/logout``: a browser ends logins that it made (OpenID Connect RP-Initiated Logout 1.0).

A client that shows its own ID token, in the browser in which the person logged in, ends that login and gets the browser
back at an address that it registered. Everything else is asked first, on a page of ours: without the ID token nobody
knows who asks, and from another browser it may be another person (section 2). Without it the browser stays here, and a
yes ends the logins of this browser. What stands open between question and answer is kept sealed under a handle that
only the page has, so that no other site can answer for the person.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.oidc.authorization_response import response_location
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.logout_request import LogoutRequest, read_logout_hint, read_logout_request
from idbridge.oidc.parameters import Parameters
from idbridge_gateway.oidc.browser import browsed, see_other
from idbridge_gateway.oidc.clients import Clients, RegisteredClient
from idbridge_gateway.oidc.contract_logout import logout_operation
from idbridge_gateway.oidc.forms import read_form, read_query
from idbridge_gateway.oidc.login_cookies import LoginCookies
from idbridge_gateway.oidc.sessions import Sessions
from idbridge_gateway.oidc.turns import Turn, Turns
from idbridge_gateway.pages.rendering import POLICY, Pages
from idbridge_gateway.stores.documents import read_kept, require_texts, require_type
from idbridge_gateway.stores.sealed import Kind, SealedStore, new_handle

PATH: Final = "/oauth/logout"
QUESTION: Final = "question"  # the handle of what was asked, in the form of the page
ANSWER: Final = "answer"
YES: Final = "yes"


@dataclass(frozen=True, slots=True)
class OpenLogout:
    """A logout that the person was asked about: what a yes ends, and where the browser then goes."""

    sids: tuple[str, ...] = field(repr=False)
    client_id: str | None
    redirect_uri: str | None
    state: str | None = field(repr=False)

    def octets(self) -> bytes:
        """Return it as it is sealed."""
        return json.dumps([self.sids, self.client_id, self.redirect_uri, self.state]).encode()


def read_open_logout(octets: bytes | None) -> OpenLogout | None:
    """Return the logout of which ``OpenLogout.octets`` made ``octets``; ``None`` for anything else."""
    return read_kept(octets, _open_logout)


def _open_logout(kept: Any) -> OpenLogout:
    sids, client_id, redirect_uri, state = require_type(kept, list)
    require_texts(one for one in (client_id, redirect_uri, state) if one is not None)
    return OpenLogout(require_texts(require_type(sids, list)), client_id, redirect_uri, state)


class LogoutEndpoint:
    """What the endpoint of one node does."""

    def __init__(
        self,
        *,
        clients: Clients,
        sessions: Sessions,
        store: SealedStore,
        logins: LoginCookies,
        pages: Pages,
        randomness: Randomness,
        turns: Turns,
    ) -> None:
        self._clients = clients
        self._sessions = sessions
        self._store = store
        self._logins = logins
        self._pages = pages
        self._randomness = randomness
        self._turns = turns

    async def answer(self, request: Request) -> Response:
        """Answer one browser: back to the client, a question, or a page that says how it ended."""
        return await browsed(request, self._answered)

    async def _answered(self, request: Request) -> Response:
        parameters = read_query(request) if request.method == "GET" else await read_form(request)
        turn = self._turns.begin()
        question = parameters.text(QUESTION) if request.method == "POST" else None
        if question is not None:
            return await self._told(question, parameters, request, turn)
        asked = self._read(parameters, turn)
        if asked.hint is None:
            return await self._asked(self._logins.held(request), asked, request, turn)
        sid = asked.hint.session
        if sid not in self._logins.held(request) and await self._sessions.find(sid) is not None:
            return await self._asked((sid,), asked, request, turn)
        return await self._ended(
            OpenLogout((sid,), asked.hint.client_id, asked.redirect_uri, asked.state), request, turn
        )

    def _read(self, parameters: Parameters, turn: Turn) -> LogoutRequest:
        """Return the logout that is asked for.

        Raises:
            OAuthError: ``invalid_request``; the browser is sent nowhere.
        """
        keys, issuer = turn.issuing.ever_signed_with(), turn.issuing.node.issuer
        hint = read_logout_hint(parameters, issuer=issuer, keys=keys, at=turn.at)
        registered = self._registered(hint.client_id) if hint is not None else None
        return read_logout_request(parameters, hint=hint, client=registered.client if registered is not None else None)

    def _registered(self, client_id: str) -> RegisteredClient | None:
        registered = self._clients.find(client_id)
        return registered if registered is not None and registered.enabled else None

    async def _asked(self, sids: Iterable[str], asked: LogoutRequest, request: Request, turn: Turn) -> Response:
        """Return the page that asks the person, or the one that says that there is nothing to ask."""
        found = [session for sid in sids if (session := await self._sessions.find(sid)) is not None]
        if not found:
            return self._without(set(), request, self._page(request, "none"))
        client_id = asked.hint.client_id if asked.hint is not None else None
        standing = OpenLogout(tuple(one.sid for one in found), client_id, asked.redirect_uri, asked.state)
        handle = new_handle(self._randomness)
        await self._keep(handle, standing, turn)
        registered = [self._registered(session.client_id) for session in found]
        parties = sorted({one.relying_party.name for one in registered if one is not None})
        response = self._page(request, "ask", question=handle, parties=parties)
        if asked.redirect_uri is not None:  # browsers hold the answer to a form to this policy too
            target = urlsplit(asked.redirect_uri)
            form = f"form-action 'self' {target.scheme}://{target.netloc}"
            response.headers["content-security-policy"] = POLICY.replace("form-action 'self'", form)
            return response
        return self._without(set(standing.sids), request, response)

    def _without(self, standing: set[str], request: Request, response: Response) -> Response:
        """Let the browser forget the logins that ended elsewhere, all but ``standing``."""
        for sid in set(self._logins.held(request)) - standing:
            self._logins.drop(response, sid)
        return response

    async def _told(self, question: str, parameters: Parameters, request: Request, turn: Turn) -> Response:
        standing = read_open_logout(await self._store.take(Kind.LOGOUT, question))
        if standing is None:
            raise OAuthError("invalid_request", "this question is over, or was answered")
        if parameters.text(ANSWER) != YES:
            return self._page(request, "kept")
        registered = self._registered(standing.client_id) if standing.client_id is not None else None
        ending = standing
        if registered is None or standing.redirect_uri not in registered.client.post_logout_redirect_uris:
            ending = OpenLogout(standing.sids, None, None, None)
        try:
            return await self._ended(ending, request, turn)
        except RequestError:  # some of it may stand: the question stays open, so that the yes can be said again
            await self._keep(question, standing, turn)
            raise

    async def _keep(self, question: str, standing: OpenLogout, turn: Turn) -> None:
        await self._store.put(Kind.LOGOUT, question, standing.octets(), until=turn.at + LIMITS.login_transaction)

    async def _ended(self, ending: OpenLogout, request: Request, turn: Turn) -> Response:
        for sid in ending.sids:
            await self._sessions.end(sid, turn=turn)
        if ending.redirect_uri is None:
            response = self._page(request, "done")
        else:
            state = {"state": ending.state} if ending.state is not None else {}
            response = see_other(response_location(ending.redirect_uri, state) if state else ending.redirect_uri)
        for sid in set(ending.sids) & set(self._logins.held(request)):
            self._logins.drop(response, sid)
        return response

    def _page(self, request: Request, outcome: str, **values: Any) -> Response:
        return self._pages.page(request, "logout.html", outcome=outcome, **{"question": "", "parties": (), **values})


def logout_router(endpoint: LogoutEndpoint) -> APIRouter:
    """Return the routes of the endpoint; clients may send the browser here by either method (section 2)."""
    router = APIRouter(tags=["oauth"])

    @router.get(PATH, summary="End a login", response_class=Response, openapi_extra=logout_operation(by_form=False))
    async def logout(request: Request) -> Response:
        return await endpoint.answer(request)

    @router.post(PATH, summary="End a login", response_class=Response, openapi_extra=logout_operation(by_form=True))
    async def logout_by_post(request: Request) -> Response:
        return await endpoint.answer(request)

    return router
