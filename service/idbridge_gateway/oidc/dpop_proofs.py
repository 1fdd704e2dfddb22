"""A DPoP proof counts once (RFC 9449 section 11.1): it is spent here, at whichever endpoint it came to."""

from typing import Final

from idbridge.oidc.dpop import ALGORITHMS, DpopProof
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.stores.one_time import OneTime

_BAD_REQUEST: Final = 400
_UNAUTHORIZED: Final = 401
_CHALLENGE: Final = f'DPoP error="invalid_dpop_proof", algs="{" ".join(ALGORITHMS)}"'


async def spend_proof(one_time: OneTime, proof: DpopProof, *, resource: bool = False) -> None:
    """Let ``proof`` count, once; ``resource`` tells that a token was shown, so that the refusal is a challenge.

    Raises:
        OAuthError: ``invalid_dpop_proof``: it counted before.
        RequestError: ``system.*``.
    """
    if not await one_time.claim(proof.one_time.key, until=proof.one_time.until):
        raise OAuthError(
            "invalid_dpop_proof",
            "the DPoP proof was used before",
            cause="holder.replayed",
            status=_UNAUTHORIZED if resource else _BAD_REQUEST,
            headers={"WWW-Authenticate": _CHALLENGE} if resource else {},
        )
