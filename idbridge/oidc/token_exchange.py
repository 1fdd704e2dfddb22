"""Token exchange: what a client offers for a recognised assertion, every parameter of it judged (RFC 8693).

Decides what is asked of the verifier, and in which form the answer is wanted; nothing of the tokens is read here.
Whose token the subject token is, no parameter can say: its issuer is found by the token itself in the trust lists. A
request only narrows the registration of its relying party (architecture D4): exactly one audience, a registered
purpose, registered claims. Every refusal is an ``OAuthError``. Clauses: RFC 8693 sections 2.1 and 2.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.model.region import Format
from idbridge.model.request import RelyingParty
from idbridge.oidc.claims_request import require_purpose
from idbridge.oidc.client import TOKEN_EXCHANGE, OidcClient
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters

_IETF: Final = "urn:ietf:params:oauth:token-type:"
_OWN: Final = "urn:idbridge:token-type:"
# An access token is opaque to whoever is not its resource, and an assertion never rests on another assertion.
FORMATS: Final[Mapping[str, Format]] = MappingProxyType({
    f"{_IETF}id_token": Format.ID_TOKEN,
    f"{_OWN}dc+sd-jwt": Format.SD_JWT_VC,
    f"{_OWN}mso_mdoc": Format.MDOC,
    f"{_OWN}jwt_vc_json": Format.JWT_VC_JSON,
    f"{_OWN}vc+jwt": Format.VC_JWT,
    f"{_OWN}vc+sd-jwt": Format.VC_SD_JWT,
    f"{_OWN}vp_token": Format.VP_TOKEN,
    f"{_OWN}qr": Format.QR,
})  # fmt: skip
PARAMETERS: Final = frozenset({
    "grant_type", "subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type",
    "audience", "scope", "purpose", "purpose_text", "released_claims", "subject_expected", "actor_expected", "dcql",
    "client_id", "client_assertion", "client_assertion_type", "client_secret",
})  # fmt: skip


class RequestedToken(StrEnum):
    """In which form the recognised assertion is wanted."""

    ASSERTION = f"{_IETF}jwt"
    ID_TOKEN = f"{_IETF}id_token"


@dataclass(frozen=True, slots=True)
class OfferedToken:
    """A token as it was offered, under the type that the client gave it, with what the client expects of it.

    ``expected`` and ``query`` are the members ``expected`` and ``dcql`` of a verification, not yet looked at.
    """

    text: str = field(repr=False)
    format: Format
    expected: Mapping[str, Any] | None = field(repr=False)
    query: Mapping[str, Any] | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class ExchangeRequest:
    """An exchange that may be tried. Made by ``read_exchange`` only.

    ``actor`` is who acts for the subject, if anybody does; ``claims`` are what is to be released, by regional name.
    """

    subject: OfferedToken
    actor: OfferedToken | None
    requested: RequestedToken
    audience: str
    purpose: str
    purpose_text: str = field(repr=False)
    claims: tuple[str, ...]

    def question(self) -> dict[str, Any]:
        """Return the members of the verification that the subject token has to pass."""
        return self._question(self.subject, claims=self.claims)

    def question_of_actor(self) -> dict[str, Any] | None:
        """Return those of the actor token, ``None`` without one; nothing of the actor is released."""
        return None if self.actor is None else self._question(self.actor, claims=())

    def _question(self, offered: OfferedToken, *, claims: tuple[str, ...]) -> dict[str, Any]:
        members: dict[str, Any] = {
            "credential": offered.text,
            "format": offered.format.value,
            "purpose": self.purpose,
            "purpose_text": self.purpose_text,
            "claims": list(claims),
            "assertion": {"audience": self.audience},
        }
        if offered.expected is not None:
            members["expected"] = dict(offered.expected)
        if offered.query is not None:
            members["dcql"] = dict(offered.query)
        return members


def read_exchange(parameters: Parameters, *, client: OidcClient, relying_party: RelyingParty) -> ExchangeRequest:
    """Return the exchange that ``client``, which authenticated itself, asks for on behalf of ``relying_party``.

    Raises:
        OAuthError: ``unauthorized_client``, ``invalid_request``, ``invalid_target`` or ``invalid_scope``.
        ValueError: The client is of another relying party; a programming error.
    """
    if client.relying_party != relying_party.id:
        raise ValueError("the client is of another relying party")
    if not client.enabled or TOKEN_EXCHANGE not in client.grants:
        raise OAuthError("unauthorized_client", "this client may not exchange tokens")
    unknown = parameters.values.keys() - PARAMETERS
    if "resource" in unknown:
        raise OAuthError("invalid_target", "resource is not served: the audience is named")
    if unknown:
        raise OAuthError("invalid_request", "a parameter that this grant does not know")
    if parameters.text("scope") is not None:
        raise OAuthError("invalid_scope", "no scope is granted by an exchange: claims are released by purpose")
    return ExchangeRequest(
        subject=_offered(parameters, "subject"),
        actor=_actor(parameters),
        requested=_requested(parameters),
        audience=_audience(parameters, relying_party),
        purpose=_purpose(parameters, relying_party),
        purpose_text=require_purpose(parameters.text("purpose_text")),
        claims=_claims(parameters, relying_party),
    )


def _offered(parameters: Parameters, role: str) -> OfferedToken:
    text = parameters.text(f"{role}_token")
    named = parameters.text(f"{role}_token_type")
    if text is None or named is None:
        raise OAuthError("invalid_request", f"{role}_token and {role}_token_type go together")
    if named not in FORMATS:
        detail = f"{role}_token_type is none that is exchanged"
        raise OAuthError("invalid_request", detail, cause="input.member_unsupported")
    query = _members(parameters, "dcql") if role == "subject" else None
    return OfferedToken(text, FORMATS[named], _members(parameters, f"{role}_expected"), query)


def _members(parameters: Parameters, name: str) -> dict[str, Any] | None:
    """Return the JSON object that a parameter holds as text."""
    text = parameters.text(name)
    if text is None:
        return None
    try:
        return strict_json.parse_object(text.encode(), max_bytes=LIMITS.token_bytes)
    except InputError:
        raise OAuthError("invalid_request", f"{name} is not one strict JSON object", cause="input.malformed") from None


def _actor(parameters: Parameters) -> OfferedToken | None:
    names = ("actor_token", "actor_token_type", "actor_expected")
    if all(parameters.text(name) is None for name in names):
        return None
    return _offered(parameters, "actor")


def _requested(parameters: Parameters) -> RequestedToken:
    named = parameters.text("requested_token_type") or RequestedToken.ASSERTION.value
    try:
        return RequestedToken(named)
    except ValueError:
        raise OAuthError("invalid_request", "requested_token_type is none that is issued") from None


def _audience(parameters: Parameters, relying_party: RelyingParty) -> str:
    audience = parameters.text("audience")
    if audience is None:
        raise OAuthError("invalid_request", "audience is missing: whom the assertion is for")
    if audience not in relying_party.audiences:
        raise OAuthError("invalid_target", "the relying party is not registered for this audience")
    return audience


def _purpose(parameters: Parameters, relying_party: RelyingParty) -> str:
    code = parameters.text("purpose")
    if code is None:
        raise OAuthError("invalid_request", "purpose is missing: the code of a registered purpose")
    if code not in relying_party.purposes:
        raise OAuthError("invalid_request", "purpose is not registered", cause="policy.purpose_not_registered")
    return code


def _claims(parameters: Parameters, relying_party: RelyingParty) -> tuple[str, ...]:
    """Return the claims to release: those that are named, separated by spaces; without the parameter, none."""
    names = tuple((parameters.text("released_claims") or "").split())
    if len(names) > LIMITS.requested_claims or len(set(names)) != len(names):
        raise OAuthError("invalid_request", "released_claims names too many claims, or one twice")
    if not relying_party.claims.issuperset(names):
        raise OAuthError("invalid_request", "released_claims names a claim that is not registered")
    return names
