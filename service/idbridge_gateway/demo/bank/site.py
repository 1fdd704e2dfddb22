"""The bank's pages: a button, the way back, an account that shows what the bank now knows, and the way out.

A browser is known by two cookies: one of a login under way, one of somebody who is logged in. Both are handles of what
the bank keeps in memory; the demo's bank has no other store. What is about somebody is kept by no browser.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from fastapi import FastAPI, Form, Request, Response
from jinja2 import Environment as Templates
from jinja2 import PackageLoader, StrictUndefined

from idbridge.clock import Clock
from idbridge.errors import FetchError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.oidc.parameters import parse_form
from idbridge.oidc.upstream_errors import UpstreamError
from idbridge.sandbox.idp.memory import Memory
from idbridge_gateway.demo.bank import words
from idbridge_gateway.demo.bank.client import BankClient, Recognised, UnderWay, Wish
from idbridge_gateway.journal import JOURNAL

CALLBACK: Final = "/callback"
BYE: Final = "/bye"
BACKCHANNEL: Final = "/backchannel"
WISHES: Final[Mapping[str, Wish]] = {
    "person": Wish("account-opening", "To open your account with us.", ("name", "birthdate", "nationality")),
    "company": Wish("company-representation", "To act for a company that banks with us.", ("name", "position")),
}
_SEE_OTHER: Final = 303
_BAD_GATEWAY: Final = 502
_NO_STORE: Final[Mapping[str, str]] = {"cache-control": "no-store"}
_LIFE: Final = timedelta(hours=1)
_SAID: Final = {
    "access_denied": "You said no, or your ID is not accepted here for this.",
    "login_required": "That took too long. Please log in again.",
    "unmet_authentication_requirements": "Your ID is not sure enough for this.",
    "temporarily_unavailable": "Your provider, or our node, cannot answer now. Please try again later.",
}
_OTHERWISE: Final = "Something was not in order, and so we did not log you in. Please try again."
_LATE: Final = "This log-in was begun elsewhere, or is over. Please begin again."


class Shop:
    """What the bank remembers of its visitors; ``handles`` are those of accounts by the node's name of the session."""

    def __init__(self, randomness: Randomness) -> None:
        self.under_way: Memory[UnderWay] = Memory(randomness)
        self.accounts: Memory[Recognised] = Memory(randomness)
        self.handles: Memory[str] = Memory(randomness)


@dataclass(frozen=True, slots=True)
class Bank:
    """One bank. ``url`` is its own address, ``node`` that of its node as browsers know it."""

    name: str
    url: str
    node: str
    client: BankClient
    clock: Clock
    shop: Shop = field(repr=False)

    def home(self, request: Request) -> Response:
        """Return the page with the button, or the account of who is logged in."""
        account = self._account(request)
        return self._page("home.html") if account is None else _see_other("/account")

    def begin(self, wish: str) -> Response:
        """Send the browser to the node with what the bank wants to know."""
        if wish not in WISHES:
            return self._ended("Choose how you want to log in.", status=400)
        at = self.clock.now()
        try:
            location, under_way = self.client.begin(WISHES[wish], at=at)
        except IdBridgeError as broken:
            return self._refused(broken)
        handle = self.shop.under_way.keep(under_way, until=at + LIMITS.login_transaction)
        return _with_cookie(_see_other(location), self._cookie("login"), handle)

    def called_back(self, request: Request) -> Response:
        """Take the answer of the node: it counts once, and in the browser that was sent there."""
        at = self.clock.now()
        under_way = self.shop.under_way.take(request.cookies.get(self._cookie("login")), at=at)
        if under_way is None:
            return self._ended(_LATE, status=400)
        try:
            parameters = parse_form(request.scope["query_string"])
            recognised = self.client.finish(parameters, under_way, at=at)
        except IdBridgeError as broken:
            return self._refused(broken)
        handle = self.shop.accounts.keep(recognised, until=at + _LIFE)
        self.shop.handles.put(str(recognised.claims["sid"]), handle, until=at + _LIFE)
        return _with_cookie(_see_other("/account"), self._cookie("account"), handle)

    def account(self, request: Request) -> Response:
        """Return what the bank knows of who is logged in: in plain words, and below as it was signed."""
        recognised = self._account(request)
        if recognised is None:
            return _see_other("/")
        claims = recognised.claims
        return self._page(
            "account.html",
            greeting=words.greeting(claims),
            person=tuple(words.about_person(claims)),
            login=tuple(words.about_login(claims, bank=self.name)),
            decoded=json.dumps(claims, ensure_ascii=False, indent=2, sort_keys=True),
            token=recognised.id_token,
        )

    def leave(self, request: Request) -> Response:
        """Log out here, and then at the node."""
        recognised = self.shop.accounts.take(request.cookies.get(self._cookie("account")), at=self.clock.now())
        try:
            farewell = None if recognised is None else self.client.farewell(recognised, back_to=f"{self.url}{BYE}")
        except IdBridgeError:
            farewell = None  # logged out here all the same
        return _with_cookie(_see_other(farewell or BYE), self._cookie("account"), "")

    def told(self, logout_token: str) -> Response:
        """Log out whoever the node says; what is no logout token of the node ends nothing."""
        at = self.clock.now()
        try:
            over = self.client.logout(logout_token, at=at)
        except IdBridgeError as broken:
            JOURNAL.warning("the bank did not take a logout token: %s", broken.code)
            return Response(status_code=400, headers=dict(_NO_STORE))
        self.shop.accounts.take(self.shop.handles.take(over.session, at=at), at=at)
        return Response(status_code=200, headers=dict(_NO_STORE))

    def bye(self) -> Response:
        """Return the page after a log-out."""
        return self._page("ended.html", heading="You are logged out.", why="See you soon.", code="")

    def _cookie(self, name: str) -> str:
        """Return what a cookie of this bank is called: the ports of one machine share theirs."""
        return f"bank-{urlsplit(self.url).port or ''}-{name}"

    def _account(self, request: Request) -> Recognised | None:
        return self.shop.accounts.read(request.cookies.get(self._cookie("account")), at=self.clock.now())

    def _refused(self, broken: IdBridgeError) -> Response:
        """Tell in plain words why nobody was logged in."""
        JOURNAL.warning("a login at the bank ended: %s", broken.code)
        error = broken.error.value if isinstance(broken, UpstreamError) and broken.error is not None else ""
        if isinstance(broken, FetchError):
            error = "temporarily_unavailable"
        if error:  # who said no has told why; a code of ours would be none of theirs
            return self._ended(_SAID.get(error, _OTHERWISE))
        return self._ended(_OTHERWISE, status=_BAD_GATEWAY, code=broken.code)

    def _ended(self, why: str, *, status: int = 200, code: str = "") -> Response:
        return self._page("ended.html", status=status, heading="You are not logged in.", why=why, code=code)

    def _page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        text = _templates().get_template(template).render(bank=self.name, style=_style(), **values)
        policy = (
            f"default-src 'none'; style-src 'sha256-{_digest(_style())}'; form-action 'self' {self.node}; "
            "frame-ancestors 'none'; base-uri 'none'"
        )
        headers = {**_NO_STORE, "content-security-policy": policy, "referrer-policy": "no-referrer"}
        return Response(text, status, media_type="text/html; charset=utf-8", headers=headers)


@cache
def _templates() -> Templates:
    loader = PackageLoader("idbridge_gateway.demo.bank", "templates")
    return Templates(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@cache
def _style() -> str:
    return resources.files("idbridge_gateway.demo.bank").joinpath("style.css").read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _see_other(address: str) -> Response:
    return Response(status_code=_SEE_OTHER, headers={**_NO_STORE, "location": address})


def _with_cookie(response: Response, name: str, handle: str) -> Response:
    """Let the browser bring ``handle`` from now on; an empty one lets it forget."""
    life = int(_LIFE.total_seconds()) if handle else 0
    response.set_cookie(name, handle, max_age=life, path="/", httponly=True, samesite="lax")
    return response


def bank_app(bank: Bank) -> FastAPI:
    """Return the application of ``bank``."""
    app = FastAPI(openapi_url=None)
    app.add_api_route("/", bank.home, methods=["GET"], response_class=Response)
    app.add_api_route(CALLBACK, bank.called_back, methods=["GET"], response_class=Response)
    app.add_api_route("/account", bank.account, methods=["GET"], response_class=Response)
    app.add_api_route("/logout", bank.leave, methods=["POST"], response_class=Response)
    app.add_api_route(BYE, bank.bye, methods=["GET"], response_class=Response)

    @app.post("/login", response_class=Response)
    def begin(wish: Annotated[str, Form()]) -> Response:
        return bank.begin(wish)

    @app.post(BACKCHANNEL, response_class=Response)
    def told(logout_token: Annotated[str, Form()]) -> Response:
        return bank.told(logout_token)

    return app
