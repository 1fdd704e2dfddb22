"""How many logins are begun for one client: no more than its share of what a node can remember.

Whoever knows the name of a client can begin logins for it, without proving anything. So one client has its share, those
clients that push no request have one together, and one pushed request begins a few logins and no more. Past its share a
client is refused for a while, and nobody else is.
"""

import hashlib
from typing import Final

from idbridge.codec import length_prefixed
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.stores.tallies import Tallies

_UNPUSHED: Final = "logins-without-pushed-request"


class BegunLogins:
    """The tallies of logins of one node."""

    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies

    async def admit(self, client_id: str, *, pushed: str | None) -> None:
        """Return if the client may begin one more login, and count it.

        What is refused for a narrower bound does not count against a wider one.

        Raises:
            RequestError: ``system.overloaded``: it may not now, or the store does not answer.
        """
        if pushed is not None:
            await self._require("logins-of-pushed-request", pushed, most=LIMITS.logins_of_pushed_request)
        await self._require("logins-of-client", client_id, most=LIMITS.logins_of_client)
        if pushed is None:
            await self._require(_UNPUSHED, "", most=LIMITS.logins_unpushed)

    async def _require(self, what: str, whose: str, *, most: int) -> None:
        key = hashlib.sha256(length_prefixed.encode(what, whose)).digest()
        if await self._tallies.count(key, lasting=LIMITS.login_transaction) > most:
            raise RequestError("system.overloaded", "too many logins of this client were begun of late")
