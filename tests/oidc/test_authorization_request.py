"""The authorization request: what is not in order is refused, as JSON and never as a redirect.

The modules of the OpenID conformance suite stand in the ids and docstrings.
"""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.limits import LIMITS
from idbridge.model.credential import OneTimeValue
from idbridge.model.region import AssuranceLevel
from idbridge.oidc.authorization_request import (
    KEPT,
    AuthorizationRequest,
    read_kept_request,
    read_plain_request,
    read_pushed_request,
)
from idbridge.oidc.client import CLIENT_CREDENTIALS, OidcClient
from idbridge.oidc.dpop import DpopProof
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from tests.oidc.kit import CALLBACK, NOON, client, outcome, plain_client, refused
from tests.oidc.test_pkce import CHALLENGE

PURPOSES = frozenset({"account-opening"})
PROOF = DpopProof("j" * 43, OneTimeValue(bytes(32), NOON))


def values(**changes: Any) -> dict[str, str]:
    """The parameters of a good request, with changes; what is None is left out."""
    good = {
        "client_id": "bank.sg",
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "state": "a state",
        "nonce": "a nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "purpose": "account-opening",
        "purpose_text": "To open your account",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def parameters(**changes: Any) -> Parameters:
    return Parameters.of({name: [value] for name, value in values(**changes).items()})


def pushed(
    registered: OidcClient | None = None, proof: DpopProof | None = None, **changes: Any
) -> AuthorizationRequest:
    return read_pushed_request(parameters(**changes), client=registered or client(), purposes=PURPOSES, proof=proof)


def plain(registered: OidcClient | None = None, **changes: Any) -> AuthorizationRequest:
    return read_plain_request(parameters(**changes), client=registered or plain_client(), purposes=PURPOSES)


def test_a_request_is_kept_whole_or_not_at_all() -> None:
    room = LIMITS.authorization_request_bytes - sum(len(value) for value in values(scope="").values())
    long = "openid " + "x" * (room - len("openid "))
    assert pushed(scope=long).parameters["scope"] == long

    found = refused(pushed, scope=long + "x")
    assert (found.error, found.code) == ("invalid_request", "input.too_large")


def test_the_length_that_counts_is_also_that_of_the_json_that_is_kept() -> None:
    """A tab is one octet of a request and two of what is kept of it, and a character of Thai is three and six."""
    claims = '{"userinfo":{}}'
    room = LIMITS.kept_request_bytes - len(json.dumps(values(claims=claims)))
    long = claims + "\t" * (room // 2) + " " * (room % 2)
    assert len(json.dumps(dict(pushed(claims=long).parameters))) == LIMITS.kept_request_bytes

    found = refused(pushed, claims=long + " ")
    assert (found.error, found.code) == ("invalid_request", "input.too_large")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "PAREnsurePKCERequired": ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    "PAREnsurePlainPKCERejected": ({"code_challenge_method": "plain"}, "invalid_request"),
    "PKCE method of nobody": ({"code_challenge_method": None}, "invalid_request"),
    "PARRejectRequestUriInParAuthorizationFormParams": (
        {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
        "invalid_request",
    ),
    "request object": ({"request": "e30.e30."}, "request_not_supported"),
    "ResponseTypeTokenFails": ({"response_type": "token"}, "unsupported_response_type"),
    "ResponseTypeCodeIdTokenFails": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "ResponseTypeNone": ({"response_type": "none"}, "unsupported_response_type"),
    "OIDCCResponseTypeMissing": ({"response_type": None}, "invalid_request"),
    "another client": ({"client_id": "other"}, "invalid_request"),
    "no client": ({"client_id": None}, "invalid_request"),
    "no redirect URI": ({"redirect_uri": None}, "invalid_request"),
    "OIDCCEnsureRegisteredRedirectUri": ({"redirect_uri": "https://evil.example/callback"}, "invalid_request"),
    "OIDCCRedirectUriQueryAdded": ({"redirect_uri": f"{CALLBACK}?a=b"}, "invalid_request"),
    "redirect URI with a path behind it": ({"redirect_uri": f"{CALLBACK}/x"}, "invalid_request"),
    "redirect URI in capitals": ({"redirect_uri": CALLBACK.upper()}, "invalid_request"),
    "redirect URI with its port": ({"redirect_uri": CALLBACK.replace("example", "example:443")}, "invalid_request"),
    "no scope": ({"scope": None}, "invalid_scope"),
    "scope without openid": ({"scope": "profile"}, "invalid_scope"),
    "scope with a quotation mark": ({"scope": 'openid "a"'}, "invalid_request"),
    "scope with a backslash": ({"scope": "openid \\"}, "invalid_request"),
    **{
        f"{name} with {ord(character):#x}": ({name: f"{good} {character}"}, "invalid_request")
        for name, good in {"scope": "openid", "prompt": "login", "acr_values": "x", "ui_locales": "en"}.items()
        for character in "\x01\n\x1f\x7f\u00e9\u2003"
    },
    "state too long": ({"state": "s" * (LIMITS.opaque_characters + 1)}, "invalid_request"),
    "state not ASCII": ({"state": "é"}, "invalid_request"),
    "nonce too long": ({"nonce": "n" * (LIMITS.opaque_characters + 1)}, "invalid_request"),
    "nonce with a line break": ({"nonce": "n\n"}, "invalid_request"),
    "response mode of fragments": ({"response_mode": "fragment"}, "invalid_request"),
    "response mode of JARM": ({"response_mode": "jwt"}, "invalid_request"),
    "no purpose": ({"purpose": None}, "invalid_request"),
    "purpose of another": ({"purpose": "health"}, "invalid_request"),
    "AustraliaConnectIdValidatePurpose: none": ({"purpose_text": None}, "invalid_request"),
    "AustraliaConnectIdValidatePurpose: too short": ({"purpose_text": "ab"}, "invalid_request"),
    "AustraliaConnectIdValidatePurpose: blanks": ({"purpose_text": "a      "}, "invalid_request"),
    "AustraliaConnectIdEnsureInvalidPurposeFails": ({"purpose_text": "a" * 301}, "invalid_request"),
    "purpose of nothing to see": ({"purpose_text": "\u200b\u200b\u200b"}, "invalid_request"),
    "purpose with a line break": ({"purpose_text": "To open\nyour account"}, "invalid_request"),
    "purpose that turns the line": ({"purpose_text": "To open \u202etnuocca ruoy"}, "invalid_request"),
    "prompt of nobody": ({"prompt": "create"}, "invalid_request"),
    "prompt none and another": ({"prompt": "none login"}, "invalid_request"),
    "max_age negative": ({"max_age": "-1"}, "invalid_request"),
    "max_age no number": ({"max_age": "1e3"}, "invalid_request"),
    "max_age of other digits": ({"max_age": "٣"}, "invalid_request"),
    "max_age too long": ({"max_age": str(int(LIMITS.login_age.total_seconds()) + 1)}, "invalid_request"),
    "dpop_jkt of another form": ({"dpop_jkt": "j" * 42}, "invalid_request"),
    "claims no JSON": ({"claims": "{"}, "invalid_request"),
    "claims twice": ({"claims": '{"userinfo":{},"userinfo":{}}'}, "invalid_request"),
}


@pytest.mark.parametrize(("changes", "error"), REFUSED.values(), ids=REFUSED.keys())
def test_a_request_that_is_not_in_order_is_refused_as_json(changes: dict[str, Any], error: str) -> None:
    found = refused(pushed, **changes)

    assert (found.error, found.status) == (error, 400)
    assert "Location" not in found.headers


def test_ensure_unsigned_authorization_request_without_using_par_fails() -> None:
    """EnsureUnsignedAuthorizationRequestWithoutUsingParFails."""
    assert refused(plain, client()).error == "invalid_request"


@pytest.mark.parametrize("changes", [one[0] for one in REFUSED.values()], ids=REFUSED.keys())
def test_what_a_browser_brings_is_judged_by_the_same_rules(changes: dict[str, Any]) -> None:
    assert refused(plain, **changes).status == 400


def test_a_browser_cannot_name_a_request_that_we_would_have_to_fetch() -> None:
    assert refused(plain, request_uri="https://evil.example/request").error == "request_uri_not_supported"


@pytest.mark.parametrize(
    "registered",
    [client(enabled=False), client(grants=frozenset({CLIENT_CREDENTIALS}), redirect_uris=())],
    ids=["switched off", "without the grant"],
)
def test_a_client_that_may_not_ask_for_a_code_gets_none(registered: OidcClient) -> None:
    assert refused(pushed, registered).error == "unauthorized_client"


def test_an_unregistered_purpose_has_its_own_reason() -> None:
    assert refused(pushed, purpose="health").code == "policy.purpose_not_registered"


def test_mismatched_dpop_jkt_fails() -> None:
    """MismatchedDpopJktFails."""
    found = refused(pushed, None, PROOF, dpop_jkt="k" * 43)

    assert found.error == "invalid_dpop_proof"


def test_dpop_auth_code_binding_success() -> None:
    """DpopAuthCodeBindingSuccess: a code is bound to the named key or that of the proof, and what is kept says so."""
    assert pushed(dpop_jkt="k" * 43).dpop_jkt == "k" * 43
    assert pushed(None, PROOF).dpop_jkt == "j" * 43
    assert pushed(None, PROOF).parameters["dpop_jkt"] == "j" * 43


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"state": "s" * 384}, id="LongState"),
        pytest.param({"nonce": "n" * 64}, id="64CharNonceSuccess"),
        pytest.param({"nonce": "n" * 384}, id="LongNonce"),
        pytest.param({"state": None}, id="EnsureAuthorizationRequestWithoutStateSuccess"),
        pytest.param({"nonce": None}, id="EnsureAuthorizationRequestWithoutNonceSuccess"),
        pytest.param({"acr_values": "urn:idbridge:loa:A2"}, id="OIDCCEnsureRequestWithAcrValuesSucceeds"),
        pytest.param({"acr_values": "1 2 unknown"}, id="acr values of nobody"),
        pytest.param({"extra": "foobar"}, id="OIDCCEnsureRequestWithUnknownParameterSucceeds"),
        pytest.param({"display": "page"}, id="OIDCCDisplayPage"),
        pytest.param({"ui_locales": "th-TH en x"}, id="OIDCCUiLocales"),
        pytest.param({"claims_locales": "se"}, id="OIDCCClaimsLocales"),
        pytest.param({"login_hint": "somebody@mail.example"}, id="OIDCCLoginHint"),
        pytest.param({"prompt": "login"}, id="OIDCCPromptLogin"),
        pytest.param({"prompt": "none"}, id="OIDCCPromptNoneNotLoggedIn"),
        pytest.param({"max_age": "1"}, id="OIDCCMaxAge1"),
        pytest.param({"max_age": "10000"}, id="OIDCCMaxAge10000"),
        pytest.param({"scope": "profile openid email"}, id="OIDCCEnsureOtherScopeOrderSucceeds"),
        pytest.param({"response_mode": "form_post"}, id="OIDCCFormPost"),
        pytest.param({"purpose_text": "ab\u200cc"}, id="a purpose in a script that joins"),
        pytest.param({"purpose_text": "a" * 300}, id="the longest purpose"),
    ],
)
def test_what_a_client_may_ask_is_accepted_by_both_ways(changes: dict[str, Any]) -> None:
    assert pushed(**changes).redirect_uri == CALLBACK
    assert plain(**changes).scope == {"openid"}


def test_a_request_says_what_was_asked() -> None:
    claims = {"id_token": {"acr": {"essential": True, "value": "urn:idbridge:loa:A2"}}}
    found = pushed(claims=json.dumps(claims), ui_locales="th en-SG !", prompt="login consent", max_age="60")

    assert (found.state, found.nonce, found.purpose) == ("a state", "a nonce", "account-opening")
    assert found.ui_locales == ("th", "en-SG")
    assert found.prompt == {"login", "consent"}
    assert found.max_age == timedelta(minutes=1)
    assert found.levels.minimum is AssuranceLevel.A2


def test_nothing_that_names_a_person_is_kept_and_nothing_of_the_request_is_in_a_repr() -> None:
    found = pushed(login_hint="canary", id_token_hint="canary", state="canary", nonce="canary", purpose_text="canary")

    assert found.parameters.keys() <= KEPT
    assert "login_hint" not in found.parameters
    assert "canary" not in repr(found)


def test_what_was_kept_is_read_again_and_held_against_the_registration_of_today() -> None:
    first = pushed(None, PROOF, login_hint="somebody")
    narrowed = client(redirect_uris=("https://bank.sg.example/other",))

    assert read_kept_request(first.parameters, client=client(), purposes=PURPOSES) == first
    assert refused(read_kept_request, first.parameters, client=narrowed, purposes=PURPOSES).error == "invalid_request"
    assert refused(read_kept_request, first.parameters, client=client(), purposes=frozenset()).code == (
        "policy.purpose_not_registered"
    )


@given(st.dictionaries(st.sampled_from(sorted(KEPT | {"request", "request_uri"})), st.text(max_size=20), max_size=6))
def test_no_parameter_makes_the_reader_stumble(changes: dict[str, str]) -> None:
    given_values = Parameters.of({name: [value.replace("\0", "")] for name, value in {**values(), **changes}.items()})
    found = outcome(read_pushed_request, given_values, client=client(), purposes=PURPOSES)

    assert isinstance(found, OAuthError | AuthorizationRequest)
