"""What follows an older copy: is the new publication one that somebody takes up who holds the old one?

The older copy is looked at as it was when its timestamp was signed, since it may be out of date now. Nothing may go
back behind it: no version, no list, no arrangement, no denial, no history of a service; and a state's new keys are
countersigned by its old ones. The judgement is that of the product's own locks, with the floors of the older copy.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.conformance.targets.publisher.publication import Look, Publication, fetched, look, signed_at
from idbridge.conformance.targets.publisher.seen import Consumer
from idbridge.errors import ConfigurationError, TrustError
from idbridge.limits import LIMITS
from idbridge.trust import files, floors, profile
from idbridge.trust.snapshot import RefusedOffer
from idbridge.trust.trusted_set import TrustedSet
from idbridge.trust.tuf.acceptance import accept
from idbridge.trust.tuf.second_lock import examine

Parameters = Mapping[str, Any]


def follows_previous(consumer: Consumer, asked: Parameters) -> Finding | None:
    """Find what somebody refuses who holds the older copy; ``about`` and ``codes`` as for ``nothing-refused``.

    Raises:
        ConfigurationError: There is no older copy, or it was not acceptable when it was new.
    """
    codes = frozenset(asked.get("codes", ()))
    for one in _refused(consumer):
        if one.subject.startswith(asked.get("about", "")) and (not codes or one.code in codes):
            return Finding(one.code, f"{one.subject}: {one.detail}")
    return None


def goes_back(consumer: Consumer, _: Parameters) -> Finding | None:
    """Offer the older copy to somebody who holds the present one: it has to be refused as older.

    Raises:
        ConfigurationError: There is no older copy, or the present one was not taken up.
    """
    before, seen = _before(consumer), consumer.look
    if seen.trusted is None:
        raise ConfigurationError("the publication was not taken up")
    refused = _following(Consumer(before, _when_new(before)), seen, at=seen.at)
    return Finding(refused[0].code, f"{refused[0].subject}: {refused[0].detail}") if refused else None


def _before(consumer: Consumer) -> Publication:
    if consumer.publication.previous is None:
        raise ConfigurationError("there is no older copy to compare with")
    return consumer.publication.previous


def _refused(consumer: Consumer) -> tuple[RefusedOffer, ...]:
    old = _when_new(_before(consumer))
    if old.trusted is None:
        raise ConfigurationError("the older copy was not acceptable when it was new")
    return _following(consumer, old, at=consumer.look.at)


def _following(consumer: Consumer, old: Look, *, at: datetime) -> tuple[RefusedOffer, ...]:
    """Return what of ``consumer``'s publication is refused by who holds what was seen in ``old``."""
    held = old.trusted
    if held is None:  # asked before; for the type checker
        raise ConfigurationError("nothing is held")
    try:
        if old.view is None or consumer.look.fetched is None:
            return tuple(_plain(consumer.look, held, at=at))
        bootstrap = consumer.publication.root or b""
        view = examine(consumer.look.fetched, bootstrap=bootstrap, floors=old.view.floors, at=at)
        return accept(view, held, floors=floors.of(held), at=at).refused
    except TrustError as refusal:
        return (RefusedOffer("region", refusal.code, refusal.detail),)


def _plain(new: Look, held: TrustedSet, *, at: datetime) -> list[RefusedOffer]:
    refused = []
    for state, octets in new.offers.items():
        try:
            held = held.with_list(octets, state=state, at=at)
        except TrustError as refusal:
            refused.append(RefusedOffer(f"lists/{state}", refusal.code, refusal.detail))
    return refused


def _when_new(before: Publication) -> Look:
    try:
        if before.root is not None:
            return look(before, at=signed_at(fetched(before.tree, before.root)))
        return look(before, at=_latest_issue(before))
    except TrustError as unusable:
        raise ConfigurationError(f"the older copy cannot be read: {unusable}") from unusable


def _latest_issue(before: Publication) -> datetime:
    """Return when the newest of the plain lists was issued."""
    pins, folder = before.pins, before.folder
    if pins is None or folder is None:  # asked when it was made; for the type checker
        raise ConfigurationError("the older copy is no folder of plain lists")
    issued = []
    for state, keys in pins.keys.items():
        place = folder / "lists" / f"{state}.jws"
        if place.is_file():
            octets = files.read(place.parent, place.name, max_bytes=LIMITS.trust_list_bytes)
            read = profile.parse(octets, state=state, environment=pins.environment, keys=keys)
            issued.append(read.provenance.issued_at)
    if not issued:
        raise ConfigurationError("the older copy holds no list")
    return max(issued)


SUCCESSION: Final[Mapping[str, Procedure[Consumer]]] = MappingProxyType({
    "follows-previous": follows_previous,
    "goes-back": goes_back,
})  # fmt: skip
