"""The state that somebody chose last, so that it stands first the next time. A state, and nothing about anybody.

Kept on the device alone, only after a choice, and until it is told to forget. ``__Host-`` keeps other hosts of the
domain from planting one; a sandbox over plain http cannot have that prefix (RFC 6265bis section 4.1.3).
"""

from typing import Final

from fastapi import Request, Response

from idbridge.limits import LIMITS
from idbridge.model.region import MemberState

_NAME: Final = "idbridge-country"


class CountryCookie:
    """The cookie of one node; ``secure`` is false for a sandbox over plain http only."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self.name = f"{'__Host-' if secure else ''}{_NAME}"

    def remembered(self, request: Request) -> MemberState | None:
        """Return the state that was chosen last; ``None`` for none, or for what is no state."""
        found = request.cookies.get(self.name, "")
        return MemberState(found) if found in MemberState.__members__ else None

    def remember(self, response: Response, state: MemberState) -> None:
        """Let the browser remember ``state``."""
        response.set_cookie(
            self.name,
            state.value,
            max_age=int(LIMITS.country_cookie.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def forget(self, response: Response) -> None:
        """Let the browser forget which state was chosen."""
        response.delete_cookie(self.name, path="/", secure=self._secure, httponly=True, samesite="lax")
