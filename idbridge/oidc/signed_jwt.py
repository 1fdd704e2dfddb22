"""A JWT that a party signed with one of its registered keys: read strictly, verified with the keys that may fit.

Decides whether a compact JWS is one unambiguous JSON object, signed by one of the keys handed in, with an algorithm
that those keys are registered for: the header never chooses either. What the claims mean, the callers say: client
assertions, DPoP proofs, logout tokens. Clauses: RFC 7515 section 5.2; RFC 8725 sections 3.1, 3.11 and 3.12; OpenID
Connect Core 1.0 section 10.1 (a key set with several keys of one type, of which a token names none).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from idbridge.codec import strict_json
from idbridge.credential.validity import is_time
from idbridge.crypto import jws
from idbridge.crypto.algorithms import permitted
from idbridge.crypto.header import HeaderCache, HeaderRules
from idbridge.errors import CredentialError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.credential import SignedClaims, UnverifiedJws
from idbridge.model.keys import PublicKey


def read_unverified(compact: str, rules: HeaderRules, *, max_bytes: int) -> tuple[UnverifiedJws, dict[str, Any]]:
    """Return a compact JWS taken apart and what its payload spells; nothing of it may be believed.

    Raises:
        InputError, JoseError: As for ``jws.parse_unverified``; also for a payload that is not one strict JSON object.
    """
    # What a client signs is new each time; a cache of its headers would only let it fill our memory.
    unverified = jws.parse_unverified(compact, rules, HeaderCache(1), max_bytes=max_bytes)
    return unverified, strict_json.parse_object(unverified.payload, max_bytes=max_bytes)


def candidates(keys: Iterable[PublicKey], *, kid: str | None, algorithm: str) -> tuple[PublicKey, ...]:
    """Return the ``keys`` that may have signed: of the algorithm, and named ``kid`` or not named at all.

    A token that names no key may be of any of them, each is tried (OpenID Connect Core 1.0 section 10.1).

    Raises:
        JoseError: ``jose.kid_unknown`` if none is named so, ``jose.alg_key_mismatch`` if none is of the algorithm.
    """
    named = [key for key in keys if kid is None or key.kid is None or key.kid == kid]
    if not named:
        raise JoseError("jose.kid_unknown")
    fitting = tuple(key for key in named if permitted(algorithm, key.algorithms))
    if not fitting:
        raise JoseError("jose.alg_key_mismatch")
    return fitting[: LIMITS.key_set_keys]


def verify_with_any(
    unverified: UnverifiedJws,
    claims: Mapping[str, Any],
    keys: Iterable[PublicKey],
    *,
    algorithms: frozenset[str],
) -> SignedClaims:
    """Return ``claims`` as signed, if one of the ``keys`` that may fit made the signature.

    Raises:
        JoseError: ``jose.alg_not_allowed``, ``jose.kid_unknown``, ``jose.alg_key_mismatch`` or
            ``jose.signature_invalid``.
    """
    header = unverified.header
    if not permitted(header.algorithm, algorithms):
        raise JoseError("jose.alg_not_allowed", "the algorithm is not one that is registered")
    for key in candidates(keys, kid=header.kid, algorithm=header.algorithm):
        try:
            return jws.verify(unverified, claims=claims, key=key, algorithms=algorithms)
        except JoseError as refusal:
            if refusal.code != "jose.signature_invalid":
                raise
    raise JoseError("jose.signature_invalid")


def text_claim(claims: Mapping[str, Any], name: str) -> str:
    """Return the text claim ``name``: not empty, no longer than an identifier, and without control characters.

    Raises:
        CredentialError: ``oidc.claim_malformed``: it is absent, of another type, empty, too long or cannot be shown.
    """
    value = claims.get(name)
    fits = type(value) is str and 0 < len(value) <= LIMITS.identifier_characters and value.isprintable()
    if type(value) is not str or not fits:
        raise CredentialError("oidc.claim_malformed", f"`{name}` is no text of a length that it may have")
    return value


def time_claim(claims: Mapping[str, Any], name: str) -> int:
    """Return the time claim ``name`` in whole seconds since 1970.

    Raises:
        CredentialError: ``time.claim_missing`` or ``time.claim_malformed``.
    """
    if name not in claims:
        raise CredentialError("time.claim_missing", f"`{name}` is missing")
    value = claims[name]
    if not is_time(value):
        raise CredentialError("time.claim_malformed", f"`{name}` is no whole number of seconds")
    return value


def require_not_ahead(claims: Mapping[str, Any], *, now: float) -> None:
    """Return if neither ``iat`` nor ``nbf`` lies further ahead than clocks may differ (FAPI 2.0 section 5.3.2.1).

    Raises:
        CredentialError: ``time.issued_in_future`` or ``time.not_yet_valid``, or as for ``time_claim``.
    """
    latest = now + LIMITS.clock_leeway.total_seconds()
    if "iat" in claims and time_claim(claims, "iat") > latest:
        raise CredentialError("time.issued_in_future")
    if "nbf" in claims and time_claim(claims, "nbf") > latest:
        raise CredentialError("time.not_yet_valid")
