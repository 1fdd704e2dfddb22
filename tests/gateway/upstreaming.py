"""A node whose people log in at pretend providers, and what each side of a login does there."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from pydantic import SecretStr

from idbridge.clock import SystemClock
from idbridge.model.region import Environment, MemberState
from idbridge.oidc.client import AUTHORIZATION_CODE, OidcClient, Profile
from idbridge.oidc.errors import OAuthError
from idbridge.sandbox.edits import ABSENT
from idbridge.sandbox.region import Region
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.oidc.clients import ClientDirectory
from idbridge_gateway.oidc.transaction import HeldTransaction, Transaction
from idbridge_gateway.oidc.upstream.lines import Line
from idbridge_gateway.oidc.upstream.upstream import Upstream
from idbridge_gateway.settings import Settings
from idbridge_gateway.stores.sealed import Kind
from tests.gateway.asking import Node, laid_out, the_region
from tests.gateway.clocks import HandClock
from tests.gateway.pretending import CLIENT_ID, CLIENT_KEY, CLIENT_SECRET, KH, PUBLIC, SG, PretendProvider
from tests.gateway.providing import CALLBACK, KEY, LOGGED_OUT, Bank, Browser
from tests.gateway.recording import shared_log
from tests.gateway.remembering import remembering


@dataclass(repr=False)
class Abroad(Bank):
    """A bank at a Thai node, and providers abroad at which its customers log in."""

    pretend: dict[str, PretendProvider] = field(default_factory=dict)

    @property
    def upstream(self) -> Upstream:
        found: Upstream = self.node.app.state.upstream
        return found

    @property
    def sg(self) -> PretendProvider:
        return self.pretend[SG]

    @property
    def kh(self) -> PretendProvider:
        return self.pretend[KH]

    def anew(self) -> "Abroad":
        """The same node, with another browser and with providers that are in order."""
        self.browser = Browser()
        for name, old in tuple(self.pretend.items()):
            self.pretend[name] = PretendProvider(old.region, name, old.clock)
        return self

    def leave(self, name: str, provider: str = SG, browser: Browser | None = None) -> str:
        """Send the browser of transaction ``name`` to ``provider``, as the page does; where it goes."""
        browser = browser or self.browser

        async def begun() -> Any:
            side = self.provider
            held = await side.transactions.find(browser.cookies.get(side.cookies.name_of(name)))
            return await self.upstream.begin(held, provider, turn=side.turns.begin())

        answer = asyncio.run(begun())
        assert answer.status_code == 303
        assert "set-cookie" not in answer.headers
        return str(answer.headers["location"])

    def refused(self, name: str, provider: str = SG) -> OAuthError:
        """Why nobody is sent to ``provider`` now."""
        with pytest.raises(OAuthError) as caught:
            self.leave(name, provider)
        return caught.value

    def core(self) -> Mapping[str, Any]:
        """What was decided of the login that the browser's one transaction is about."""

        async def found() -> Any:
            (handle,) = self.browser.cookies.values()
            return await self.provider.transactions.find(handle)

        core: Mapping[str, Any] = asyncio.run(found()).transaction.decision.core
        return core

    def decided(self) -> dict[str, Any]:
        """The claims that were decided."""
        claims: dict[str, Any] = self.core()["verified_claims"]["claims"]
        return claims

    def level(self) -> str:
        """The level that was decided."""
        return str(self.core()["acr"]).rpartition(":")[2]

    def region_claim(self, provider: str, name: str) -> str:
        """How ``provider`` calls the regional claim ``name``."""
        return str(self.node.region.service(provider).claim_map["map"][name])

    def redeemed(self, code: str) -> dict[str, Any]:
        """What the bank gets for a code; a proof of FAPI 2.0 carries a nonce of this node."""
        response = self.redeem(code)
        assert response.status_code == 200, response.text
        granted: dict[str, Any] = response.json()
        return granted

    async def session_of_token(self, access_token: str) -> bool:
        """Whether an access token of a session opens anything."""
        store = self.node.app.state.parts.stores.sealed
        return await store.read(Kind.ACCESS_TOKEN, access_token) is not None

    def held(self, handle: str) -> HeldTransaction:
        """A transaction of this handle, about nothing."""
        return HeldTransaction(handle, Transaction("bank", "th-bank", {}, self.node.clock.now()))

    def come_back(self, location: str, browser: Browser | None = None) -> httpx2.Response:
        """Let the browser follow the provider's redirect."""
        browser = browser or self.browser
        address, _, query = location.partition("?")
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}" == PUBLIC
        response = self.node.send("GET", f"{parts.path}?{query}", headers=browser.head())
        browser.take(response)
        return response

    def log_in(self, provider: str = SG, **asked: Any) -> httpx2.Response:
        """Go all the way to a provider and back; what the node answers then."""
        name = self.begin(**asked)
        location = self.leave(name, provider)
        return self.come_back(self.pretend[provider].authorize(location))


def write_clients(settings: Settings, **entries: Mapping[str, Any]) -> Path:
    """Write the file of this node's clients, and the keys and secrets beside it; edits by the id of the provider."""
    folder = settings.state_dir.parent / "upstream"
    folder.mkdir(exist_ok=True, mode=0o700)
    for name, text in (("node.pem", CLIENT_KEY.pem()), ("secret", CLIENT_SECRET)):
        path = folder / name
        path.write_text(text, encoding="ascii")
        path.chmod(0o600)
    document = {
        "schema": "idbridge-upstream-clients-1",
        "environment": settings.environment.value,
        "providers": {name.replace("_", "-"): dict(entry) for name, entry in entries.items()},
    }
    path = folder / "clients.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    path.chmod(0o600)
    return path


def by_key(issuer: str, **changes: Any) -> dict[str, Any]:
    """The entry of a client that authenticates by key."""
    good = {
        "issuer": issuer,
        "client_id": CLIENT_ID,
        "authentication": "private_key_jwt",
        "key_file": "node.pem",
        "kid": "node-1",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ABSENT}


def by_secret(issuer: str, method: str = "client_secret_basic", **changes: Any) -> dict[str, Any]:
    """The entry of a client that authenticates by a secret."""
    return {
        "issuer": issuer, "client_id": CLIENT_ID, "authentication": method, "secret_file": "secret", **changes,
    }  # fmt: skip


class RealClock(HandClock):
    """The clock of this machine, for logins at programs that have no other."""

    def now(self) -> datetime:
        """Return the present instant."""
        return SystemClock().now()


def abroad_in(
    directory: Path,
    *,
    region: Region | None = None,
    clock: HandClock | None = None,
    real: bool = False,
    redis_url: str | None = None,
    **entries: Mapping[str, Any],
) -> Abroad:
    """A Thai node with clients at providers abroad; ``entries`` take the place of those that are usual.

    With ``real`` it has the clients of ``entries`` alone, and calls their providers over the network. With
    ``redis_url`` it is one of several workers.
    """
    region = region or the_region()
    clock = clock or HandClock()
    if region is the_region():
        settings = laid_out(region, directory)[MemberState.TH]
    else:
        settings = lay_out(region, directory)[MemberState.TH].model_copy(update=shared_log(region, MemberState.TH))
    issuers = {name: region.service(name).issuer for name in (SG, KH)}
    usual = {} if real else {"sg_login": by_key(issuers[SG]), "kh_login": by_key(issuers[KH])}
    path = write_clients(settings, **{**usual, **entries})
    shared = SecretStr(redis_url) if redis_url is not None else None
    settings = settings.model_copy(update={"upstream_clients_file": path, "redis_url": shared})
    pretend = {name: PretendProvider(region, name, clock) for name in (SG, KH)}

    def caller(line: Line) -> PretendProvider:
        found = pretend[line.client.provider]
        assert urlsplit(found.issuer).netloc in line.hosts
        return found

    registered = region.registration("th-bank").relying_party
    party = replace(registered, audiences=registered.audiences | {"bank"})
    client = OidcClient(
        id="bank",
        relying_party=party.id,
        profile=Profile.FAPI2,
        sector=party.sector,
        redirect_uris=(CALLBACK,),
        post_logout_redirect_uris=(LOGGED_OUT,),
        jwks=(KEY.public_jwk,),
        environment=Environment.SANDBOX,
        grants=frozenset({AUTHORIZATION_CODE}),
    )
    directory_of = ClientDirectory.of((client,), {party.id: party})
    with remembering():
        app = create_app(settings, clock=clock, clients=directory_of, upstream_callers=None if real else caller)
    return Abroad(Node(app, settings, clock, None, directory, region), party, Browser(), pretend)
