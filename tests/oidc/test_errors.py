"""OAuth errors: a closed set, answered to who asked, with nothing of the request in them."""

from typing import Any

import pytest

from idbridge.oidc.errors import OAuthError, OAuthErrorCode
from idbridge.reasons import REASONS


@pytest.mark.parametrize("error", ["", "invalid", "INVALID_REQUEST", "invalid_request "])
def test_an_error_that_no_specification_names_cannot_be_raised(error: str) -> None:
    with pytest.raises(ValueError, match="OAuthErrorCode"):
        OAuthError(error, "a sentence")


@pytest.mark.parametrize("description", ["", 'a "quote"', "a\\b", "a\nb", "naïve", "a" * 201])
def test_a_description_is_of_the_characters_that_oauth_allows(description: str) -> None:
    with pytest.raises(ValueError, match="description"):
        OAuthError("invalid_request", description)


@pytest.mark.parametrize("headers", [{"DPoP-Nonce": "a\r\nSet-Cookie: x"}, {"A\n": "x"}, {"DPoP-Nonce": "é"}])
def test_no_header_field_breaks_the_head_of_the_answer(headers: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="header field"):
        OAuthError("use_dpop_nonce", "a sentence", headers=headers)


@pytest.mark.parametrize("status", [200, 302, 303, 307])
def test_an_error_is_never_a_redirect_and_never_a_success(status: int) -> None:
    with pytest.raises(ValueError, match="status"):
        OAuthError("invalid_request", "a sentence", status=status)


@pytest.mark.parametrize("error", list(OAuthErrorCode))
def test_each_error_is_answered_as_json_with_a_status_and_has_a_reason(error: OAuthErrorCode) -> None:
    refusal = OAuthError(error, "a sentence")

    assert refusal.document() == {"error": str(error), "error_description": "a sentence"}
    assert 400 <= refusal.status <= 503
    assert refusal.code in REASONS
    assert refusal.reason.code == refusal.code


def test_a_sharper_cause_is_the_reason_and_one_that_is_not_in_the_catalogue_is_a_mistake() -> None:
    assert OAuthError("invalid_client", "a sentence", cause="time.expired").code == "time.expired"
    with pytest.raises(LookupError):
        OAuthError("invalid_client", "a sentence", cause="time.never")
