"""Key sets of login services: which keys count that a service published itself, and for how long.

Decides whether a document is a JWK set of signature keys that can be told apart, and what of it is taken up. Nobody
signs a key set: it rests on the address in the signed list and on TLS, so a state that lists one says that this is
enough, and the keys come after those that it lists itself (``trust/polled``). A key that has left the set stops
counting with the next round; a set that cannot be reached keeps the last good keys for ``key_set_life`` and no longer.
Clauses: RFC 7517 sections 4 and 5; OpenID Connect Core 1.0 section 10.1.1.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, NoReturn

from idbridge.codec import strict_json
from idbridge.crypto.keys import PRIVATE_MEMBERS, parse_jwk
from idbridge.errors import InputError, JoseError, StatusError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, ServiceType
from idbridge.model.trust import PolledKeys
from idbridge.status.prefetch import Bounds, Demand, Fetched
from idbridge.status.status_list import Place
from idbridge.trust import published_test_keys
from idbridge.trust.snapshot import RefusedOffer, TrustSnapshot

KIND: Final = "key-set"
BOUNDS: Final = Bounds(
    LIMITS.key_sets_per_state, LIMITS.key_set_bytes, LIMITS.key_sets_per_state * LIMITS.key_set_bytes
)
_SIGNS: Final = "sig"


@dataclass(frozen=True, slots=True)
class HeldKeySet:
    """The last good key set of one place, its octets as fetched, and when that was, in whole seconds."""

    place: Place
    polled: PolledKeys
    octets: bytes
    fetched_at: datetime

    def is_half_gone(self, at: datetime) -> bool:
        """Tell whether half of the time is over for which the set counts without being reached."""
        return at - self.fetched_at >= LIMITS.key_set_life / 2


class SetsTaken(NamedTuple):
    """What is held after a round, and what was refused."""

    held: tuple[HeldKeySet, ...]
    refused: tuple[RefusedOffer, ...]


def demanded_sets(trust: TrustSnapshot) -> Mapping[Demand, frozenset[str]]:
    """Return every key set that a login service of ``trust`` names, with the algorithms that its keys may be for."""
    algorithms: dict[Place, frozenset[str]] = {}
    for state in sorted(trust.lists):
        for service in trust.services_of(state):
            address = service.profile.key_set
            if service.service_type is ServiceType.LOGIN and address is not None:
                allowed = algorithms.get((state, address), frozenset()) | service.profile.algorithms
                algorithms[state, address] = allowed
    return {Demand(*place, (), KIND): algorithms[place] for place in sorted(algorithms)}


def read_key_set(
    octets: bytes, place: Place, *, algorithms: frozenset[str], environment: Environment, fetched_at: datetime
) -> HeldKeySet:
    """Return the usable keys of the set in ``octets``: for signatures, of one of ``algorithms``, each with a ``kid``.

    Keys for another use or of another kind are passed over, as a set has them for others too. What makes the whole set
    doubtful refuses it: a private key, one ``kid`` for two keys, no usable key at all, or in the live environment a
    published test key.

    Raises:
        StatusError: ``status.key_set_invalid``.
    """
    fetched_at = fetched_at.replace(microsecond=0)
    try:
        document = strict_json.parse_object(octets, max_bytes=LIMITS.key_set_bytes)
    except InputError as refusal:
        raise StatusError("status.key_set_invalid", refusal.detail) from refusal
    keys = tuple(_usable(_entries(document), algorithms))
    if not keys:
        _invalid("the set has no key that could verify for this service")
    if len({key.kid for key in keys}) != len(keys):
        _invalid("the set calls two keys by one `kid`")
    _refuse_published(keys, environment)
    digest = hashlib.sha256(octets).hexdigest()
    return HeldKeySet(place, PolledKeys(keys, fetched_at + LIMITS.key_set_life, digest), octets, fetched_at)


def _refuse_published(keys: Iterable[PublicKey], environment: Environment) -> None:
    try:
        thumbprints = [key.thumbprint for key in keys]
        published_test_keys.refuse(thumbprints, environment=environment, where="the set")
    except TrustError as refusal:
        raise StatusError("status.key_set_invalid", refusal.detail) from refusal


def _entries(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    entries = document.get("keys")
    if type(entries) is not list or not 0 < len(entries) <= LIMITS.key_set_keys:
        _invalid(f"`keys` has between one and {LIMITS.key_set_keys} entries")
    if not all(type(entry) is dict for entry in entries):
        _invalid("a key of the set is no object")
    if any(not PRIVATE_MEMBERS.isdisjoint(entry) for entry in entries):
        _invalid("the set has a key that is not public")
    return entries


def _usable(entries: list[dict[str, Any]], algorithms: frozenset[str]) -> Iterable[PublicKey]:
    """Yield the keys for signatures; once one key says that it is for another use, each has to say what it is for."""
    mixed = any(entry.get("use", _SIGNS) != _SIGNS for entry in entries)
    for entry in entries:
        if not isinstance(entry.get("kid"), str) or (mixed and entry.get("use") != _SIGNS):
            continue
        try:
            yield parse_jwk(entry, allowed=algorithms)
        except JoseError:
            continue


def take_up_sets(
    fetched: Fetched,
    demands: Mapping[Demand, frozenset[str]],
    *,
    held: Iterable[HeldKeySet],
    environment: Environment,
    at: datetime,
) -> SetsTaken:
    """Return what is held after ``fetched`` was judged ``at`` an instant: of each place the last good set."""
    places = {demand.place for demand in demands}
    kept = {one.place: one for one in held if one.place in places and at < one.polled.until}
    refused = list(fetched.refused)
    for demand, octets in fetched.unverified.items():
        last = kept.get(demand.place)
        if last is not None and last.octets == octets and not last.is_half_gone(at):
            continue
        try:
            kept[demand.place] = read_key_set(
                octets, demand.place, algorithms=demands[demand], environment=environment, fetched_at=at
            )
        except StatusError as refusal:
            refused.append(demand.refused(refusal.code, refusal.detail))
    return SetsTaken(tuple(kept[place] for place in sorted(kept)), tuple(refused))


def _invalid(why: str) -> NoReturn:
    raise StatusError("status.key_set_invalid", why)
