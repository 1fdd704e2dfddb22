"""Revocation of certificates: what the held CRLs say of a path, from the leaf to what a list names.

Decides from the status snapshot alone, and never fetches. The certificate that a list names is not asked about: its
status is the list's to tell. A revocation stands even in a list that is overdue, because it is never taken back; that
nothing is said counts only in a list that is current. Clause: RFC 5280 section 6.3.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from idbridge.crypto.crl import Link, Revocation, VerifiedCrl
from idbridge.crypto.x509 import VerifiedPath
from idbridge.status.snapshot import StatusSnapshot


class CrlState(StrEnum):
    """What the CRLs say of a path."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CrlFinding:
    """What was found. ``as_of`` is how old the oldest CRL is that was relied on; ``None`` if none was."""

    state: CrlState
    as_of: datetime | None = None
    revocation: Revocation | None = None


def crl_status(path: VerifiedPath, snapshot: StatusSnapshot, *, at: datetime) -> CrlFinding:
    """Return whether a certificate of ``path`` is revoked, as far as ``snapshot`` knows ``at`` an instant.

    The worst of all certificates counts: revoked, then unknown, then good.
    """
    findings = [_asked(link, snapshot.crls.get(link.authority, ()), at) for link in path.links]
    for state in (CrlState.REVOKED, CrlState.UNKNOWN):
        for finding in findings:
            if finding.state is state:
                return finding
    dates = [finding.as_of for finding in findings if finding.as_of is not None]
    return CrlFinding(CrlState.GOOD, min(dates, default=None))


def _asked(link: Link, crls: tuple[VerifiedCrl, ...], at: datetime) -> CrlFinding:
    """Return what the CRLs of its own authority say of one certificate; any of them can revoke it."""
    for crl in crls:
        revocation = crl.revoked.get(link.serial)
        if revocation is not None:
            return CrlFinding(CrlState.REVOKED, crl.this_update, revocation)
    dates = [crl.this_update for crl in crls if crl.is_current(at) and crl.covers(link)]
    return CrlFinding(CrlState.GOOD, max(dates)) if dates else CrlFinding(CrlState.UNKNOWN)
