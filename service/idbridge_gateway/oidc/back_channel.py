"""The back channel: a client is told by a signed token that a login is over, beside the browser and never in its way.

A token goes to the address that the client registered and nowhere else, through the client that guards against
addresses that lead inside. What fails for want of an answer is tried again, as the same token, while that is good; what
the client refuses is not. What waits when the node ends is lost: the login itself ended before. The journal says which
client was told, and nothing of the person. Clause: OpenID Connect Back-Channel Logout 1.0, sections 2.4, 2.5 and 2.8.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlencode, urlsplit

from idbridge.errors import ConfigurationError, FetchError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment
from idbridge.net.calls import Answer, Call, Caller, Method
from idbridge.net.guarded import GuardedClient
from idbridge.oidc.logout_token import make_logout_token
from idbridge_gateway.journal import JOURNAL, note_unexpected
from idbridge_gateway.oidc.clients import Clients
from idbridge_gateway.oidc.sessions import Session
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.settings import is_loopback
from idbridge_gateway.stores.sealed import new_handle

Pause = Callable[[float], Awaitable[None]]
_HEAD: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_AT_ONCE: Final = 4  # threads that wait for clients, so that a slow one holds up nobody but other logouts
_DONE: Final = frozenset({200, 204})
_SERVER_FAULT: Final = 500


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

    def __init__(
        self, *, clients: Clients, caller: Caller, randomness: Randomness, pause: Pause = asyncio.sleep
    ) -> None:
        self._clients = clients
        self._caller = caller
        self._randomness = randomness
        self._pause = pause
        self._waiting: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="back-channel")

    def tell(self, session: Session, turn: Turn) -> None:
        """Begin to tell the client of ``session`` that it is over, and return; a client without address is not told."""
        registered = self._clients.find(session.client_id)
        address = registered.client.backchannel_logout_uri if registered is not None and registered.enabled else None
        if address is None:
            return
        if len(self._waiting) >= LIMITS.logouts_waiting:
            JOURNAL.warning("back-channel logout: client %s is not told, too many wait", session.client_id)
            return
        try:
            token = self._token(session, turn)
        except ConfigurationError as broken:
            JOURNAL.error("back-channel logout: client %s is not told: %s", session.client_id, broken)
            return
        task = asyncio.get_running_loop().create_task(self._delivered(session.client_id, address, token))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def settled(self) -> None:
        """Return once nobody waits to be told any more."""
        while self._waiting:
            await asyncio.wait(set(self._waiting))

    def _token(self, session: Session, turn: Turn) -> str:
        signer = turn.issuing.signer(turn.state.snapshot, at=turn.at)
        if signer is None:
            raise ConfigurationError("the state of this node lists no key of it")
        return make_logout_token(
            signer,
            issuer=turn.issuing.node.issuer,
            client_id=session.client_id,
            jti=new_handle(self._randomness),
            at=turn.at,
            subject=session.subject,
            session=session.sid,
        )

    async def _delivered(self, client_id: str, address: str, token: str) -> None:
        call = Call(Method.POST, address, _HEAD, urlencode({"logout_token": token}).encode())
        why = ""
        try:
            for attempt in range(LIMITS.logout_attempts):
                if attempt:
                    await self._pause(LIMITS.logout_pause.total_seconds())
                why = await self._asked(call)
                if not why:
                    JOURNAL.info("back-channel logout: client %s was told", client_id)
                    return
                if why == "refused":
                    break
        except Exception as error:  # noqa: BLE001 - nobody waits for this task, so that it says itself what failed
            note_unexpected(error, correlation_id="back-channel")
            return
        JOURNAL.warning("back-channel logout: client %s was not told: %s", client_id, why)

    async def _asked(self, call: Call) -> str:
        """Return why the client was not told; nothing if it was."""
        loop = asyncio.get_running_loop()
        try:
            answer = await loop.run_in_executor(
                self._threads, lambda: self._caller.call(call, max_bytes=LIMITS.logout_answer_bytes)
            )
        except FetchError:
            return "no answer"
        if answer.status in _DONE:
            return ""
        return "no answer" if answer.status >= _SERVER_FAULT else "refused"
