"""Whatever one character of a presentation is changed to, nobody is ever told other claims than were signed."""

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.errors import Refusal
from idbridge.model.check import Refused
from idbridge.model.credential import VerifiedCredential
from tests.credential.kit import bound, code, id_token, sd_jwt, verify

TOKEN = id_token()
PRESENTATION = bound(sd_jwt(nationalities=["TH"]))
ALPHABET = string.ascii_letters + string.digits + "-_.~=+/ "


def told(credential: VerifiedCredential) -> Any:
    """Everything of a credential that anybody downstream could act on."""
    return (
        credential.subject,
        dict(credential.claims),
        credential.name,
        credential.mandate,
        credential.level,
        credential.holder,
        credential.issued_at,
        credential.expires_at,
        credential.status_reference,
        credential.one_time,
    )


MEANT = {text: told(verify(text)) for text in (TOKEN, PRESENTATION)}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([TOKEN, PRESENTATION]), st.data())
def test_one_changed_character_never_changes_what_is_told(text: str, data: Any) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.sampled_from(ALPHABET)) + text[place + 1 :]
    try:
        credential = verify(changed)
    except (Refusal, Refused):
        return

    assert told(credential) == MEANT[text]
    assert changed == text  # an ES256 signature and every digest cover all there is


@pytest.mark.parametrize("text", [TOKEN, PRESENTATION])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_end_and_no_part_can_be_cut_away(text: str, data: Any) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, len(text)))
    cut = text[:start] + text[end:]
    if cut == text:
        return

    with pytest.raises((Refusal, Refused)):
        verify(cut)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["_sd", "...", "jwk", "EC", "P-256", "sha-256"]),
    lambda child: (
        st.lists(child, max_size=3)
        | st.dictionaries(st.sampled_from(["_sd", "...", "jwk", "kty", "crv", "x", "y", "entity", "scope", "a"]), child)
    ),
    max_leaves=6,
)
CLAIMS = ["iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "azp", "acr", "amr", "auth_time", "at_hash", "status"]
CLAIMS += ["typ", "represents", "birthdate", "nationality", "address", "given_name", "given_name_en"]
CREDENTIAL_CLAIMS = [*CLAIMS, "vct", "cnf", "aka_vcts", "vct#integrity", "_sd", "_sd_alg", "...", "other"]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(CLAIMS), JSON, min_size=1, max_size=3))
def test_whatever_a_listed_provider_signs_is_accepted_or_refused_and_nothing_else(claims: dict[str, Any]) -> None:
    refused = code(id_token(**claims))

    assert refused is None or "." in refused


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(CREDENTIAL_CLAIMS), JSON, min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(["iat", "aud", "nonce", "sd_hash", "exp", "nbf"]), JSON, max_size=2),
)
def test_whatever_an_issuer_and_a_wallet_sign_is_accepted_or_refused_and_nothing_else(
    claims: dict[str, Any], binding: dict[str, Any]
) -> None:
    refused = code(bound(sd_jwt(hidden={"sex": "x"}, **claims), **binding))

    assert refused is None or "." in refused
