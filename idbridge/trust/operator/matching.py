"""Which services of two editions are the same one, although its key, its name or its address changed.

Decides by what they share, the most telling first: the very entry; issuer, type and a key; a key; issuer, type and
name; issuer and type with a scope in common. What is left is added or dropped. A service that is added beside one of
the same issuer, type and scope is that one's next key: ``Succession``.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from idbridge.model.trust import ServiceStatus, TrustService
from idbridge.trust.profile import Entry

Pair = tuple[Entry, Entry]  # the same service before and after
_Names = Callable[[Entry], Iterable[Hashable]]


@dataclass(frozen=True, slots=True)
class Succession:
    """A service that was added, and the pair whose key it follows on or joins."""

    pair: Pair
    added: Entry

    @property
    def replaces(self) -> bool:
        """Tell whether the service that was there ends in this edition."""
        return not granted(self.pair[1])


@dataclass(frozen=True, slots=True)
class Matching:
    """The services of two editions, each once: ``kept`` in both, ``added`` without ``successions``, or ``dropped``."""

    kept: tuple[Pair, ...]
    successions: tuple[Succession, ...]
    added: tuple[Entry, ...]
    dropped: tuple[Entry, ...]


def listed(entry: Entry) -> TrustService | None:
    """Return the service as its state lists it, whoever else lists its issuer; ``None`` if it is not understood."""
    return entry.service or entry.withheld


def granted(entry: Entry) -> bool:
    """Tell whether the entry lists a service without an end."""
    service = listed(entry)
    return service is not None and service.history[-1].status is ServiceStatus.GRANTED


def granted_roles(entries: Iterable[Entry]) -> frozenset[tuple[str, str]]:
    """Return what is granted without an end, by issuer and type: one service, however many keys it has."""
    return frozenset((entry.issuer, _type(entry)) for entry in entries if granted(entry))


def matched(before: Sequence[Entry], after: Sequence[Entry]) -> Matching:
    """Return what became of each entry of ``before``, and where each of ``after`` comes from."""
    old, new = (sorted(entries, key=lambda entry: entry.service_id) for entries in (before, after))
    kept: list[Pair] = []
    for names in _STAGES:
        kept += (found := list(_paired(old, new, names)))
        ones, others = {one.service_id for one, _ in found}, {other.service_id for _, other in found}
        old = [entry for entry in old if entry.service_id not in ones]
        new = [entry for entry in new if entry.service_id not in others]
    successions = tuple(_successions(kept, new))
    following = {one.added.service_id for one in successions}
    added = tuple(entry for entry in new if entry.service_id not in following)
    return Matching(tuple(kept), successions, added, tuple(old))


def _paired(old: Iterable[Entry], new: Iterable[Entry], names: _Names) -> Iterator[Pair]:
    """Yield the pairs that share a name, each entry in one pair at most, in the order of the entries."""
    waiting: dict[Hashable, list[Entry]] = {}
    for entry in new:
        for name in names(entry):
            waiting.setdefault(name, []).append(entry)
    taken: set[str] = set()
    for entry in old:
        fitting = (one for name in names(entry) for one in waiting.get(name, ()) if one.service_id not in taken)
        partner = next(fitting, None)
        if partner is not None:
            taken.add(partner.service_id)
            yield entry, partner


def _type(entry: Entry) -> str:
    service = listed(entry)
    return service.service_type.value if service is not None else ""


def _scopes(entry: Entry) -> tuple[tuple[str, str], ...]:
    """Return each format with each credential type that the entry covers."""
    service = listed(entry)
    if service is None:
        return ()
    types = sorted(service.profile.credential_types) or [""]
    forms = sorted(form.value for form in service.profile.formats) or [""]
    return tuple((form, one) for form in forms for one in types)


def _by_entry(entry: Entry) -> Iterable[Hashable]:
    yield entry.service_id


def _by_key_role_and_name(entry: Entry) -> Iterable[Hashable]:
    return ((entry.issuer, _type(entry), key.thumbprint, entry.name) for key in entry.keys)


def _by_key_and_role(entry: Entry) -> Iterable[Hashable]:
    return ((entry.issuer, _type(entry), key.thumbprint) for key in entry.keys)


def _by_key(entry: Entry) -> Iterable[Hashable]:
    return (key.thumbprint for key in entry.keys)


def _by_role_and_name(entry: Entry) -> Iterable[Hashable]:
    yield entry.issuer, _type(entry), entry.name


def _by_role_and_scope(entry: Entry) -> Iterable[Hashable]:
    return ((entry.issuer, _type(entry), *scope) for scope in _scopes(entry))


_STAGES: Final[tuple[_Names, ...]] = (
    _by_entry, _by_key_role_and_name, _by_key_and_role, _by_key, _by_role_and_name, _by_role_and_scope,
)  # fmt: skip


def _successions(kept: Sequence[Pair], added: Sequence[Entry]) -> Iterator[Succession]:
    """Yield, for each added service that follows on another, that one: first those that end, each of them once."""
    before: dict[Hashable, list[Pair]] = {}
    for pair in kept:
        for name in _by_role_and_scope(pair[0]) if granted(pair[0]) else ():
            before.setdefault(name, []).append(pair)
    followed: set[str] = set()
    for entry in added:
        pairs = [pair for name in _by_role_and_scope(entry) for pair in before.get(name, ())] if granted(entry) else []
        ending = [pair for pair in pairs if not granted(pair[1]) and pair[0].service_id not in followed]
        staying = [pair for pair in pairs if granted(pair[1])]
        if ending or staying:
            chosen = (ending or staying)[0]
            followed.add(chosen[0].service_id)
            yield Succession(chosen, entry)
