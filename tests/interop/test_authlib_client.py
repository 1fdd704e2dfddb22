"""A second relying party that we did not write: Authlib's client, of the profile ``oidc-code``, on loopback."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import joserfc.jwt
import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey, KeySet

from idbridge.limits import LIMITS
from idbridge.oidc.client import Profile
from idbridge_gateway.oidc.completion import Consent
from idbridge_gateway.serving import BackgroundServer
from tests.gateway.providing import CALLBACK, KEY, LOGGED_OUT, PURPOSE_TEXT, SECRET, Bank, bank_in, name_of
from tests.gateway.test_logout import asked
from tests.gateway.test_resources import PATH as USERINFO

ASKED = {"purpose": "account-opening", "purpose_text": PURPOSE_TEXT}
A2 = "urn:idbridge:loa:A2"


class ToLoopback(httpx2.HTTPTransport):
    """Sends what is for the node's name to where it listens, as a hosts file and a proxy would."""

    def __init__(self, base: str) -> None:
        super().__init__(trust_env=False)
        self._base = httpx2.URL(base)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(scheme="http", host=self._base.host, port=self._base.port)
        return super().handle_request(request)


class RelyingParty:
    """What a developer writes around Authlib's client."""

    def __init__(self, bank: Bank, base: str, **changes: Any) -> None:
        self.bank = bank
        given = {
            "client_id": "shop", "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic",
            "revocation_endpoint_auth_method": "client_secret_basic", **changes,
        }  # fmt: skip
        self.client = OAuth2Client(
            redirect_uri=CALLBACK, scope="openid", code_challenge_method="S256", transport=ToLoopback(base), **given
        )
        self.server = self.fetched(f"{bank.issuer}/.well-known/openid-configuration").json()
        self.verifier, self.nonce = generate_token(48), generate_token(20)

    def fetched(self, url: str) -> httpx2.Response:
        """A document that needs no token."""
        return self.client.request("GET", url, withhold_token=True)

    def sent_back(self, answer: Consent = Consent.YES, **changes: str) -> str:
        """Where the person's browser comes back to; their part of the login is done here."""
        url, self.state = self.client.create_authorization_url(
            self.server["authorization_endpoint"], code_verifier=self.verifier, nonce=self.nonce, **{**ASKED, **changes}
        )
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        response = self.bank.authorize(**query)
        if CALLBACK in response.headers["location"]:
            return str(response.headers["location"])
        name = name_of(response)
        self.bank.complete(name, self.bank.report(claims=[]))
        return str(self.bank.complete(name, answer).headers["location"])

    def redeemed(self, location: str, **changes: Any) -> dict[str, Any]:
        given = {"state": self.state, "code_verifier": self.verifier, **changes}
        found: dict[str, Any] = self.client.fetch_token(
            self.server["token_endpoint"], authorization_response=location, **given
        )
        return found

    def claims(self, token: str) -> CodeIDToken:
        """The claims of an ID token, verified with the key set of the node."""
        keys = KeySet.import_key_set(self.fetched(self.server["jwks_uri"]).json())
        decoded = joserfc.jwt.decode(token, keys, algorithms=self.server["id_token_signing_alg_values_supported"])
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {"iss": {"value": self.server["issuer"]}, "aud": {"value": self.client.client_id}},
            {"nonce": self.nonce},
        )
        claims.validate(now=self.bank.now())
        return claims


@contextmanager
def served(bank: Bank, **changes: Any) -> Iterator[RelyingParty]:
    """A relying party of the bank's node, which listens meanwhile."""
    with BackgroundServer(bank.node.app) as server:
        party = RelyingParty(bank, server.url, **changes)
        with closing(party.client):
            yield party


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


@pytest.fixture
def party(bank: Bank) -> Iterator[RelyingParty]:
    with served(bank) as party:
        yield party


@pytest.fixture(scope="session")
def shared_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("region")


def refusal(caught: pytest.ExceptionInfo[OAuthError]) -> str:
    return str(caught.value.error)


def test_another_secret_is_refused(bank: Bank) -> None:
    with served(bank, client_secret="t" * 43) as party:
        location = party.sent_back()
        with pytest.raises(OAuthError) as caught:
            party.redeemed(location)

    assert refusal(caught) == "invalid_client"


@pytest.mark.parametrize("verifier", ["w" * 48, None])
def test_another_verifier_or_none_is_refused(party: RelyingParty, verifier: str | None) -> None:
    location = party.sent_back()
    with pytest.raises(OAuthError) as caught:
        party.redeemed(location, code_verifier=verifier)

    assert refusal(caught) == "invalid_grant"


def test_a_code_counts_once_and_its_second_use_takes_back_what_it_gave(party: RelyingParty) -> None:
    location = party.sent_back()
    party.redeemed(location)
    with pytest.raises(OAuthError) as caught:
        party.redeemed(location)

    assert refusal(caught) == "invalid_grant"
    assert party.client.get(party.server["userinfo_endpoint"]).status_code == 401


@pytest.mark.parametrize(
    ("answer", "changes", "error"),
    [(Consent.NO, {}, "access_denied"), (Consent.YES, {"prompt": "none"}, "login_required")],
    ids=["the person says no", "nobody is logged in beforehand"],
)
def test_a_refusal_comes_back_through_the_browser_with_our_name(
    party: RelyingParty, answer: Consent, changes: dict[str, str], error: str
) -> None:
    query = parse_qs(urlsplit(party.sent_back(answer, **changes)).query)

    assert query["error"] == [error]
    assert query["iss"] == [party.server["issuer"]]
    assert query["state"] == [party.state]


def test_a_login_is_complete_with_a_bearer_token_and_at_most_the_second_level(party: RelyingParty) -> None:
    token = party.redeemed(party.sent_back())
    claims = party.claims(token["id_token"])
    userinfo = party.client.get(party.server["userinfo_endpoint"])

    assert urlsplit(party.server["userinfo_endpoint"]).path == USERINFO
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] <= LIMITS.bearer_token_lifetime.total_seconds()
    assert claims["acr"] == A2
    assert userinfo.json()["sub"] == claims["sub"]


def test_a_token_is_asked_about_and_given_up(party: RelyingParty) -> None:
    token = party.redeemed(party.sent_back())["access_token"]
    endpoint = party.server["introspection_endpoint"]
    before = party.client.introspect_token(endpoint, token=token).json()
    party.client.revoke_token(party.server["revocation_endpoint"], token=token)

    assert before["active"] is True
    assert party.client.introspect_token(endpoint, token=token).json() == {"active": False}
    assert party.client.get(party.server["userinfo_endpoint"]).status_code == 401


def test_a_logout_ends_the_login(party: RelyingParty) -> None:
    token = party.redeemed(party.sent_back())
    parameters = {"id_token_hint": token["id_token"], "post_logout_redirect_uri": LOGGED_OUT}
    response = asked(party.bank, **parameters)

    assert response.headers["location"] == LOGGED_OUT
    assert party.client.get(party.server["userinfo_endpoint"]).status_code == 401


class AsTheLibraryDoes(PrivateKeyJWT):
    """The library's own assertion, of this moment at the node: its audience is the token endpoint, for an hour."""

    alg = "ES256"


class AsTheProfileAsks(PrivateKeyJWT):
    """An assertion for the issuer, good for a minute, and each with an id of its own."""

    alg = "ES256"

    def __init__(self, bank: Bank) -> None:
        super().__init__(token_endpoint=bank.issuer)
        self._bank = bank

    def sign(self, auth: Any, token_endpoint: str) -> str:
        self.claims = {"iat": self._bank.now(), "exp": self._bank.now() + 60}
        return str(super().sign(auth, token_endpoint))


@pytest.mark.parametrize("own", [False, True], ids=["as the library does", "as the profile asks"])
def test_an_assertion_is_for_the_issuer_and_of_now(shared_files: Path, own: bool) -> None:
    """Reference 4, 9: Authlib names the token endpoint, which another server could have handed on."""
    bank = bank_in(shared_files, profile=Profile.OIDC_CODE)
    key = ECKey.import_key(KEY.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with served(bank, client_id="bank", client_secret=key, token_endpoint_auth_method="private_key_jwt") as party:
        party.client.register_client_auth_method(AsTheProfileAsks(bank) if own else AsTheLibraryDoes())
        location = party.sent_back()
        if own:
            assert party.claims(party.redeemed(location)["id_token"])["aud"] == "bank"
            return
        with pytest.raises(OAuthError) as caught:
            party.redeemed(location)

    assert refusal(caught) == "invalid_client"
