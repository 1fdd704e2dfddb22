"""What the tests of the pretend providers share: a client of one of them, a browser, and a verifier that judges."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from idbridge.codec import base64url
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import FileSigner, generate
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment, MemberState
from idbridge.oidc.client import OidcClient, Profile, ResponseEncryption
from idbridge.oidc.client_assertion import ASSERTION_TYPE
from idbridge.oidc.pkce import challenge_of
from idbridge.sandbox.idp.desk import Desk
from idbridge.sandbox.idp.listed import Speech, listed_in
from idbridge.sandbox.idp.provider import PretendProvider
from idbridge.sandbox.idp.web import FORM, Answer, WebRequest
from idbridge.sandbox.parties import client_id
from idbridge.sandbox.questions import question
from idbridge.sandbox.region import Region
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier
from tests.sandbox.regions import NOON, region, snapshot

CALLBACK: Final = "https://sandbox.bank.th.example/callback"
GOODBYE: Final = "https://sandbox.bank.th.example/bye"
BACKCHANNEL: Final = "https://sandbox.bank.th.example/backchannel"
KEY: Final = generate("ES256", kid="node-1")
DPOP_KEY: Final = generate("ES256")
OTHER_KEY: Final = generate("ES256")
SECRET: Final = "s" * 43
VERIFIER: Final = "v" * 43
SEALED: Final = ResponseEncryption("ECDH-ES+A256KW", "A256GCM")
NODE: Final = MemberState.TH


def random_text() -> str:
    return base64url.encode(SystemRandomness().octets(16))


def encryption_jwk() -> dict[str, Any]:
    """The key to which the node of Thailand lets tokens be encrypted."""
    return {**region().decryption_keys(NODE)[0].public_jwk, "use": "enc"}


def unlisted(_service: str, _signer: FileSigner) -> None:
    """An operator of a list that never lists anything."""


@dataclass
class Visit:
    """A provider with one client, and one browser at it."""

    provider: PretendProvider
    desk: Desk
    client: OidcClient
    at: datetime = NOON
    cookies: dict[str, str] = field(default_factory=dict)
    nonce: str = field(default_factory=random_text)

    @property
    def fapi(self) -> bool:
        return self.provider.listed.speech is Speech.FAPI

    def later(self, moments: timedelta) -> None:
        self.at += moments

    def send(self, method: str, path: str, body: bytes = b"", /, **headers: str) -> Answer:
        path, _, query = path.partition("?")
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        request = WebRequest(method, path, query.encode(), named, body, caller="127.0.0.1")
        return self.provider.answer(request, at=self.at)

    def browse(self, method: str, path: str, form: Mapping[str, str] | None = None) -> Answer:
        cookie = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        media = {"content_type": FORM} if form is not None else {}
        answer = self.send(method, path, urlencode(form or {}).encode(), **cookie, **media)
        for name, value in answer.headers:
            if name == "set-cookie":
                own, _, rest = value.partition("=")
                self.cookies[own] = rest.partition(";")[0]
        return answer

    def post(self, path: str, form: Mapping[str, str], **headers: str) -> Answer:
        return self.send("POST", path, urlencode(form).encode(), content_type=FORM, **headers)

    def assertion(self, key: FileSigner = KEY, **changes: Any) -> str:
        now = int(self.at.timestamp())
        claims = {
            "iss": self.client.id, "sub": self.client.id, "aud": self.provider.listed.issuer, "iat": now,
            "exp": now + 60, "jti": random_text(), **changes,
        }  # fmt: skip
        return sign_compact({"kid": key.kid, "typ": "JWT"}, json.dumps(claims).encode(), key)

    def proves(self) -> dict[str, str]:
        """The members of a form by which the client authenticates."""
        if self.client.authenticates_by_key:
            named = {"client_id": self.client.id, "client_assertion_type": ASSERTION_TYPE}
            return {**named, "client_assertion": self.assertion()}
        return {"client_id": self.client.id, "client_secret": SECRET}

    def proof(self, path: str, method: str = "POST", key: FileSigner = DPOP_KEY, **changes: Any) -> str:
        url = f"{self.provider.listed.issuer}{path}"
        now = int(self.at.timestamp())
        nonce = self.desk.nonces.issue(at=self.at)
        claims = {"jti": random_text(), "htm": method, "htu": url, "iat": now, "nonce": nonce, **changes}
        claims = {name: value for name, value in claims.items() if value is not None}
        jwk = {name: key.public_jwk[name] for name in ("kty", "crv", "x", "y")}
        return sign_compact({"typ": "dpop+jwt", "jwk": jwk}, json.dumps(claims).encode(), key)

    def asks(self, **changes: Any) -> dict[str, str]:
        """The parameters of a good authorization request; what is None is left out."""
        good = {
            "client_id": self.client.id, "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid",
            "state": "state-1", "nonce": self.nonce, "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }  # fmt: skip
        if self.provider.listed.speech is Speech.REDIRECT_TOKEN:
            good = {
                "client_id": self.client.id, "redirect_url": CALLBACK, "state": "state-1", "nonce": self.nonce,
            }  # fmt: skip
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def push(self, **changes: Any) -> Answer:
        return self.post("/par", {**self.proves(), **self.asks(**changes)})

    def begin(self, **changes: Any) -> Answer:
        """What the browser sees first."""
        if not self.fapi:
            path = "/connect" if self.provider.listed.speech is Speech.REDIRECT_TOKEN else "/authorize"
            return self.browse("GET", f"{path}?{urlencode(self.asks(**changes))}")
        pushed = self.push(**changes)
        assert pushed.status == 201, pushed.body
        named = {"client_id": self.client.id, "request_uri": document(pushed)["request_uri"]}
        return self.browse("GET", f"/authorize?{urlencode(named)}")

    def choose(self, page: Answer, **changes: str) -> Answer:
        """What comes of the first choices of a page, with changes."""
        assert page.status == 200, page.body
        listed = self.provider.listed
        form = {"transaction": hidden(page, "transaction"), "answer": "yes", "level": listed.levels[-1]}
        form |= {"person": listed.people[0].id} if listed.people else {}
        form |= {"company": listed.companies[0].id} if listed.companies else {}
        path = "/connect" if listed.speech is Speech.REDIRECT_TOKEN else "/authorize"
        return self.browse("POST", path, {**form, **changes})

    def code(self, choice: Mapping[str, str] | None = None, **changes: Any) -> str:
        told = location(self.choose(self.begin(**changes), **(choice or {})))
        name = "authToken" if self.provider.listed.speech is Speech.REDIRECT_TOKEN else "code"
        return told[name]

    def redeem(self, code: str, /, headers: Mapping[str, str] | None = None, **changes: Any) -> Answer:
        if self.provider.listed.speech is Speech.REDIRECT_TOKEN:
            basic = b64encode(f"{self.client.id.replace('@', '%40')}:{SECRET}".encode()).decode()
            body = json.dumps({"auth_token": code}).encode()
            return self.send("POST", "/api/token", body, **{"authorization": f"Basic {basic}", **(headers or {})})
        form = {
            **self.proves(), "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER, **changes,
        }  # fmt: skip
        bound = {"dpop": self.proof("/token")} if self.fapi else {}
        return self.post("/token", form, **{**bound, **(headers or {})})

    def tokens(self, choice: Mapping[str, str] | None = None, **changes: Any) -> dict[str, Any]:
        answer = self.redeem(self.code(choice, **changes))
        assert answer.status == 200, answer.body
        return document(answer)

    def userinfo(self, access_token: str, **headers: str) -> Answer:
        ath = base64url.encode(hashlib.sha256(access_token.encode()).digest())
        proved = {"dpop": self.proof("/userinfo", "GET", ath=ath)} if self.fapi else {}
        scheme = "DPoP" if self.fapi else "Bearer"
        return self.send("GET", "/userinfo", **{"authorization": f"{scheme} {access_token}", **proved, **headers})

    def judged(
        self, tokens: Mapping[str, Any], *, region_now: Region | None = None, node: MemberState = NODE, **more: Any
    ) -> Report:
        """What the verifier of a bank in Bangkok makes of an ID token."""
        party = region().registration("th-bank").relying_party
        listed = self.provider.listed
        body: dict[str, Any] = {
            "credential": tokens["id_token"], "purpose": "account-opening", "claims": [],
            "expected": {"nonce": self.nonce, "access_token": tokens["access_token"]}, **more,
        }  # fmt: skip
        if listed.companies:
            company = listed.companies[0]
            body["purpose"] = "company-representation"
            body["expected"] |= {"entity": {"scheme": company.scheme, "value": company.value}}
        trust = region_now.snapshot(at=self.at) if region_now else snapshot()
        asked = question(body, relying_party=party, keys=region().decryption_keys(node))
        return Verifier(trust=trust, status=EMPTY_STATUS).verify(asked, at=self.at)


def visit(service: str = "sg-login", *, list_key: Any = unlisted, **changes: Any) -> Visit:
    """A provider at which the bank has a client, in the way that this provider wants its clients."""
    listed = listed_in(region(), service)
    fapi, sealed = listed.speech is Speech.FAPI, listed.encryption is not None
    desk = Desk(listed, region(), randomness=SystemRandomness(), list_key=list_key)
    provider = PretendProvider(desk)
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    members: dict[str, Any] = {
        "id": client_id("th-bank", issuer=listed.issuer),
        "relying_party": "Bank of the Sample River",
        "sector": "finance",
        "profile": Profile.FAPI2 if fapi else Profile.OIDC_CODE,
        "redirect_uris": (CALLBACK,),
        "post_logout_redirect_uris": (GOODBYE,),
        "backchannel_logout_uri": BACKCHANNEL,
        "jwks": (KEY.public_jwk, encryption_jwk()) if sealed else (KEY.public_jwk,) if fapi else (),
        "secret_digest": None if fapi else digest,
        "id_token_encryption": SEALED if sealed else None,
        "userinfo_encryption": SEALED if sealed else None,
        "environment": Environment.SANDBOX,
        **changes,
    }
    client = OidcClient(**members)
    provider.register(client)
    return Visit(provider, desk, client)


def document(answer: Answer) -> dict[str, Any]:
    """The members of an answer in JSON."""
    members: dict[str, Any] = json.loads(answer.body)
    return members


def error_of(answer: Answer, status: int = 400) -> str:
    """The OAuth error of a refusal in JSON, which leads nowhere."""
    assert answer.status == status, answer
    assert "location" not in dict(answer.headers)
    return str(document(answer)["error"])


def page_of(answer: Answer, status: int = 400) -> str:
    """The text of a page that leads nowhere."""
    assert answer.status == status, answer
    assert "location" not in dict(answer.headers)
    return answer.body.decode()


def location(answer: Answer) -> dict[str, str]:
    """The parameters with which a browser goes back to the client."""
    assert answer.status == 303, answer.body
    address = dict(answer.headers)["location"]
    assert address.startswith(f"{CALLBACK}?")
    return dict(parse_qsl(urlsplit(address).query))


def hidden(page: Answer, name: str) -> str:
    """The value of a hidden field of a page."""
    return page.body.decode().split(f'name="{name}" value="')[1].split('"')[0]


def unverified_claims(token: str) -> dict[str, Any]:
    """What a signed token says, unverified."""
    members: dict[str, Any] = json.loads(base64url.decode(token.split(".")[1]))
    return members
