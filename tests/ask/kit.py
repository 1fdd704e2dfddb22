"""What tests of asking by link share: a business in front of a browser, and the people whom it asks."""

import json
import re
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

from idbridge.codec import base64url
from idbridge.model.region import Environment
from idbridge.verify.report import Report
from idbridge_gateway.api.request import read_request
from idbridge_gateway.demo.businesses import COMPANY, business_of
from idbridge_gateway.oidc.completion import Consent
from idbridge_gateway.registry.record import Registration
from tests.gateway.asking import node_in
from tests.gateway.logging_in import page_of, token_in
from tests.gateway.providing import FORM, Bank, Browser, name_of
from tests.gateway.wallets import Wallets

ACTS: Final = "sg-corporate-login-acts-for-company"
ITSELF: Final = "vn-organisation-logs-in-itself"
QUAY: Final = {"scheme": COMPANY.scheme, "number": COMPANY.value}
ABOUT_COMPANY: Final = "company-representative/company-representation"
SESSION: Final = "__Host-idbridge-business"
SIGN_IN: Final = "__Host-idbridge-business-sign-in"
INVOICE: Final = "Invoice 2026-0815"


@dataclass(repr=False)
class Business(Bank):
    """A business at a Thai node that signs in and asks."""

    wallets: Wallets = field(init=False)

    def __post_init__(self) -> None:
        self.party = self.provider.own.relying_party
        self.wallets = Wallets(self.node)

    @property
    def origin(self) -> str:
        return self.node.settings.public_url

    def get(self, path: str, browser: Browser | None = None, **headers: str) -> httpx2.Response:
        browser = browser or self.browser
        response = self.node.send("GET", path, headers={**browser.head(), **headers})
        browser.take(response)
        return response

    def send(self, path: str, fields: dict[str, str], **headers: str | None) -> httpx2.Response:
        """Send a form as a browser does from a page of this node; a header field that is None is left out."""
        own = {"origin": self.origin, "sec-fetch-site": "same-origin", **FORM, **self.browser.head()}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in {**own, **named}.items() if value is not None}
        response = self.node.send("POST", path, body=urlencode(fields).encode(), headers=sent)
        self.browser.take(response)
        return response

    def register(self, *registrations: Registration) -> None:
        """Put other registrations in force in place of all."""
        self.node.app.state.parts.registry.exchange(registrations)

    def registered(self, **changes: Any) -> Registration:
        """The business as it is registered, with changes; those of ``party`` are to the relying party."""
        made = business_of(self.node.settings.state, Environment.SANDBOX)
        party = replace(made.relying_party, **changes.pop("party", {}))
        return replace(made, relying_party=party, **changes)

    def company_report(self, *, case: str = ACTS, **changes: Any) -> Report:
        """The report on a login for a company, at a provider whose client this node is."""
        asked = json.loads(self.node.case(case).body)
        meant_for = json.loads(base64url.decode(asked["credential"].split(".")[1]))["aud"]
        question = {
            "credential": asked["credential"], "expected": asked["expected"], "purpose": "company-representation",
            "purpose_text": "To sign in for a company that asks by link", "claims": [], **changes,
        }  # fmt: skip
        request = read_request(
            question, relying_party=self.party, node_audiences=frozenset({meant_for}), decryption_keys=()
        )
        report: Report = self.node.app.state.trust.current().verifier.verify(request, at=self.node.clock.now())
        return report

    def begin_sign_in(self, query: str = "") -> str:
        """Click on the door; the public name of the transaction that begins."""
        response = self.get(f"/ask/sign-in{query}")
        assert response.status_code == 303, response.text
        return name_of(response)

    def agreed(self, query: str = "", *, case: str = ACTS) -> str:
        """Log in for a company and say yes; the address at this node to which the browser is sent."""
        name = self.begin_sign_in(query)
        arrived = self.complete(name, self.company_report(case=case))
        assert arrived.headers["location"] == f"/consent?t={name}", arrived.headers["location"]
        return self.sent_back(self.complete(name, Consent.YES))

    def sent_back(self, response: httpx2.Response) -> str:
        assert response.status_code == 303, response.text
        location = str(response.headers["location"])
        assert location.startswith(f"{self.origin}/ask/callback?"), location
        return location.removeprefix(self.origin)

    def sign_in(self, query: str = "", *, case: str = ACTS) -> str:
        """Sign in; the address at which the business is then."""
        response = self.get(self.agreed(query, case=case))
        assert response.status_code == 303, response.text
        return str(response.headers["location"])

    def form(self, **changes: str | None) -> dict[str, str]:
        """The form of a good question, with the token of the page."""
        token = token_in(self.get("/ask").text.split('name="sign-out"')[1])
        good = {"token": token, "question": ABOUT_COMPANY, **QUAY, "purpose_text": INVOICE, "ask": "yes"}
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def ask(self, **changes: str | None) -> str:
        """Ask; the address of the page of that ask."""
        response = self.send("/ask", self.form(**changes))
        assert response.status_code == 303, response.text
        return str(response.headers["location"])

    def link(self, page: str) -> str:
        """The link that the page of an ask shows, as a path."""
        found = re.search(r'id="link" readonly value="([^"]+)"', page_of(self.get(page)))
        assert found is not None
        return unescape(found[1]).removeprefix(self.origin)


def parameters(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query))


def business_at(directory: Path) -> Business:
    """A business at a node of Thailand whose files lie below ``directory``."""
    node = node_in(directory)
    return Business(node, node.app.state.provider.own.relying_party)
