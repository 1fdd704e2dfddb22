"""Issue: write one decision as a signed JWT that the relying party's own systems understand.

What it says was decided in ``decision``; here it gets the times and the name of one token, and a signature. ``jti`` is
random: no member that could identify a person is equal in the assertions of two sectors (architecture D9).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from idbridge.assertion.decision import Decision, decide
from idbridge.assertion.node import Node
from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.codec import base64url, jcs
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import Signer
from idbridge.errors import Refusal
from idbridge.limits import LIMITS
from idbridge.model import assertion as members
from idbridge.model.randomness import Randomness
from idbridge.verify.report import Report

IDENTIFIER_OCTETS: Final = 16


@dataclass(frozen=True, slots=True)
class Assertion:
    """A signed assertion, ready to be released. Made in this module only. ``subject`` is whom it is about."""

    jwt: str = field(repr=False)
    jti: str
    expires_at: datetime
    subject: str = field(repr=False)


def issue(
    report: Report,
    *,
    audience: str,
    node: Node,
    signer: Signer,
    pairwise_key: PairwiseKey,
    report_id: str,
    at: datetime,
    randomness: Randomness,
) -> Assertion:
    """Return the assertion of ``node`` for ``audience`` that rests on ``report``.

    Raises:
        Refusal: What ``decide`` and ``write`` raise.
    """
    decision = decide(
        report,
        audience=audience,
        node=node,
        pairwise_key=pairwise_key,
        report_id=report_id,
        at=at,
        randomness=randomness,
    )
    return write(decision, signer=signer, at=at, randomness=randomness)


def write(decision: Decision, *, signer: Signer, at: datetime, randomness: Randomness) -> Assertion:
    """Return ``decision`` as an assertion that is issued at ``at``.

    Raises:
        Refusal: ``policy.assertion_not_available``: it would be too long for another node to read.
    """
    jti = base64url.encode(randomness.octets(IDENTIFIER_OCTETS))
    claims = {
        "iss": decision.issuer,
        "sub": decision.subject,
        "aud": decision.audience,
        "iat": int(at.timestamp()),
        "nbf": int(at.timestamp()),
        "exp": int(decision.expires_at.timestamp()),
        "jti": jti,
        "txn": decision.transaction,
        **decision.core,
    }
    header = {"alg": signer.algorithm, "kid": signer.kid, "typ": members.TYPE}
    jwt = sign_compact(header, jcs.canonicalize(claims), signer)
    if len(jwt) > LIMITS.token_bytes:
        raise Refusal("policy.assertion_not_available", "the released claims are too long for an assertion")
    return Assertion(jwt=jwt, jti=jti, expires_at=decision.expires_at, subject=decision.subject)
