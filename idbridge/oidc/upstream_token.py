"""What an ID token says of itself before it is verified: read to narrow what may be asked of it, and for nothing else.

Decides whether a token can be the answer of the provider that was asked at all: by its issuer, and by an algorithm that
is both listed and offered. The verifier would take a token of any listed issuer; here only one was asked (RFC 9700
section 4.4). A token that cannot be read passes, because the verifier says better why. Clauses: OpenID Connect Core 1.0
sections 3.1.3.6 and 3.1.3.7; OpenID Connect Discovery 1.0 section 3.
"""

from idbridge.credential.id_token import HEADER
from idbridge.crypto.algorithms import permitted
from idbridge.errors import JoseError, Refusal
from idbridge.limits import LIMITS
from idbridge.model.login import LoginExpectations
from idbridge.oidc.signed_jwt import read_unverified
from idbridge.oidc.upstream_errors import UpstreamError, UpstreamFault


def expected_of(
    token: str, *, issuer: str, algorithms: frozenset[str], access_token: str | None
) -> LoginExpectations | None:
    """Return what the verifier has to find in ``token`` of this login, ``None`` for nothing further.

    In the code flow a provider may leave out the hash of the access token; where it is there, it is compared.

    Raises:
        UpstreamError: ``issuer_mismatch``: the token is of another provider than the one that was asked.
        JoseError: ``jose.alg_not_allowed``: it is signed by an algorithm that the provider does not offer.
    """
    try:
        unverified, claims = read_unverified(token, HEADER, max_bytes=LIMITS.token_bytes)
    except Refusal:
        return None
    if "iss" in claims and claims["iss"] != issuer:
        raise UpstreamError(UpstreamFault.ISSUER_MISMATCH)
    if not permitted(unverified.header.algorithm, algorithms):
        raise JoseError("jose.alg_not_allowed")
    if access_token is None or "at_hash" not in claims:
        return None
    return LoginExpectations(access_token=access_token)
