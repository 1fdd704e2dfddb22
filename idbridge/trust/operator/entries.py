"""What differs between two entries of one service, and what an entry says when it comes or goes.

An entry that is not understood gives no trust (``Entry.untrusted`` says why); of it, only name, address and keys are
compared.
"""

import hashlib
from collections.abc import Iterator
from itertools import chain
from typing import Final

from idbridge.model.trust import TrustService
from idbridge.trust.operator import matching, rules
from idbridge.trust.operator.change import Change, compared
from idbridge.trust.operator.matching import Succession
from idbridge.trust.profile import Entry

_UNDERSTOOD: Final = "understood"


def thumbprints(entry: Entry) -> tuple[str, ...]:
    """Return the RFC 7638 thumbprints of the entry's keys, in order."""
    return tuple(sorted(key.thumbprint for key in entry.keys))


def kind(entry: Entry) -> str:
    """Return the type of the service in one word."""
    service = matching.listed(entry)
    return rules.word(service.service_type) if service is not None else "not understood"


def changes_between(old: Entry, new: Entry) -> tuple[Change, ...]:
    """Return what differs between the entries of one service in two editions."""
    return (
        *compared("name", old.name, new.name),
        *compared("issuer", old.issuer, new.issuer, widens=True),
        *_trust(old, new),
        *_keys(old, new),
        *_certificates(old, new),
        *_as_services(old, new),
    )


def succession_changes(found: Succession, *, with_end: bool) -> tuple[Change, ...]:
    """Return a service's next key as one change, with the rules that differ from those for the key before.

    ``with_end`` says that the end of the key before is told here and nowhere else.
    """
    old, ended = found.pair
    after = thumbprints(found.added)
    key = Change("key changed", thumbprints(old), after) if found.replaces else Change("key added", None, after)
    end = tuple(change for change in changes_between(old, ended) if change.what == "status") if with_end else ()
    other = (rules.rule_changes(one.profile, new.profile) for one, new in _services(old, found.added))
    return (key, *end, *chain.from_iterable(other))


def only_ends(old: Entry, new: Entry) -> bool:
    """Tell whether nothing but the status of a service differs."""
    return {change.what for change in changes_between(old, new)} == {"status"}


def introduction(entry: Entry) -> tuple[Change, ...]:
    """Return what an entry says that was not there before."""
    return tuple(Change(what, None, told) for what, told in _said(entry).items() if told)


def farewell(entry: Entry) -> tuple[Change, ...]:
    """Return what an entry said that is no longer there."""
    return tuple(Change(what, told, None) for what, told in _said(entry).items() if told and what in _FAREWELL)


_FAREWELL: Final = frozenset({"status", "trust", "keys"})


def _said(entry: Entry) -> dict[str, str | tuple[str, ...] | None]:
    service = matching.listed(entry)
    if service is None:
        return {"trust": _understood(entry), "keys": thumbprints(entry)}
    profile = service.profile
    return {
        "status": rules.timeline(service.history)[-1],
        "keys": thumbprints(entry),
        "formats": tuple(sorted(profile.formats)),
        "credential types": tuple(sorted(profile.credential_types)),
        "algorithms": tuple(sorted(profile.algorithms)),
        "levels": rules.levels(profile.ladder),
        "holder binding": profile.holder_binding.value,
        "leaf rule": rules.leaf(profile.leaf_rule),
    }


def _trust(old: Entry, new: Entry) -> tuple[Change, ...]:
    """Return the change between being understood and not; what is understood at last is trusted as never before."""
    before, after = _understood(old), _understood(new)
    return compared("trust", before, after, widens=after == _UNDERSTOOD)


def _understood(entry: Entry) -> str:
    return _UNDERSTOOD if matching.listed(entry) is not None else f"none: {entry.untrusted}"


def _keys(old: Entry, new: Entry) -> tuple[Change, ...]:
    before, after = ({key.thumbprint: key.kid for key in entry.keys} for entry in (old, new))
    removed, added = (tuple(sorted(set(one) - set(other))) for one, other in ((before, after), (after, before)))
    what = "key changed" if removed and added else "key removed" if removed else "key added"
    names = (
        change
        for thumbprint in sorted(set(before) & set(after))
        for change in compared("key id", before[thumbprint], after[thumbprint])
    )
    return (*compared(what, removed or None, added or None), *names)


def _certificates(old: Entry, new: Entry) -> tuple[Change, ...]:
    """Return the certificates that were exchanged for others of the same key; another authority may vouch for more."""
    before, after = _by_key(old), _by_key(new)
    return tuple(
        change
        for thumbprint in sorted(set(before) & set(after))
        for change in compared("certificate", before[thumbprint], after[thumbprint], widens=True)
    )


def _by_key(entry: Entry) -> dict[str, str]:
    """Return the SHA-256 (hex) of each listed certificate by the thumbprint of its key."""
    service = matching.listed(entry)
    if service is None:
        return {}
    certified = entry.keys[len(service.keys) :]  # as ``profile`` orders them: plain keys, then those of certificates
    digests = (hashlib.sha256(anchor).hexdigest() for anchor in service.anchors)
    return {key.thumbprint: digest for key, digest in zip(certified, digests, strict=True)}


def _services(old: Entry, new: Entry) -> Iterator[tuple[TrustService, TrustService]]:
    """Yield the services of both entries, if both are understood."""
    before, after = matching.listed(old), matching.listed(new)
    if before is not None and after is not None:
        yield before, after


def _as_services(old: Entry, new: Entry) -> Iterator[Change]:
    for before, after in _services(old, new):
        yield from compared("provider", before.provider, after.provider)
        yield from compared("type", *map(_type, (before, after)), widens=True)
        yield from rules.status_change(before.history, after.history)
        yield from rules.rule_changes(before.profile, after.profile)


def _type(service: TrustService) -> str:
    return rules.word(service.service_type)
