"""The back channel: a client is told by a signed token that a login is over, beside the browser and never in its way.

A token goes to the address that the client registered and nowhere else, through the client that guards against
addresses that lead inside; not if the client is another relying party's by then. What fails for want of an answer is
tried again, as the same token, while that is good; what the client refuses is not. The login itself ended before,
whether or not anybody hears of it. The journal says which client was told, and nothing of the person. Clause: OpenID
Connect Back-Channel Logout 1.0, sections 2.4, 2.5 and 2.8.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

from idbridge.errors import ConfigurationError, FetchError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment
from idbridge.net.calls import Answer, Call, Caller, Method
from idbridge.net.guarded import GuardedClient
from idbridge.oidc.logout_token import make_logout_token
from idbridge_gateway.deliveries import PostOffice
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.oidc.clients import Clients
from idbridge_gateway.oidc.sessions import Session
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.settings import is_loopback
from idbridge_gateway.stores.documents import read_kept, require_texts, require_type
from idbridge_gateway.stores.outbox import Delivery
from idbridge_gateway.stores.sealed import new_handle

Pause = Callable[[float], Awaitable[None]]
_HEAD: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_AT_ONCE: Final = 4  # threads that wait for clients, so that a slow one holds up nobody but other logouts
_DONE: Final = frozenset({200, 204})
_SERVER_FAULT: Final = 500
_NO_ANSWER: Final = "no answer"


class RegisteredAddresses:
    """Calls the host of each address and no other; the addresses are those that clients registered."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def call(self, call: Call, *, max_bytes: int) -> Answer:
        """Return the answer to ``call``.

        Raises:
            FetchError: The address is none that may be called, or there was no whole answer in time.
        """
        try:
            parts = urlsplit(call.url)
            near = self._environment is Environment.SANDBOX and is_loopback(parts.hostname or "")
            client = GuardedClient(frozenset({parts.netloc.lower()}), self._environment, allow_loopback=near)
        except (ConfigurationError, ValueError) as strange:
            raise FetchError("not the address of a host") from strange
        return client.call(call, max_bytes=max_bytes)


class BackChannel:
    """How the clients of one node are told. ``pause`` waits for so many seconds."""

    kind: Final = "back-channel"
    delays: Final[Sequence[timedelta]] = (LIMITS.logout_pause,) * (LIMITS.logout_attempts - 1)
    each: Final = _AT_ONCE

    def __init__(
        self,
        *,
        clients: Clients,
        caller: Caller,
        randomness: Randomness,
        post: PostOffice,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._clients = clients
        self._caller = caller
        self._randomness = randomness
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="back-channel")
        self.deliveries: Final = post.opened(
            self, life=LIMITS.logout_token_lifetime, pause=lambda time: pause(time.total_seconds())
        )

    def tell(self, session: Session, turn: Turn) -> None:
        """Begin to tell the client of ``session`` that it is over, and return; a client without address is not told."""
        if self._address(session.client_id, session.relying_party) is None:
            return
        if self.deliveries.waiting.total() >= LIMITS.logouts_waiting:
            JOURNAL.warning("back-channel logout: client %s is not told, too many wait", session.client_id)
            return
        jti = new_handle(self._randomness)
        try:
            token = self._token(session, turn, jti=jti)
        except ConfigurationError as broken:
            JOURNAL.error("back-channel logout: client %s is not told: %s", session.client_id, broken)
            return
        self.deliveries.begin(Delivery(jti, session.client_id, json.dumps([session.relying_party, token])))

    async def settled(self) -> None:
        """Return once nobody waits to be told any more."""
        await self.deliveries.idle()

    async def attempt(self, delivery: Delivery) -> bool:
        """Tell whether nothing more is to be done: the client was told, refused, or has no address any more."""
        party, token = _told(delivery)
        address = self._address(delivery.to, party)
        why = "it has no address any more" if address is None else await self._asked(address, token)
        if not why:
            JOURNAL.info("back-channel logout: client %s was told", delivery.to)
        elif why != _NO_ANSWER:
            JOURNAL.warning("back-channel logout: client %s was not told: %s", delivery.to, why)
        return why != _NO_ANSWER

    def given_up(self, delivery: Delivery) -> None:
        """Note that the client never answered."""
        JOURNAL.warning("back-channel logout: client %s was not told: %s", delivery.to, _NO_ANSWER)

    def _address(self, client_id: str, party: str) -> str | None:
        """Return where the client of ``party`` is told; ``None`` if nowhere, or if it is off, gone or another's."""
        registered = self._clients.find(client_id)
        if registered is None or not registered.enabled or registered.relying_party.id != party:
            return None
        return registered.client.backchannel_logout_uri

    def _token(self, session: Session, turn: Turn, *, jti: str) -> str:
        signer = turn.issuing.signer(turn.state.snapshot, at=turn.at)
        if signer is None:
            raise ConfigurationError("the state of this node lists no key of it")
        return make_logout_token(
            signer,
            issuer=turn.issuing.node.issuer,
            client_id=session.client_id,
            jti=jti,
            at=turn.at,
            subject=session.subject,
            session=session.sid,
        )

    async def _asked(self, address: str, token: str) -> str:
        """Return why the client was not told; nothing if it was."""
        call = Call(Method.POST, address, _HEAD, urlencode({"logout_token": token}).encode())
        loop = asyncio.get_running_loop()
        try:
            answer = await loop.run_in_executor(
                self._threads, lambda: self._caller.call(call, max_bytes=LIMITS.logout_answer_bytes)
            )
        except FetchError:
            return _NO_ANSWER
        if answer.status in _DONE:
            return ""
        return _NO_ANSWER if answer.status >= _SERVER_FAULT else "refused"


def _told(delivery: Delivery) -> tuple[str, str]:
    """Return the relying party that ``delivery`` is for and the token; nobody, for one that another version kept."""
    told = read_kept(delivery.body.encode(), lambda kept: require_texts(require_type(kept, list)))
    match told:
        case (party, token):
            return party, token
        case _:
            return "", ""
