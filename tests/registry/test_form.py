"""The form of a registration: what is misspelt, mixed up or too much is refused, and what was written is read back."""

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.conformance.seed import corpus_keys
from idbridge.crypto.signer import generate
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import AssuranceLevel, Environment
from idbridge.oidc.client import Profile
from idbridge_gateway.registry.form import (
    kept_document,
    read_registration,
    registration_document,
    shown_document,
)
from idbridge_gateway.registry.record import ApiKey, Registration
from tests.registry.kit import CLIENT, DIGEST, ENCRYPTING, LEAST, SECRET_CLIENT, SIGNING, WHOLE, registration, without

SANDBOX, LIVE = Environment.SANDBOX, Environment.LIVE
MANY = [str(number) for number in range(LIMITS.registered_entries + 1)]
HTTP = "http://127.0.0.1:9000/callback"


def refusal(entry: Any, environment: Environment = SANDBOX) -> str:
    with pytest.raises(RequestError) as caught:
        read_registration(entry, environment=environment)
    assert caught.value.code == "input.request_malformed"
    return str(caught.value)


@pytest.mark.parametrize("entry", [None, [], "bakery", 1, {}])
def test_what_is_no_registration_at_all_is_refused(entry: Any) -> None:
    assert "registration" in refusal(entry)


@pytest.mark.parametrize("name", sorted(LEAST))
def test_what_has_no_safe_default_is_required_by_name(name: str) -> None:
    assert f"`{name}`" in refusal(without(LEAST, name))


@pytest.mark.parametrize(
    "name", ["minimum_levle", "api_key_digests", "api_keys", "environment", "version", "__class__", "'; DROP TABLE x--"]
)
def test_an_unknown_member_is_refused_and_not_repeated(name: str) -> None:
    assert "unknown" in refusal({**LEAST, name: "A3"})
    assert "DROP TABLE" not in refusal({**LEAST, name: "A3"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "Bakery"),
        ("id", "bakery_1"),
        ("id", "bakery'; DROP TABLE relying_parties;--"),
        ("id", "a" * 64),
        ("id", ""),
        ("id", 1),
        ("name", " "),
        ("name", "\u200b"),
        ("name", "\u3164"),
        ("name", "\u2800\u200b \u0301"),
        ("name", "Bakery\u061c"),
        ("name", "Bakery\x00"),
        ("name", "Bakery\u202egro.live"),
        ("name", "B" * (LIMITS.identifier_characters + 1)),
        ("name", "idb_test_bakery_" + "s" * 43),
        ("state", "XX"),
        ("state", ["TH"]),
        ("sector", None),
        ("purposes", []),
        ("purposes", "age-check"),
        ("purposes", ["age-check", "age-check"]),
        ("purposes", [1]),
        ("claims", MANY),
        ("audiences", ["idb_live_bakery_" + "s" * 43]),
        ("clients", []),
        ("clients", {"https://login.sg.example": "bakery"}),
        ("clients", {"": ["bakery"]}),
        ("clients", {issuer: ["x"] for issuer in MANY}),
        ("minimum_level", "A4"),
        ("minimum_level", ["A1"]),
        ("enabled", "false"),
        ("enabled", 0),
        ("policy_version", 0),
        ("policy_version", True),
        ("policy_version", 1.0),
        ("limits", {"per_minute": 10}),
        ("limits", {"per_minute": 0, "burst": 1}),
        ("limits", {"per_minute": 10, "burst": 1, "per_day": 1}),
        ("limits", {"per_minute": LIMITS.registered_rate + 1, "burst": 1}),
        ("limits", 10),
        ("webhook", "http://bakery.th.example/hook"),
        ("webhook", "https://user@bakery.th.example/hook"),
        ("webhook", "https://10.0.0.1/hook"),
        ("webhook", "mailto:a@bakery.th.example"),
        ("webhook", "https://bakery.th.example/" + "a" * LIMITS.client_uri_characters),
        ("contact", "\x1b[31mBakery"),
        ("withdrawal", "javascript:alert(1)"),
        ("withdrawal", "mailto:a@bakery.th.example?bcc=b@evil.example"),
        ("withdrawal", "mailto:a@bakery"),
        ("signs_in_as", "TH-DBD 0105599000011"),
        ("signs_in_as", {"scheme": "TH-DBD"}),
        ("signs_in_as", {"scheme": "XX-DBD", "value": "0105599000011"}),
        ("signs_in_as", {"scheme": "TH-DBD", "value": "010559900001"}),
        ("signs_in_as", {"scheme": "LEI", "value": "A" * 18 + "00"}),
        ("signs_in_as", {"scheme": "TH-DBD", "value": "0105599000011", "person": "x"}),
        ("oidc_clients", {}),
        ("oidc_clients", [1]),
        ("oidc_clients", [CLIENT, CLIENT]),
        ("oidc_clients", [{**CLIENT, "id": f"c{number}"} for number in range(LIMITS.oidc_clients + 1)]),
    ],
)
def test_a_member_that_is_not_of_its_kind_is_refused_without_its_value(name: str, value: Any) -> None:
    sentence = refusal({**WHOLE, name: value})

    assert "DROP TABLE" not in sentence
    assert "s" * 43 not in sentence


@pytest.mark.parametrize(
    "changed",
    [
        {"profile": "fapi1"},
        {"profile": ["fapi2"]},
        {"id": "bakery web"},
        {"id": "idb_test_bakery_sss"},
        {"id": "idbridge.ask"},
        {"id": "IdBridge.anything"},
        {"redirect_uri": "https://bakery.th.example/callback"},
        {"redirect_uris": []},
        {"redirect_uris": ["https://*.th.example/callback"]},
        {"jwks": [SIGNING]},
        {"jwks": {"keys": [SIGNING], "more": 1}},
        {"jwks": {"keys": ["key"]}},
        {"jwks": {"keys": [{**SIGNING, "d": "AAAA"}]}},
        {"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}},
        {"jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": 1, "y": []}]}},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": [SIGNING]}},  # nothing to encrypt to
        {"id_token_encryption": {"alg": "RSA1_5", "enc": "A256GCM"}},
        {"id_token_encryption": {"alg": "ECDH-ES+A256KW"}},
        {"id_token_signed_response_alg": "none"},
        {"secret_digest": DIGEST},
        {"grant_types": ["password"]},
        {"grant_types": [["authorization_code"]]},
        {"enabled": None},
        {"relying_party": "bank"},
        {"environment": "live"},
        {"client_secret": "s" * 43},
    ],
)
def test_a_client_that_could_not_be_served_is_refused(changed: dict[str, Any]) -> None:
    assert refusal({**LEAST, "oidc_clients": [{**CLIENT, **changed}]})


def test_a_secret_is_registered_by_its_digest_and_never_as_itself() -> None:
    assert "SHA-256" in refusal({**LEAST, "oidc_clients": [{**SECRET_CLIENT, "secret_digest": "s" * 43}]})
    assert "authenticates" in refusal({**LEAST, "oidc_clients": [without(SECRET_CLIENT, "secret_digest")]})


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook": "http://127.0.0.1:9000/hook"},
        {"withdrawal": "http://localhost/away"},
        {"audiences": ["http://bakery.th.example"]},
        {"audiences": ["https://127.0.0.1:8443"]},
        {"audiences": ["https://[::1"]},
        {"clients": {"http://127.0.0.1:8080": ["bakery"]}},
        {"clients": {"https://localhost": ["bakery"]}},
        {"oidc_clients": [{**CLIENT, "redirect_uris": [HTTP]}]},
        {"oidc_clients": [{**CLIENT, "backchannel_logout_uri": "https://localhost/out"}]},
    ],
)
def test_a_live_registration_names_nothing_that_belongs_to_a_sandbox(changed: dict[str, Any]) -> None:
    assert refusal({**WHOLE, **changed}, LIVE)
    if "[::1" not in str(changed):
        assert read_registration({**WHOLE, **changed}, environment=SANDBOX)


def test_the_least_registration_may_ask_nothing_but_its_purpose() -> None:
    party = registration(LEAST).relying_party

    assert (party.claims, party.audiences, dict(party.clients)) == (frozenset(), frozenset(), {})
    assert (party.minimum_level, party.enabled, party.policy_version) == (AssuranceLevel.A0, True, 1)
    assert (party.environment, party.api_key_digests) == (SANDBOX, ())


@pytest.mark.parametrize("environment", [SANDBOX, LIVE])
@pytest.mark.parametrize("document", [LEAST, WHOLE])
def test_what_is_kept_is_read_back_equal_and_what_is_shown_has_no_digest(
    document: dict[str, Any], environment: Environment
) -> None:
    first = registration(document, environment=environment)

    assert read_registration(kept_document(first), environment=environment) == first
    assert DIGEST not in str(registration_document(first))
    assert DIGEST not in repr(first)


def test_what_is_shown_says_which_keys_there_are_by_their_last_characters_alone() -> None:
    held = read_registration(WHOLE, environment=SANDBOX, api_keys=(ApiKey("a" * 64, "wxyz"),))

    assert shown_document(held)["api_keys"] == [{"last_four": "wxyz", "created_at": None, "expires_at": None}]
    assert "a" * 64 not in str(shown_document(held))


def test_a_client_has_the_sector_of_its_party_unless_it_says_another() -> None:
    first, second = registration(oidc_clients=[CLIENT, {**SECRET_CLIENT, "sector": "bakery-till"}]).clients

    assert (first.sector, first.profile, first.relying_party) == ("retail", Profile.FAPI2, "bakery")
    assert (second.sector, second.profile, second.secret_digest) == ("bakery-till", Profile.OIDC_CODE, DIGEST)


def test_a_client_is_of_its_own_party_and_environment() -> None:
    bakery = registration()
    cafe = registration(id="cafe", oidc_clients=[])

    with pytest.raises(ValueError, match="its own relying party"):
        Registration(cafe.relying_party, clients=bakery.clients)


@pytest.mark.parametrize("count", [LIMITS.api_keys + 1])
def test_a_party_has_few_keys(count: int) -> None:
    keys = tuple(ApiKey(f"{number:064x}") for number in range(count))

    assert Registration(registration().relying_party, api_keys=keys[1:]).api_keys == keys[1:]
    with pytest.raises(ValueError, match="API keys"):
        Registration(registration().relying_party, api_keys=keys)
    with pytest.raises(ValueError, match="API keys"):
        Registration(registration().relying_party, api_keys=(keys[0], keys[0]))


def test_a_key_to_encrypt_to_is_no_key_to_authenticate_with() -> None:
    assert "authenticates" in refusal({**LEAST, "oidc_clients": [{**CLIENT, "jwks": {"keys": [ENCRYPTING]}}]})


def test_two_keys_of_one_client_may_be_registered_while_it_rotates() -> None:
    keys = [SIGNING, {**generate("ES256", kid="bakery-3").public_jwk, "use": "sig"}, ENCRYPTING]

    (client,) = registration(oidc_clients=[{**CLIENT, "jwks": {"keys": keys}}]).clients

    assert [key.kid for key in client.keys] == ["bakery-1", "bakery-3"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(name=st.sampled_from(sorted({*WHOLE, *CLIENT})), value=JSON)
def test_no_value_of_any_member_is_anything_but_taken_or_refused(name: str, value: Any) -> None:
    document = copy.deepcopy(WHOLE)
    if name in document:
        document[name] = value
    else:
        document["oidc_clients"][0][name] = value
    with contextlib.suppress(RequestError):
        held = read_registration(document, environment=SANDBOX)
        assert read_registration(kept_document(held), environment=SANDBOX) == held


@pytest.mark.parametrize("use", ["sig", "enc"])
def test_a_live_registration_has_no_client_whose_key_everybody_can_have(use: str) -> None:
    open_key = {**corpus_keys().make("ES256", name="list/SG").public_jwk, "kid": "open", "use": use}
    open_key.pop("alg", None)
    document = {**LEAST, "oidc_clients": [{**CLIENT, "jwks": {"keys": [SIGNING, ENCRYPTING, open_key]}}]}

    assert "trust.published_test_key" in refusal(document, LIVE)
    assert len(read_registration(document, environment=SANDBOX).clients[0].jwks) == 3
