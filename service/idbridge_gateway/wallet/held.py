"""Held answers: reports that nobody is told of before the right one comes for them.

A wallet on the same device sends the person's browser back with a *response code*. Only with that code, and only in the
browser that began, the answer counts: whoever had a stranger answer their own request never gets it (OpenID4VP 1.0
section 13.3, session fixation). A code that comes in another browser is spent, and so is the answer. Where the relying
party named an address to come back to, the browser goes there with a second code, and only who has that and the key of
the relying party is told. No code outlives the request: what has expired is not answered afterwards.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from idbridge.clock import Clock
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge_gateway.stores.sealed import Kind, SealedStore, new_handle
from idbridge_gateway.wallet.presentations import Presentations
from idbridge_gateway.wallet.records import Device, HeldAnswer, Outcome, WalletRequest, read_held_answer


class HeldAnswers:
    """The held answers of one node."""

    def __init__(
        self, *, store: SealedStore, presentations: Presentations, randomness: Randomness, clock: Clock
    ) -> None:
        self._store = store
        self._presentations = presentations
        self._randomness = randomness
        self._clock = clock

    async def hold(self, request: WalletRequest, report: Mapping[str, Any]) -> str:
        """Hold ``report`` for the browser that began; the response code that opens it."""
        ends_at, onward = request.ends_at, request.return_uri
        return await self._hold(HeldAnswer(request.presentation, request.page, report, ends_at, onward))

    async def returned(self, code: str, *, page: str, began: bool) -> str | None:
        """Let the answer that ``code`` opens count, if it came back to its ``page`` in the browser that ``began``.

        Returns where that browser goes on to, ``None`` if it stays.
        """
        octets = await self._store.read(Kind.RESPONSE_CODE, code)
        held = read_held_answer(octets) if octets is not None else None
        if held is None or held.for_party or await self._store.take(Kind.RESPONSE_CODE, code) is None:
            return None
        if not began or held.page != page:
            await self._presentations.end(
                held, outcome=Outcome.REFUSED, device=Device.SAME, wallet_error="another_browser"
            )
            return None
        if held.return_uri is None:
            await self._release(held)
            return None
        onward = await self._hold(replace(held, return_uri=None, for_party=True))
        separator = "&" if "?" in held.return_uri else "?"
        return f"{held.return_uri}{separator}response_code={onward}"

    async def fetch(self, code: str, handle: str) -> None:
        """Let the answer that ``code`` opens count for the relying party whose presentation ``handle`` is.

        Raises:
            RequestError: ``input.not_found``: the code opens nothing, or what belongs to another presentation, or its
                browser has not come back yet.
        """
        octets = await self._store.read(Kind.RESPONSE_CODE, code)
        held = read_held_answer(octets) if octets is not None else None
        if held is None or held.presentation != handle or not held.for_party:
            raise RequestError("input.not_found", "the response code opens nothing")
        if await self._store.take(Kind.RESPONSE_CODE, code) is not None:
            await self._release(held)

    async def _hold(self, held: HeldAnswer) -> str:
        code = new_handle(self._randomness)
        until = min(self._clock.now() + LIMITS.response_code_lifetime, held.ends_at)
        await self._store.put(Kind.RESPONSE_CODE, code, held.octets(), until=until)
        return code

    async def _release(self, held: HeldAnswer) -> None:
        await self._presentations.end(held, outcome=Outcome.ANSWERED, device=Device.SAME, report=held.report)
