"""Discovery of a national provider: its document narrows what its state lists, and never widens it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.oidc.upstream_discovery import ListedProvider, ProviderEndpoints, discovery_address, narrowed
from idbridge.oidc.upstream_errors import UpstreamError, UpstreamFault

PROVIDER = "https://login.th.example"
LISTED = ListedProvider(
    issuer=PROVIDER,
    client_id="idbridge",
    redirect_uri="https://node.sg.example/login/callback/th",
    algorithms=frozenset({"ES256", "EdDSA"}),
    hosts=frozenset({"login.th.example"}),
    key_set=f"{PROVIDER}/jwks",
    fapi=True,
)
SIMPLE = replace(LISTED, fapi=False, key_set=None)


def document(**changes: Any) -> bytes:
    """A good document, with changes; what is None is left out."""
    good = {
        "issuer": PROVIDER,
        "authorization_endpoint": f"{PROVIDER}/authorize",
        "token_endpoint": f"{PROVIDER}/token",
        "pushed_authorization_request_endpoint": f"{PROVIDER}/par",
        "userinfo_endpoint": f"{PROVIDER}/userinfo",
        "end_session_endpoint": f"{PROVIDER}/logout",
        "jwks_uri": f"{PROVIDER}/jwks",
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    }
    return json.dumps({name: value for name, value in {**good, **changes}.items() if value is not None}).encode()


def narrowed_to(octets: bytes, listed: ListedProvider = LISTED) -> ProviderEndpoints:
    return narrowed(octets, listed)


def fault(octets: bytes, listed: ListedProvider = LISTED) -> UpstreamFault:
    with pytest.raises(UpstreamError) as caught:
        narrowed(octets, listed)
    return caught.value.fault


FAULTS = {
    "DiscoveryIssuerMismatch": ({"issuer": "https://login.vn.example"}, UpstreamFault.DISCOVERY_ISSUER),
    "issuer with a slash": ({"issuer": f"{PROVIDER}/"}, UpstreamFault.DISCOVERY_ISSUER),
    "no issuer": ({"issuer": None}, UpstreamFault.DISCOVERY_ISSUER),
    "another key set": ({"jwks_uri": f"{PROVIDER}/other"}, UpstreamFault.DISCOVERY_WIDENED),
    "no key set": ({"jwks_uri": None}, UpstreamFault.DISCOVERY_WIDENED),
    "token endpoint elsewhere": ({"token_endpoint": "https://evil.example/token"}, UpstreamFault.DISCOVERY_WIDENED),
    "userinfo elsewhere": ({"userinfo_endpoint": "https://evil.example/"}, UpstreamFault.DISCOVERY_WIDENED),
    "endpoint at another port": ({"token_endpoint": f"{PROVIDER}:8443/token"}, UpstreamFault.DISCOVERY_WIDENED),
    "endpoint under plain http": ({"token_endpoint": "http://login.th.example/"}, UpstreamFault.DISCOVERY_MALFORMED),
    "endpoint inside": ({"token_endpoint": "https://127.0.0.1/token"}, UpstreamFault.DISCOVERY_MALFORMED),
    "endpoint with a user": ({"token_endpoint": "https://a@login.th.example/"}, UpstreamFault.DISCOVERY_MALFORMED),
    "endpoint of no text": ({"token_endpoint": 1}, UpstreamFault.DISCOVERY_MALFORMED),
    "no token endpoint": ({"token_endpoint": None}, UpstreamFault.DISCOVERY_UNUSABLE),
    "no authorization endpoint": ({"authorization_endpoint": None}, UpstreamFault.DISCOVERY_UNUSABLE),
    "no PAR at FAPI": ({"pushed_authorization_request_endpoint": None}, UpstreamFault.DISCOVERY_UNUSABLE),
    "no code flow": ({"response_types_supported": ["id_token"]}, UpstreamFault.DISCOVERY_UNUSABLE),
    "no response types": ({"response_types_supported": None}, UpstreamFault.DISCOVERY_UNUSABLE),
    "plain PKCE only": ({"code_challenge_methods_supported": ["plain"]}, UpstreamFault.DISCOVERY_UNUSABLE),
    "no PKCE at FAPI": ({"code_challenge_methods_supported": None}, UpstreamFault.DISCOVERY_UNUSABLE),
    "no algorithm in common": ({"id_token_signing_alg_values_supported": ["RS256"]}, UpstreamFault.DISCOVERY_UNUSABLE),
    "no algorithms": ({"id_token_signing_alg_values_supported": None}, UpstreamFault.DISCOVERY_UNUSABLE),
    "algorithms of no texts": ({"id_token_signing_alg_values_supported": [1]}, UpstreamFault.DISCOVERY_MALFORMED),
    "algorithms of no array": ({"id_token_signing_alg_values_supported": "ES256"}, UpstreamFault.DISCOVERY_MALFORMED),
    "a promise of no truth": (
        {"authorization_response_iss_parameter_supported": "yes"},
        UpstreamFault.DISCOVERY_MALFORMED,
    ),
}


@pytest.mark.parametrize(("changes", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_document_that_widens_what_is_listed_or_leaves_nothing_is_refused(
    changes: dict[str, Any], expected: str
) -> None:
    assert fault(document(**changes)) == expected


@pytest.mark.parametrize("octets", [b"", b"[]", b'{"issuer":"a","issuer":"b"}', b"\xff", b" " * 70_000])
def test_a_document_that_is_no_strict_json_is_refused(octets: bytes) -> None:
    assert fault(octets) is UpstreamFault.DISCOVERY_MALFORMED


@pytest.mark.parametrize("changes", [{"algorithms": frozenset()}, {"hosts": frozenset()}])
def test_a_provider_of_which_nothing_is_listed_is_none(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at least"):
        replace(LISTED, **changes)


def test_of_the_algorithms_those_count_that_are_listed_and_offered() -> None:
    assert narrowed_to(document()).algorithms == {"ES256"}
    assert narrowed_to(document(id_token_signing_alg_values_supported=["Ed25519"])).algorithms == {"EdDSA"}


def test_a_provider_of_fapi_names_itself_whatever_its_document_says_and_another_if_it_promises() -> None:
    promise = document(authorization_response_iss_parameter_supported=True)

    assert narrowed_to(document()).names_issuer
    assert not narrowed_to(document(), SIMPLE).names_issuer
    assert narrowed_to(promise, SIMPLE).names_issuer


def test_a_simple_provider_may_lack_what_only_fapi_needs() -> None:
    bare = document(
        pushed_authorization_request_endpoint=None,
        code_challenge_methods_supported=None,
        userinfo_endpoint=None,
        end_session_endpoint=None,
        jwks_uri=None,
    )
    found = narrowed_to(bare, SIMPLE)

    assert (found.pushed, found.userinfo, found.logout) == (None, None, None)
    assert found.token == f"{PROVIDER}/token"
    assert fault(document(code_challenge_methods_supported=["plain"]), SIMPLE) is UpstreamFault.DISCOVERY_UNUSABLE


def test_another_host_counts_where_it_is_listed_and_loopback_in_the_sandbox() -> None:
    apart = replace(LISTED, hosts=LISTED.hosts | {"api.th.example:8443"})
    local = replace(SIMPLE, environment=Environment.SANDBOX, hosts=LISTED.hosts | {"127.0.0.1:4001"})

    assert narrowed_to(document(token_endpoint="https://api.th.example:8443/t"), apart).token.endswith(":8443/t")
    assert narrowed_to(document(token_endpoint="http://127.0.0.1:4001/token"), local).token.startswith("http://127")


def test_the_document_is_at_the_well_known_place_of_the_issuer() -> None:
    assert discovery_address(LISTED) == f"{PROVIDER}/.well-known/openid-configuration"
    assert discovery_address(replace(LISTED, issuer=f"{PROVIDER}/")) == f"{PROVIDER}/.well-known/openid-configuration"


@given(
    st.dictionaries(
        st.sampled_from(sorted(json.loads(document()))),
        st.none() | st.booleans() | st.text(max_size=30) | st.lists(st.text(max_size=6), max_size=2),
        max_size=4,
    )
)
def test_no_document_leads_anywhere_but_to_the_listed_hosts(changes: dict[str, Any]) -> None:
    try:
        found = narrowed(json.dumps({**json.loads(document()), **changes}).encode(), SIMPLE)
    except UpstreamError:
        return

    for address in (found.authorization, found.token, found.pushed, found.userinfo, found.logout):
        assert address is None or address.startswith((f"{PROVIDER}/", f"{PROVIDER}?")) or address == PROVIDER


def test_a_document_may_be_as_long_as_it_may_be() -> None:
    padded = document(x="x" * (LIMITS.upstream_response_bytes - len(document()) - 10))

    assert len(padded) <= LIMITS.upstream_response_bytes
    assert narrowed_to(padded).token == f"{PROVIDER}/token"
