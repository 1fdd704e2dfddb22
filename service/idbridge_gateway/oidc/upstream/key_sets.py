"""Key sets of providers, looked at again: when a login is signed by a key that nobody knows yet, and not more often.

Only a set whose address the state's list names is looked at, once per issuer in ``upstream_key_pause``, however many
logins wait; what came back is judged and kept like what was fetched ahead of time. A key that the set does not have
stays unknown. Clauses: OpenID Connect Core 1.0 section 10.1.1; architecture D6.
"""

import asyncio
from datetime import datetime
from typing import Final

from idbridge.errors import FetchError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.net.calls import Call, Method
from idbridge.status.snapshot import StatusSnapshot
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.node import TrustInForce
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.oidc.upstream.lines import Lines
from idbridge_gateway.oidc.upstream.providers import UsableProvider
from idbridge_gateway.revocation import Prefetch

# What a key that was exchanged looks like: under a new name, or under the name of the one before.
LATE: Final = frozenset({"jose.kid_unknown", "jose.signature_invalid"})
_OK: Final = 200


class KeySets:
    """What this node does about unknown keys of providers."""

    def __init__(self, *, lines: Lines, prefetch: Prefetch, trust: TrustInForce) -> None:
        self._lines = lines
        self._prefetch = prefetch
        self._trust = trust
        self._looked_at: dict[str, datetime] = {}
        self._coming: dict[str, asyncio.Task[None]] = {}

    async def looked_at_again(self, provider: UsableProvider, turn: Turn) -> StatusSnapshot:
        """Return what is known once the key sets of ``provider`` were looked at again, if they may be now."""
        issuer = provider.client.issuer
        last = self._looked_at.get(issuer)
        if last is None or not last <= turn.at < last + LIMITS.upstream_key_pause:
            self._looked_at[issuer] = turn.at
            coming = self._coming[issuer] = asyncio.create_task(self._looked(provider, turn))
            coming.add_done_callback(lambda _: self._coming.pop(issuer, None))
        if issuer in self._coming:
            await asyncio.shield(self._coming[issuer])
        return self._trust.in_force.verifier.status

    async def _looked(self, provider: UsableProvider, turn: Turn) -> None:
        """Look at each set once. What cannot be had stays unknown, and the verdict says so."""
        for address in sorted(provider.login.key_sets):
            try:
                answer = await self._lines.call(provider.line, Call(Method.GET, address), at=turn.at)
                if answer.status != _OK:
                    raise FetchError(f"the provider answered {answer.status}")
                await self._prefetch.take_key_set((provider.login.state, address), answer.body)
            except IdBridgeError as error:
                JOURNAL.error("the key set of %s was not taken: %s", provider.client.provider, error.code)
