"""Status: has the credential been revoked or suspended since it was issued? Step V6.

Decides from the status snapshot alone and never fetches, because that would tell the issuer who is being verified
(architecture D6). No statement is not a good statement: what cannot be established is INDETERMINATE, never accepted and
never called revoked (Token Status List, section 8.3).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from idbridge.crypto.x509 import VerifiedPath
from idbridge.model.check import Check, CheckPoint, Step
from idbridge.model.credential import VerifiedCredential
from idbridge.status.crl import CrlFinding, CrlState, crl_status
from idbridge.status.snapshot import StatusSnapshot

STATUS: Final = CheckPoint("status.1", Step.V6, "architecture section 4")
CERTIFICATES: Final = CheckPoint("status.2", Step.V6, "RFC 5280 section 6.3")


class StatusState(StrEnum):
    """What is known. ``NONE``: the issuer offers no status, so its word at issue stands until expiry."""

    NONE = "none"
    UNAVAILABLE = "unavailable"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class StatusFinding:
    """The state found and how old that knowledge is; ``as_of`` is ``None`` where nothing was looked up."""

    state: StatusState
    as_of: datetime | None = None


_NO_STATUS: Final = (STATUS.passed, StatusFinding(StatusState.NONE))
_UNAVAILABLE: Final = StatusFinding(StatusState.UNAVAILABLE)


def check_status(
    credential: VerifiedCredential, snapshot: StatusSnapshot, *, path: VerifiedPath | None, at: datetime
) -> tuple[Check, StatusFinding]:
    """Return whether ``credential`` is still good, as far as ``snapshot`` knows ``at`` an instant.

    ``path`` is that of the certificates under which it was signed, if there are any. A revocation that is known always
    counts; that none is known counts only if the state's list demands to know.
    """
    demanded = bool(credential.service.profile.crl)
    if path is not None and (snapshot.crls or demanded):
        certificates = crl_status(path, snapshot, at=at)
        if certificates.state is CrlState.REVOKED:
            return _revoked(certificates)
        if certificates.state is CrlState.UNKNOWN and demanded:
            note = f"status snapshot {snapshot.id} holds no current CRL of an authority on the path"
            return CERTIFICATES.refused("status.unavailable", note), _UNAVAILABLE
    if credential.status_reference is None:
        return _NO_STATUS
    note = f"status snapshot {snapshot.id} holds no list of that address"
    return STATUS.refused("status.unavailable", note), _UNAVAILABLE


def _revoked(found: CrlFinding) -> tuple[Check, StatusFinding]:
    why = f"a certificate of the path is revoked since {found.revocation.since:%Y-%m-%d}" if found.revocation else ""
    return CERTIFICATES.refused("issuer.certificate_revoked", why), StatusFinding(StatusState.REVOKED, found.as_of)
