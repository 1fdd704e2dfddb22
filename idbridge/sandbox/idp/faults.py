"""Faults by name: what a pretend provider can be made to do wrong, to see that its clients notice.

Names are those of the GOV.UK One Login simulator where it has one. Each changes one detail of what is honest otherwise.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from idbridge.oidc.errors import OAuthError
from idbridge.sandbox.draft import Seal, sealed
from idbridge.sandbox.edits import ABSENT, After, Edits, edited
from idbridge.sandbox.forgeries import signature_changed

_HOUR: Final = 3600


class ProviderFault(StrEnum):
    """What can be wrong with one provider."""

    INVALID_ISS = "INVALID_ISS"
    INVALID_AUD = "INVALID_AUD"
    INVALID_ALG_HEADER = "INVALID_ALG_HEADER"
    INVALID_SIGNATURE = "INVALID_SIGNATURE"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - the name of a fault
    TOKEN_NOT_VALID_YET = "TOKEN_NOT_VALID_YET"  # noqa: S105 - the name of a fault
    NONCE_NOT_MATCHING = "NONCE_NOT_MATCHING"
    INCORRECT_ACR = "INCORRECT_ACR"
    MISSING_ACR = "MISSING_ACR"
    INVALID_RESPONSE_ISS = "INVALID_RESPONSE_ISS"
    MISSING_RESPONSE_ISS = "MISSING_RESPONSE_ISS"
    ACCESS_DENIED = "ACCESS_DENIED"
    TEMPORARILY_UNAVAILABLE = "TEMPORARILY_UNAVAILABLE"


TITLES: Final[Mapping[ProviderFault, str]] = MappingProxyType({
    ProviderFault.INVALID_ISS: "The ID token names another issuer.",
    ProviderFault.INVALID_AUD: "The ID token is for another client.",
    ProviderFault.INVALID_ALG_HEADER: "The ID token's header names another algorithm.",
    ProviderFault.INVALID_SIGNATURE: "One bit of the ID token's signature is another.",
    ProviderFault.TOKEN_EXPIRED: "The ID token ended an hour ago.",
    ProviderFault.TOKEN_NOT_VALID_YET: "The ID token begins in an hour.",
    ProviderFault.NONCE_NOT_MATCHING: "The ID token answers another request.",
    ProviderFault.INCORRECT_ACR: "The ID token states a level that is not listed.",
    ProviderFault.MISSING_ACR: "The ID token states no level.",
    ProviderFault.INVALID_RESPONSE_ISS: "The authorization response names another issuer.",
    ProviderFault.MISSING_RESPONSE_ISS: "The authorization response names no issuer, though that was promised.",
    ProviderFault.ACCESS_DENIED: "Everybody says no.",
    ProviderFault.TEMPORARILY_UNAVAILABLE: "The provider is down for repairs.",
})  # fmt: skip

_ELSEWHERE: Final = "https://sandbox.login.elsewhere.example"
_CLAIMS: Final[Mapping[ProviderFault, Edits]] = MappingProxyType({
    ProviderFault.INVALID_ISS: {"iss": _ELSEWHERE},
    ProviderFault.INVALID_AUD: {"aud": "somebody-else"},
    ProviderFault.TOKEN_EXPIRED: {"iat": After(-2 * _HOUR), "auth_time": After(-2 * _HOUR), "exp": After(-_HOUR)},
    ProviderFault.TOKEN_NOT_VALID_YET: {"nbf": After(_HOUR), "exp": After(2 * _HOUR)},
    ProviderFault.NONCE_NOT_MATCHING: {"nonce": "the-nonce-of-another-request"},
})  # fmt: skip
_LEVELS: Final[Mapping[ProviderFault, Any]] = MappingProxyType({
    ProviderFault.INCORRECT_ACR: "urn:example:no-such-level",
    ProviderFault.MISSING_ACR: ABSENT,
})  # fmt: skip


class Faults:
    """The faults of one provider that are switched on."""

    def __init__(self) -> None:
        self._on: set[ProviderFault] = set()

    def is_on(self, fault: ProviderFault) -> bool:
        """Tell whether this fault is on."""
        return fault in self._on

    def switch(self, name: str, *, on: bool) -> None:
        """Switch the fault that is called ``name``.

        Raises:
            OAuthError: ``invalid_request``: there is none.
        """
        if name not in set(ProviderFault):
            raise OAuthError("invalid_request", "there is no fault of this name", cause="input.not_found", status=404)
        (self._on.add if on else self._on.discard)(ProviderFault(name))

    def document(self) -> dict[str, Any]:
        """Return all faults, each with what it does and whether it is on."""
        return {"faults": [{"name": one, "title": TITLES[one], "on": one in self._on} for one in ProviderFault]}

    def claims(self, honest: Mapping[str, Any], *, level_claim: str, at: datetime) -> dict[str, Any]:
        """Return the ``honest`` claims of an ID token as the provider states them."""
        edits: dict[str, Any] = {}
        for fault in ProviderFault:
            if fault in self._on:
                edits |= _CLAIMS.get(fault, {})
                edits |= {level_claim: _LEVELS[fault]} if fault in _LEVELS else {}
        return edited(honest, edits, at=at)

    def header(self, honest: Mapping[str, Any]) -> dict[str, Any]:
        """Return the ``honest`` header of an ID token as the provider writes it."""
        return {**honest, **({"alg": "HS256"} if ProviderFault.INVALID_ALG_HEADER in self._on else {})}

    def seal(self) -> Seal:
        """Return how the provider signs."""
        return signature_changed if ProviderFault.INVALID_SIGNATURE in self._on else sealed

    def response_issuer(self, honest: str | None) -> str | None:
        """Return the issuer that the provider names in its authorization response."""
        if ProviderFault.INVALID_RESPONSE_ISS in self._on:
            return _ELSEWHERE
        return None if ProviderFault.MISSING_RESPONSE_ISS in self._on else honest

    def require_answering(self) -> None:
        """Return if the provider answers authorization requests.

        Raises:
            OAuthError: ``access_denied`` or ``temporarily_unavailable``.
        """
        if ProviderFault.ACCESS_DENIED in self._on:
            raise OAuthError("access_denied", "everybody says no at this provider now")
        if ProviderFault.TEMPORARILY_UNAVAILABLE in self._on:
            raise OAuthError("temporarily_unavailable", "the provider is down for repairs")
