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
from idbridge_gateway.recall.notices import Notice
from idbridge_gateway.wallet.webhooks import Callers, signed_call

_OK: Final = range(200, 300)


def tell(notices: Sequence[Notice], *, signer: Signer, callers: Callers, clock: Clock) -> tuple[Notice, ...]:
    """Tell each of ``notices`` that has an address; return all of them, those that were not heard with why."""

    def told(notice: Notice) -> Notice:
        return replace(notice, untold=notice.untold or _refused(notice, signer, callers, clock))

    with ThreadPoolExecutor(LIMITS.webhook_calls, thread_name_prefix="idbridge-recall") as threads:
        return tuple(threads.map(told, notices))


def _refused(notice: Notice, signer: Signer, callers: Callers, clock: Clock) -> str:
    """Tell ``notice``; return why it was not heard whole, nothing if it was."""
    address = str(notice.address)
    try:
        caller = callers(address)
        for delivery in notice.deliveries:
            call = signed_call(delivery, signer, address=address, at=clock.now())
            answer = caller.call(call, max_bytes=LIMITS.webhook_answer_bytes)
            if answer.status not in _OK:
                return f"it answered {answer.status}"
    except (FetchError, ConfigurationError) as failed:
        return str(failed)
    return ""
