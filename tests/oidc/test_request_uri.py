"""Pushed requests by name, and what goes back to the client's redirect URI."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from idbridge.oidc.authorization_response import code_response, error_response, response_location
from idbridge.oidc.errors import OAuthError, OAuthErrorCode
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.request_uri import PREFIX, read_named_request, request_uri_of, require_bound
from tests.oidc.kit import CALLBACK, ISSUER, refused
from tests.oidc.test_authorization_request import pushed

HANDLE = "h" * 43


def named(**values: str) -> Parameters:
    return Parameters.of({name: [value] for name, value in values.items()})


@pytest.mark.parametrize("values", [{}, {"client_id": "bank.sg"}, {"request_uri": PREFIX + HANDLE}])
def test_a_browser_that_brings_no_pushed_request_is_refused(values: dict[str, str]) -> None:
    """EnsureUnsignedAuthorizationRequestWithoutUsingParFails."""
    assert refused(read_named_request, named(**values)).error == "invalid_request"


@pytest.mark.parametrize(
    "request_uri",
    ["https://evil.example/request", HANDLE, PREFIX, PREFIX + "h" * 42, PREFIX + "h" * 44, PREFIX + "é" * 43],
)
def test_a_name_that_we_never_gave_is_refused(request_uri: str) -> None:
    found = refused(read_named_request, named(client_id="bank.sg", request_uri=request_uri))

    assert found.error == "invalid_request_uri"


def test_par_ensure_request_uri_is_bound_to_client() -> None:
    """PAREnsureRequestUriIsBoundToClient: with the answer that one that is unknown gets."""
    found = read_named_request(named(client_id="other", request_uri=PREFIX + HANDLE))

    refusal = refused(require_bound, found, pushed_by="bank.sg")
    assert refusal.error == "invalid_request_uri"
    assert refusal.description == refused(read_named_request, named(client_id="a", request_uri="x")).description


def test_a_name_that_we_gave_is_read_and_parameters_beside_it_are_not() -> None:
    found = read_named_request(named(client_id="bank.sg", request_uri=request_uri_of(HANDLE), scope="other"))

    require_bound(found, pushed_by="bank.sg")
    assert found.handle == HANDLE
    assert HANDLE not in repr(found)


@pytest.mark.parametrize("handle", ["", "h" * 42, "h" * 43 + "\n", "h/" * 21 + "h"])
def test_a_handle_of_another_form_names_nothing(handle: str) -> None:
    with pytest.raises(ValueError, match="256 bits"):
        request_uri_of(handle)


@pytest.mark.parametrize(
    "error",
    ["invalid_client", "invalid_grant", "invalid_dpop_proof", "use_dpop_nonce", "invalid_token", "invalid_target"],
)
def test_what_is_wrong_with_a_client_never_travels_through_a_browser(error: str) -> None:
    with pytest.raises(ValueError, match="no browser"):
        error_response(OAuthError(error, "a sentence"), state=None, issuer=ISSUER)


def test_user_rejects_authentication() -> None:
    """UserRejectsAuthentication: the answer is access_denied, and names its issuer like every other (RFC 9207)."""
    answer = error_response(OAuthError("access_denied", "the person said no"), state="a&b=c", issuer=ISSUER)

    assert dict(answer) == {
        "error": OAuthErrorCode.ACCESS_DENIED.value,
        "error_description": "the person said no",
        "iss": ISSUER,
        "state": "a&b=c",
    }


def test_a_code_goes_back_with_state_and_issuer_and_with_nothing_else() -> None:
    answer = code_response(pushed(), code="c", issuer=ISSUER)

    assert dict(answer) == {"code": "c", "iss": ISSUER, "state": "a state"}
    assert dict(code_response(pushed(state=None), code="c", issuer=ISSUER)) == {"code": "c", "iss": ISSUER}


@pytest.mark.parametrize("redirect_uri", [CALLBACK, f"{CALLBACK}?a=b", f"{CALLBACK}?"])
def test_a_redirect_uri_keeps_the_query_that_it_has(redirect_uri: str) -> None:
    location = response_location(redirect_uri, {"code": "c", "state": "x y&z\r\n"})
    parts = urlsplit(location)

    assert location.startswith(redirect_uri)
    assert dict(parse_qsl(parts.query, keep_blank_values=True)).items() >= {"code": "c", "state": "x y&z\r\n"}.items()
    assert "\n" not in location
