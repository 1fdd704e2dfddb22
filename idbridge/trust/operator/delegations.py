"""The semantic difference of two key sets of the region's roles: states, keys, thresholds and paths.

Decides what changed and what widened; whether the new keys may follow the old ones is for the TUF client. Comes in the
same form as a list's difference, so that signers have one thing to read and one digest to sign. Architecture D1.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from idbridge.codec import jcs
from idbridge.model.time import instant_text
from idbridge.trust.operator.change import Change, Diff, Item, Kind, Mark, Value, compared
from idbridge.trust.operator.rules import grown


@dataclass(frozen=True, slots=True)
class RoleKeys:
    """Who may sign one role: the state of each key by thumbprint (empty for a key of no state), and how many must."""

    role: str
    threshold: int
    keys: Mapping[str, str]
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delegations:
    """The roles of the region in one version of ``root`` or ``targets``, which ``subject`` names."""

    subject: str
    version: int
    expires: datetime
    roles: tuple[RoleKeys, ...]

    def document(self) -> dict[str, object]:
        """Return the roles as plain JSON values; their order says nothing."""
        return {
            "subject": self.subject,
            "version": self.version,
            "expires": instant_text(self.expires),
            "roles": {
                role.role: {"threshold": role.threshold, "keys": dict(role.keys), "paths": sorted(role.paths)}
                for role in self.roles
            },
        }


def diff_delegations(before: Delegations | None, after: Delegations) -> Diff:
    """Return what differs between two key sets of the region's roles: states, keys, thresholds, paths.

    Raises:
        ValueError: They are of two files.
    """
    if before is not None and before.subject != after.subject:
        raise ValueError("versions of two files are no versions of one")
    old = {role.role: role for role in before.roles} if before is not None else {}
    new = {role.role: role for role in after.roles}
    expiry = instant_text(before.expires) if before is not None else None
    version = before.version if before is not None else None
    items = tuple(_role_items(old, new))
    widens = before is not None and any(item.widens for item in items)
    return Diff(
        kind=Kind.DELEGATIONS,
        subject=after.subject,
        before=jcs.digest_hex(before.document()) if before is not None else None,
        after=jcs.digest_hex(after.document()),
        effect="first" if before is None else "widened" if widens else "changed" if items else "same",
        facts=(
            *compared("version", version, after.version),
            *compared("expires", expiry, instant_text(after.expires)),
        ),
        items=items,
        held=len(old),
        ended=len(old.keys() - new.keys()),
    )


def _role_items(old: Mapping[str, RoleKeys], new: Mapping[str, RoleKeys]) -> Iterator[Item]:
    for role in sorted({*old, *new}):
        if role not in new:
            changes = tuple(_role_told(old[role], gone=True))
            yield Item(Mark.DROPPED, role, MappingProxyType({"role": role}), changes)
        elif role not in old:
            changes = tuple(_role_told(new[role], gone=False))
            yield Item(Mark.ADDED, role, MappingProxyType({"role": role}), changes)
        elif changes := tuple(_role_changes(old[role], new[role])):
            widens = any(change.widens for change in changes)
            yield Item(Mark.CHANGED, role, MappingProxyType({"role": role}), changes, widens=widens)


def _role_told(role: RoleKeys, *, gone: bool) -> Iterator[Change]:
    told: dict[str, Value] = {"threshold": _threshold(role), "keys": _named(role, role.keys), "paths": role.paths}
    yield from (Change(what, said, None) if gone else Change(what, None, said) for what, said in told.items() if said)


def _role_changes(old: RoleKeys, new: RoleKeys) -> Iterator[Change]:
    """Yield what differs of one role: one more key, a lower threshold and another path reach further."""
    removed, added = old.keys.keys() - new.keys.keys(), new.keys.keys() - old.keys.keys()
    what = "key changed" if removed and added else "key removed" if removed else "key added"
    yield from compared(what, _named(old, removed) or None, _named(new, added) or None, widens=bool(added))
    moved = sorted(one for one in old.keys.keys() & new.keys.keys() if old.keys[one] != new.keys[one])
    yield from (Change("state of a key", _named(old, (one,)), _named(new, (one,)), widens=True) for one in moved)
    lower = new.threshold < old.threshold
    yield from compared("threshold", _threshold(old), _threshold(new), widens=lower)
    yield from grown("paths", old.paths, new.paths)


def _threshold(role: RoleKeys) -> str:
    return f"{role.threshold} of {len(role.keys)}"


def _named(role: RoleKeys, thumbprints: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{role.keys[one]} {one}".strip() for one in sorted(thumbprints))
