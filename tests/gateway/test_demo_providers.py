"""A node whose people log in at the demo's own providers, over sockets, in every protocol that there is."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
import pytest

from idbridge.model.randomness import SystemRandomness
from idbridge.oidc.errors import OAuthError
from idbridge.sandbox.idp.host import ProviderHost
from idbridge.sandbox.idp.listed import listed_in, login_services
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.providers import FILE, ListOperator, provider_host, register_node
from idbridge_gateway.oidc.upstream.registrations import read_upstream_clients
from idbridge_gateway.oidc.upstream.upstream import Upstream
from idbridge_gateway.serving import LOOPBACK, BackgroundServer, address_of, listen
from tests.gateway.asking import the_region
from tests.gateway.clocks import NOON
from tests.gateway.providing import Bank, bank_in, told

PROVIDERS = login_services(the_region(), at=NOON)
OBSERVER = "tl-login"  # its state is ready for no login abroad
ITSELF = "vn-organisation-login"  # a company of its own opens no account of a person
RECOGNISED = tuple(one for one in PROVIDERS if one not in (OBSERVER, ITSELF))


@dataclass
class Standing:
    """A node, and the providers at which it is a client."""

    bank: Bank
    host: ProviderHost

    @property
    def upstream(self) -> Upstream:
        found: Upstream = self.bank.node.app.state.upstream
        return found

    def sent(self, service: str, **changes: str) -> str:
        """Where the browser goes once somebody chose a provider."""
        name = self.bank.begin(**changes)

        async def begun() -> str:
            provider = self.bank.provider
            held = await provider.transactions.find(self.bank.browser.cookies[provider.cookies.name_of(name)])
            return str((await self.upstream.begin(held, service, turn=provider.turns.begin())).headers["location"])

        return asyncio.run(begun())

    def log_in(self, service: str, answer: str = "yes", **changes: str) -> httpx2.Response:
        """What the node answers to somebody who comes back from a provider."""
        with httpx2.Client(trust_env=False, timeout=60) as browser:
            page = browser.get(self.sent(service, **changes))
            assert page.status_code == 200, page.text
            listed = listed_in(self.bank.node.region, service)
            form = {
                "transaction": page.text.split('name="transaction" value="')[1].split('"')[0], "answer": answer,
                "level": listed.levels[-1],
                **({"person": listed.people[0].id} if listed.people else {}),
                **({"company": listed.companies[0].id} if listed.companies else {}),
            }  # fmt: skip
            back = browser.post(str(page.url).partition("?")[0], data=form).headers["location"]
        parts = urlsplit(back)
        return self.bank.node.send("GET", f"{parts.path}?{parts.query}", headers=self.bank.browser.head())


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    directory = tmp_path_factory.mktemp("demo")
    bank = bank_in(directory)
    node, clients, listener = bank.node, bank.provider.clients, listen(LOOPBACK, 0)
    operator = ListOperator(node.region, clock=node.clock, publish=lambda region, _at: region.publish(directory))
    randomness = SystemRandomness()
    host = provider_host(
        node.region, browser=address_of(listener), operator=operator, clock=node.clock, randomness=randomness
    )
    node.settings = register_node(host, node.settings, node.region, randomness=randomness)
    node.app = create_app(node.settings, clock=node.clock, clients=clients)
    with BackgroundServer(host, listener=listener):
        yield Standing(bank, host)


def test_a_node_is_registered_at_every_provider_by_files_that_nobody_else_reads(standing: Standing) -> None:
    folder = standing.bank.node.settings.state_dir.parent
    clients = read_upstream_clients(standing.bank.node.settings)
    written = json.loads((folder / FILE).read_text(encoding="utf-8"))["providers"]

    assert clients.keys() == standing.host.providers.keys() == set(PROVIDERS)
    assert {path.stat().st_mode & 0o777 for path in folder.glob("upstream*")} == {0o600}
    assert {entry["authentication"] for entry in written.values()} == {"private_key_jwt", "client_secret_basic"}
    assert [name for name, entry in written.items() if "redirect_token" in entry] == ["kh-login"]


@pytest.mark.parametrize("service", RECOGNISED)
def test_a_login_that_is_recognised_leads_to_consent(standing: Standing, service: str) -> None:
    response = standing.log_in(service)

    assert response.status_code == 303, response.text
    assert response.headers["location"].startswith("/consent?t=")


@pytest.mark.parametrize("service", RECOGNISED)
def test_a_no_at_the_provider_goes_back_to_the_bank(standing: Standing, service: str) -> None:
    assert told(standing.log_in(service, "no"))["error"] == "access_denied"


def test_a_login_that_is_not_recognised_ends_at_the_bank(standing: Standing) -> None:
    assert told(standing.log_in(ITSELF))["error"] == "access_denied"


def test_nobody_is_sent_to_a_provider_whose_state_is_not_ready(standing: Standing) -> None:
    with pytest.raises(OAuthError) as caught:
        standing.sent(OBSERVER)

    assert caught.value.code == "issuer.service_not_listed"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("INVALID_SIGNATURE", "access_denied"),
        ("INVALID_AUD", "access_denied"),
        ("NONCE_NOT_MATCHING", "access_denied"),
        ("TOKEN_EXPIRED", "access_denied"),
        ("INVALID_RESPONSE_ISS", "access_denied"),
        ("MISSING_RESPONSE_ISS", "access_denied"),
        ("MISSING_ACR", "access_denied"),
    ],
)
def test_a_fault_of_a_provider_is_noticed_by_the_node(standing: Standing, fault: str, error: str) -> None:
    switch = f"{standing.host.providers['sg-login'].listed.browser}/sandbox/faults/{fault}"
    with httpx2.Client(trust_env=False, timeout=60) as here:
        assert here.post(switch).status_code == 200
        try:
            assert told(standing.log_in("sg-login"))["error"] == error
        finally:
            here.post(f"{switch}?on=false")


def test_a_new_key_is_listed_before_it_is_used_and_logins_go_on(standing: Standing) -> None:
    keys = f"{standing.host.providers['sg-login'].listed.browser}/sandbox/keys"

    def leads_on() -> bool:
        return standing.log_in("sg-login").headers["location"].startswith("/consent?t=")

    with httpx2.Client(trust_env=False, timeout=60) as here:
        published = here.post(f"{keys}/publish").json()
        assert leads_on()
        asyncio.run(standing.bank.node.app.state.reload.look())
        assert leads_on()
        used = here.post(f"{keys}/use").json()
        assert leads_on()

    assert used["in_use"] == published["published"]
