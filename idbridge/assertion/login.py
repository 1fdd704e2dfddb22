"""Login: write one decision as the claims of an OpenID Connect login, in an ID token and at the userinfo endpoint.

Both say what ``decision`` decided, member for member as the JWT of ``issue`` does; only where ``verified_claims`` stand
depends on what the relying party asked for. Clauses: OpenID Connect Core 1.0, sections 2 and 5.3; OpenID Identity
Assurance 1.0, section 5.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.assertion.decision import Decision
from idbridge.errors import Refusal

VERIFIED_CLAIMS: Final = "verified_claims"
# One entry, or several in the order asked for (OpenID Identity Assurance 1.0, section 5).
Released = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def id_token_claims(
    decision: Decision,
    *,
    nonce: str | None,
    verified_claims: Released | None,
    at: datetime,
    to_the_second: bool = False,
) -> dict[str, Any]:
    """Return the claims of the ID token that is issued at ``at``.

    ``verified_claims`` is what of the decision's own was asked for here: ``None`` for nothing. ``auth_time`` is that
    of the provider, as coarse as in every assertion, and absent if the provider states none. ``to_the_second`` is for a
    client that has to count from it (``max_age``): by a coarse one every login would be too old.

    Raises:
        Refusal: ``policy.assertion_not_available``, what was decided is over.
    """
    _require_standing(decision, at=at)
    claims = {
        "iss": decision.issuer,
        "sub": decision.subject,
        "aud": decision.audience,
        "iat": int(at.timestamp()),
        "exp": int(decision.expires_at.timestamp()),
        "txn": decision.transaction,
        **{name: value for name, value in decision.core.items() if name != VERIFIED_CLAIMS},
    }
    if nonce is not None:
        claims["nonce"] = nonce
    coarse, exact = decision.core["origin"]["auth_time"], decision.authenticated_at
    if coarse is not None and exact is not None:
        claims["auth_time"] = int(exact.timestamp()) if to_the_second else coarse
    return _with_claims(claims, verified_claims)


def userinfo_claims(decision: Decision, *, verified_claims: Released | None, at: datetime) -> Mapping[str, Any]:
    """Return what the userinfo endpoint answers: the subject of the ID token, and what was asked for there.

    Raises:
        Refusal: ``policy.assertion_not_available``, what was decided is over.
    """
    _require_standing(decision, at=at)
    return MappingProxyType(_with_claims({"sub": decision.subject, "txn": decision.transaction}, verified_claims))


def _with_claims(claims: dict[str, Any], verified_claims: Released | None) -> dict[str, Any]:
    if verified_claims is None:
        return claims
    if isinstance(verified_claims, Mapping):
        return {**claims, VERIFIED_CLAIMS: dict(verified_claims)}
    return {**claims, VERIFIED_CLAIMS: [dict(one) for one in verified_claims]}


def _require_standing(decision: Decision, *, at: datetime) -> None:
    if not decision.decided_at <= at < decision.expires_at:
        raise Refusal("policy.assertion_not_available", "what was decided is over")
