"""The semantic difference of two versions of the purpose register: which purposes come, go, reach further or less far.

Decides what changed, purpose by purpose; whether the one version may follow the other is for the recognition layer.
Whatever cannot be shown to be equal or narrower counts as wider, and is flagged. Architecture D2.
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from idbridge.recognition.purpose import Purpose, PurposeRegister, PurposeSubject
from idbridge.trust.operator.change import Change, Item, Mark, Value, compared
from idbridge.trust.operator.rules import grown

_BEARER: Final = ("not allowed", "allowed")


def diff_purposes(before: PurposeRegister, after: PurposeRegister, *, begins: bool) -> Iterator[Item]:
    """Yield what differs between two versions, by the code of each purpose.

    ``begins`` tells that none stands before the first; else every purpose that is new lets more be asked for.
    """
    title = MappingProxyType({"register": f"purposes {after.version}"})
    for code in sorted({*before.purposes, *after.purposes}):
        old, new = before.find(code), after.find(code)
        mark = Mark.ADDED if old is None else Mark.DROPPED if new is None else Mark.CHANGED
        changes = tuple(_changes(old, new))
        widens = any(one.widens for one in changes) or (mark is Mark.ADDED and not begins)
        if changes:
            yield Item(mark, f"purposes {after.version}: {code}", title, changes, widens=widens)


def _changes(old: Purpose | None, new: Purpose | None) -> Iterator[Change]:
    if old is not None and new is not None:
        yield from _member_changes(old, new)
        return
    was, will = (_told(one) if one is not None else {} for one in (old, new))
    for what in was or will:
        yield from compared(what, was.get(what), will.get(what))


def _member_changes(old: Purpose, new: Purpose) -> Iterator[Change]:
    was, will = _told(old), _told(new)
    looser = not old.mandate_scope <= new.mandate_scope and new.subject is not PurposeSubject.NATURAL
    widening = {
        "minimum level": new.minimum_level < old.minimum_level,
        "bearer": new.bearer_allowed,
        "subject": old.subject is not PurposeSubject.ANY,  # others than before are identified
        "mandate scope": looser,  # a mandate has to contain less
    }
    for what, told in was.items():
        if what != "claims":
            yield from compared(what, told, will[what], widens=widening.get(what, False))
    yield from grown("claims", old.claims, new.claims)


def _told(purpose: Purpose) -> dict[str, Value]:
    return {
        "name": tuple(f"{language}: {name}" for language, name in sorted(purpose.name.items())),
        "minimum level": str(purpose.minimum_level),
        "bearer": _BEARER[purpose.bearer_allowed],
        "subject": purpose.subject.value,
        "mandate scope": tuple(sorted(purpose.mandate_scope)) or None,
        "claims": tuple(sorted(purpose.claims)) or None,
    }
