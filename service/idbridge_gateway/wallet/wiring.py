"""The verifier toward wallets of one node, put together."""

from dataclasses import dataclass

from fastapi import FastAPI

from idbridge_gateway.api.callers import Callers
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.parts import Parts
from idbridge_gateway.wallet.access import read_access_certificate
from idbridge_gateway.wallet.asker import Asker
from idbridge_gateway.wallet.events import EventStreams, events_router
from idbridge_gateway.wallet.held import HeldAnswers
from idbridge_gateway.wallet.page import WalletPages, wallet_page_router
from idbridge_gateway.wallet.presentations import Presentations
from idbridge_gateway.wallet.relying_party import RelyingPartySide, relying_party_router
from idbridge_gateway.wallet.wallet_side import WalletSide, wallet_router
from idbridge_gateway.wallet.webhooks import Webhooks, guarded_callers, webhook_router


@dataclass(frozen=True, slots=True)
class Verifier:
    """What other pages of the node need to ask wallets themselves."""

    asker: Asker
    presentations: Presentations
    held: HeldAnswers


def install_wallet(app: FastAPI, parts: Parts, callers: Callers) -> None:
    """Let ``app`` ask wallets for relying parties, which ``callers`` tell apart.

    Without an access certificate in the settings, it refuses to.

    Raises:
        ConfigurationError: The access certificate or its key is not in order.
    """
    settings, turns, store = parts.settings, parts.turns, parts.stores.sealed
    asker = Asker(settings.public_url, read_access_certificate(settings))
    presentations = Presentations(store=store, randomness=parts.randomness, settled=_webhooks(parts).settled)
    held = HeldAnswers(
        asker=asker,
        store=store,
        presentations=presentations,
        registry=parts.registry,
        verdicts=parts.verdicts,
        randomness=parts.randomness,
        turns=turns,
    )
    relying_party = RelyingPartySide(
        callers=callers,
        asker=asker,
        presentations=presentations,
        held=held,
        registry=parts.registry,
        rates=parts.shared_rates,
        turns=turns,
    )
    wallet = WalletSide(
        asker=asker,
        presentations=presentations,
        held=held,
        registry=parts.registry,
        verdicts=parts.verdicts,
        one_time=parts.one_time,
        turns=turns,
    )
    app.include_router(relying_party_router(relying_party))
    streams = EventStreams(presentations=presentations, registry=parts.registry, clock=turns.clock)
    app.include_router(events_router(streams, relying_party))
    app.include_router(wallet_router(wallet))
    app.include_router(webhook_router(parts.webhook_key))
    app.state.wallet = Verifier(asker, presentations, held)
    people = WalletPages(
        pages=Pages(environment=settings.environment, state=settings.state),
        asker=asker,
        presentations=presentations,
        held=held,
        registry=parts.registry,
        randomness=parts.randomness,
        clock=turns.clock,
    )
    app.include_router(wallet_page_router(people))


def _webhooks(parts: Parts) -> Webhooks:
    return Webhooks(
        signer=parts.webhook_key,
        registry=parts.registry,
        callers=guarded_callers(parts.settings.environment),
        clock=parts.turns.clock,
        randomness=parts.randomness,
        post=parts.post,
    )
