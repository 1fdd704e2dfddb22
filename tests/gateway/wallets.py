"""What tests of the verifier toward wallets share: a bank that asks, and a pretend wallet that fetches and answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from idbridge.codec import base64url
from idbridge.crypto.jwe import encrypt
from idbridge.model.randomness import SystemRandomness
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.mdocs import Mdoc
from idbridge.sandbox.presentations import Presentation
from tests.gateway.asking import Node
from tests.gateway.providing import FORM, Browser

PID: Final = Presentation("sg-pid", "sg-tan")
PURPOSE_TEXT: Final = "To open your account"
PID_QUERY: Final = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:example:sg:pid:1"]},
            "claims": [{"path": ["name"]}, {"path": ["birthdate"]}],
        }
    ]
}
MDOC_QUERY: Final = {
    "credentials": [
        {
            "id": "pid",
            "format": "mso_mdoc",
            "meta": {"doctype_value": "example.sg.pid.1"},
            "claims": [{"path": ["example.sg.pid.1", "name"]}],
        }
    ]
}
ORDER: Final = {
    "dcql": PID_QUERY, "purpose": "account-opening", "purpose_text": PURPOSE_TEXT, "claims": ["name", "birthdate"],
}  # fmt: skip
REFUSAL: Final = {
    "error": "invalid_request",
    "error_description": "this is no answer to a request that is open here",
}


@dataclass
class Asked:
    """A request object as a wallet read it."""

    compact: str
    header: dict[str, Any]
    claims: dict[str, Any]

    @property
    def response_path(self) -> str:
        return urlsplit(self.claims["response_uri"]).path


@dataclass(repr=False)
class Wallets:
    """A node of Thailand at which a bank asks wallets, and everybody who takes part in that."""

    node: Node
    party: str = "th-bank"
    browser: Browser = field(default_factory=Browser)

    def order(self, *, party: str | None = None, **changes: Any) -> httpx2.Response:
        """Send an order that is good but for ``changes``; what is None is left out."""
        members = {name: value for name, value in {**ORDER, **changes}.items() if value is not None}
        headers = self.node.access(party or self.party)
        return self.node.send("POST", "/v1/presentations", body=members, headers=headers)

    def ordered(self, **changes: Any) -> dict[str, Any]:
        response = self.order(**changes)
        assert response.status_code == 201, response.text
        document: dict[str, Any] = response.json()
        return document

    def look(self, ordered: Mapping[str, Any], *, party: str | None = None, code: str | None = None) -> httpx2.Response:
        query = f"?response_code={code}" if code is not None else ""
        path = f"/v1/presentations/{ordered['id']}{query}"
        return self.node.send("GET", path, headers=self.node.access(party or self.party))

    def seen(self, ordered: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """What the relying party is told."""
        response = self.look(ordered, **more)
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.json()
        return document

    def state(self, ordered: Mapping[str, Any]) -> str:
        return str(self.seen(ordered)["state"])

    def cancel(self, ordered: Mapping[str, Any], *, party: str | None = None) -> httpx2.Response:
        path = f"/v1/presentations/{ordered['id']}"
        return self.node.send("DELETE", path, headers=self.node.access(party or self.party))

    def fetch(self, link: str, *, nonce: str | None = None) -> httpx2.Response:
        """Fetch what a wallet link leads to, by POST if the wallet has a nonce."""
        path = urlsplit(parse_qs(urlsplit(link).query)["request_uri"][0]).path
        if nonce is None:
            return self.node.send("GET", path)
        return self.node.send("POST", path, body=urlencode({"wallet_nonce": nonce}).encode(), headers=FORM)

    def asked(self, ordered: Mapping[str, Any] | str, **more: Any) -> Asked:
        """The request object, read."""
        link = ordered if isinstance(ordered, str) else ordered["wallet_link"]
        response = self.fetch(link, **more)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "application/oauth-authz-req+jwt"
        header, claims = (json.loads(base64url.decode(part)) for part in response.text.split(".")[:2])
        return Asked(response.text, header, claims)

    def presented(self, asked: Asked, source: Presentation | Mdoc = PID, **changes: Any) -> str:
        """What a wallet shows for the first credential that ``asked`` asks for."""
        claims = {**asked.claims, **changes}
        bench = Bench(self.node.region, self.node.clock.now(), SystemRandomness())
        to = replace(self.node.region.registration(self.party), audience=claims["client_id"])
        if isinstance(source, Mdoc):
            keys = claims["client_metadata"].get("jwks", {"keys": []})["keys"]
            took = {"response_uri": claims["response_uri"]}
            took |= {"encryption_jwk_thumbprint": keys[0]["kid"]} if keys else {}
            source = replace(source, took={**took, **source.took})
        return source.answer(bench, to=to, nonce=claims["nonce"]).credential

    def vp_token(self, asked: Asked, source: Presentation | Mdoc = PID, **changes: Any) -> dict[str, Any]:
        query = asked.claims["dcql_query"]["credentials"][0]["id"]
        return {query: [self.presented(asked, source, **changes)]}

    def form(self, asked: Asked, members: Mapping[str, Any]) -> dict[str, str]:
        """``members`` as the form that the mode of ``asked`` wants."""
        if asked.claims["response_mode"] == "direct_post":
            return {name: one if isinstance(one, str) else json.dumps(one) for name, one in members.items()}
        (jwk,) = asked.claims["client_metadata"]["jwks"]["keys"]
        octets = json.dumps(members).encode()
        return {"response": encrypt(octets, to=jwk, algorithm="ECDH-ES", encoding="A256GCM")}

    def post(self, asked: Asked, form: Mapping[str, str] | bytes, *, path: str | None = None) -> httpx2.Response:
        body = form if isinstance(form, bytes) else urlencode(form).encode()
        return self.node.send("POST", path or asked.response_path, body=body, headers=FORM)

    def answer(self, asked: Asked, token: Any = None, **changes: Any) -> httpx2.Response:
        """Answer as a good wallet does, but for ``changes`` to what it sends."""
        token = token if token is not None else self.vp_token(asked)
        members = {"vp_token": token, "state": asked.claims["state"], **changes}
        return self.post(asked, self.form(asked, {name: one for name, one in members.items() if one is not None}))


def opaque(response: httpx2.Response) -> None:
    """The refusal, which is the same whatever was wrong."""
    assert (response.status_code, response.json()) == (400, REFUSAL)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
