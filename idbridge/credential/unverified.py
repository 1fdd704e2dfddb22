"""From bytes to what they say of themselves: the only maker of ``UnverifiedCredential`` (step V2).

Nothing in the result may be believed. It exists because a trust list is looked up by issuer and key id, and those
stand inside the very bytes that are to be verified.
"""

from collections.abc import Mapping
from typing import Any

from idbridge.codec import strict_json
from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified
from idbridge.errors import IssuerError
from idbridge.limits import LIMITS
from idbridge.model.credential import UnverifiedCredential, UnverifiedJws, UnverifiedSign1
from idbridge.model.region import Format


def parse_unverified_jwt(
    compact: str,
    kind: Format,
    *,
    rules: HeaderRules,
    headers: HeaderCache,
    presented: Any = None,
) -> UnverifiedCredential:
    """Return a compact JWT taken apart, with what was ``presented`` beside it, if anything.

    Raises:
        InputError: ``input.malformed`` or ``input.too_large``.
        JoseError: The header breaks ``rules``.
        IssuerError: ``issuer.missing``, or ``issuer.unknown`` for a name longer than any that can be listed.
    """
    jws = parse_unverified(compact, rules, headers)
    claims = strict_json.parse_object(jws.payload, max_bytes=LIMITS.token_bytes)
    return UnverifiedCredential(kind, jws, claims, issuer_of(claims), presented)


def unverified_message(
    kind: Format,
    message: UnverifiedJws | UnverifiedSign1,
    claims: Mapping[str, Any],
    *,
    issuer: str | None,
    presented: Any = None,
) -> UnverifiedCredential:
    """Return a signed message taken apart; ``claims`` is what its payload spells, ``issuer`` who it says signed it."""
    return UnverifiedCredential(kind, message, claims, issuer, presented)


def issuer_of(claims: Mapping[str, Any]) -> str:
    """Return who a set of claims says that it is from.

    Raises:
        IssuerError: ``issuer.missing``, or ``issuer.unknown`` for a name longer than any that can be listed.
    """
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not issuer:
        raise IssuerError("issuer.missing")
    if len(issuer) > LIMITS.identifier_characters:
        raise IssuerError("issuer.unknown", "no listed issuer has so long a name")
    return issuer
