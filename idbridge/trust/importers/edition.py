"""Whether an edition of somebody else's list may be read now: its dates, and what was imported before.

Clauses: ETSI TS 119 612 sections 5.3.2, 5.3.14 and 5.3.15; ISO/IEC 18013-5 annex C. Public readers of these lists
accept one that is out of date, or older than the last; here both are refused.
"""

from datetime import datetime

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.trust.errors import EquivocationError, RollbackError, violation
from idbridge.trust.importers.imported import Provenance, Terms


def require_current(offered: Provenance, terms: Terms) -> None:
    """Return if the edition is in its time, follows the one that was imported before and speaks for whom it should.

    Raises:
        TrustError: ``trust.territory_mismatch``, ``trust.issued_in_future``, ``trust.lifetime_too_long``,
            ``trust.expired``, or ``trust.profile_violation`` for a list that names no end and for which no age is set.
        RollbackError, EquivocationError: It is older than ``terms.held``, or another text under its number.
    """
    if terms.territory is not None and offered.territory != terms.territory:
        raise TrustError("trust.territory_mismatch", f"the list speaks for {offered.territory}")
    if offered.issued_at is None:
        raise violation("the list does not say when it was issued")
    if offered.issued_at > offered.imported_at + LIMITS.list_issue_skew:
        raise TrustError("trust.issued_in_future")
    _require_order(offered, terms)
    if good_until(offered.issued_at, offered.next_update, terms) <= offered.imported_at:
        raise TrustError("trust.expired")


def good_until(issued_at: datetime, next_update: datetime | None, terms: Terms) -> datetime:
    """Return when an edition has to be imported anew: when the next is due, or when it reaches the age that is set.

    Raises:
        TrustError: ``trust.profile_violation`` or ``trust.lifetime_too_long``: its own dates are not in order, or it
            names no end and no age is set.
    """
    if next_update is not None:
        if next_update <= issued_at:
            raise violation("the next update is due before the list was issued")
        if next_update - issued_at > LIMITS.list_lifetime:
            raise TrustError("trust.lifetime_too_long")
    if terms.max_age is not None:
        return issued_at + terms.max_age
    if next_update is None:
        raise violation("the list does not say when its next update is due, and no age is set for it")
    return next_update


def _require_order(offered: Provenance, terms: Terms) -> None:
    held = terms.held
    if held is None:
        return
    if offered.sequence is None or offered.sequence < held.sequence:
        raise RollbackError(held=held.sequence, offered=offered.sequence or 0)
    if offered.sequence == held.sequence and offered.content != held.digest:
        raise EquivocationError(sequence=held.sequence, held=held.digest, offered=offered.content)
