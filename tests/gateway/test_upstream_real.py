"""Logins at other people's software: npm ``oidc-provider`` in FAPI 2.0 mode, ``@opengovsg/mockpass``.

Both run as programs of their own on random ports of this machine, in place of hosts under .example that the lists name.
A browser walks through their pages; the node speaks to them through its own endpoints and its one guarded client.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from html import unescape
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode, urljoin

import httpx2
import pytest

from idbridge.clock import SystemClock
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge_gateway.oidc.completion import Consent
from tests.engines import require_engine, require_node_packages
from tests.gateway.pretending import CLIENT_ID, CLIENT_KEY, PUBLIC
from tests.gateway.providing import told
from tests.gateway.upstreaming import Abroad, RealClock, abroad_in, by_key
from tests.interop.foreign import LEVEL, listed, login_service

FAPI: Final = "fapi"
FAPI_ISSUER: Final = "https://login.guest.sg.example"
PASS_HOST: Final = "stand-in.guest.sg.example"
PERSON: Final = {"given_name": "Mei Ling", "family_name": "Contoh", "birthdate": "1990-04-01", "nationality": "SG"}
UEN: Final = "209900001K"
ENTITY: Final = {
    "subject": "representative",
    "identifier": "$.entityInfo.CPEntID",
    "scheme_claim": "$.entityInfo.CPEnt_TYPE",
    "schemes": {"UEN": "SG-UEN"},
    "status": "$.entityInfo.CPEnt_Status",
    "in_force": ["Registered"],
    "power": ["represent"],
    "complete": ["name"],
}


@contextmanager
def running(script: str, question: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Run a script of ``tests/node`` until the block ends; what it says first."""
    folder = require_node_packages()
    process = subprocess.Popen(
        [require_engine("node"), folder / script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        said: dict[str, Any] = json.loads(process.stdout.readline())
        yield said
    finally:
        process.stdin.close()
        process.wait(120)
        process.stdout.close()


@pytest.fixture(scope="module")
def now() -> datetime:
    return SystemClock().now()


@pytest.fixture(scope="module")
def region(now: datetime) -> Region:
    return Region.generate(at=now)


def encryption_jwk(region: Region, *, number: int) -> dict[str, Any]:
    return dict(region.decryption_keys(MemberState.TH)[number].public_jwk)


def walked(location: str) -> str:
    """Walk through the pages of npm ``oidc-provider`` as a browser does; where it sends the browser in the end."""
    with httpx2.Client(trust_env=False, timeout=60, follow_redirects=False) as browser:
        for _ in range(20):
            if location.startswith(PUBLIC):
                return location
            response = browser.get(location)
            if "location" not in response.headers:
                action = re.search(r'action="([^"]+)"', response.text)
                prompt = re.search(r'name="prompt" value="(\w+)"', response.text)
                assert action is not None, response.text
                assert prompt is not None
                answer = {"prompt": prompt[1], "login": "guest-9", "password": "anything"}
                response = browser.post(urljoin(location, action[1]), data=answer)
            location = urljoin(location, response.headers["location"])
    raise AssertionError("the login does not end")


def refused_at_provider(location: str) -> str:
    """Leave the pages of npm ``oidc-provider`` by their way out; where it sends the browser."""
    with httpx2.Client(trust_env=False, timeout=60, follow_redirects=False) as browser:
        response = browser.get(location)
        page = browser.get(urljoin(location, response.headers["location"]))
        abort = re.search(r'href="([^"]+/abort)"', page.text)
        assert abort is not None, page.text
        location = urljoin(str(page.url), abort[1])
        while not location.startswith(PUBLIC):
            location = urljoin(location, browser.get(location).headers["location"])
    return location


class TestOidcProvider:
    """npm ``oidc-provider`` 9 with pushed requests, DPoP with nonces of its own, and tokens encrypted to the node."""

    @pytest.fixture(params=[None, ("ECDH-ES+A256KW", "A256GCM", 0), ("ECDH-ES", "A256CBC-HS512", 1)], ids=str)
    def abroad(self, request: pytest.FixtureRequest, region: Region, now: datetime, tmp_path: Path) -> Iterator[Abroad]:
        keys: list[Mapping[str, Any]] = [CLIENT_KEY.public_jwk]
        sealed = None
        if request.param is not None:
            algorithm, encoding, number = request.param
            keys.append(encryption_jwk(region, number=number))
            sealed = {"alg": algorithm, "enc": encoding}
        question = {
            "issuer": FAPI_ISSUER,
            "client_id": CLIENT_ID,
            "redirect_uri": f"{PUBLIC}/login/callback/{FAPI}",
            "jwks": {"keys": [dict(key) for key in keys]},
            "claims": {"assurance": LEVEL, **PERSON},
            "encryption": sealed,
        }
        with running("serve_oidc_provider.mjs", question) as said:
            rule = {} if sealed is None else {"encryption": "required"}
            service = {**login_service(FAPI_ISSUER), "id": "guest-fapi", **rule}
            held = listed(region, service=service, jwks=said["jwks"]["keys"], at=now)
            entry = by_key(
                FAPI_ISSUER,
                scope="openid profile",
                userinfo=True,
                reached_at=f"http://127.0.0.1:{said['port']}",
            )
            yield abroad_in(tmp_path, region=held, clock=RealClock(), real=True, fapi=entry)

    def test_a_login_goes_from_click_to_consent_and_to_a_code(self, abroad: Abroad) -> None:
        name = abroad.begin()
        location = abroad.leave(name, FAPI)
        assert location.startswith("http://127.0.0.1:")
        assert "request_uri" in location
        answer = walked(location)

        response = abroad.come_back(answer)
        assert response.headers["location"] == f"/consent?t={name}", response.text
        assert abroad.level() == "A2"
        assert abroad.decided()["birthdate"] == PERSON["birthdate"]
        assert "code" in told(abroad.complete(name, Consent.YES))
        assert abroad.come_back(answer).status_code == 400

    def test_a_person_who_leaves_at_the_provider_is_told_of(self, abroad: Abroad) -> None:
        location = abroad.leave(abroad.begin(), FAPI)

        answer = told(abroad.come_back(refused_at_provider(location)))
        assert answer["error"] == "access_denied"

    def test_a_code_is_worth_nothing_in_another_login(self, abroad: Abroad) -> None:
        stolen = re.search(r"code=([^&]+)", walked(abroad.leave(abroad.begin(), FAPI)))
        own = walked(abroad.leave(abroad.begin(), FAPI))
        assert stolen is not None

        assert "error" in told(abroad.come_back(re.sub(r"code=[^&]+", stolen[0], own)))


class TestMockPass:
    """npm ``@opengovsg/mockpass``: the plain code flow with a key, and tokens encrypted to a key on P-521."""

    @contextmanager
    def node(
        self, idp: str, service: Mapping[str, Any], region: Region, now: datetime, folder: Path
    ) -> Iterator[Abroad]:
        jwk = encryption_jwk(region, number=1)
        assert jwk["crv"] == "P-521"
        keys = [dict(CLIENT_KEY.public_jwk), {**jwk, "alg": "ECDH-ES+A256KW"}]
        with running("serve_mockpass.mjs", {"jwks": {"keys": keys}}) as said:
            own = [key for key in said["jwks"]["keys"] if key["use"] == "sig" and key["crv"] == "P-256"]
            held = listed(_at_tier(region, "T2"), service=service, jwks=own, at=now)
            entry = by_key(f"https://{PASS_HOST}/{idp}/v2", reached_at=f"http://127.0.0.1:{said['port']}")
            yield abroad_in(folder, region=held, clock=RealClock(), real=True, **{idp: entry})

    def chosen(self, location: str, **person: str) -> str:
        """What the login page of MockPass does when somebody types in a person; where the browser goes."""
        with httpx2.Client(trust_env=False, timeout=60, follow_redirects=False) as browser:
            page = browser.get(location)
            found = re.findall(r'name="(redirectURI|state|nonce)"[^>]*value="([^"]*)"', page.text)
            fields = {name: unescape(value) for name, value in found}
            assert fields.keys() == {"redirectURI", "state", "nonce"}, page.text
            address = f"{location.partition('?')[0]}/custom-profile?{urlencode({**fields, **person})}"
            return str(browser.get(address).headers["location"])

    def test_a_singpass_login_goes_from_click_to_consent(self, region: Region, now: datetime, tmp_path: Path) -> None:
        claims = {
            **login_service("x")["claims"],
            "subject": "$.sub.u",
            "key_values": ["sub"],
            "acr": "acr",
            "acr_absent": "lowest",
            "name_parts": [],
            "map": {"personal_number": "$.sub.s"},
        }
        issuer = f"https://{PASS_HOST}/singpass/v2"
        service = {**login_service(issuer), "id": "guest-singpass", "encryption": "required", "claims": claims}
        with self.node("singpass", service, region, now, tmp_path) as abroad:
            person = {"nric": "X0000009A", "uuid": "0b1c2d3e-0000-4000-8000-000000000009"}
            name = abroad.begin(purpose="building-visit")
            answer = self.chosen(abroad.leave(name, "singpass"), **person)

            response = abroad.come_back(answer)
            assert response.headers["location"] == f"/consent?t={name}", response.text
            assert abroad.level() == "A1"
            name = abroad.begin(purpose="account-opening")  # MockPass states no level, and that means the lowest
            answer = self.chosen(abroad.leave(name, "singpass"), **person)
            assert told(abroad.come_back(answer))["error"] == "access_denied"

    def test_a_corppass_login_goes_from_click_to_consent_and_names_the_company(
        self, region: Region, now: datetime, tmp_path: Path
    ) -> None:
        claims = {
            **login_service("x")["claims"],
            "subject": "$.sub.u",
            "key_values": ["sub"],
            "acr": "$.userInfo.CPAccType",
            "name_parts": [],
            "display": "$.userInfo.CPUID_FullName",
            "map": {"nationality": "$.sub.c"},
            "entity": ENTITY,
        }
        issuer = f"https://{PASS_HOST}/corppass/v2"
        ladder = [{"national": "User", "identity": "A2", "authentication": "A2"}]
        service = {**login_service(issuer), "id": "guest-corppass", "encryption": "required", "claims": claims}
        with self.node("corppass", {**service, "ladder": ladder}, region, now, tmp_path) as abroad:
            person = {"nric": "X0000009A", "uuid": "0b1c2d3e-0000-4000-8000-000000000009", "uen": UEN}
            name = abroad.begin(purpose="company-representation")
            answer = self.chosen(abroad.leave(name, "corppass"), **person)

            response = abroad.come_back(answer)
            assert response.headers["location"] == f"/consent?t={name}", response.text
            assert UEN in json.dumps(abroad.core()["represents"])


def _at_tier(region: Region, tier: str) -> Region:
    """A region in which Singapore's tier is another: MockPass speaks no FAPI."""
    source = {**region.sources.lists[MemberState.SG], "tier": tier}
    lists = MappingProxyType({**region.sources.lists, MemberState.SG: source})
    return replace(region, sources=replace(region.sources, lists=lists))
