"""All providers behind one listener, as a server runs them: found by path or by host, bounded, and told of its end."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from idbridge.clock import FixedClock
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.sandbox.idp.desk import Desk
from idbridge.sandbox.idp.host import ProviderHost
from idbridge.sandbox.idp.listed import every_provider
from idbridge.sandbox.idp.provider import PretendProvider
from idbridge.sandbox.idp.web import Errand
from tests.sandbox.idp.kit import BACKCHANNEL, unlisted, visit
from tests.sandbox.regions import NOON, region

HERE = "http://127.0.0.1:4001"


@pytest.fixture
def delivered() -> list[Errand]:
    return []


@pytest.fixture
def host(delivered: list[Errand]) -> ProviderHost:
    listed = every_provider(region(), at=NOON, browser=HERE)
    providers = [
        PretendProvider(Desk(one, region(), randomness=SystemRandomness(), list_key=unlisted)) for one in listed
    ]
    return ProviderHost(providers, clock=FixedClock(NOON), deliver=delivered.append)


def ask(host: ProviderHost, method: str, url: str, **more: Any) -> httpx2.Response:
    async def asked() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=host, client=("127.0.0.1", 40000))  # type: ignore[arg-type]  # plain ASGI
        async with httpx2.AsyncClient(transport=transport) as client:
            return await client.request(method, url, **more)

    return asyncio.run(asked())


def test_a_provider_is_found_by_its_path_and_by_the_host_that_is_meant(host: ProviderHost) -> None:
    by_path = ask(host, "GET", f"{HERE}/my-login/.well-known/openid-configuration")
    by_host = ask(host, "GET", "https://sandbox.login.my.example/.well-known/openid-configuration")
    by_both = ask(
        host, "GET", f"{HERE}/my-login/.well-known/openid-configuration", headers={"host": "sandbox.login.my.example"}
    )

    assert by_path.json() == by_host.json() == by_both.json()
    assert by_path.json()["issuer"] == "https://sandbox.login.my.example"
    assert by_path.json()["authorization_endpoint"] == f"{HERE}/my-login/authorize"
    assert by_path.headers["cache-control"] == f"public, max-age={int(LIMITS.metadata_max_age.total_seconds())}"


def test_who_is_here_can_be_asked(host: ProviderHost) -> None:
    told = {one["id"]: one for one in ask(host, "GET", f"{HERE}/").json()["providers"]}

    assert told.keys() == host.providers.keys()
    assert told["kh-login"] == {
        "id": "kh-login",
        "name": "RumduolKey login",
        "issuer": "https://sandbox.login.kh.example",
        "speaks": "redirect-token",
        "at": f"{HERE}/kh-login",
    }


@pytest.mark.parametrize("url", [f"{HERE}/nobody", f"{HERE}/nobody/jwks", "https://sandbox.login.xx.example/jwks"])
def test_where_no_provider_is_there_is_nothing(host: ProviderHost, url: str) -> None:
    response = ask(host, "GET", url)

    assert response.status_code == 404
    assert response.json()["error"] == "invalid_request"


def test_a_body_is_read_no_further_than_its_bound(host: ProviderHost) -> None:
    fits = ask(host, "POST", f"{HERE}/my-login/token", content=b"a" * LIMITS.body_bytes)
    long = ask(host, "POST", f"{HERE}/my-login/token", content=b"a" * (LIMITS.body_bytes + 1))

    assert (fits.status_code, long.status_code) == (400, 400)
    assert "too long" in long.json()["error_description"]
    assert "too long" not in fits.json()["error_description"]


def test_a_logout_token_is_on_its_way_before_the_person_reads_that_they_are_out(
    host: ProviderHost, delivered: list[Errand]
) -> None:
    at_provider = visit("my-login")
    host.providers["my-login"].register(at_provider.client)
    base = f"{HERE}/my-login"
    page = ask(host, "GET", f"{base}/authorize?{urlencode(at_provider.asks())}")
    form = {"transaction": page.text.split('name="transaction" value="')[1].split('"')[0], "answer": "yes"}
    chosen = ask(host, "POST", f"{base}/authorize", data={**form, "person": "my-arvind", "level": "tinggi"})
    cookie = {"cookie": chosen.headers["set-cookie"].partition(";")[0]}
    code = httpx2.URL(chosen.headers["location"]).params["code"]
    redeemed = {**at_provider.proves(), "grant_type": "authorization_code", "code": code, "code_verifier": "v" * 43}
    tokens = ask(host, "POST", f"{base}/token", data={**redeemed, "redirect_uri": at_provider.asks()["redirect_uri"]})
    leaving = ask(host, "GET", f"{base}/logout", headers=cookie)
    session = leaving.text.split('name="session" value="')[1].split('"')[0]

    gone = ask(host, "POST", f"{base}/logout", data={"session": session}, headers=cookie)

    assert tokens.status_code == 200
    assert chosen.headers["location"].startswith(at_provider.asks()["redirect_uri"])
    assert "You are logged out." in gone.text
    assert [one.address for one in delivered] == [BACKCHANNEL]


def test_it_begins_and_ends_with_its_server(host: ProviderHost) -> None:
    async def lived() -> list[str]:
        coming = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
        said: list[str] = []

        async def receive() -> Any:
            return next(coming)

        async def send(message: Any) -> None:
            said.append(message["type"])

        await host({"type": "lifespan"}, receive, send)
        return said

    assert asyncio.run(lived()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_only_requests_of_http_are_served(host: ProviderHost) -> None:
    async def nothing(*_: Any) -> Any:
        raise AssertionError("nothing is read or written")

    asyncio.run(host({"type": "websocket"}, nothing, nothing))
