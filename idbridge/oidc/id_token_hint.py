"""``id_token_hint``: an ID token of ours that a client shows again, to say which login or which person it means.

Decides whether it is one. It may have expired long ago; every key that we ever signed ID tokens with may be handed in.
Of a hint at the beginning of a login the subject alone is kept: the token names a person, and its subject names them
to this client only. Clauses: OpenID Connect Core 1.0 sections 3.1.2.1 and 3.1.2.2; RP-Initiated Logout 1.0 section 2.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.credential.token_kinds import FORBIDDEN
from idbridge.crypto.header import HeaderRules
from idbridge.errors import CredentialError, Refusal
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.oidc.client import SIGNATURE_ALGORITHMS
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.signed_jwt import read_unverified, require_not_ahead, text_claim, verify_with_any

HINT: Final = "id_token_hint"
HINTED_SUBJECT: Final = "hinted_subject"  # what is kept of a hint among the parameters; no client sends it
HEADER: Final = HeaderRules(types=frozenset({"", "jwt"}))


def read_id_token_hint(
    parameters: Parameters, *, issuer: str, keys: Iterable[PublicKey], at: datetime
) -> Mapping[str, Any] | None:
    """Return the claims of the ID token that the request brings as a hint, ``None`` without one.

    Raises:
        OAuthError: ``invalid_request``: it is no ID token of ours, or was changed.
    """
    token = parameters.text(HINT)
    if token is None:
        return None
    try:
        unverified, unverified_claims = read_unverified(token, HEADER, max_bytes=LIMITS.token_bytes)
        claims = verify_with_any(unverified, unverified_claims, keys, algorithms=SIGNATURE_ALGORITHMS).claims
        require_not_ahead(claims, now=at.timestamp())
        if text_claim(claims, "iss") != issuer:
            raise CredentialError("issuer.unknown", "`iss` is another issuer")
        if not FORBIDDEN.isdisjoint(claims):
            raise CredentialError("oidc.token_confusion")
        for name in ("sub", "aud", *({"sid"} & claims.keys())):
            text_claim(claims, name)
    except Refusal as refusal:
        raise OAuthError("invalid_request", "id_token_hint is no ID token of this server", cause=refusal.code) from None
    return claims


def with_hinted_subject(parameters: Parameters, *, issuer: str, keys: Iterable[PublicKey], at: datetime) -> Parameters:
    """Return the parameters of an authorization request with the subject of its hint in place of the hint.

    Raises:
        OAuthError: ``invalid_request``: the hint is no ID token of ours.
    """
    claims = read_id_token_hint(parameters, issuer=issuer, keys=keys, at=at)
    others = {name: value for name, value in parameters.values.items() if name not in (HINT, HINTED_SUBJECT)}
    hinted = {} if claims is None else {HINTED_SUBJECT: claims["sub"]}
    return Parameters(MappingProxyType({**others, **hinted}))
