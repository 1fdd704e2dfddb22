"""What a client hears when a step of OAuth or OpenID Connect is refused: one closed set of error codes.

A refusal here is always an answer to who asked (JSON, 400 or 401), never a redirect: whether an error may travel to a
redirect URI is decided by who answers, and only once that URI was found to be registered. A description is a fixed
sentence of ours: nothing of the request is in it. Clauses: RFC 6749 sections 4.1.2.1 and 5.2; RFC 6750 section 3.1; RFC
8693 section 2.2.2; RFC 9101 section 6.1; RFC 9126 section 2.3; RFC 9449 sections 5, 7 and 8; OpenID Connect Core 1.0
section 3.1.2.6; Unmet Authentication Requirements 1.0.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from idbridge.errors import IdBridgeError
from idbridge.reasons import reason

_DESCRIPTION: Final = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,200}")  # RFC 6749 section 5.2
_VALUE: Final = re.compile(r"[\x20-\x7e]*")
_BAD_REQUEST: Final = 400


class OAuthErrorCode(StrEnum):
    """The values that the member ``error`` may have; there are no others."""

    ACCESS_DENIED = "access_denied"
    CONSENT_REQUIRED = "consent_required"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    INTERACTION_REQUIRED = "interaction_required"
    INVALID_CLIENT = "invalid_client"
    INVALID_DPOP_PROOF = "invalid_dpop_proof"
    INVALID_GRANT = "invalid_grant"
    INVALID_REQUEST = "invalid_request"
    INVALID_REQUEST_URI = "invalid_request_uri"
    INVALID_SCOPE = "invalid_scope"
    INVALID_TARGET = "invalid_target"
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - the name of an error, not a secret
    LOGIN_REQUIRED = "login_required"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    UNSUPPORTED_TOKEN_TYPE = "unsupported_token_type"  # noqa: S105 - the name of an error, not a secret
    USE_DPOP_NONCE = "use_dpop_nonce"


# HTTP status where it is not 400, and the reason code that an error has unless its cause has a sharper one.
_STATUS: Final[Mapping[OAuthErrorCode, int]] = MappingProxyType({
    OAuthErrorCode.INSUFFICIENT_SCOPE: 403,
    OAuthErrorCode.INVALID_CLIENT: 401,
    OAuthErrorCode.INVALID_TOKEN: 401,
    OAuthErrorCode.SERVER_ERROR: 500,
    OAuthErrorCode.TEMPORARILY_UNAVAILABLE: 503,
})  # fmt: skip
_CAUSE: Final[Mapping[OAuthErrorCode, str]] = MappingProxyType({
    OAuthErrorCode.INVALID_CLIENT: "policy.unauthenticated",
    OAuthErrorCode.INVALID_TARGET: "policy.audience_not_registered",
    OAuthErrorCode.INVALID_TOKEN: "policy.unauthenticated",
    OAuthErrorCode.REQUEST_NOT_SUPPORTED: "input.member_unsupported",
    OAuthErrorCode.REQUEST_URI_NOT_SUPPORTED: "input.member_unsupported",
    OAuthErrorCode.SERVER_ERROR: "system.internal",
    OAuthErrorCode.TEMPORARILY_UNAVAILABLE: "system.not_ready",
    OAuthErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS: "policy.loa_too_low",
})  # fmt: skip
_OTHERWISE: Final = "input.request_malformed"


class OAuthError(IdBridgeError):
    """A request that is answered with an OAuth error.

    ``error`` is for machines and ``description`` for the client's developer; ``status`` is that of HTTP, 400 unless the
    error has its own, and ``headers`` go with the answer. ``code`` is the reason in the catalogue: that of ``cause`` if
    a sharper one is known.

    Raises:
        ValueError: A description that RFC 6749 section 5.2 does not allow, a header field that would break the head of
            the answer, or a status that is no error; a programming error.
    """

    def __init__(
        self,
        error: OAuthErrorCode | str,
        description: str,
        *,
        cause: str | None = None,
        status: int | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.error = OAuthErrorCode(error)
        if _DESCRIPTION.fullmatch(description) is None:
            raise ValueError("a description is of 1 to 200 printable ASCII characters without quotation mark")
        if not all(_VALUE.fullmatch(name + value) for name, value in headers.items()):
            raise ValueError("a header field is of printable ASCII characters")
        self.status = _STATUS.get(self.error, _BAD_REQUEST) if status is None else status
        if self.status < _BAD_REQUEST:
            raise ValueError("an error is answered with the status of an error")
        super().__init__(f"{self.error}: {description}")
        self.description = description
        self.headers = MappingProxyType(dict(headers))
        self.code = reason(cause or _CAUSE.get(self.error, _OTHERWISE)).code

    def document(self) -> dict[str, str]:
        """Return the members of the JSON answer (RFC 6749 section 5.2)."""
        return {"error": self.error.value, "error_description": self.description}
