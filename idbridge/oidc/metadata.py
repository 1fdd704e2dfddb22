"""Discovery: what this node says of itself as an OpenID provider, and where its endpoints are.

Says what the other modules of this package do, and takes every name from them, so that the document cannot promise
what is refused, nor hide what is served. Clauses: OpenID Connect Discovery 1.0 section 3; RFC 8414 section 2; RFC 9126
section 5; RFC 9207 section 3; RFC 9449 section 5.1; OpenID Identity Assurance 1.0 section 8; RFC 8485 section 5.2.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from idbridge.crypto import jwe
from idbridge.limits import LIMITS
from idbridge.model.assertion import LEVEL_URIS, TRUST_FRAMEWORK
from idbridge.model.region import AssuranceLevel
from idbridge.oidc import dpop, pkce
from idbridge.oidc.authorization_request import PROMPTS, RESPONSE_MODES, SCOPES

MAX_AGE: Final[timedelta] = LIMITS.metadata_max_age  # of `Cache-Control`, for this document and the key set
_SIGNATURES: Final = list(dpop.ALGORITHMS)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of a node's endpoints, under its issuer identifier; a DPoP proof names one of these.

    ``browser`` is where browsers go in a sandbox whose issuer has no name in one (ADR 21).

    Raises:
        ValueError: The issuer is no address, or ends in a slash.
    """

    issuer: str
    browser: str | None = None

    def __post_init__(self) -> None:
        if not self.issuer.startswith(("https://", "http://")) or self.issuer.endswith("/"):
            raise ValueError("an issuer is an address without slash at its end")

    @property
    def authorization(self) -> str:
        """Where browsers go."""
        return f"{self.browser or self.issuer}/oauth/authorize"

    @property
    def pushed(self) -> str:
        """Where clients push their requests."""
        return f"{self.issuer}/oauth/par"

    @property
    def token(self) -> str:
        """Where codes and tokens are exchanged."""
        return f"{self.issuer}/oauth/token"

    @property
    def introspection(self) -> str:
        """Where tokens are asked about."""
        return f"{self.issuer}/oauth/introspect"

    @property
    def revocation(self) -> str:
        """Where tokens are given up."""
        return f"{self.issuer}/oauth/revoke"

    @property
    def userinfo(self) -> str:
        """Where claims are fetched."""
        return f"{self.issuer}/oauth/userinfo"

    @property
    def api(self) -> str:
        """What access tokens of relying parties themselves are for: the addresses below this one."""
        return f"{self.issuer}/v1"

    @property
    def logout(self) -> str:
        """Where browsers log out."""
        return f"{self.browser or self.issuer}/oauth/logout"

    @property
    def keys(self) -> str:
        """Where the key set is."""
        return f"{self.issuer}/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class Offer:
    """What one node offers, as its settings and registrations have it.

    ``signing_algorithms`` are those of the node's own keys, ``grants`` the grant types that its token endpoint answers.
    ``plain_requests`` tells whether any client is registered for the profile ``oidc-code``: then requests need not be
    pushed, and secrets are accepted. ``trustmark`` is where the signed trustmark is; ``evidence`` are the kinds that
    are stated, none as yet.

    Raises:
        ValueError: There is no key, claim, language or grant; empty is not success.
    """

    signing_algorithms: tuple[str, ...]
    claims: frozenset[str]
    ui_locales: tuple[str, ...]
    grants: frozenset[str]
    plain_requests: bool = False
    trustmark: str | None = None
    evidence: frozenset[str] = frozenset()
    service_documentation: str | None = None

    def __post_init__(self) -> None:
        if not (self.signing_algorithms and self.claims and self.ui_locales and self.grants):
            raise ValueError("a node offers a signature, a claim, a language and a grant at least")


def discovery_document(endpoints: Endpoints, offer: Offer) -> dict[str, Any]:
    """Return the members of ``/.well-known/openid-configuration``."""
    authentication = [
        "private_key_jwt",
        *(["client_secret_basic", "client_secret_post"] if offer.plain_requests else []),
    ]
    document = {
        "issuer": endpoints.issuer,
        "authorization_endpoint": endpoints.authorization,
        "pushed_authorization_request_endpoint": endpoints.pushed,
        "token_endpoint": endpoints.token,
        "introspection_endpoint": endpoints.introspection,
        "revocation_endpoint": endpoints.revocation,
        "userinfo_endpoint": endpoints.userinfo,
        "end_session_endpoint": endpoints.logout,
        "jwks_uri": endpoints.keys,
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": sorted(offer.grants),
        "subject_types_supported": ["pairwise"],
        "acr_values_supported": [LEVEL_URIS[level] for level in AssuranceLevel],
        "prompt_values_supported": sorted(PROMPTS),
        "ui_locales_supported": list(offer.ui_locales),
        "authorization_response_iss_parameter_supported": True,
        "require_pushed_authorization_requests": not offer.plain_requests,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": True,
        "code_challenge_methods_supported": [pkce.METHOD],
        "dpop_signing_alg_values_supported": _SIGNATURES,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        **_authentication("token", authentication),
        **_authentication("introspection", authentication),
        **_authentication("revocation", authentication),
        **_responses(offer),
        **_verified_claims(offer),
    }
    optional = {
        "trustmarks": offer.trustmark,
        "service_documentation": offer.service_documentation,
        "evidence_supported": sorted(offer.evidence) or None,
    }
    return {**document, **{name: value for name, value in optional.items() if value is not None}}


def _authentication(endpoint: str, methods: list[str]) -> dict[str, Any]:
    return {
        f"{endpoint}_endpoint_auth_methods_supported": methods,
        f"{endpoint}_endpoint_auth_signing_alg_values_supported": _SIGNATURES,
    }


def _responses(offer: Offer) -> dict[str, Any]:
    """Return how what a client gets is signed and encrypted (RFC 9701 section 7); it chooses by its registration."""
    members: dict[str, Any] = {}
    for response in ("id_token", "userinfo", "introspection"):
        members[f"{response}_signing_alg_values_supported"] = list(offer.signing_algorithms)
        members[f"{response}_encryption_alg_values_supported"] = sorted(jwe.ALGORITHMS)
        members[f"{response}_encryption_enc_values_supported"] = sorted(jwe.CONTENT)
    return members


def _verified_claims(offer: Offer) -> dict[str, Any]:
    return {
        "claim_types_supported": ["normal"],
        "claims_supported": ["acr", "auth_time", "iss", "sub", "txn", "verified_claims"],
        "verified_claims_supported": True,
        "trust_frameworks_supported": [TRUST_FRAMEWORK],
        "claims_in_verified_claims_supported": sorted(offer.claims),
    }
