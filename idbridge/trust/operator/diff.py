"""The semantic difference of two editions of a state's list: what an operator reads before putting a name to it.

Decides what changed and what widened, by services and not by lines of text: which are new, which end and how, whose
keys and rules are other ones. It judges no edition; whether one may follow the other is for ``trusted_set``. Both are
taken as their state wrote them, without regard to what other states list, so that every signer sees the same.
"""

from collections.abc import Collection, Iterator
from types import MappingProxyType
from typing import Final

from idbridge.model.time import instant_text
from idbridge.trust.operator import entries, matching, rules
from idbridge.trust.operator.change import Change, Diff, Item, Kind, Mark, Value, compared
from idbridge.trust.operator.matching import Matching
from idbridge.trust.profile import Entry, TrustList

FIRST: Final = "first"
SAME: Final = "same"
CHANGED: Final = "changed"
WIDENED: Final = "widened"


def diff_lists(
    before: TrustList | None,
    after: TrustList,
    *,
    keys_before: Collection[str] = (),
    keys_after: Collection[str] = (),
) -> Diff:
    """Return what differs between two editions of one state's list; ``before`` is ``None`` for its first one.

    ``keys_before`` and ``keys_after`` are the thumbprints of the keys that may sign the state's lists.

    Raises:
        ValueError: The editions are of two states.
    """
    state = after.provenance.member_state
    if before is not None and before.provenance.member_state is not state:
        raise ValueError("two lists of two states are no editions of one list")
    old = before.entries if before is not None else ()
    found = matching.matched(old, after.entries)
    held = matching.granted_roles(old)
    facts = (*_facts(before, after), *_list_keys(before, keys_before, keys_after))
    items = tuple(sorted(_items(found), key=_place))
    return Diff(
        kind=Kind.LIST,
        subject=state.value,
        before=before.content if before is not None else None,
        after=after.content,
        effect=_effect(before, facts, items),
        facts=facts,
        items=items,
        held=len(held),
        ended=len(held - matching.granted_roles(after.entries)),
    )


def _effect(before: TrustList | None, facts: tuple[Change, ...], items: tuple[Item, ...]) -> str:
    if before is None:
        return FIRST
    if any(change.widens for change in facts) or any(item.widens for item in items):
        return WIDENED
    return CHANGED if facts or items else SAME


def _place(item: Item) -> tuple[str, ...]:
    """Order items by what they are about, and for the same by what happens to it."""
    return (*item.where.values(), item.name, item.mark.value, str(item.document()))


def _facts(before: TrustList | None, after: TrustList) -> tuple[Change, ...]:
    new = _told(after)
    old = _told(before) if before is not None else dict.fromkeys(new)
    changes = (change for name, told in new.items() for change in compared(name, old[name], told))
    tier = before.provenance.tier if before is not None else None
    return (*changes, *rules.tier_change(tier, after.provenance.tier))


def _list_keys(before: TrustList | None, old: Collection[str], new: Collection[str]) -> tuple[Change, ...]:
    """Return the change of the keys that may sign the list; one more of them is one more that can speak for it."""
    held, offered = tuple(sorted(old)), tuple(sorted(new))
    more = before is not None and not set(offered) <= set(held)
    return compared("list keys", held or None, offered or None, widens=more)


def _told(listed: TrustList) -> dict[str, Value]:
    about = listed.provenance
    return {
        "sequence": about.sequence,
        "issued at": instant_text(about.issued_at),
        "next update": instant_text(about.next_update),
        "signer": about.signer,
        "environment": listed.environment.value,
        "operator": listed.operator,
        "issuers of the other environment": tuple(sorted(listed.other_environment_issuers)) or None,
    }


def _items(found: Matching) -> Iterator[Item]:
    folded = {one.pair[0].service_id for one in found.successions if one.replaces and entries.only_ends(*one.pair)}
    for old, new in found.kept:
        changes = entries.changes_between(old, new) if old.service_id not in folded else ()
        if changes:
            yield _item(Mark.CHANGED, new, changes)
    for succession in found.successions:
        with_end = succession.replaces and succession.pair[0].service_id in folded
        yield _item(Mark.CHANGED, succession.added, entries.succession_changes(succession, with_end=with_end))
    for entry in found.added:
        yield _item(Mark.ADDED, entry, entries.introduction(entry))
    for entry in found.dropped:
        yield _item(Mark.DROPPED, entry, entries.farewell(entry))


def _item(mark: Mark, entry: Entry, changes: tuple[Change, ...]) -> Item:
    where = {"issuer": entry.issuer, "type": entries.kind(entry)}
    return Item(mark, entry.name, MappingProxyType(where), changes, widens=any(change.widens for change in changes))
