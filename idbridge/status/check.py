"""Status: has the credential been revoked or suspended since it was issued? Step V6.

Decides from the status snapshot alone and never fetches, because that would tell the issuer who is being verified
(architecture D6). No statement is not a good statement: what cannot be established is INDETERMINATE, never accepted and
never called revoked (Token Status List, section 8.3).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from idbridge.model.check import Check, CheckPoint, Step
from idbridge.model.credential import VerifiedCredential
from idbridge.status.snapshot import StatusSnapshot

STATUS: Final = CheckPoint("status.1", Step.V6, "architecture section 4")


class StatusState(StrEnum):
    """What is known. ``NONE``: the issuer offers no status, so its word at issue stands until expiry."""

    NONE = "none"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class StatusFinding:
    """The state found and how old that knowledge is; ``as_of`` is ``None`` where nothing was looked up."""

    state: StatusState
    as_of: datetime | None = None


_NO_STATUS: Final = (STATUS.passed, StatusFinding(StatusState.NONE))
_UNAVAILABLE: Final = StatusFinding(StatusState.UNAVAILABLE)


def check_status(credential: VerifiedCredential, snapshot: StatusSnapshot) -> tuple[Check, StatusFinding]:
    """Return whether ``credential`` is still good, as far as ``snapshot`` knows."""
    if credential.status_reference is None:
        return _NO_STATUS
    note = f"status snapshot {snapshot.id} holds no list of that address"
    return STATUS.refused("status.unavailable", note), _UNAVAILABLE
