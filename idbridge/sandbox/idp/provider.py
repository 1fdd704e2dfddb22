"""A pretend national identity provider: which address of it is answered by which of its parts."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from idbridge.limits import LIMITS
from idbridge.oidc.client import OidcClient
from idbridge.oidc.errors import OAuthError
from idbridge.sandbox.idp import discovery, redirect_token, switches
from idbridge.sandbox.idp.back import Back
from idbridge.sandbox.idp.desk import Desk
from idbridge.sandbox.idp.front import Front
from idbridge.sandbox.idp.listed import Listed, Speech
from idbridge.sandbox.idp.sessions import Sessions
from idbridge.sandbox.idp.web import Answer, WebRequest, error_answer, public_answer

_MAX_AGE: Final = int(LIMITS.metadata_max_age.total_seconds())
Act = Callable[[WebRequest, datetime], Answer]


class PretendProvider:
    """One provider of the pretend region."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._acts = _acts(desk)

    @property
    def listed(self) -> Listed:
        """The service as its state lists it."""
        return self._desk.listed

    def register(self, client: OidcClient) -> None:
        """Let ``client`` log people in here from now on.

        Raises:
            ValueError: It cannot be a client of this provider.
        """
        self._desk.register(client)

    def answer(self, request: WebRequest, *, at: datetime) -> Answer:
        """Return what the provider answers ``at`` an instant."""
        try:
            if request.path.startswith(switches.PREFIX):
                return switches.switched(self._desk, request, at=at)
            act = self._acts.get((request.method, request.path))
            if act is None:
                raise switches.nothing_here()
            return act(request, at)
        except OAuthError as error:
            return error_answer(error)


def _acts(desk: Desk) -> Mapping[tuple[str, str], Act]:
    """Return what is served, by method and path."""
    sessions = Sessions(desk)
    front, back = Front(desk, sessions), Back(desk)
    acts: dict[tuple[str, str], Act] = {
        ("GET", discovery.KEYS): lambda _request, _at: public_answer(desk.keys.key_set(), seconds=_MAX_AGE),
        ("GET", discovery.LOGOUT): lambda request, at: sessions.leave(request, at=at),
        ("POST", discovery.LOGOUT): lambda request, at: sessions.leave(request, at=at),
    }
    if desk.listed.speech is Speech.REDIRECT_TOKEN:
        return acts | {
            ("GET", discovery.CONNECT): lambda request, at: front.authorize(request, at=at),
            ("POST", discovery.CONNECT): lambda request, at: front.decide(request, at=at),
            ("POST", discovery.EXCHANGE): lambda request, at: redirect_token.exchange(desk, request, at=at),
        }
    document = discovery.discovery_document(desk.listed)
    acts |= {
        ("GET", discovery.DISCOVERY): lambda _request, _at: public_answer(document, seconds=_MAX_AGE),
        ("GET", discovery.AUTHORIZE): lambda request, at: front.authorize(request, at=at),
        ("POST", discovery.AUTHORIZE): lambda request, at: front.decide(request, at=at),
        ("POST", discovery.TOKEN): lambda request, at: back.token(request, at=at),
        ("GET", discovery.USERINFO): lambda request, at: back.userinfo(request, at=at),
        ("POST", discovery.USERINFO): lambda request, at: back.userinfo(request, at=at),
    }
    if desk.listed.speech is Speech.FAPI:
        acts[("POST", discovery.PUSH)] = lambda request, at: back.push(request, at=at)
    return acts
