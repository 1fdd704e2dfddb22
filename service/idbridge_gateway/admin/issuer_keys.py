"""The keys of the operators' issuer, from the one address that the settings name, and from no other.

Looked at when somebody presents a token, and again when it names a key that is not known: at most once in
``upstream_key_pause``, whoever asks, and by one request for all that wait. Keys that could not be looked at again are
good for ``key_set_life``; then nobody signs in (fail closed).
"""

import asyncio
from datetime import datetime

from idbridge.clock import Clock
from idbridge.errors import IdBridgeError, JoseError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.model.trust import PolledKeys
from idbridge.net.source import Source
from idbridge.oidc.signed_jwt import candidates
from idbridge.status.key_sets import read_key_set
from idbridge_gateway.admin.operators import CLOSED, unauthenticated
from idbridge_gateway.journal import JOURNAL


class IssuerKeys:
    """The key set at ``address``, as ``source`` last gave it; ``state`` is whose node of ``environment`` asks."""

    def __init__(
        self, address: str, *, state: MemberState, environment: Environment, source: Source, clock: Clock
    ) -> None:
        self._place = (state, address)
        self._environment = environment
        self._source = source
        self._clock = clock
        self._held: PolledKeys | None = None
        self._looked_at: datetime | None = None
        self._looking = asyncio.Lock()

    async def that_fit(self, *, kid: str | None, algorithm: str) -> tuple[PublicKey, ...]:
        """Return the keys that may have signed a token whose header says ``kid`` and ``algorithm``.

        Raises:
            RequestError: ``policy.unauthenticated``: none fits; ``system.overloaded``: the keys cannot be had now.
        """
        seen = self._current()
        if seen is not None:
            try:
                return candidates(seen.keys, kid=kid, algorithm=algorithm)
            except JoseError:
                pass  # it may be a new one
        async with self._looking:
            if self._current() is seen:
                await self._look()
        held = self._current()
        if held is None:
            raise RequestError("system.overloaded", "the keys of the operators' issuer cannot be had now")
        try:
            return candidates(held.keys, kid=kid, algorithm=algorithm)
        except JoseError as refusal:
            raise unauthenticated() from refusal

    def _current(self) -> PolledKeys | None:
        """Return what is held and not too old."""
        held = self._held
        return held if held is not None and self._clock.now() < held.until else None

    async def _look(self) -> None:
        """Look at the set again, if it may be looked at now. What is no set of public keys replaces none."""
        now = self._clock.now()
        if self._looked_at is not None and self._looked_at <= now < self._looked_at + LIMITS.upstream_key_pause:
            return
        self._looked_at = now
        try:
            octets = await asyncio.to_thread(self._source.fetch, self._place[1], max_bytes=LIMITS.key_set_bytes)
            self._held = read_key_set(
                octets, self._place, algorithms=CLOSED, environment=self._environment, fetched_at=now
            ).polled
        except IdBridgeError as fault:
            JOURNAL.error("the keys of the operators' issuer were not taken: %s", fault.code)
