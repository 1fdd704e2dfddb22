"""Held answers: answers that nobody is told of before the right one comes for them.

A wallet on the same device sends the person's browser back with a *response code*. Only with that code, and only in the
browser that began, the answer counts: whoever had a stranger answer their own request never gets it (OpenID4VP 1.0
section 13.3, session fixation). A code that comes in another browser is spent, and so is the answer. Where the relying
party named an address to come back to, the browser goes there with a second code, and only who has that and the key of
the relying party is told. No code outlives the request: what has expired is not answered afterwards.

What is held is the answer, not what was decided of it. It is judged when it comes, which spends what counts once, and
again when it is released: what was denied or revoked meanwhile does not count, and no registration that was narrowed.
"""

import hmac
from dataclasses import replace

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.presentation.response_parameters import WalletAnswer
from idbridge_gateway.oidc.turns import Turns
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.stores.sealed import Kind, SealedStore, new_handle
from idbridge_gateway.verdict import Released, Verdicts
from idbridge_gateway.wallet.asker import Asker
from idbridge_gateway.wallet.parties import party_now, still_asks
from idbridge_gateway.wallet.presentations import Presentations
from idbridge_gateway.wallet.question import kept_report, question_of
from idbridge_gateway.wallet.records import Device, HeldAnswer, Outcome, read_held_answer


class HeldAnswers:
    """The held answers of one node."""

    def __init__(
        self,
        *,
        asker: Asker,
        store: SealedStore,
        presentations: Presentations,
        registry: RegistryInForce,
        verdicts: Verdicts,
        randomness: Randomness,
        turns: Turns,
    ) -> None:
        self._asker = asker
        self._store = store
        self._presentations = presentations
        self._registry = registry
        self._verdicts = verdicts
        self._randomness = randomness
        self._turns = turns

    async def hold(self, held: HeldAnswer, answer: WalletAnswer) -> str:
        """Hold ``answer``, which was accepted, for the browser that began; the response code that opens it."""
        code = new_handle(self._randomness)
        await self._put(code, held, answer)
        return code

    async def _put(self, code: str, held: HeldAnswer, answer: WalletAnswer) -> None:
        until = min(self._turns.clock.now() + LIMITS.response_code_lifetime, held.request.ends_at)
        await self._store.put(Kind.HELD_ANSWER, code, answer.unverified_vp_token.encode(), until=until)
        await self._store.put(Kind.RESPONSE_CODE, code, held.octets(), until=until)

    async def returned(self, code: str, *, page: str, began: bool) -> str | None:
        """Let the answer that ``code`` opens count, if it came back to its ``page`` in the browser that ``began``.

        Returns where that browser goes on to, ``None`` if it stays.

        Raises:
            RequestError: ``system.*``: nothing came of it, and the browser may come back again.
        """
        held = read_held_answer(await self._store.read(Kind.RESPONSE_CODE, code))
        if held is None or held.for_party:
            return None
        if not began or held.request.page != page:
            if await self._taken(code) is not None:
                await self._presentations.end(
                    held.request, outcome=Outcome.REFUSED, device=Device.SAME, wallet_error="another_browser"
                )
            return None
        return_uri = held.request.return_uri
        if return_uri is None:
            await self._release(code, held)
            return None
        octets = await self._store.read(Kind.HELD_ANSWER, code)
        if octets is None:
            return None
        # First the new code, which nobody knows yet: where the store fails, the old one still opens the answer.
        onward = await self.hold(replace(held, for_party=True), WalletAnswer(octets.decode()))
        if await self._taken(code) is None:  # the same browser was here at this very moment
            await self._taken(onward)
            return None
        return f"{return_uri}{'&' if '?' in return_uri else '?'}response_code={onward}"

    async def fetch(self, code: str, handle: str) -> None:
        """Let the answer that ``code`` opens count for the relying party whose presentation ``handle`` is.

        Raises:
            RequestError: ``input.not_found``: the code opens nothing, or what belongs to another presentation, or its
                browser has not come back yet; ``system.*``: nothing came of it, and it may be fetched again.
        """
        held = read_held_answer(await self._store.read(Kind.RESPONSE_CODE, code))
        if held is None or not _is_for(held, handle):
            raise RequestError("input.not_found", "the response code opens nothing")
        await self._release(code, held)

    async def _taken(self, code: str) -> WalletAnswer | None:
        """Return the answer, and let ``code`` open nothing any more: of several callers at once, one gets it."""
        octets = await self._store.take(Kind.HELD_ANSWER, code)
        await self._store.take(Kind.RESPONSE_CODE, code)
        return WalletAnswer(octets.decode()) if octets is not None else None

    async def _release(self, code: str, held: HeldAnswer) -> None:
        """Judge the answer again, and let what comes of that be told; once.

        It is judged before the code is spent, so that it waits on where this node cannot tell at this moment.
        """
        octets = await self._store.read(Kind.HELD_ANSWER, code)
        if octets is None or not still_asks(self._registry, held.request.party, at=self._turns.clock.now()):
            return
        report = kept_report(await self._judged(held, WalletAnswer(octets.decode())))
        answer = await self._taken(code)
        if answer is None:
            return
        try:
            await self._presentations.end(held.request, outcome=Outcome.ANSWERED, device=Device.SAME, report=report)
        except Exception:  # nobody was told: the code opens the answer again
            await self._put(code, held, answer)
            raise

    async def _judged(self, held: HeldAnswer, answer: WalletAnswer) -> Released:
        turn, request = self._turns.begin(), held.request
        party = party_now(self._registry, request.party, at=turn.at)
        return await self._verdicts.later(
            question_of(request, answer, response_uri=self._asker.response_uri(held.name), party=party),
            earlier=held.earlier,
            then=self._turns.trust.held(held.earlier.snapshot),
            current=turn.state,
            issuing=turn.issuing,
            at=turn.at,
            by=held.mark,
        )


def _is_for(held: HeldAnswer, handle: str) -> bool:
    """Tell whether the relying party may have an answer, whose presentation ``handle`` is."""
    return hmac.compare_digest(held.request.presentation.encode(), handle.encode()) and held.for_party
