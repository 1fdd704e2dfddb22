"""The presentations of one node: begun, looked at, ended, each by whoever has the handle for it.

Of several answers, refusals and cancellations that arrive at once, one counts: whoever takes the *turn*. What a relying
party cancelled does not come back by an answer that was on its way. Everything is gone by itself a while after its end.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from idbridge.crypto.ephemeral import new_ephemeral_key
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.model.request import RelyingParty
from idbridge.presentation.request_object import ResponseMode
from idbridge_gateway.stores.sealed import Kind, SealedStore, new_handle
from idbridge_gateway.wallet.order import Order
from idbridge_gateway.wallet.records import (
    Device,
    Outcome,
    Presentation,
    WalletPage,
    WalletRequest,
    read_presentation,
    read_wallet_page,
    read_wallet_request,
)

_TURN: Final = b"1"
Settled = Callable[[str, Presentation], None]  # who is told, by its id, that a presentation came to an end


@dataclass(frozen=True, slots=True)
class Begun:
    """A presentation that was begun: its id for the relying party, and the name for everybody who gets the link."""

    id: str = field(repr=False)
    link: str = field(repr=False)
    client_id: str
    ends_at: datetime


def _nobody(handle: str, presentation: Presentation) -> None:
    """Do nothing about what came to an end."""


class OpenCount:
    """How many requests of each relying party this worker began and that have not come to their end."""

    def __init__(self, *, most: int = LIMITS.presentations_open) -> None:
        self._most = most
        self._ends: dict[str, list[float]] = defaultdict(list)

    def begin(self, party: str, *, until: datetime, at: datetime) -> None:
        """Count one more, until ``until``.

        Raises:
            RequestError: ``system.overloaded``: there are too many.
        """
        ends = self._ends[party]
        while ends and ends[0] <= at.timestamp():
            heapq.heappop(ends)
        if len(ends) >= self._most:
            raise RequestError("system.overloaded", "too many requests to wallets are open")
        heapq.heappush(ends, until.timestamp())


class Presentations:
    """The presentations of one node."""

    def __init__(self, *, store: SealedStore, randomness: Randomness, settled: Settled = _nobody) -> None:
        self._store = store
        self._randomness = randomness
        self._settled = settled
        self._open = OpenCount()

    async def begin(self, order: Order, *, party: RelyingParty, client_id: str, at: datetime) -> Begun:
        """Begin what ``order`` asks for.

        Raises:
            RequestError: ``system.overloaded``, too many are open or it could not be kept.
        """
        ends_at = at + order.lifetime
        self._open.begin(party.id, until=ends_at, at=at)
        handle, link = new_handle(self._randomness), new_handle(self._randomness)
        request = WalletRequest(
            presentation=handle,
            page=link,
            party=party.id,
            name=party.name,
            question=order.question,
            client_id=client_id,
            mode=order.mode,
            ends_at=ends_at,
            device=Device.CROSS,
            return_uri=order.return_uri,
            **self._secrets(order.mode),
        )
        page = WalletPage(
            name=party.name,
            purpose=order.question["purpose"],
            purpose_text=order.question["purpose_text"],
            claims=tuple(order.question.get("claims", ())),
            ends_at=ends_at,
            company=order.company,
        )
        await self._store.put(Kind.WALLET_TURN, handle, _TURN, until=ends_at)
        await self._store.put(Kind.WALLET_REQUEST, link, request.octets(), until=ends_at)
        await self._store.put(Kind.WALLET_PAGE, link, page.octets(), until=ends_at + LIMITS.presentation_kept)
        kept = Presentation(party.id, ends_at, link)
        await self._store.put(Kind.PRESENTATION, handle, kept.octets(), until=ends_at + LIMITS.presentation_kept)
        return Begun(handle, link, client_id, ends_at)

    def _secrets(self, mode: ResponseMode) -> dict[str, Any]:
        """Return what each request to a wallet has for itself alone."""
        return {
            "nonce": new_handle(self._randomness),
            "state": new_handle(self._randomness),
            "key": new_ephemeral_key() if mode is ResponseMode.DIRECT_POST_JWT else None,
        }

    async def find(self, handle: str, *, owner: str) -> Presentation:
        """Return the presentation of ``owner`` under this id.

        Raises:
            RequestError: ``input.not_found``: there is none, or it is another relying party's.
        """
        octets = await self._store.read(Kind.PRESENTATION, handle)
        if octets is None:
            octets = await self._store.read(Kind.PRESENTATION_END, handle)
        found = read_presentation(octets) if octets is not None else None
        if found is None or found.owner != owner:
            raise RequestError("input.not_found", "there is no presentation of yours under this id")
        return found

    async def cancel(self, handle: str, *, owner: str) -> None:
        """End the presentation and forget what was answered.

        Raises:
            RequestError: ``input.not_found``.
        """
        found = await self.find(handle, owner=owner)
        await self._store.take(Kind.WALLET_TURN, handle)
        await self._store.take(Kind.PRESENTATION, handle)
        ended = Presentation(owner, found.ends_at, found.link, Outcome.CANCELLED)
        await self._store.put(
            Kind.PRESENTATION_END, handle, ended.octets(), until=found.ends_at + LIMITS.presentation_kept
        )
        await self.close(found.link, Outcome.CANCELLED)

    async def request(self, name: str) -> WalletRequest | None:
        """Return the request to a wallet under ``name``; ``None`` if there is none, or none any more."""
        octets = await self._store.read(Kind.WALLET_REQUEST, name)
        return read_wallet_request(octets) if octets is not None else None

    async def page(self, link: str) -> WalletPage | None:
        """Return what a person sees under ``link``; ``None`` if there is nothing."""
        octets = await self._store.read(Kind.WALLET_PAGE, link)
        return read_wallet_page(octets) if octets is not None else None

    async def take_turn(self, request: WalletRequest) -> bool:
        """Tell whether this is the one answer that counts; whoever asks again hears no."""
        return await self._store.take(Kind.WALLET_TURN, request.presentation) is not None

    async def end(self, request: WalletRequest, **outcome: Any) -> None:
        """Keep how a request ended; nothing, if the relying party cancelled it meanwhile."""
        await self.settle(request.presentation, **outcome)
        await self.close(request.page, outcome["outcome"])

    async def settle(self, handle: str, **outcome: Any) -> None:
        """Keep what the relying party is to see; nothing, if it cancelled it meanwhile."""
        octets = await self._store.read(Kind.PRESENTATION, handle)
        if octets is None:
            return
        ended = replace(read_presentation(octets), **outcome)
        until = ended.ends_at + LIMITS.presentation_kept
        if await self._store.replace(Kind.PRESENTATION, handle, ended.octets(), until=until):
            self._settled(handle, ended)

    async def close(self, link: str, outcome: Outcome) -> None:
        """Let the page say how it ended, and take every request away that a wallet could still fetch."""
        page = await self.page(link)
        await self._store.take(Kind.WALLET_REQUEST, link)
        if page is None:
            return
        if page.on_device is not None:
            await self._store.take(Kind.WALLET_REQUEST, page.on_device)
        await self._keep_page(link, replace(page, outcome=outcome))

    async def on_device(self, link: str, *, browser: str) -> WalletPage | None:
        """Let ``browser`` go on with a wallet on its own device; the page as it is now, another browser's if that was
        first, ``None`` if it is over.
        """
        page, request = await self.page(link), await self.request(link)
        if page is None or request is None or page.browser is not None:
            return page
        name = new_handle(self._randomness)
        own = replace(request, device=Device.SAME, **self._secrets(request.mode))
        await self._store.put(Kind.WALLET_REQUEST, name, own.octets(), until=own.ends_at)
        begun = replace(page, browser=browser, on_device=name)
        await self._keep_page(link, begun)
        return begun

    async def _keep_page(self, link: str, page: WalletPage) -> None:
        await self._store.replace(Kind.WALLET_PAGE, link, page.octets(), until=page.ends_at + LIMITS.presentation_kept)


def document_of(handle: str, found: Presentation, *, at: datetime) -> Mapping[str, Any]:
    """Return what the relying party is told of its presentation, as JSON values without schema."""
    return {
        "id": handle,
        "state": found.at(at).value,
        "device": found.device.value if found.device is not None else None,
        "wallet_error": found.wallet_error,
        "report": found.report,
    }
