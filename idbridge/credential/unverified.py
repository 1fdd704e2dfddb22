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
from idbridge.model.credential import UnverifiedCredential, UnverifiedJws
from idbridge.model.region import Format


def parse_unverified_jwt(
    compact: str,
    kind: Format,
    *,
    rules: HeaderRules,
    headers: HeaderCache,
    disclosures: tuple[str, ...] = (),
    key_binding: str | None = None,
    key_binding_jws: UnverifiedJws | None = None,
    sd_jwt: str = "",
) -> UnverifiedCredential:
    """Return a compact JWT taken apart, with the disclosures and key binding that came with it, if any.

    ``sd_jwt`` is the text that a key binding covers: all up to and with the last tilde.

    Raises:
        InputError: ``input.malformed`` or ``input.too_large``.
        JoseError: The header breaks ``rules``.
        IssuerError: ``issuer.missing``, or ``issuer.unknown`` for a name longer than any that can be listed.
    """
    jws = parse_unverified(compact, rules, headers)
    claims = strict_json.parse_object(jws.payload, max_bytes=LIMITS.token_bytes)
    return UnverifiedCredential(kind, jws, claims, _issuer(claims), disclosures, key_binding, sd_jwt, key_binding_jws)


def _issuer(claims: Mapping[str, Any]) -> str:
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not issuer:
        raise IssuerError("issuer.missing")
    if len(issuer) > LIMITS.identifier_characters:
        raise IssuerError("issuer.unknown", "no listed issuer has so long a name")
    return issuer
