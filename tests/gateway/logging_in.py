"""What the tests of a login's pages share: a bank whose node has those pages, and people in front of a browser."""

import re
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
from fastapi import Response

from idbridge.model.region import AssuranceLevel
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.oidc.browser import see_other
from idbridge_gateway.oidc.clients import ClientDirectory, Contacts
from idbridge_gateway.oidc.transaction import HeldTransaction
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.pages.login_site import install_login
from tests.gateway.providing import FORM, Bank, Browser, bank_in

PROVIDERS: Final = {
    "https://sandbox.login.sg.example": "lionpass",
    "https://sandbox.login.corporate.sg.example": "lioncorp",
    "https://sandbox.login.kh.example": "rumduol",
    "https://sandbox.login.th.example": "chang",
    "https://sandbox.login.tl.example": "tais",
    "https://sandbox.dangnhap.tochuc.vn.example": "sen-org",
}
HOSTILE: Final = """<script>alert(1)</script>"><img src=x onerror=alert(1)>'"""


@dataclass
class Gate:
    """Sends browsers to providers that are nowhere; ``trouble`` is what it meets instead."""

    begun: list[tuple[str, str]] = field(default_factory=list)
    trouble: OAuthError | None = None

    async def begin(self, held: HeldTransaction, provider: str, *, turn: Turn) -> Response:
        if self.trouble is not None:
            raise self.trouble
        assert turn.at < held.transaction.ends_at
        self.begun.append((held.handle, provider))
        return see_other(f"https://{provider}.example/authorize")


@dataclass(repr=False)
class Visit:
    """One browser at the pages of a bank's login."""

    bank: Bank
    gate: Gate
    browser: Browser

    @property
    def origin(self) -> str:
        return self.bank.node.settings.public_url

    def get(self, path: str, **headers: str) -> httpx2.Response:
        response = self.bank.node.send("GET", path, headers={**self.browser.head(), **headers})
        self.browser.take(response)
        return response

    def send(self, path: str, fields: dict[str, str] | bytes, **headers: str | None) -> httpx2.Response:
        """Send a form as a browser does from a page of this node; a header field that is None is left out."""
        body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        own = {"origin": self.origin, "sec-fetch-site": "same-origin", **FORM, **self.browser.head()}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in {**own, **named}.items() if value is not None}
        response = self.bank.node.send("POST", path, body=body, headers=sent)
        self.browser.take(response)
        return response

    def begin(self, client: str = "bank", **changes: Any) -> str:
        """Begin a login in this browser; the public name of its transaction."""
        self.bank.browser = self.browser
        return self.bank.begin(client, **changes)

    def logged_in(self, client: str = "bank", report: Any = None, **changes: Any) -> str:
        """Begin a login and log in at a provider; the public name of its transaction, which waits for consent."""
        name = self.begin(client, **changes)
        arrived = self.bank.complete(name, self.bank.report(**(report or {})))
        assert arrived.headers["location"] == f"/consent?t={name}", arrived.headers["location"]
        return name

    def token(self, path: str) -> str:
        """The token of the first form on the page at ``path``."""
        return token_in(self.get(path).text)

    def choose(self, name: str, provider: str, **headers: str | None) -> httpx2.Response:
        fields = {"token": self.token(f"/login?t={name}"), "provider": provider}
        return self.send(f"/login?t={name}", fields, **headers)

    def say(self, name: str, answer: str, **fields: str) -> httpx2.Response:
        """Answer at consent with everything ticked that the page ticks, but no receipt."""
        text = self.get(f"/consent?t={name}").text
        ticked = dict.fromkeys(boxes_in(text), "yes")
        ticked.pop("receipt", None)
        return self.send(f"/consent?t={name}", {"token": token_in(text), "answer": answer, **ticked, **fields})


def token_in(text: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', text)
    assert found is not None, text
    return found[1]


def boxes_in(text: str) -> list[str]:
    return [unescape(name) for name in re.findall(r'<input type="checkbox" name="([^"]+)" value="yes" checked>', text)]


def visit_in(
    directory: Path,
    *,
    name: str | None = None,
    minimum: AssuranceLevel = AssuranceLevel.A0,
    contacts: Contacts | None = None,
    faults: Any = None,
) -> Visit:
    """A browser at a node whose bank may have another name or contacts, or demand a level of everybody."""
    bank = bank_in(directory, faults=faults)
    clients = bank.provider.clients
    assert isinstance(clients, ClientDirectory)
    party = replace(bank.party, name=name or bank.party.name, minimum_level=minimum)
    bank.party = party
    reached = {party.id: contacts or Contacts()}
    held = ClientDirectory.of((one.client for one in clients.by_id.values()), {party.id: party}, reached)
    object.__setattr__(clients, "by_id", held.by_id)
    gate, app = Gate(), bank.node.app
    install_login(app, app.state.parts, bank.provider, upstream=gate, provider_ids=lambda: PROVIDERS)
    app.router.routes.insert(0, app.router.routes.pop())  # before the node's own, which knows no provider
    return Visit(bank, gate, Browser())


def page_of(response: httpx2.Response, status: int = 200) -> str:
    """The text of a page of a login, after a look at what every one of them has."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "location" not in response.headers
    assert re.search(r"<script(?! src=\"/static/)|<style|<[^>]* (?:style|on[a-z]+)=", response.text) is None
    assert re.search(r'(?:src|href|action)="(?:https?:)?//', response.text) is None
    return response.text


def refused(response: httpx2.Response, title: str, status: int = 400) -> str:
    """The text of an error page of this title: it changes no cookie and leads nowhere."""
    text = page_of(response, status)
    assert f"<h1>{title}</h1>" in text
    assert "set-cookie" not in response.headers
    assert response.headers["x-request-id"] in text
    return text


OVER: Final = "This log-in is over"
FORGED: Final = "Your answer did not count"
