"""Ended services: whether what one of them signed is proved to be older than its end. Part of step V3.

Decides by the status at the instant that is proved, as if the credential had been shown then. Who proves it, and how,
is not known here; ``iat`` is no proof. Clause: architecture D1.
"""

from collections.abc import Callable
from datetime import datetime

from idbridge.errors import IssuerError
from idbridge.model.evidence import ProvenTime
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.model.trust import TrustService
from idbridge.trust.history import ENDED, severity_at

# Proves how old a credential is, once it is known of which state its service is, and with which code that has ended.
Evidence = Callable[[MemberState, str], ProvenTime]


def proven_older(listing: tuple[TrustService, ...], evidence: Evidence | None, *, at: datetime) -> ProvenTime | None:
    """Return what is proved of the time of a credential whose services are ``listing``; ``None`` if none has ended.

    Raises:
        IssuerError: ``issuer.withdrawn`` or ``issuer.compromised``: nothing is proved, or not that it is older.
        Refusal, Refused: What ``evidence`` raises.
    """
    worst = max((severity_at(service, at) for service in listing), default=0)
    if worst not in ENDED:
        return None
    if evidence is None:
        raise IssuerError(ENDED[worst])
    proven = evidence(listing[0].member_state, ENDED[worst])
    if max(severity_at(service, proven.at) for service in listing) in ENDED:
        raise IssuerError(ENDED[worst], f"it is proved to have been there by {instant_text(proven.at)}, which is late")
    return proven
