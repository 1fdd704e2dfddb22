"""What an ID token says of itself before it is verified: read to narrow what may be asked of it, and for nothing else.

Decides whether a token can be the answer of the provider that was asked at all: by its issuer, and by an algorithm that
is both listed and offered. The verifier would take a token of any listed issuer; here only one was asked (RFC 9700
section 4.4). A token that cannot be read passes, because the verifier says better why. A provider of several keys has
to name the one that signed; of a provider with a single key, which may be one that was fetched, a token may leave out
``kid``, and the verifier still verifies with that key. Clauses: OpenID Connect Core 1.0 sections 3.1.3.6, 3.1.3.7 and
10.1; OpenID Connect Discovery 1.0 section 3.
"""

from idbridge.credential.id_token import HEADER
from idbridge.crypto import jws
from idbridge.crypto.algorithms import permitted
from idbridge.errors import CredentialError, JoseError, Refusal
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.login import LoginExpectations
from idbridge.oidc.signed_jwt import read_unverified
from idbridge.oidc.upstream_errors import UpstreamError, UpstreamFault


def expected_of(
    token: str, *, issuer: str, client_id: str, algorithms: frozenset[str], access_token: str | None
) -> LoginExpectations | None:
    """Return what the verifier has to find in ``token`` of this login, ``None`` for nothing further.

    In the code flow a provider may leave out the hash of the access token; where it is there, it is compared.

    Raises:
        UpstreamError: ``issuer_mismatch``: the token is of another provider than the one that was asked.
        CredentialError: ``oidc.authorized_party_mismatch``: it was issued to another client of the relying party.
        JoseError: ``jose.alg_not_allowed``: it is signed by an algorithm that the provider does not offer.
    """
    try:
        unverified, claims = read_unverified(token, HEADER, max_bytes=LIMITS.token_bytes)
    except Refusal:
        return None
    if "iss" in claims and claims["iss"] != issuer:
        raise UpstreamError(UpstreamFault.ISSUER_MISMATCH)
    if claims.get("azp", client_id) != client_id:  # OpenID Connect Core 1.0 section 3.1.3.7 (5)
        raise CredentialError("oidc.authorized_party_mismatch")
    if not permitted(unverified.header.algorithm, algorithms):
        raise JoseError("jose.alg_not_allowed")
    if access_token is None or "at_hash" not in claims:
        return None
    return LoginExpectations(access_token=access_token)


def login_named(verified: str) -> tuple[str | None, str | None]:
    """Return how the provider calls the person (``sub``) and their session (``sid``) in a ``verified`` token.

    A logout token names either; what cannot be named in one is ``None``.
    """
    _, claims = read_unverified(verified, HEADER, max_bytes=LIMITS.token_bytes)
    subject, session = (claims.get(name) for name in ("sub", "sid"))
    return (subject if _may_be_named(subject) else None), (session if _may_be_named(session) else None)


def _may_be_named(value: object) -> bool:
    return type(value) is str and 0 < len(value) <= LIMITS.identifier_characters and value.isprintable()


def signer_of(token: str, keys: tuple[PublicKey, ...], *, algorithms: frozenset[str]) -> str | None:
    """Return the thumbprint of the only one of ``keys`` if it signed a ``token`` which names none; ``None`` for others.

    ``keys`` are those that may speak for the provider (``upstream_listed``), each once: no other is ever tried.

    Raises:
        JoseError: ``jose.kid_missing``: there are several, and the token does not say which (section 10.1).
    """
    try:
        unverified, claims = read_unverified(token, HEADER, max_bytes=LIMITS.token_bytes)
        if unverified.header.kid is not None:
            return None
    except Refusal:
        return None
    if not keys:
        return None
    if len(keys) > 1:
        raise JoseError("jose.kid_missing", "the provider has several keys, and the token names none")
    try:
        jws.verify(unverified, claims=claims, key=keys[0], algorithms=algorithms)
    except JoseError:
        return None
    return keys[0].thumbprint
