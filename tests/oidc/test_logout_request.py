"""RP-initiated logout: the eleven modules of the OpenID conformance suite, each under its name.

The first, OIDCCRpInitiatedLogoutDiscoveryEndpointVerification, stands with the discovery document.
"""

import json
from datetime import timedelta
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.limits import LIMITS
from idbridge.oidc.client import OidcClient
from idbridge.oidc.logout_request import LogoutRequest, read_logout_hint, read_logout_request
from idbridge.oidc.parameters import Parameters
from tests.oidc.kit import ISSUER, NOON, NOW, client, refused
from tests.oidc.kit import KEY as CLIENT_KEY

AFTER = "https://bank.sg.example/goodbye"
OURS = generate("ES256", kid="node-1")
OLD = generate("ES256", kid="node-0")
KEYS = tuple(parse_jwk(key.public_jwk) for key in (OLD, OURS))
REGISTERED = client(post_logout_redirect_uris=(AFTER,))


def id_token(*, key: FileSigner = OURS, header: dict[str, Any] | None = None, **changes: Any) -> str:
    claims = {
        "iss": ISSUER,
        "sub": "pairwise",
        "aud": "bank.sg",
        "iat": NOW - 60,
        "exp": NOW + 60,
        "sid": "s",
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return sign_compact({"typ": "JWT", **(header or {})}, json.dumps(claims).encode(), key)


def logout(registered: OidcClient | None = REGISTERED, **values: str) -> LogoutRequest:
    parameters = Parameters.of({name: [value] for name, value in values.items()})
    hint = read_logout_hint(parameters, issuer=ISSUER, keys=KEYS, at=NOON)
    return read_logout_request(parameters, hint=hint, client=None if hint is None else registered)


def test_oidcc_rp_initiated_logout_bad_id_token_hint() -> None:
    """OIDCCRpInitiatedLogoutBadIdTokenHint: signed by the client's own key, or no token at all."""
    for hint in (id_token(key=CLIENT_KEY), id_token(key=generate("ES256", kid="node-1")), "x", "a.b.c"):
        found = refused(logout, id_token_hint=hint, post_logout_redirect_uri=AFTER, state="x")
        assert (found.error, found.status) == ("invalid_request", 400)


def test_oidcc_rp_initiated_logout_modified_id_token_hint() -> None:
    """OIDCCRpInitiatedLogoutModifiedIdTokenHint: changed to `alg` none, or in its claims."""
    header, payload, signature = id_token().split(".")
    unsigned = base64url.encode(b'{"alg":"none"}')
    other = id_token(sub="other").split(".")[1]

    for hint in (f"{unsigned}.{payload}.", f"{unsigned}.{payload}.{signature}", f"{header}.{other}.{signature}"):
        found = refused(logout, id_token_hint=hint, post_logout_redirect_uri=AFTER)
        assert found.code in {"jose.alg_none", "jose.signature_invalid"}


NO_HINTS = {
    "another issuer": (id_token(iss="https://other.example"), "issuer.unknown"),
    "made in the future": (id_token(iat=NOW + 61), "time.issued_in_future"),
    "several audiences": (id_token(aud=["bank.sg", "other"]), "oidc.claim_malformed"),
    "no subject": (id_token(sub=""), "oidc.claim_malformed"),
    "a session of no text": (id_token(sid=1), "oidc.claim_malformed"),
    "a logout token": (id_token(events={}), "oidc.token_confusion"),
    "an assertion": (id_token(header={"typ": "idbridge-assertion+jwt"}), "jose.typ_mismatch"),
    "an access token": (id_token(header={"typ": "at+jwt"}), "jose.typ_mismatch"),
}


@pytest.mark.parametrize(("hint", "code"), NO_HINTS.values(), ids=NO_HINTS.keys())
def test_another_token_of_ours_is_no_hint(hint: str, code: str) -> None:
    assert refused(logout, id_token_hint=hint).code == code


def test_oidcc_rp_initiated_logout_no_id_token_hint() -> None:
    """OIDCCRpInitiatedLogoutNoIdTokenHint: the person is asked, and the browser stays here, registered or not."""
    for address in (AFTER, "https://evil.example"):
        found = logout(post_logout_redirect_uri=address, state="x", client_id="bank.sg")
        assert found == LogoutRequest(None, None, None)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("https://evil.example/goodbye", id="OIDCCRpInitiatedLogoutBadLogoutRedirectUri"),
        pytest.param(f"{AFTER}?a=b", id="OIDCCRpInitiatedLogoutQueryAddedToLogoutRedirectUri"),
        pytest.param(f"{AFTER}/", id="a slash behind it"),
        pytest.param("https://bank.sg.example/callback", id="a redirect URI of logins"),
        pytest.param("javascript:alert(1)", id="a script"),
    ],
)
def test_an_address_that_is_not_registered_for_logouts_is_gone_to_by_nobody(address: str) -> None:
    found = refused(logout, id_token_hint=id_token(), post_logout_redirect_uri=address)

    assert (found.error, found.status) == ("invalid_request", 400)


def test_oidcc_rp_initiated_logout_no_params() -> None:
    """OIDCCRpInitiatedLogoutNoParams."""
    assert logout() == LogoutRequest(None, None, None)


def test_oidcc_rp_initiated_logout_only_state() -> None:
    """OIDCCRpInitiatedLogoutOnlyState."""
    assert logout(state="x") == LogoutRequest(None, None, None)


@pytest.mark.parametrize("address", [AFTER, "https://evil.example"])
def test_a_token_of_ours_that_names_no_session_shows_nobody(address: str) -> None:
    """A userinfo response is signed by us too, and so is an ID token that was exchanged: neither is of a login here."""
    without = id_token(sid=None)

    assert logout(id_token_hint=without, post_logout_redirect_uri=address, state="x") == LogoutRequest(None, None, None)


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri() -> None:
    """OIDCCRpInitiatedLogoutNoPostLogoutRedirectUri."""
    found = logout(id_token_hint=id_token(), state="x")

    assert found.hint is not None
    assert (found.redirect_uri, found.state) == (None, None)


def test_oidcc_rp_initiated_logout_no_state() -> None:
    """OIDCCRpInitiatedLogoutNoState."""
    found = logout(id_token_hint=id_token(), post_logout_redirect_uri=AFTER)

    assert (found.redirect_uri, found.state) == (AFTER, None)


def test_oidcc_rp_initiated_logout() -> None:
    """OIDCCRpInitiatedLogout."""
    found = logout(id_token_hint=id_token(), post_logout_redirect_uri=AFTER, state="x", client_id="bank.sg")

    assert (found.redirect_uri, found.state) == (AFTER, "x")
    assert found.hint is not None
    assert (found.hint.client_id, found.hint.session) == ("bank.sg", "s")
    assert "session" not in repr(found)


def test_another_client_than_that_of_the_token_is_refused() -> None:
    assert refused(logout, id_token_hint=id_token(), client_id="other").error == "invalid_request"
    assert refused(logout, None, id_token_hint=id_token()).error == "invalid_request"
    assert refused(logout, client(id="other"), id_token_hint=id_token()).error == "invalid_request"


def test_a_state_that_is_too_long_is_refused() -> None:
    long = "s" * (LIMITS.opaque_characters + 1)
    found = refused(logout, id_token_hint=id_token(), post_logout_redirect_uri=AFTER, state=long)

    assert found.error == "invalid_request"


def test_a_token_that_expired_or_was_signed_by_a_key_that_we_used_before_is_a_hint() -> None:
    long_ago = int((NOON - timedelta(days=30)).timestamp())

    assert logout(id_token_hint=id_token(iat=long_ago, exp=long_ago + 60)).hint is not None
    assert logout(id_token_hint=id_token(key=OLD)).hint is not None
