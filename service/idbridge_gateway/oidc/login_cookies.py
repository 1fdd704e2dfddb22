"""Login cookies: what shows that a login was made in this very browser, so that it can be ended from here.

Nobody stays logged in at this node. But a logout that does not show an ID token has to say which logins it means, and
one that does has to show that it is not another site that logs the person out (OpenID Connect RP-Initiated Logout 1.0,
section 2). So the browser keeps the ``sid`` of each login of its own, each in a cookie of its own as transactions have
(``browser``), for as long as the session lives. A cookie holds nothing of the person, and no page can read it.
"""

from typing import Final

from fastapi import Request, Response

from idbridge.limits import LIMITS
from idbridge_gateway.oidc.browser import public_name

_PREFIX: Final = "idbridge-login-"


class LoginCookies:
    """The cookies of the logins at one node; ``secure`` is false for a sandbox over plain http only."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self._prefix = f"{'__Host-' if secure else ''}{_PREFIX}"

    def set(self, response: Response, sid: str) -> None:
        """Let the browser bring ``sid`` for as long as the session may last."""
        response.set_cookie(
            self._name(sid),
            sid,
            max_age=int(LIMITS.session_lifetime.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def drop(self, response: Response, sid: str) -> None:
        """Let the browser forget ``sid``."""
        response.delete_cookie(self._name(sid), path="/", secure=self._secure, httponly=True, samesite="lax")

    def held(self, request: Request) -> tuple[str, ...]:
        """Return what the browser brings, the youngest, as many as are looked up for one request.

        Browsers bring cookies of one path in the order in which they got them (RFC 6265 section 5.4).
        """
        named = ((name, value) for name, value in request.cookies.items() if name.startswith(self._prefix))
        found = [value for name, value in named if value.isascii() and self._name(value) == name]
        return tuple(found[-LIMITS.browser_logins :])

    def _name(self, sid: str) -> str:
        return f"{self._prefix}{public_name(sid)}"
