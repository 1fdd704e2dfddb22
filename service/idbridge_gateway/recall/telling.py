"""Telling of a recall: once to each address, several at a time, and what came of it.

Nobody waits for a silent address but who called. There is no second attempt: who was not told is named, and the same
recall can be sent again.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from idbridge.clock import Clock
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, FetchError
from idbridge.limits import LIMITS
from idbridge_gateway.recall.noted import SEND, TOLD, UNTOLD, Noted
from idbridge_gateway.recall.notices import Notice
from idbridge_gateway.wallet.webhooks import Callers, signed_call

_OK: Final = range(200, 300)


def tell(
    notices: Sequence[Notice], *, signer: Signer, callers: Callers, clock: Clock, noted: Noted
) -> tuple[Notice, ...]:
    """Tell each of ``notices`` that has an address; return all of them, those that were not heard with why.

    ``noted`` is told of every webhook before any leaves, and what came of each; whatever it raises, nothing leaves.
    """

    def told(notice: Notice) -> Notice:
        return notice if notice.untold else _told(notice, signer, callers, clock)

    due = [one for one in notices if not one.untold]
    for one in due:
        for delivery in one.deliveries:
            noted(SEND, one.party, delivery.id)
    with ThreadPoolExecutor(LIMITS.webhook_calls, thread_name_prefix="idbridge-recall") as threads:
        done = tuple(threads.map(told, notices))
    for one in done:
        for number, delivery in enumerate(one.deliveries):
            noted(TOLD if number < one.heard else UNTOLD, one.party, delivery.id)
    return done


def _told(notice: Notice, signer: Signer, callers: Callers, clock: Clock) -> Notice:
    """Tell ``notice``; return it with how much of it was heard, and why not all."""
    address, heard = str(notice.address), 0
    try:
        caller = callers(address)
        for delivery in notice.deliveries:
            call = signed_call(delivery, signer, address=address, at=clock.now())
            answer = caller.call(call, max_bytes=LIMITS.webhook_answer_bytes)
            if answer.status not in _OK:
                return replace(notice, untold=f"it answered {answer.status}", heard=heard)
            heard += 1
    except (FetchError, ConfigurationError) as failed:
        return replace(notice, untold=str(failed), heard=heard)
    return replace(notice, heard=heard)
