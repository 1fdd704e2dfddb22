"""The node as a client of national providers, held to the OpenID conformance suite's modules for clients, by name.

Each is a whole login through the node's own endpoints, at a provider that does one thing wrong. A login that is refused
ends at the relying party with an error; whatever is no answer to this browser's login is a page and ends nothing.
"""

from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.signer import generate
from idbridge.sandbox.edits import ABSENT, After
from tests.gateway.asking import the_region
from tests.gateway.pretending import CLIENT_ID, KH, SG
from tests.gateway.providing import page_of, told
from tests.gateway.upstreaming import Abroad, abroad_in, by_key, by_secret
from tests.oidc.kit import ISSUER as ELSEWHERE

LOGINS = [SG, KH]
BEFORE = -7200


def ended(abroad: Abroad, provider: str = SG, **asked: Any) -> str:
    """The error that a login ends with at the relying party; no code is given."""
    response = abroad.log_in(provider, **asked)
    answer = told(response)
    assert answer.keys() == {"error", "error_description", "iss", "state"}
    return answer["error"]


def passed(abroad: Abroad, provider: str = SG, **asked: Any) -> None:
    """Fail unless a login leads to the consent page."""
    response = abroad.log_in(provider, **asked)
    assert response.status_code == 303, response.text
    assert response.headers["location"].startswith("/consent?t="), response.headers["location"]


@pytest.mark.parametrize("provider", LOGINS)
@pytest.mark.parametrize(
    "edits",
    [
        pytest.param({"iss": ELSEWHERE}, id="InvalidIss"),
        pytest.param({"iss": ABSENT}, id="InvalidMissingIss"),
        pytest.param({"iss": 7}, id="InvalidIss of another type"),
        pytest.param({"aud": "somebody-else"}, id="InvalidAud"),
        pytest.param({"aud": [CLIENT_ID, "somebody-else"]}, id="InvalidSecondaryAud"),
        pytest.param({"aud": [CLIENT_ID, "somebody-else"], "azp": CLIENT_ID}, id="InvalidSecondaryAud with azp"),
        pytest.param({"aud": ABSENT}, id="InvalidMissingAud"),
        pytest.param({"aud": []}, id="InvalidMissingAud in an array"),
        pytest.param({"aud": "https://sandbox.node.th.example"}, id="aud is the node, and not its client here"),
        pytest.param({"exp": ABSENT}, id="InvalidMissingExp"),
        pytest.param({"exp": After(BEFORE), "iat": After(BEFORE - 60)}, id="InvalidExpiredExp"),
        pytest.param({"nonce": ABSENT}, id="InvalidMissingNonce"),
        pytest.param({"nonce": "another-login"}, id="InvalidNonce"),
        pytest.param({"nonce": ["n"]}, id="InvalidNonce of another type"),
        pytest.param({"iat": ABSENT}, id="MissingIat"),
        pytest.param({"sub": ABSENT}, id="MissingSub"),
        pytest.param({"sub": ""}, id="MissingSub but empty"),
        pytest.param({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, id="InvalidAtHash"),
        pytest.param({"nbf": After(7200)}, id="nbf lies ahead"),
        pytest.param({"scope": "openid"}, id="an access token in place of an ID token"),
    ],
)
def test_an_id_token_that_is_wrong_in_one_claim_ends_the_login(
    abroad: Abroad, provider: str, edits: dict[str, Any]
) -> None:
    abroad.pretend[provider].claims = edits

    assert ended(abroad, provider) == "access_denied"
    abroad.pretend[provider].claims = {}
    passed(abroad, provider)


@pytest.mark.parametrize("provider", LOGINS)
@pytest.mark.parametrize(
    ("header", "signer"),
    [
        pytest.param({"alg": "none"}, None, id="InvalidNullAlg"),
        pytest.param({"alg": "none", "kid": ABSENT}, None, id="InvalidNullAlg without kid"),
        pytest.param({}, generate("PS256"), id="InvalidAlternateAlg"),
        pytest.param({}, generate("ES384"), id="InvalidAlternateAlg of a key that nobody lists"),
        pytest.param({"alg": "HS256"}, None, id="InvalidAlternateAlg that is symmetric"),
        pytest.param({"kid": ABSENT}, generate("ES256"), id="InvalidSignature without kid"),
        pytest.param({"jwk": dict(generate("ES256").public_jwk)}, None, id="a key in the header"),
        pytest.param({"typ": "at+jwt"}, None, id="an access token by its type"),
        pytest.param({"crit": ["b64"]}, None, id="an extension that has to be understood"),
    ],
)
def test_an_id_token_that_is_signed_otherwise_ends_the_login(
    abroad: Abroad, provider: str, header: dict[str, Any], signer: Any
) -> None:
    abroad.pretend[provider].header, abroad.pretend[provider].signer = header, signer

    assert ended(abroad, provider) in ("access_denied", "temporarily_unavailable")


def test_invalid_signature_under_the_name_of_a_listed_key(abroad: Abroad) -> None:
    listed = abroad.sg.region.signer(SG)
    abroad.sg.signer = generate("ES256", kid=listed.kid)

    assert ended(abroad) == "access_denied"


@pytest.mark.parametrize("provider", LOGINS)
def test_discovery_issuer_mismatch(alone: Abroad, provider: str) -> None:
    alone.pretend[provider].discovery = {"issuer": ELSEWHERE}
    name = alone.begin()

    refusal = alone.refused(name, provider)
    assert (refusal.error, refusal.code) == ("access_denied", "issuer.unknown")
    assert [call.url for call in alone.pretend[provider].seen] == [
        f"{alone.pretend[provider].issuer}/.well-known/openid-configuration"
    ]


def test_invalid_authorization_response_iss(abroad: Abroad) -> None:
    abroad.sg.response = {"iss": ELSEWHERE}

    assert ended(abroad) == "access_denied"
    assert "/token" not in abroad.sg.paths


def test_invalid_authorization_response_iss_also_where_none_was_promised(abroad: Abroad) -> None:
    abroad.kh.response = {"iss": ELSEWHERE}

    assert ended(abroad, KH) == "access_denied"
    assert "/token" not in abroad.kh.paths


def test_remove_authorization_response_iss(abroad: Abroad) -> None:
    abroad.sg.response = {"iss": ABSENT}

    assert ended(abroad) == "access_denied"
    assert "/token" not in abroad.sg.paths


@pytest.mark.parametrize("provider", LOGINS)
@pytest.mark.parametrize(
    "state",
    [
        pytest.param("nobodys.state", id="AuthorizationResponseWithInvalidState"),
        pytest.param(ABSENT, id="AuthorizationResponseWithMissingState"),
        pytest.param("", id="AuthorizationResponseWithMissingState but empty"),
    ],
)
def test_authorization_response_with_invalid_state(abroad: Abroad, provider: str, state: Any) -> None:
    pretend = abroad.pretend[provider]
    location = abroad.leave(abroad.begin(), provider)
    honest = pretend.authorize(location)
    spoilt = pretend.with_state(honest, state)

    page_of(abroad.come_back(spoilt))
    assert "/token" not in pretend.paths
    assert abroad.come_back(honest).headers["location"].startswith("/consent")


def test_authorization_response_with_the_state_of_the_right_transaction_and_another_login(abroad: Abroad) -> None:
    location = abroad.leave(abroad.begin())
    honest = abroad.sg.authorize(location)
    name = dict(abroad.sg.parameters(honest))["state"].partition(".")[0]

    page_of(abroad.come_back(abroad.sg.with_state(honest, f"{name}.{'A' * 43}")))
    assert abroad.come_back(honest).headers["location"].startswith("/consent")


@pytest.mark.parametrize("provider", LOGINS)
@pytest.mark.parametrize(
    "named",
    ["SigAlgNone", "ExpiredExp", "InvalidAud", "InvalidIss", "InvalidSig", "WithoutAud", "WithoutExp", "WithoutIss"],
)
def test_jarm_was_never_asked_for(abroad: Abroad, provider: str, named: str) -> None:
    """Each JARM module of the suite: a response that is signed is none that this client asked for."""
    abroad.pretend[provider].response = {"response": f"e30.{named}.", "code": ABSENT}

    assert ended(abroad, provider) == "access_denied"


@pytest.mark.parametrize(
    "further", [{"id_token": "t"}, {"token_type": "Bearer"}, {"response": "e30.e30."}, {"error": "access_denied"}]
)
def test_a_response_with_what_was_never_asked_for_ends_the_login(abroad: Abroad, further: dict[str, str]) -> None:
    abroad.sg.response = further

    assert ended(abroad) == "access_denied"
    assert "/token" not in abroad.sg.paths


def test_a_response_with_an_access_token_in_it_gets_no_further_than_the_edge(abroad: Abroad) -> None:
    abroad.sg.response = {"access_token": "t"}

    assert abroad.log_in().status_code == 400
    assert "/token" not in abroad.sg.paths


@pytest.mark.parametrize("token_type", ["dpop", "DPOP", "DpoP"])
def test_token_type_case_insensitivity(abroad: Abroad, token_type: str) -> None:
    abroad.sg.tokens = {"token_type": token_type}

    passed(abroad)


@pytest.mark.parametrize("provider", LOGINS)
def test_token_endpoint_response_without_expires_in(abroad: Abroad, provider: str) -> None:
    abroad.pretend[provider].tokens = {"expires_in": ABSENT}

    passed(abroad, provider)


@pytest.mark.parametrize("provider", LOGINS)
def test_valid_aud_as_array(abroad: Abroad, provider: str) -> None:
    abroad.pretend[provider].claims = {"aud": [CLIENT_ID]}

    passed(abroad, provider)


def test_a_token_for_a_client_of_the_relying_party_itself_is_not_ours(abroad: Abroad) -> None:
    """The verifier would take it at `/v1/verify`; a login that the node runs is its own."""
    (other,) = abroad.party.clients[abroad.sg.issuer]
    for edits in ({"aud": other}, {"aud": [CLIENT_ID, other], "azp": other}):
        abroad.sg.claims = edits
        assert ended(abroad) == "access_denied"

    abroad.sg.claims = {"aud": [CLIENT_ID, other], "azp": CLIENT_ID}
    passed(abroad)


def test_a_bearer_token_in_place_of_a_bound_one_ends_the_login(abroad: Abroad) -> None:
    abroad.sg.tokens = {"token_type": "Bearer"}
    assert ended(abroad) == "access_denied"

    abroad.kh.tokens = {"token_type": "DPoP"}
    assert ended(abroad, KH) == "access_denied"


@pytest.mark.parametrize("provider", LOGINS)
def test_a_token_response_without_id_token_ends_the_login(abroad: Abroad, provider: str) -> None:
    abroad.pretend[provider].tokens = {"id_token": ABSENT}

    assert ended(abroad, provider) == "access_denied"


@pytest.mark.parametrize("provider", LOGINS)
@pytest.mark.parametrize("tokens", [{"access_token": ABSENT}, {"token_type": ABSENT}, {"expires_in": "300"}])
def test_a_token_response_that_is_malformed_is_a_provider_out_of_order(
    abroad: Abroad, provider: str, tokens: dict[str, Any]
) -> None:
    abroad.pretend[provider].tokens = tokens

    assert ended(abroad, provider) == "temporarily_unavailable"


def test_kid_absent_single_jwks(abroad: Abroad) -> None:
    """Cambodia lists one key."""
    assert len(abroad.node.region.keys.services[KH].signers) == 1
    abroad.kh.header = {"kid": ABSENT}

    passed(abroad, KH)


@pytest.mark.parametrize("number", [0, 1])
def test_kid_absent_multiple_matching_keys_in_jwks(abroad: Abroad, number: int) -> None:
    """Singapore lists two keys, and a token has to name the one that signed it (OpenID Connect Core 1.0, 10.1)."""
    abroad.sg.signer = abroad.node.region.keys.services[SG].signers[number]
    abroad.sg.header = {"kid": ABSENT}
    assert ended(abroad) == "access_denied"

    abroad.sg.header = {}
    passed(abroad)


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Abroad:
    """A node that asks for the signed userinfo response too."""
    issuers = {name: the_region().service(name).issuer for name in LOGINS}
    folder = tmp_path_factory.mktemp("userinfo")
    entries = {name: by_key(issuer, userinfo=True) for name, issuer in issuers.items()}
    return abroad_in(folder, sg_login=entries[SG], kh_login=entries[KH])


class TestUserinfo:
    """A registration that asks for the signed userinfo response too."""

    @pytest.fixture
    def abroad(self, asking: Abroad) -> Abroad:
        return asking.anew()

    @pytest.mark.parametrize("provider", LOGINS)
    def test_invalid_sub_in_userinfo_response(self, abroad: Abroad, provider: str) -> None:
        abroad.pretend[provider].userinfo = {"sub": "somebody-else"}

        assert ended(abroad, provider) == "access_denied"

    @pytest.mark.parametrize("provider", LOGINS)
    @pytest.mark.parametrize(
        "edits", [{"sub": ABSENT}, {"iss": ELSEWHERE}, {"aud": "somebody-else"}, {"iat": ABSENT}, {"nonce": "n"}]
    )
    def test_a_userinfo_response_of_something_else_ends_the_login(
        self, abroad: Abroad, provider: str, edits: dict[str, Any]
    ) -> None:
        abroad.pretend[provider].userinfo = edits

        assert ended(abroad, provider) == "access_denied"

    def test_a_userinfo_response_signed_by_a_stranger_ends_the_login(self, abroad: Abroad) -> None:
        abroad.sg.userinfo_signer = generate("ES256")

        assert ended(abroad) in ("access_denied", "temporarily_unavailable")

    def test_a_userinfo_response_that_is_not_signed_is_none(self, abroad: Abroad) -> None:
        abroad.sg.userinfo_type = "application/json"

        assert ended(abroad) == "temporarily_unavailable"

    @pytest.mark.parametrize("provider", LOGINS)
    def test_a_claim_that_only_userinfo_has_is_released(self, abroad: Abroad, provider: str) -> None:
        name = abroad.region_claim(provider, "birthdate")
        abroad.pretend[provider].claims = {name: ABSENT}

        passed(abroad, provider)
        assert "birthdate" in abroad.decided()


def test_without_asking_for_userinfo_a_claim_that_only_it_has_is_not_there(abroad: Abroad) -> None:
    abroad.sg.claims = {abroad.region_claim(SG, "birthdate"): ABSENT}

    passed(abroad)
    assert "birthdate" not in abroad.decided()
    assert "/userinfo" not in abroad.sg.paths


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_secret_will_do_where_the_tier_asks_for_no_more(tmp_path: Path, method: str) -> None:
    abroad = abroad_in(tmp_path, kh_login=by_secret(the_region().service(KH).issuer, method))
    abroad.kh.secret = True

    passed(abroad, KH)
