"""Where a pretend provider is reached, and what it says of itself (OpenID Connect Discovery 1.0; RFC 8414).

Servers reach it under its issuer, as the list names it; only what a browser goes to may be elsewhere (``Listed``).
"""

from dataclasses import dataclass
from typing import Any, Final

from idbridge.crypto import jwe
from idbridge.oidc import dpop, pkce
from idbridge.sandbox.idp.listed import Listed, Speech

DISCOVERY: Final = "/.well-known/openid-configuration"
KEYS: Final = "/jwks"
AUTHORIZE: Final = "/authorize"
PUSH: Final = "/par"
TOKEN: Final = "/token"  # noqa: S105 - an address
USERINFO: Final = "/userinfo"
LOGOUT: Final = "/logout"
CONNECT: Final = "/connect"  # of a provider that is not standard
EXCHANGE: Final = "/api/token"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one provider."""

    listed: Listed

    def server(self, path: str) -> str:
        """Return the address that servers know; a DPoP proof names it."""
        return f"{self.listed.issuer}{path}"

    def browser(self, path: str) -> str:
        """Return the address that a browser goes to."""
        return f"{self.listed.browser}{path}"


def discovery_document(listed: Listed) -> dict[str, Any]:
    """Return the document of a provider that speaks OpenID Connect."""
    at = Endpoints(listed)
    fapi = listed.speech is Speech.FAPI
    document: dict[str, Any] = {
        "issuer": listed.issuer,
        "authorization_endpoint": at.browser(AUTHORIZE),
        "token_endpoint": at.server(TOKEN),
        "userinfo_endpoint": at.server(USERINFO),
        "end_session_endpoint": at.browser(LOGOUT),
        "jwks_uri": at.server(KEYS),
        "scopes_supported": ["openid"],
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "acr_values_supported": list(listed.levels),
        "id_token_signing_alg_values_supported": list(listed.algorithms),
        "userinfo_signing_alg_values_supported": list(listed.algorithms),
        "code_challenge_methods_supported": [pkce.METHOD],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "authorization_response_iss_parameter_supported": fapi,
        "token_endpoint_auth_methods_supported": _methods(fapi=fapi),
        "token_endpoint_auth_signing_alg_values_supported": list(dpop.ALGORITHMS),
    }
    if fapi:
        document |= {
            "pushed_authorization_request_endpoint": at.server(PUSH),
            "require_pushed_authorization_requests": True,
            "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        }
    if listed.encryption is not None:
        document |= {
            f"{response}_encryption_{kind}_values_supported": sorted(values)
            for response in ("id_token", "userinfo")
            for kind, values in (("alg", jwe.ALGORITHMS), ("enc", jwe.CONTENT))
        }
    return document


def _methods(*, fapi: bool) -> list[str]:
    return ["private_key_jwt"] if fapi else ["client_secret_basic", "client_secret_post", "private_key_jwt"]
