"""Sessions: which client was told of which login, so that it can be told when that is over.

One login is told to one client, under a ``sid`` that only this client's ID token names, and the browser of the person
in a cookie of its own (``login_cookies``). A session is kept for as long as a day, sealed under its ``sid``; ending it
takes back the access token and tells the client through the back channel. Nobody stays logged in at this node: every
login is of its own. Clause: OpenID Connect Back-Channel Logout 1.0, section 2.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from idbridge.limits import LIMITS
from idbridge_gateway.oidc.codes import Code
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.stores.documents import read_document
from idbridge_gateway.stores.sealed import Kind, SealedStore


@dataclass(frozen=True, slots=True)
class Session:
    """One login as one client of ``relying_party`` knows it: ``subject`` is the pairwise one."""

    sid: str = field(repr=False)
    client_id: str
    relying_party: str
    subject: str = field(repr=False)
    access_token: str = field(repr=False)


def read_session(sid: str, octets: bytes | None) -> Session | None:
    """Return the session ``sid`` that is kept as ``octets``; ``None`` for anything else."""
    return read_document(
        octets,
        lambda kept: Session(
            sid,
            kept.text("client_id"),
            kept.text("relying_party"),
            kept.text("subject"),
            kept.text("access_token"),
        ),
    )


class Sessions:
    """The sessions of one node; ``tell`` lets the client of one know that it is over, and waits for nothing."""

    def __init__(self, *, store: SealedStore, tell: Callable[[Session, Turn], None]) -> None:
        self._store = store
        self._tell = tell

    async def keep(self, code: Code, *, at: datetime) -> None:
        """Keep the session that ``code`` begins."""
        members = {
            "client_id": code.client_id,
            "relying_party": code.relying_party,
            "subject": code.decision.subject,
            "access_token": code.access_token,
        }
        until = at + LIMITS.session_lifetime
        await self._store.put(Kind.SESSION, code.session, json.dumps(members).encode(), until=until)

    async def forbid(self, sid: str, *, turn: Turn) -> None:
        """Let no session begin under ``sid`` any more: what it would rest on is over, and its code may be on its way.

        Raises:
            RequestError: ``system.*``.
        """
        await self._store.put(Kind.SESSION_OVER, sid, b"over", until=turn.at + LIMITS.code_lifetime)

    async def may_begin(self, sid: str) -> bool:
        """Tell whether a session may begin under ``sid``."""
        return await self._store.read(Kind.SESSION_OVER, sid) is None

    async def find(self, sid: str) -> Session | None:
        """Return the session, and leave it; ``None`` if there is none, or it has ended."""
        return read_session(sid, await self._store.read(Kind.SESSION, sid))

    async def end(self, sid: str, *, turn: Turn) -> Session | None:
        """Return the session, and end it; its access token opens nothing any more. ``None`` if there is none.

        The token goes first: whoever has to try again still finds the session. Of several at once, one tells.

        Raises:
            RequestError: ``system.*``: it may still stand, and can be ended again.
        """
        session = await self.find(sid)
        if session is None:
            return None
        await self._store.take(Kind.ACCESS_TOKEN, session.access_token)
        if await self._store.take(Kind.SESSION, sid) is None:
            return None
        self._tell(session, turn)
        return session
