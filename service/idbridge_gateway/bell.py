"""The bell: tells whoever runs the node what happened to its trust material, each thing once.

What there is to tell is derived in ``trust/alerts.py`` from what was told last; here it is only remembered and written.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final

from idbridge.clock import Clock
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.trust.alerts import Alert, AlertKind, Severity, alerts_between, refused_alert
from idbridge.trust.snapshot import RefusedOffer, TrustSnapshot
from idbridge_gateway.journal import note_alert

_REGION: Final = "region"
_NODE: Final = "node/assertion-keys"
_CLIENTS: Final = "node/upstream-clients"


class Bell:
    """Remembers the last snapshot that was told of, and since when; ``heard`` is told of every alert."""

    def __init__(self, clock: Clock, *, heard: Callable[[Alert], None] | None = None) -> None:
        self._clock = clock
        self._heard = heard
        self._told: TrustSnapshot | None = None
        self._since: datetime | None = None
        self._refused_lists: frozenset[tuple[str, str]] = frozenset()
        self._keys_told = ""
        self._clients_told = ""
        self._rung: deque[Alert] = deque(maxlen=LIMITS.alerts_kept)

    @property
    def rung(self) -> tuple[Alert, ...]:
        """What was told last, the latest first."""
        return tuple(reversed(self._rung))

    def ring(self, snapshot: TrustSnapshot) -> None:
        """Tell what ``snapshot`` brought along, and what came near its end since the last time."""
        at = self._clock.now()
        for alert in alerts_between(self._told, snapshot, at=at, since=self._since):
            self.tell(alert)
        self._told, self._since = snapshot, at

    def ring_again(self) -> None:
        """Tell what came near its end though nothing changed: a source out of reach is silent, and time is not."""
        if self._told is not None:
            self.ring(self._told)

    def lists_refused(self, refused: tuple[RefusedOffer, ...]) -> None:
        """Tell which revocation lists could not be had, or were refused, unless the last round ended for them alike."""
        at = self._clock.now()
        for offer in refused:
            if (offer.subject, offer.code) not in self._refused_lists:
                self.tell(refused_alert(offer, at=at))
        self._refused_lists = frozenset((offer.subject, offer.code) for offer in refused)

    def refused(self, refusal: TrustError) -> None:
        """Tell that everything that was offered was refused."""
        self.tell(refused_alert(RefusedOffer(_REGION, refusal.code, refusal.detail), at=self._clock.now()))

    def tell(self, alert: Alert) -> None:
        """Tell of ``alert``, which somebody else has found."""
        note_alert(alert)
        self._rung.append(alert)
        if self._heard is not None:
            self._heard(alert)

    def ring_keys(self, fault: str) -> None:
        """Tell what keeps the active key of this node from signing: once, and again only after it was well."""
        if fault and fault != self._keys_told:
            self.tell(Alert(AlertKind.NODE_KEYS, Severity.WARNING, _NODE, None, fault, self._clock.now()))
        self._keys_told = fault

    def ring_clients(self, fault: str) -> None:
        """Tell why changed clients at providers were not taken up: once, and again only after all was well."""
        if fault and fault != self._clients_told:
            self.tell(Alert(AlertKind.NODE_CLIENTS, Severity.WARNING, _CLIENTS, None, fault, self._clock.now()))
        self._clients_told = fault
