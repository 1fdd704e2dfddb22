"""The presentations of one node: begun, looked at, ended, each by whoever has the handle for it.

Of several answers, refusals and cancellations that arrive at once, one counts: whoever takes the *turn*. What a relying
party cancelled does not come back by an answer that was on its way, and a page that says that something was shared goes
on saying so. Everything is gone by itself a while after its end.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from idbridge.crypto.ephemeral import new_ephemeral_key
from idbridge.errors import LaterError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.model.request import RelyingParty
from idbridge.presentation.request_object import ResponseMode
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.stores.sealed import Kind, SealedStore, new_handle
from idbridge_gateway.wallet.order import Order
from idbridge_gateway.wallet.records import (
    Device,
    Outcome,
    Presentation,
    WalletPage,
    WalletRequest,
    read_outcome,
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
    """Which requests of each relying party this worker began and has not seen the end of."""

    def __init__(self, *, most: int = LIMITS.presentations_open) -> None:
        self._most = most
        self._open: dict[str, dict[str, datetime]] = defaultdict(dict)

    def begin(self, party: str, handle: str, *, until: datetime, at: datetime) -> None:
        """Count ``handle``, until ``until`` or until it ends.

        Raises:
            LaterError: ``system.overloaded``: there are too many, until the first of them ends.
        """
        counted = self._open[party]
        if len(counted) >= self._most:
            counted = self._open[party] = {one: end for one, end in counted.items() if end > at}
        if len(counted) >= self._most:
            later = timedelta(seconds=math.ceil((min(counted.values()) - at).total_seconds()))
            raise LaterError("system.overloaded", "too many requests to wallets are open", retry_after=later)
        counted[handle] = until

    def end(self, party: str, handle: str) -> None:
        """Count ``handle`` no more; nothing, if another worker began it."""
        self._open[party].pop(handle, None)
        if not self._open[party]:
            del self._open[party]


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
        handle, link = new_handle(self._randomness), new_handle(self._randomness)
        self._open.begin(party.id, handle, until=ends_at, at=at)
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
        try:
            await self._keep(request, page)
        except RequestError:
            self._open.end(party.id, handle)
            raise
        return Begun(handle, link, client_id, ends_at)

    async def _keep(self, request: WalletRequest, page: WalletPage) -> None:
        handle, link, ends_at = request.presentation, request.page, request.ends_at
        known_until = ends_at + LIMITS.presentation_kept
        await self._store.put(Kind.WALLET_TURN, handle, _TURN, until=ends_at)
        await self._store.put(Kind.WALLET_BROWSER, link, _TURN, until=ends_at)
        await self._store.put(Kind.WALLET_REQUEST, link, request.octets(), until=ends_at)
        await self._store.put(Kind.WALLET_PAGE, link, page.octets(), until=known_until)
        kept = Presentation(request.party, ends_at, link)
        await self._store.put(Kind.PRESENTATION, handle, kept.octets(), until=known_until)

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
        found = read_presentation(octets)
        if found is None or found.owner != owner:
            raise RequestError("input.not_found", "there is no presentation of yours under this id")
        return found

    async def cancel(self, handle: str, *, owner: str) -> None:
        """End the presentation and forget what was answered; the page of an answer goes on saying that there was one.

        Raises:
            RequestError: ``input.not_found``.
        """
        found = await self.find(handle, owner=owner)
        self._open.end(owner, handle)
        await self._store.take(Kind.WALLET_TURN, handle)
        octets = await self._store.take(Kind.PRESENTATION, handle)
        if octets is None:  # cancelled before
            return
        ended = Presentation(owner, found.ends_at, found.link, Outcome.CANCELLED)
        until = found.ends_at + LIMITS.presentation_kept
        await self._store.put(Kind.PRESENTATION_END, handle, ended.octets(), until=until)
        taken = read_presentation(octets)
        if taken is None or taken.outcome is Outcome.PENDING:
            await self._close(found.link, Outcome.CANCELLED, until=until)

    async def request(self, name: str) -> WalletRequest | None:
        """Return the request to a wallet under ``name``; ``None`` if there is none, or none any more."""
        return read_wallet_request(await self._store.read(Kind.WALLET_REQUEST, name))

    async def page(self, link: str) -> WalletPage | None:
        """Return what a person sees under ``link``; ``None`` if there is nothing."""
        octets = await self._store.read(Kind.WALLET_PAGE, link)
        ended = await self._store.read(Kind.WALLET_PAGE_END, link)
        outcome = read_outcome(ended) if ended is not None else Outcome.PENDING
        return read_wallet_page(octets, outcome=outcome) if outcome is not None else None

    async def take_turn(self, request: WalletRequest) -> bool:
        """Tell whether this is the one answer that counts; whoever asks again hears no."""
        return await self._store.take(Kind.WALLET_TURN, request.presentation) is not None

    async def return_turn(self, request: WalletRequest) -> None:
        """Let another answer count, because the one that had the turn could not be verified here."""
        await self._store.put(Kind.WALLET_TURN, request.presentation, _TURN, until=request.ends_at)

    async def end(self, request: WalletRequest, **outcome: Any) -> bool:
        """Keep how a request ended, and tell whether it counts: not, if the relying party cancelled it meanwhile.

        What ended before stays as it ended: the store may have kept it, and its answer may have been lost.

        Raises:
            RequestError: ``system.*``: as far as is known nothing was kept, and it may be tried again.
        """
        handle = request.presentation
        found = read_presentation(await self._store.read(Kind.PRESENTATION, handle))
        if found is None:
            return False
        ended = replace(found, **outcome) if found.outcome is Outcome.PENDING else found
        until = ended.ends_at + LIMITS.presentation_kept
        if not await self._store.replace(Kind.PRESENTATION, handle, ended.octets(), until=until):
            return False
        self._open.end(ended.owner, handle)
        self._settled(handle, ended)
        try:
            await self._close(request.page, ended.outcome, until=until)
        except RequestError as fault:  # it counts by now; what is left over ends by itself
            JOURNAL.error("the page of a request that ended was not closed: %s", fault.code)
        return True

    async def _close(self, link: str, outcome: Outcome, *, until: datetime) -> None:
        """Let the page say how it ended, and take every request away that a wallet could still fetch.

        How it ended is kept beside the page, so that a browser that begins at the same moment does not write over it.
        """
        await self._store.take(Kind.WALLET_REQUEST, link)
        await self._store.put(Kind.WALLET_PAGE_END, link, outcome.encode(), until=until)
        page = await self.page(link)
        if page is not None and page.on_device is not None:
            await self._store.take(Kind.WALLET_REQUEST, page.on_device)

    async def on_device(self, link: str, *, browser: str) -> WalletPage | None:
        """Let ``browser`` go on with a wallet on its own device; the page as it is now, another browser's if that was
        first, ``None`` if it is over.
        """
        page, request = await self.page(link), await self.request(link)
        if page is None or request is None or await self._store.take(Kind.WALLET_BROWSER, link) is None:
            return page
        name = new_handle(self._randomness)
        own = replace(request, device=Device.SAME, **self._secrets(request.mode))
        await self._store.put(Kind.WALLET_REQUEST, name, own.octets(), until=own.ends_at)
        begun = replace(page, browser=browser, on_device=name)
        until = page.ends_at + LIMITS.presentation_kept
        await self._store.replace(Kind.WALLET_PAGE, link, begun.octets(), until=until)
        if await self._store.read(Kind.WALLET_PAGE_END, link) is not None:  # it ended at this very moment
            await self._store.take(Kind.WALLET_REQUEST, name)
        return begun


def document_of(handle: str, found: Presentation, *, at: datetime) -> Mapping[str, Any]:
    """Return what the relying party is told of its presentation, as JSON values without schema."""
    return {
        "id": handle,
        "state": found.at(at).value,
        "device": found.device.value if found.device is not None else None,
        "wallet_error": found.wallet_error,
        "report": found.report,
    }
