"""What each relying party is told of a recall: the ids of its own reports, and nothing of anybody else.

Decides who is told, and in how many webhooks. A webhook names what `presentation` webhooks name: ids. What was recalled
is not said in it, because whoever may know asks the operator. The same reports go under the same id, so that who was
told twice knows it. Clauses: Standard Webhooks 1.0; architecture D8.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.time import instant_text
from idbridge_gateway.evidence.leaves import short
from idbridge_gateway.registry.record import Registration
from idbridge_gateway.stores.outbox import Delivery

_EVENT: Final = "recall"
_ID_DIGITS: Final = 32
NO_WEBHOOK: Final = "no webhook is registered"
SWITCHED_OFF: Final = "it is switched off"
UNREGISTERED: Final = "it is not registered any more"


@dataclass(frozen=True, slots=True)
class Notice:
    """What one relying party is to be told: ``deliveries`` to ``address``; or why it cannot be told.

    ``party`` is its id, or of one that is not registered any more what the log calls it. ``heard`` is how many of the
    deliveries were.
    """

    party: str
    reports: tuple[str, ...]
    address: str | None = None
    deliveries: tuple[Delivery, ...] = ()
    untold: str = ""
    heard: int = 0


def notices(
    found: Mapping[str, tuple[str, ...]], registrations: Iterable[Registration], *, at: datetime
) -> tuple[Notice, ...]:
    """Return what is to be told of what ``affected`` has ``found``, to each that it concerns, in the order of names."""
    registered = {short(one.id): one for one in registrations}
    return tuple(_notice(name, found[name], registered.get(name), at=at) for name in sorted(found))


def _notice(name: str, reports: tuple[str, ...], held: Registration | None, *, at: datetime) -> Notice:
    if held is None:
        return Notice(name, reports, untold=UNREGISTERED)
    if not held.relying_party.enabled:
        return Notice(held.id, reports, untold=SWITCHED_OFF)
    if held.webhook is None:
        return Notice(held.id, reports, untold=NO_WEBHOOK)
    return Notice(held.id, reports, held.webhook, tuple(_deliveries(held.id, reports, at=at)))


def _deliveries(party: str, reports: tuple[str, ...], *, at: datetime) -> Iterator[Delivery]:
    for first in range(0, len(reports), LIMITS.recall_reports):
        part = reports[first : first + LIMITS.recall_reports]
        document: Mapping[str, Any] = {
            "type": f"trust.{_EVENT}",
            "timestamp": instant_text(at),
            "data": {"relying_party": party, "reports": list(part)},
        }
        digest = hashlib.sha256("\n".join((_EVENT, party, *part)).encode()).hexdigest()
        yield Delivery(f"msg_{digest[:_ID_DIGITS]}", party, json.dumps(document, separators=(",", ":")))
