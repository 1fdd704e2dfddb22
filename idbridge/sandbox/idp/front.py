"""The front of a pretend provider: what a browser sees of a login, from the request to the yes or no.

A request whose client or redirect URI is not registered leads nowhere: a page says so. Everything else is told to the
client through the browser. What was pushed can be looked at again until it is answered, and is answered once. Clauses:
RFC 6749 sections 4.1.1 and 4.1.2; RFC 9126 section 4; RFC 9700 section 2.1.
"""

from datetime import datetime

from idbridge.limits import LIMITS
from idbridge.oidc.authorization_request import require_redirect_uri
from idbridge.oidc.authorization_response import response_location
from idbridge.oidc.client import OidcClient
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.request_uri import invalid_request_uri, read_named_request, require_bound
from idbridge.sandbox.idp.asking import Asked, read_asked, response_to, told_state
from idbridge.sandbox.idp.desk import Desk, Granted, Transaction
from idbridge.sandbox.idp.discovery import AUTHORIZE, CONNECT, Endpoints
from idbridge.sandbox.idp.listed import Speech
from idbridge.sandbox.idp.pages import ProviderPages, company_of, person_of, policy
from idbridge.sandbox.idp.redirect_token import AUTH_TOKEN, read_connecting, require_redirect_url
from idbridge.sandbox.idp.sessions import Sessions
from idbridge.sandbox.idp.tokens import Choice
from idbridge.sandbox.idp.web import Answer, WebRequest, page_answer, see_other
from idbridge.sandbox.people import population


class Front:
    """What browsers are answered by one provider."""

    def __init__(self, desk: Desk, sessions: Sessions) -> None:
        self._desk = desk
        self._sessions = sessions
        self._pages = ProviderPages(desk.listed)
        self._endpoints = Endpoints(desk.listed)

    def authorize(self, request: WebRequest, *, at: datetime) -> Answer:
        """Return the page that asks who somebody is, or where the browser goes instead."""
        try:
            parameters = request.parameters()
            client = self._client(parameters)
            if self._desk.listed.speech is Speech.FAPI:
                transaction = self._pushed(parameters, at=at)
            else:
                self._address(parameters, client)
                transaction = None
        except OAuthError as error:
            return self.broken(error)
        try:
            transaction = transaction or Transaction(self._plain(parameters, client))
            self._desk.faults.require_answering()
        except OAuthError as error:
            return self._back(client, parameters, transaction, error)
        return self._asking(client, transaction, at=at)

    def decide(self, request: WebRequest, *, at: datetime) -> Answer:
        """Return where the browser goes after somebody's yes or no."""
        try:
            parameters = request.parameters()
            transaction = self._transaction(parameters, at=at)
            choice = self._choice(parameters)
            self._answer_once(parameters, transaction, at=at)
        except OAuthError as error:
            return self.broken(error)
        asked = transaction.asked
        if choice is None:
            return self._to_client(asked, OAuthError("access_denied", "the person said no").document())
        session, login, cookie = self._sessions.begin(request, choice, at=at)
        code = self._desk.codes.keep(Granted(asked, login, session), until=at + LIMITS.code_lifetime)
        name = AUTH_TOKEN if self._desk.listed.speech is Speech.REDIRECT_TOKEN else "code"
        return self._to_client(asked, {name: code}, cookie)

    def broken(self, error: OAuthError) -> Answer:
        """Return the page of a login that leads nowhere."""
        return page_answer(self._pages.broken(error.description), policy=policy(), status=error.status)

    def _client(self, parameters: Parameters) -> OidcClient:
        client = self._desk.clients.get(parameters.text("client_id") or "")
        if client is None or not client.enabled:
            raise OAuthError("invalid_client", "the client is not registered here", status=400)
        return client

    def _pushed(self, parameters: Parameters, *, at: datetime) -> Transaction:
        named = read_named_request(parameters)
        asked = self._desk.pushed.read(named.handle, at=at)
        if asked is None:
            raise invalid_request_uri()
        require_bound(named, pushed_by=asked.client_id)
        return Transaction(asked, named.handle)

    def _plain(self, parameters: Parameters, client: OidcClient) -> Asked:
        if self._desk.listed.speech is Speech.REDIRECT_TOKEN:
            return read_connecting(parameters, client)
        return read_asked(parameters, client, listed=self._desk.listed)

    def _asking(self, client: OidcClient, transaction: Transaction, *, at: datetime) -> Answer:
        handle = self._desk.transactions.keep(transaction, until=at + LIMITS.login_transaction)
        page = self._pages.login(
            client=client.relying_party,
            transaction=handle,
            action=self._endpoints.browser(CONNECT if self._desk.listed.speech is Speech.REDIRECT_TOKEN else AUTHORIZE),
            level=transaction.asked.level,
        )
        return page_answer(page, policy=policy())

    def _choice(self, parameters: Parameters) -> Choice | None:
        """Return who was chosen, ``None`` for a no.

        Raises:
            OAuthError: ``invalid_request``: neither, or somebody whom the page did not offer.
        """
        listed, answer = self._desk.listed, parameters.text("answer")
        if answer == "no":
            return None
        person = person_of(listed, parameters.text("person"))
        company = company_of(listed, parameters.text("company"))
        if listed.entity == "itself":
            person = population().of(listed.service.state)[0]  # a company's own login names nobody
        level = parameters.text("level")
        incomplete = person is None or (listed.entity is not None and company is None) or level not in listed.levels
        if answer != "yes" or person is None or level is None or incomplete:
            raise OAuthError("invalid_request", "choose one of those who are offered")
        return Choice(person, company, level)

    def _transaction(self, parameters: Parameters, *, at: datetime) -> Transaction:
        found = self._desk.transactions.read(parameters.text("transaction"), at=at)
        if found is None:
            raise OAuthError("invalid_request", "this log-in is over, or was answered")
        return found

    def _answer_once(self, parameters: Parameters, transaction: Transaction, *, at: datetime) -> None:
        self._desk.transactions.take(parameters.text("transaction"), at=at)
        if transaction.pushed is not None and not self._desk.answer(transaction.pushed, at=at):
            raise OAuthError("invalid_request", "this log-in was answered in another window")

    def _back(
        self, client: OidcClient, parameters: Parameters, transaction: Transaction | None, error: OAuthError
    ) -> Answer:
        """Send ``error`` to a redirect URI that was found to be registered."""
        if transaction is not None:
            return self._to_client(transaction.asked, error.document())
        said = response_to(told_state(parameters), error.document(), issuer=self._desk.response_issuer())
        return see_other(response_location(self._address(parameters, client), said))

    def _address(self, parameters: Parameters, client: OidcClient) -> str:
        """Return the redirect URI, which has to be registered before anything is sent there.

        Raises:
            OAuthError: ``invalid_request``.
        """
        if self._desk.listed.speech is Speech.REDIRECT_TOKEN:
            return require_redirect_url(parameters, client)
        return require_redirect_uri(parameters, client)

    def _to_client(self, asked: Asked, said: dict[str, str], *headers: tuple[str, str]) -> Answer:
        answer = response_to(asked.state, said, issuer=self._desk.response_issuer())
        return see_other(response_location(asked.redirect_uri, answer), *headers)
