"""Offers: trust material put before a node that holds an earlier edition, good, or bad in one named detail.

What the state writes, what it signs with and what happens on the way are three different things, and each can go wrong.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.model.region import Environment, MemberState
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, sign_document
from idbridge.sandbox.publication import public_material
from idbridge.sandbox.region import Region
from idbridge.sandbox.sources import Table, arrangement_payloads
from idbridge.trust.publish import lote_from_source, sign_list
from idbridge.trust.trusted_set import TrustedSet

_HELD_SEQUENCE: Final = 5
_HOUR: Final = timedelta(hours=1)


def as_written(document: Table) -> Table:
    """Change nothing."""
    return document


def as_signed(compact: str) -> str:
    """Change nothing on the way."""
    return compact


@dataclass(frozen=True, slots=True)
class ListOffer:
    """A list of ``state``, offered to a node that holds edition 5 of it.

    ``ahead`` is how many editions it runs ahead; ``issued`` and ``life`` are when it was issued, counted from now, and
    how long it is good. ``written`` changes the source document, ``built`` the list, ``sent`` the signed text.
    """

    state: MemberState = MemberState.KH
    ahead: int = 1
    issued: timedelta = -_HOUR
    life: timedelta = timedelta(days=30)
    environment: Environment = Environment.SANDBOX
    signed_by: MemberState | None = None
    written: Callable[[Table], Table] = as_written
    built: Callable[[dict[str, Any]], dict[str, Any]] = dict
    sent: Callable[[str], str] = as_signed

    def made(self, region: Region, *, at: datetime) -> None:
        """Offer the list.

        Raises:
            TrustError: It is refused.
        """
        before = ListOffer(self.state, ahead=0, issued=-2 * _HOUR, environment=region.environment)
        held = TrustedSet(region.environment, MappingProxyType(region.pins()))
        held = held.with_list(before.octets(region, at=at), state=self.state, at=at)
        held.with_list(self.octets(region, at=at), state=self.state, at=at)

    def octets(self, region: Region, *, at: datetime) -> bytes:
        """Return the list as it is offered."""
        issued_at = at + self.issued
        lote = lote_from_source(
            self.written(region.sources.lists[self.state]),
            environment=self.environment,
            sequence=_HELD_SEQUENCE + self.ahead,
            issued_at=issued_at,
            next_update=issued_at + self.life,
            material=public_material(region.keys).__getitem__,
        )
        signer = region.keys.lists[self.signed_by or self.state]
        return self.sent(sign_list(self.built(lote), signer, at=issued_at)).encode("ascii")


@dataclass(frozen=True, slots=True)
class ArrangementOffer:
    """The first version of an arrangement, offered with the signatures of ``signers``."""

    id: str = "SG-TH"
    signers: tuple[MemberState, ...] = (MemberState.SG, MemberState.TH)
    changes: Mapping[str, Any] | None = None

    def made(self, region: Region, *, at: datetime) -> None:  # noqa: ARG002 - an arrangement is dated itself
        """Offer the arrangement.

        Raises:
            TrustError: It is refused.
        """
        source = next(table for table in region.sources.arrangements if table["id"] == self.id)
        payload, _ = next(arrangement_payloads(source, environment=region.environment))
        keys = {state: region.keys.lists[state] for state in self.signers}
        offered = sign_document({**payload, **(self.changes or {})}, signers=keys, typ=ARRANGEMENT_TYPE)
        TrustedSet(region.environment, MappingProxyType(region.pins())).with_arrangement(offered)
