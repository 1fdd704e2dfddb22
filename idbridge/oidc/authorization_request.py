"""The authorization request: what a client asks a person to agree to, every parameter of it judged.

Decides whether a request may be put to a person at all. It is pushed by an authenticated client (RFC 9126); only a
client of the profile ``oidc-code`` may send it through the browser instead. A request only narrows the registration of
its client (architecture D4). Every refusal is an ``OAuthError`` and never a redirect: nothing here sends a browser
anywhere. Parameters that nobody knows are ignored (RFC 6749 section 3.1); so is ``login_hint``, which names
a person and is not even kept. Of ``id_token_hint`` only the subject is. Clauses: OpenID Connect Core 1.0 sections
3.1.2.1 and 3.1.2.2; FAPI 2.0 Security Profile section 5.3.2.2; RFC 9101 (not served); RFC 9449 section 10.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from idbridge.limits import LIMITS
from idbridge.model.request import THUMBPRINT
from idbridge.oidc.claims_request import ClaimsRequest, parse_claims, require_purpose
from idbridge.oidc.client import AUTHORIZATION_CODE, OidcClient, Profile
from idbridge.oidc.dpop import DpopProof, require_code_binding
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.id_token_hint import HINTED_SUBJECT
from idbridge.oidc.levels import LevelRequest, read_levels
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.pkce import require_challenge

OPENID: Final = "openid"
SCOPES: Final = frozenset({OPENID})
RESPONSE_MODES: Final = ("query", "form_post")
PROMPTS: Final = frozenset({"none", "login", "consent", "select_account"})
# What is kept of a request: nothing that names a person, and nothing that nobody reads.
KEPT: Final = frozenset({
    "client_id", "response_type", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
    "response_mode", "acr_values", "claims", "purpose", "purpose_text", "prompt", "max_age", "ui_locales", "dpop_jkt",
    HINTED_SUBJECT,
})  # fmt: skip

_OPAQUE: Final = re.compile(r"[\x20-\x7e]+")  # RFC 6749 appendix A.5
_SCOPE: Final = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")  # appendix A.4
_LISTS: Final = ("prompt", "acr_values", "ui_locales")  # of words between spaces, of which some may mean nothing here
_THUMBPRINT: Final = re.compile(THUMBPRINT)
_SECONDS: Final = re.compile(r"0|[1-9][0-9]{0,9}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that may be put to a person. Made by ``read_pushed_request`` and ``read_plain_request`` only.

    ``parameters`` are those that were read, as text: what a store keeps, to be read again by ``read_kept_request``.
    ``purpose`` is a registered code and ``purpose_text`` what a person reads. ``dpop_jkt`` is the key that the code
    will be bound to.
    """

    client_id: str
    redirect_uri: str
    scope: frozenset[str]
    state: str | None = field(repr=False)
    nonce: str | None = field(repr=False)
    code_challenge: str = field(repr=False)
    response_mode: str
    levels: LevelRequest
    claims: ClaimsRequest
    purpose: str
    purpose_text: str = field(repr=False)
    prompt: frozenset[str]
    max_age: timedelta | None
    ui_locales: tuple[str, ...]
    dpop_jkt: str | None
    parameters: Mapping[str, str] = field(repr=False)

    @property
    def greatest_age(self) -> timedelta | None:
        """How long ago a login may have been made that answers this; ``None`` if it does not matter.

        Who is to log in again (``prompt=login``) was not logged in enough, however lately that was.
        """
        return timedelta(0) if "login" in self.prompt else self.max_age

    def may_be_answered_by(self, subject: str) -> bool:
        """Tell whether ``subject`` is who is meant, by ``claims`` or by ``id_token_hint``, where somebody is."""
        return self.parameters.get(HINTED_SUBJECT) in (None, subject) and self.claims.may_be_of(subject)


def read_pushed_request(
    parameters: Parameters, *, client: OidcClient, purposes: frozenset[str], proof: DpopProof | None = None
) -> AuthorizationRequest:
    """Return the request that ``client``, which authenticated itself, pushed; ``purposes`` are those of its party.

    ``proof`` is the DPoP proof of the same request, if it had one: the code will be bound to its key.

    Raises:
        OAuthError: ``invalid_request``, ``invalid_scope``, ``unsupported_response_type``, ``request_not_supported``,
            ``unauthorized_client``, ``unmet_authentication_requirements`` or ``invalid_dpop_proof``.
    """
    if parameters.text("request_uri") is not None:  # RFC 9126 section 2.1
        raise OAuthError("invalid_request", "a pushed request names no request_uri")
    return _read(parameters, client=client, purposes=purposes, proof=proof)


def read_plain_request(parameters: Parameters, *, client: OidcClient, purposes: frozenset[str]) -> AuthorizationRequest:
    """Return the request that came through the browser, of a ``client`` whose profile allows that.

    Raises:
        OAuthError: As for ``read_pushed_request``; ``invalid_request`` for a client that has to push its requests.
    """
    if client.profile is not Profile.OIDC_CODE:
        raise OAuthError("invalid_request", "this client pushes its requests: request_uri is missing")
    if parameters.text("request_uri") is not None:
        raise OAuthError("request_uri_not_supported", "request_uri is of pushed requests only")
    return _read(parameters, client=client, purposes=purposes, proof=None)


def read_kept_request(
    parameters: Mapping[str, str], *, client: OidcClient, purposes: frozenset[str]
) -> AuthorizationRequest:
    """Return a request out of the ``parameters`` that were kept of it, held against the registration of today.

    Raises:
        OAuthError: As for ``read_pushed_request``: the registration was narrowed meanwhile.
    """
    kept = Parameters(MappingProxyType({name: parameters[name] for name in KEPT.intersection(parameters)}))
    return _read(kept, client=client, purposes=purposes, proof=None)


def require_redirect_uri(parameters: Parameters, client: OidcClient) -> str:
    """Return the redirect URI of a request: one that is registered, compared octet for octet (RFC 9700 section 2.1).

    Raises:
        OAuthError: ``invalid_request``. Whoever answers it must not redirect: there is nowhere to go.
    """
    address = parameters.text("redirect_uri")
    if address is None or address not in client.redirect_uris:
        raise OAuthError("invalid_request", "redirect_uri is none that is registered, character for character")
    return address


def _read(
    parameters: Parameters, *, client: OidcClient, purposes: frozenset[str], proof: DpopProof | None
) -> AuthorizationRequest:
    _require_client(parameters, client)
    redirect_uri = require_redirect_uri(parameters, client)
    if parameters.text("request") is not None:
        raise OAuthError("request_not_supported", "request objects are not served: the request is pushed")
    _require_code(parameters)
    claims = parse_claims(parameters.text("claims"))
    code_challenge = require_challenge(parameters.text("code_challenge"), parameters.text("code_challenge_method"))
    dpop_jkt = require_code_binding(_dpop_jkt(parameters), proof)
    for name in _LISTS:
        _require_characters(parameters, name, _OPAQUE)
    kept = _kept(parameters, dpop_jkt)
    return AuthorizationRequest(
        client_id=client.id,
        redirect_uri=redirect_uri,
        scope=_scope(parameters),
        state=_opaque(parameters, "state"),
        nonce=_opaque(parameters, "nonce"),
        code_challenge=code_challenge,
        response_mode=_response_mode(parameters),
        levels=read_levels(parameters.text("acr_values"), claims.id_token.get("acr"), profile=client.profile),
        claims=claims,
        purpose=_purpose(parameters, purposes),
        purpose_text=require_purpose(parameters.text("purpose_text")),
        prompt=_prompt(parameters),
        max_age=_max_age(parameters),
        ui_locales=_ui_locales(parameters),
        dpop_jkt=dpop_jkt,
        parameters=MappingProxyType(kept),
    )


def _kept(parameters: Parameters, dpop_jkt: str | None) -> dict[str, str]:
    """Return what is kept of a request; JSON may write a character in six octets, and so its length counts there too.

    What the provider will say of the person is kept beside it: who logs in is not to hear then that it was too long.
    """
    kept = {name: value for name, value in parameters.values.items() if name in KEPT}
    if dpop_jkt is not None:
        kept["dpop_jkt"] = dpop_jkt
    octets = sum(len(value.encode()) for value in kept.values())
    if octets > LIMITS.authorization_request_bytes or len(json.dumps(kept)) > LIMITS.kept_request_bytes:
        raise OAuthError("invalid_request", "the request is too long", cause="input.too_large")
    return kept


def _require_characters(parameters: Parameters, name: str, allowed: re.Pattern[str]) -> str:
    value = parameters.text(name) or ""
    if value and allowed.fullmatch(value) is None:
        raise OAuthError("invalid_request", f"{name} has characters that it may not have")
    return value


def _require_client(parameters: Parameters, client: OidcClient) -> None:
    if parameters.text("client_id") != client.id:
        raise OAuthError("invalid_request", "client_id is not the client that asks")
    if not client.enabled or AUTHORIZATION_CODE not in client.grants:
        raise OAuthError("unauthorized_client", "this client may not ask for a code")


def _require_code(parameters: Parameters) -> None:
    response_type = parameters.text("response_type")
    if response_type is None:
        raise OAuthError("invalid_request", "response_type is missing")
    if response_type != "code":
        raise OAuthError("unsupported_response_type", "response_type is code")


def _scope(parameters: Parameters) -> frozenset[str]:
    """Return the scopes that are granted: those that exist, of those that are asked for; ``openid`` has to be there."""
    asked = frozenset(_require_characters(parameters, "scope", _SCOPE).split(" "))
    if OPENID not in asked:
        raise OAuthError("invalid_scope", "scope has openid")
    return asked & SCOPES


def _opaque(parameters: Parameters, name: str) -> str | None:
    """Return a value that is the client's own business: of any length that fits, and of the characters of RFC 6749."""
    value = parameters.text(name)
    if value is not None and (len(value) > LIMITS.opaque_characters or _OPAQUE.fullmatch(value) is None):
        raise OAuthError("invalid_request", f"{name} is too long or not printable ASCII")
    return value


def _response_mode(parameters: Parameters) -> str:
    mode = parameters.text("response_mode") or RESPONSE_MODES[0]
    if mode not in RESPONSE_MODES:
        raise OAuthError("invalid_request", "response_mode is query or form_post")
    return mode


def _purpose(parameters: Parameters, purposes: frozenset[str]) -> str:
    """Return the code of the purpose; a client that may use one of them does not get another by asking."""
    code = parameters.text("purpose")
    if code is None:
        raise OAuthError("invalid_request", "purpose is missing: the code of a registered purpose")
    if code not in purposes:
        raise OAuthError("invalid_request", "purpose is not registered", cause="policy.purpose_not_registered")
    return code


def _prompt(parameters: Parameters) -> frozenset[str]:
    asked = frozenset((parameters.text("prompt") or "").split())
    if not asked <= PROMPTS or ("none" in asked and len(asked) > 1):
        raise OAuthError("invalid_request", "prompt is of none, login, consent and select_account, none alone")
    return asked


def _max_age(parameters: Parameters) -> timedelta | None:
    text = parameters.text("max_age")
    if text is None:
        return None
    if _SECONDS.fullmatch(text) is None or int(text) > LIMITS.login_age.total_seconds():
        raise OAuthError("invalid_request", "max_age is a number of seconds")
    return timedelta(seconds=int(text))


def _ui_locales(parameters: Parameters) -> tuple[str, ...]:
    """Return the languages that are wished for; what is no language tag is ignored, as a wish that nobody can grant."""
    asked = (parameters.text("ui_locales") or "").split(" ")
    return tuple(tag for tag in asked[: LIMITS.query_sets] if _LANGUAGE.fullmatch(tag))


def _dpop_jkt(parameters: Parameters) -> str | None:
    thumbprint = parameters.text("dpop_jkt")
    if thumbprint is not None and _THUMBPRINT.fullmatch(thumbprint) is None:
        raise OAuthError("invalid_request", "dpop_jkt is a SHA-256 thumbprint in base64url")
    return thumbprint
