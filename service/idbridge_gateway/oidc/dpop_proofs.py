"""DPoP proofs at the endpoints of one node: each counts once, and of a client of FAPI 2.0 only with a nonce of ours.

The nonce shows that a proof was made lately: without one, whoever can make a client sign in advance has proofs for as
long as its clock may be ahead (RFC 9449 section 11.2). It is demanded wherever a proof of such a client comes: at the
token endpoint, at the endpoint for pushed requests if it sends one there, and with an access token. A client of the
profile ``oidc-code`` need not send any proof at all, so none is asked of it for a nonce. A nonce of the period before
is still good, and every answer to a proof brings the one of this period (section 8.2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from idbridge.crypto.sealing import secret_from
from idbridge.oidc.client import Profile
from idbridge.oidc.dpop import ALGORITHMS, DpopProof, verify_proof
from idbridge.oidc.dpop_nonce import DpopNonces
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.stores.one_time import OneTime

_BAD_REQUEST: Final = 400
_UNAUTHORIZED: Final = 401
_CHALLENGE: Final = f'DPoP error="invalid_dpop_proof", algs="{" ".join(ALGORITHMS)}"'


def nonces_under(key: bytes) -> DpopNonces:
    """Return the nonces of a node whose workers all have ``key``; they tell nothing of it."""
    return DpopNonces(secret_from(key, label="dpop-nonce"))


@dataclass(frozen=True, slots=True)
class DpopProofs:
    """How the proofs that come to one node are judged, and made to count."""

    one_time: OneTime
    nonces: DpopNonces

    async def proved(
        self,
        proofs: Sequence[str],
        *,
        method: str,
        url: str,
        profile: Profile,
        at: datetime,
        access_token: str | None = None,
        bound_to: str | None = None,
    ) -> DpopProof:
        """Return the one proof among ``proofs``, spent; the parameters are those of ``verify_proof``.

        Raises:
            OAuthError: ``invalid_dpop_proof``, also for one that counted before, or ``use_dpop_nonce``.
            RequestError: ``system.*``: it could not be spent.
        """
        proof = verify_proof(
            proofs,
            method=method,
            url=url,
            at=at,
            access_token=access_token,
            bound_to=bound_to,
            nonces=self.nonces if profile is Profile.FAPI2 else None,
        )
        if not await self.one_time.claim(proof.one_time.key, until=proof.one_time.until):
            resource = access_token is not None
            raise OAuthError(
                "invalid_dpop_proof",
                "the DPoP proof was used before",
                cause="holder.replayed",
                status=_UNAUTHORIZED if resource else _BAD_REQUEST,
                headers={"WWW-Authenticate": _CHALLENGE} if resource else {},
            )
        return proof

    def fresh(self, *, at: datetime) -> Mapping[str, str]:
        """Return the header field with the nonce for the client's next proof."""
        return {"dpop-nonce": self.nonces.issue(at=at)}
