"""Why a login at a national provider ended, as the gateway hears it. Nothing of the provider's own text is in it.

A provider's error is one of the closed set of ``errors`` or it is none: what else it says may be of a person, and goes
nowhere.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from idbridge.errors import IdBridgeError
from idbridge.oidc.errors import OAuthErrorCode
from idbridge.reasons import reason


class UpstreamFault(StrEnum):
    """What was wrong; stable names, for logs and metrics."""

    DISCOVERY_MALFORMED = "discovery_malformed"
    DISCOVERY_ISSUER = "discovery_issuer"
    DISCOVERY_WIDENED = "discovery_widened"
    DISCOVERY_UNUSABLE = "discovery_unusable"
    RESPONSE_MALFORMED = "response_malformed"
    STATE_MISSING = "state_missing"
    STATE_MISMATCH = "state_mismatch"
    ISSUER_MISSING = "issuer_missing"
    ISSUER_MISMATCH = "issuer_mismatch"
    PROVIDER_REFUSED = "provider_refused"
    TOKEN_RESPONSE_MALFORMED = "token_response_malformed"  # noqa: S105 - the name of a fault, not a secret
    TOKEN_TYPE = "token_type"  # noqa: S105 - the name of a fault, not a secret
    ID_TOKEN_MISSING = "id_token_missing"  # noqa: S105 - the name of a fault, not a secret
    KEY_SET_MALFORMED = "key_set_malformed"


_CAUSE: Final[Mapping[UpstreamFault, str]] = MappingProxyType({
    UpstreamFault.DISCOVERY_MALFORMED: "system.fetch_failed",
    UpstreamFault.DISCOVERY_ISSUER: "issuer.unknown",
    UpstreamFault.DISCOVERY_WIDENED: "issuer.service_not_listed",
    UpstreamFault.DISCOVERY_UNUSABLE: "issuer.service_not_listed",
    UpstreamFault.RESPONSE_MALFORMED: "input.request_malformed",
    UpstreamFault.STATE_MISSING: "oidc.nonce_mismatch",
    UpstreamFault.STATE_MISMATCH: "oidc.nonce_mismatch",
    UpstreamFault.ISSUER_MISSING: "issuer.missing",
    UpstreamFault.ISSUER_MISMATCH: "issuer.unknown",
    UpstreamFault.PROVIDER_REFUSED: "policy.assertion_not_available",
    UpstreamFault.TOKEN_RESPONSE_MALFORMED: "system.fetch_failed",
    UpstreamFault.TOKEN_TYPE: "oidc.token_confusion",
    UpstreamFault.ID_TOKEN_MISSING: "oidc.token_confusion",
    UpstreamFault.KEY_SET_MALFORMED: "status.key_set_invalid",
})  # fmt: skip


class UpstreamError(IdBridgeError):
    """A login that ends here. ``error`` is the provider's own, if it is one that exists."""

    def __init__(self, fault: UpstreamFault, detail: str = "", *, error: OAuthErrorCode | None = None) -> None:
        super().__init__(detail or fault.value)
        self.fault = fault
        self.error = error
        self.code = reason(_CAUSE[fault]).code
