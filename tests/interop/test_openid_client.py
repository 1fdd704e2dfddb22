"""A relying party that we did not write: npm ``openid-client`` logs in across a key rotation, and hears refusals."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from idbridge.crypto.keys import jwk_of
from idbridge.crypto.signer import file_signer
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.oidc.client import ResponseEncryption
from idbridge.oidc.errors import OAuthError
from idbridge.sandbox.idp.listed import listed_in
from idbridge.trust import key_folder
from idbridge_gateway.demo.providers import ListOperator, provider_host, register_node
from idbridge_gateway.oidc.completion import Consent
from idbridge_gateway.serving import LOOPBACK, BackgroundServer, address_of, listen
from tests.engines import require_engine, require_node_packages
from tests.gateway.asking import Node
from tests.gateway.logging_in import Gate, Visit
from tests.gateway.providing import CALLBACK, LOGGED_OUT, PURPOSE_TEXT, VERIFIED, Bank, bank_at, name_of, page_of
from tests.gateway.rotating import Rotating, look, with_one_key

SECONDS = 120
SIGNING, ENCRYPTION = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
PARAMETERS = {
    "purpose": "account-opening", "purpose_text": PURPOSE_TEXT,
    "claims": json.dumps({"userinfo": VERIFIED, "id_token": VERIFIED}),
}  # fmt: skip
NONCE = [["/oauth/par", 400], ["/oauth/par", 201], ["/oauth/token", 200], ["/oauth/userinfo", 200]]


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class RelyingParty:
    """The program, and what it and the test say to each other."""

    def __init__(self, bank: Bank, *, base: str) -> None:
        script = require_node_packages() / "login_openid_client.mjs"
        self._process = subprocess.Popen(
            [require_engine("node"), script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._end = Timer(SECONDS, self._process.kill)
        self._end.start()
        self._bank = bank
        self.server = self.said(
            issuer=bank.issuer, base=base, now=bank.now(), client_id="bank", redirect_uri=CALLBACK,
            signing=pem(SIGNING), signing_kid="rp-1", encryption=pem(ENCRYPTION), encryption_kid="rp-enc",
        )["server"]  # fmt: skip

    def said(self, **told: Any) -> dict[str, Any]:
        """What the program answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the program ended"
        found: dict[str, Any] = json.loads(line)
        return found

    def begins(self, **parameters: str) -> str:
        """Begin a login; the public name of its transaction."""
        url = self.said(act="login", parameters={**PARAMETERS, **parameters})["authorize"]
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" == self._bank.issuer
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert query.keys() == {"client_id", "request_uri"}
        return name_of(self._bank.authorize(**query))

    def logs_in(self, **parameters: str) -> dict[str, Any]:
        """One login of which the report stands already, as a provider and the pages leave it."""
        name = self.begins(**parameters)
        self._bank.complete(name, self._bank.report())
        return self.said(callback=self._bank.complete(name, Consent.YES).headers["location"])

    def ends(self) -> None:
        self._end.cancel()
        self._process.communicate(timeout=SECONDS)
        assert self._process.returncode == 0


def rotating_in(folder: Path) -> Rotating:
    """A node of Thailand whose second key has been public for long enough, and does not sign yet."""
    rotating, _ = with_one_key(folder, state=MemberState.TH, service="th-node")
    rotating.key(at=rotating.clock.now() - LIMITS.key_publication_lead)
    rotating.list_keys(*key_folder.read(rotating.folder).ring.keys)
    return rotating


@pytest.fixture
def rotating(tmp_path: Path) -> Rotating:
    return rotating_in(tmp_path)


def bank_of(node: Node) -> Bank:
    """A bank whose client is the program."""
    jwks = (
        {**file_signer(SIGNING, kid="rp-1").public_jwk},
        {**jwk_of(ENCRYPTION.public_key()), "use": "enc", "kid": "rp-enc", "alg": "ECDH-ES+A256KW"},
    )
    sealed = ResponseEncryption("ECDH-ES+A256KW", "A256GCM")
    signed = {"userinfo_signed_response_alg": "ES256", "introspection_signed_response_alg": "ES256"}
    return bank_at(node, jwks=jwks, id_token_encryption=sealed, **signed)


@pytest.fixture
def bank(rotating: Rotating) -> Bank:
    return bank_of(rotating.node())


@contextmanager
def party_of(bank: Bank) -> Iterator[RelyingParty]:
    with BackgroundServer(bank.node.app) as server:
        party = RelyingParty(bank, base=server.url)
        yield party
        party.ends()


@pytest.fixture
def party(bank: Bank) -> Iterator[RelyingParty]:
    with party_of(bank) as party:
        yield party


@pytest.fixture(scope="module")
def refused_party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelyingParty]:
    """One for all requests that are refused, of which nothing stays."""
    with party_of(bank_of(rotating_in(tmp_path_factory.mktemp("refusing")).node())) as party:
        yield party


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "email"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"purpose": "marketing"}, "invalid_request"),
        ({"purpose_text": "x"}, "invalid_request"),
        ({"request": "x.y.z"}, "request_not_supported"),
    ],
)
def test_a_request_that_is_refused_is_told_to_the_library_as_json(
    refused_party: RelyingParty, parameters: dict[str, str], error: str
) -> None:
    """Reference 5.4: answered by a redirect, as by Authlib's server, the library shows an undefined error."""
    refusal = refused_party.said(act="refused", parameters={**PARAMETERS, **parameters})

    assert refusal == {"error": error, "status": 400}


def test_a_code_counts_once_for_the_library_too_and_its_second_use_ends_the_login(
    party: RelyingParty, bank: Bank
) -> None:
    party.logs_in()

    assert party.said(act="replay") == {"error": "invalid_grant", "status": 400}
    assert party.said(act="replay") == {"error": "invalid_grant", "status": 400}
    assert bank.provider.turns.clock.now() == bank.node.clock.now()


def test_a_person_who_says_no_is_heard(party: RelyingParty, bank: Bank) -> None:
    url = party.said(act="login", parameters=PARAMETERS)["authorize"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    name = name_of(bank.authorize(**query))
    location = bank.complete(name, OAuthError("access_denied", "the person said no")).headers["location"]

    assert party.said(callback=location)["error"] == "access_denied"
    page_of(bank.authorize(**query))


def test_an_answer_of_another_issuer_is_refused_by_the_library_because_ours_names_itself(
    party: RelyingParty, bank: Bank
) -> None:
    """RFC 9207: the mix-up that the member `iss` of every answer prevents."""
    url = party.said(act="login", parameters=PARAMETERS)["authorize"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    name = name_of(bank.authorize(**query))
    bank.complete(name, bank.report())
    location = bank.complete(name, Consent.YES).headers["location"]
    mixed = location.replace(quote(bank.issuer, safe=""), quote("https://evil.example", safe=""))

    assert mixed != location
    assert '"iss"' in party.said(callback=mixed)["error"]


def test_a_login_is_complete_with_par_dpop_nonces_an_encrypted_id_token_and_signed_answers(
    party: RelyingParty, bank: Bank
) -> None:
    login = party.logs_in()
    claims = login["claims"]

    assert party.server["require_pushed_authorization_requests"] is False  # another client may do without
    assert login["token_type"] == "dpop"
    assert [one for one in login["asked"] if one in NONCE][: len(NONCE)] == NONCE
    assert (claims["iss"], claims["aud"], claims["acr"]) == (bank.issuer, "bank", "urn:idbridge:loa:A3")
    assert claims["verified_claims"]["claims"].keys() == {"name", "birthdate", "nationality"}
    assert login["userinfo"]["sub"] == claims["sub"] == login["introspected"]["sub"]
    assert login["userinfo"]["verified_claims"]["claims"] == claims["verified_claims"]["claims"]
    assert login["introspected"]["active"] is True


def test_logins_go_on_across_a_rotation_of_the_key_with_the_key_set_that_the_library_holds(
    party: RelyingParty, bank: Bank, rotating: Rotating
) -> None:
    before = party.logs_in()
    new = rotating.rotate()
    look(bank.node)
    after = party.logs_in()

    assert after["kid"] == new.kid != before["kid"]
    assert after["claims"]["sub"] == before["claims"]["sub"]
    assert ["/.well-known/jwks.json", 200] in before["asked"]
    assert ["/.well-known/jwks.json", 200] not in after["asked"]


def test_a_logout_by_the_address_that_the_library_makes_ends_the_login(party: RelyingParty, bank: Bank) -> None:
    party.logs_in()
    parameters = {"post_logout_redirect_uri": LOGGED_OUT, "state": "bye"}
    url = urlsplit(party.said(act="logout", parameters=parameters)["url"])
    response = bank.node.send("GET", f"{url.path}?{url.query}", headers=bank.browser.head())

    assert (response.status_code, response.headers["location"]) == (303, f"{LOGGED_OUT}?state=bye")
    assert party.said(act="replay") == {"error": "invalid_grant", "status": 400}


@pytest.fixture
def abroad(rotating: Rotating) -> Iterator[Bank]:
    """The same bank, at a node that is a client of every pretend provider of the region, over sockets."""
    listener, randomness = listen(LOOPBACK, 0), SystemRandomness()
    operator = ListOperator(
        rotating.region, clock=rotating.clock, publish=lambda region, _at: region.publish(rotating.directory)
    )
    host = provider_host(
        rotating.region, browser=address_of(listener), operator=operator, clock=rotating.clock, randomness=randomness
    )
    node = rotating.node()
    node.settings = register_node(host, node.settings, rotating.region, randomness=randomness)
    with BackgroundServer(host, listener=listener):
        yield bank_of(node)


def at_provider(bank: Bank, service: str, address: str) -> str:
    """Where the provider sends somebody back to who logged in on its page."""
    with httpx2.Client(trust_env=False) as browser:
        page = browser.get(address)
        listed = listed_in(bank.node.region, service)
        (transaction,) = re.findall(r'name="transaction" value="([^"]+)"', page.text)
        form = {"transaction": transaction, "answer": "yes", "level": listed.levels[-1], "person": listed.people[0].id}
        return str(browser.post(str(page.url).partition("?")[0], data=form).headers["location"])


@pytest.mark.parametrize("service", ["sg-login", "my-login"], ids=["a provider of FAPI 2.0", "one of plain code flow"])
def test_a_person_logs_in_through_the_pages_and_a_provider_abroad(abroad: Bank, service: str) -> None:
    """From the library's request over selector, provider, callback and consent to the library's tokens."""
    with BackgroundServer(abroad.node.app) as server:
        party = RelyingParty(abroad, base=server.url)
        visit = Visit(abroad, Gate(), abroad.browser)
        name = party.begins()
        back = urlsplit(at_provider(abroad, service, visit.choose(name, service).headers["location"]))
        returned = visit.get(f"{back.path}?{back.query}")
        assert returned.headers["location"] == f"/consent?t={name}"
        login = party.said(callback=visit.say(name, "yes").headers["location"])
        party.ends()

    assert login["claims"]["origin"]["issuer"] == abroad.node.region.service(service).issuer
    assert login["claims"]["verified_claims"]["claims"]["name"]["display"]
    assert login["userinfo"]["sub"] == login["claims"]["sub"]
    assert login["introspected"]["active"] is True
