"""What a client asks of a pretend provider, and the client's right to ask it: the authorization request, judged.

As a real provider would: PKCE with S256 from everybody, the redirect URI as it is registered and in no other spelling,
nothing but the code flow. Clauses: OpenID Connect Core 1.0 section 3.1.2.1; RFC 7636; RFC 9126; RFC 9700 section 2.1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from idbridge.limits import LIMITS
from idbridge.oidc.authorization_request import require_redirect_uri
from idbridge.oidc.client import OidcClient, Profile
from idbridge.oidc.dpop import DpopProof, require_code_binding
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.pkce import require_challenge
from idbridge.sandbox.idp.listed import Listed, Speech

OPENID: Final = "openid"
_OPAQUE: Final = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be put to a person. ``level`` is the highest listed one that was asked for, if one
    was. There is no ``code_challenge`` where the provider is not standard.
    """

    client_id: str
    redirect_uri: str
    state: str | None = field(repr=False)
    nonce: str | None = field(repr=False)
    code_challenge: str | None = field(repr=False)
    dpop_jkt: str | None
    level: str | None


def require_registrable(client: OidcClient, listed: Listed) -> None:
    """Return if ``client`` can be one of the provider: FAPI 2.0 knows no secrets, sealed tokens need a key.

    Raises:
        ValueError: It cannot.
    """
    if (client.profile is Profile.FAPI2) is not (listed.speech is Speech.FAPI):
        raise ValueError(f"{listed.id} serves another profile than that of client {client.id}")
    if listed.speech is Speech.REDIRECT_TOKEN and client.authenticates_by_key:
        raise ValueError(f"{listed.id} knows clients by a secret only")
    if listed.encryption is None and client.id_token_encryption is not None:
        raise ValueError(f"{listed.id} encrypts nothing")
    if listed.encryption == "required" and None in (client.id_token_encryption, client.userinfo_encryption):
        raise ValueError(f"{listed.id} encrypts everything: client {client.id} has to say how")


def read_asked(parameters: Parameters, client: OidcClient, *, listed: Listed, proof: DpopProof | None = None) -> Asked:
    """Return the request of ``client``; ``proof`` is the DPoP proof that came with it, if one did.

    Raises:
        OAuthError: ``invalid_request``, ``invalid_scope``, ``unsupported_response_type``, ``request_not_supported``,
            ``login_required`` or ``invalid_dpop_proof``.
    """
    redirect_uri = require_redirect_uri(parameters, client)
    if parameters.text("client_id") not in (None, client.id):
        raise OAuthError("invalid_request", "client_id is not the client that asks")
    if parameters.text("request") is not None or parameters.text("request_uri") is not None:
        raise OAuthError("request_not_supported", "request objects are not served")
    if parameters.text("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type is code")
    if OPENID not in (parameters.text("scope") or "").split(" "):
        raise OAuthError("invalid_scope", "scope has openid")
    if parameters.text("prompt") == "none":
        raise OAuthError("login_required", "nobody is logged in without being asked")
    challenge = require_challenge(parameters.text("code_challenge"), parameters.text("code_challenge_method"))
    return Asked(
        client_id=client.id,
        redirect_uri=redirect_uri,
        state=opaque(parameters, "state"),
        nonce=opaque(parameters, "nonce"),
        code_challenge=challenge,
        dpop_jkt=require_code_binding(parameters.text("dpop_jkt"), proof),
        level=_level(parameters, listed),
    )


def opaque(parameters: Parameters, name: str) -> str | None:
    """Return a value that is the client's own business.

    Raises:
        OAuthError: ``invalid_request``: it is too long, or cannot be sent back.
    """
    value = parameters.text(name)
    if value is not None and (len(value) > LIMITS.opaque_characters or _OPAQUE.fullmatch(value) is None):
        raise OAuthError("invalid_request", f"{name} is too long or not printable ASCII")
    return value


def _level(parameters: Parameters, listed: Listed) -> str | None:
    wished = (parameters.text("acr_values") or "").split(" ")
    return next((level for level in reversed(listed.levels) if level in wished), None)


def told_state(parameters: Parameters) -> str | None:
    """Return the state that an error is told with: the client's own, if it is one that may be sent back."""
    try:
        return opaque(parameters, "state")
    except OAuthError:
        return None


def response_to(state: str | None, said: Mapping[str, str], *, issuer: str | None) -> dict[str, str]:
    """Return the parameters of the answer: what is ``said``, the state, and the issuer where the provider names it."""
    optional = {"state": state, "iss": issuer}
    return {**said, **{name: value for name, value in optional.items() if value is not None}}
