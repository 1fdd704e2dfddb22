"""What the tests of this folder share: two clients, their keys, an instant and a way to sign what a client signs."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import FileSigner, generate
from idbridge.oidc.client import OidcClient, Profile
from idbridge.oidc.errors import OAuthError

NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOW: Final = int(NOON.timestamp())
ISSUER: Final = "https://node.sg.example"
CALLBACK: Final = "https://bank.sg.example/callback"
KEY: Final = generate("ES256", kid="bank-1")
ENCRYPTION: Final = {**generate("ES256").public_jwk, "use": "enc", "kid": "bank-enc-1", "alg": "ECDH-ES+A256KW"}


def client(**changes: Any) -> OidcClient:
    """A client of FAPI 2.0 with one key."""
    members: dict[str, Any] = {
        "id": "bank.sg",
        "relying_party": "bank-sg",
        "profile": Profile.FAPI2,
        "redirect_uris": (CALLBACK,),
        "sector": "finance",
        "jwks": (KEY.public_jwk,),
    }
    return OidcClient(**{**members, **changes})


def plain_client(**changes: Any) -> OidcClient:
    """A client of the profile `oidc-code`, with a secret."""
    return client(**{"profile": Profile.OIDC_CODE, "jwks": (), "secret_digest": "0" * 64, **changes})


def signed(claims: Mapping[str, Any] | bytes, *, key: FileSigner = KEY, **header: Any) -> str:
    """What a client signs, with changes to its header."""
    payload = claims if isinstance(claims, bytes) else json.dumps(dict(claims)).encode()
    return sign_compact(header, payload, key)


def outcome(call: Any, *arguments: Any, **named: Any) -> Any:
    """What a call returns, or the refusal that it ends in; any other exception is a fault."""
    try:
        return call(*arguments, **named)
    except OAuthError as refusal:
        return refusal


def refused(call: Any, *arguments: Any, **named: Any) -> OAuthError:
    """The refusal that a call ends in."""
    with pytest.raises(OAuthError) as caught:
        call(*arguments, **named)
    return caught.value
