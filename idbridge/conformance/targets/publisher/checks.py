"""Checks of what is published: each one thing that a careful consumer looks for. Nothing is changed for any of them.

What the product's own locks refuse is asked for by its reason codes (``nothing-refused``); what they take, and a
publisher should not mean all the same, stands in ``finer``. Clauses: TUF specification 1.0.33; architecture D1.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from tuf.api.metadata import MetaFile, Root

from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.conformance.targets.publisher.publication import Look, metadata_files
from idbridge.conformance.targets.publisher.seen import Consumer
from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.region import MemberState
from idbridge.model.time import parse_instant
from idbridge.trust.operator.calendar import Due, DueKind, in_order
from idbridge.trust.operator.calendar import dues_of as snapshot_dues
from idbridge.trust.snapshot import snapshot_of
from idbridge.trust.tuf import keys, roles
from idbridge.trust.tuf.metadata import LIBRARY_ERRORS

Parameters = Mapping[str, Any]
METADATA_INVALID: Final = "trust.metadata_invalid"


def nothing_refused(consumer: Consumer, asked: Parameters) -> Finding | None:
    """Find what a consumer refuses: of what ``about`` begins with, and for one of ``codes`` if there are any.

    What kept the consumer from looking at all is found whatever was asked: what cannot be seen is not shown to be good.
    """
    seen, codes = consumer.look, frozenset(asked.get("codes", ()))
    if seen.blocked is not None:
        return Finding.of(seen.blocked, "nothing can be taken up")
    for one in seen.refused:
        if one.subject.startswith(asked.get("about", "")) and (not codes or one.code in codes):
            return Finding(one.code, f"{one.subject}: {one.detail}")
    return None


def taken_up(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find a state that has a role in the tree, or a pinned key, and whose list is not in force."""
    seen = consumer.look
    if seen.blocked is not None or seen.trusted is None:
        return Finding.of(seen.blocked or TrustError("trust.not_configured"), "nothing can be taken up")
    named = {name for name in metadata_files(seen) if name in MemberState.__members__}
    wanted = named or {state.value for state in seen.keys}
    absent = sorted(wanted - {state.value for state in seen.trusted.lists})
    if absent or not wanted:
        code = next((one.code for one in seen.refused if one.subject == f"lists/{(absent or [''])[0]}"), "")
        return Finding(code or "trust.not_configured", f"no list in force of {', '.join(absent) or 'any state'}")
    return None


def not_due(consumer: Consumer, asked: Parameters) -> Finding | None:
    """Find what ends soon: only a third of its life is left (``trust calendar``). ``kind`` says what is looked at."""
    seen = consumer.look
    dues = role_dues(seen) if asked["kind"] == "role" else _list_dues(seen)
    wanted = [one for one in dues if one.kind == asked["kind"] and one.is_due(seen.at)]
    if not wanted:
        return None
    first = in_order(wanted, at=seen.at)[0]
    return Finding("due", f"{first.state or 'the region'}, {first.subject} ends at {first.expires.isoformat()}")


def _list_dues(seen: Look) -> tuple[Due, ...]:
    if seen.trusted is None:
        raise seen.blocked or TrustError("trust.not_configured")
    return snapshot_dues(snapshot_of(seen.trusted), at=seen.at)


def role_dues(seen: Look) -> tuple[Due, ...]:
    """Return the ends of the roles of a tree, by their own words."""
    found = []
    for role, said in metadata_files(seen).items():
        begins = parse_instant(said.unrecognized_fields[roles.SIGNED_AT])
        state = role if role in MemberState.__members__ else ""
        found.append(Due(DueKind.ROLE, state, f"{role} {said.version}", begins, max(begins, said.expires)))
    return tuple(found)


def role_lifetimes(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find a role that is good for longer than its kind may be, or ends before it begins."""
    for role, said in metadata_files(consumer.look).items():
        begins = parse_instant(said.unrecognized_fields[roles.SIGNED_AT])
        if not begins < said.expires <= begins + roles.terms(role).longest:
            return Finding("trust.lifetime_too_long", f"{role} is good until {said.expires.isoformat()}")
    return None


def consistent_snapshots(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find a root that lets files be replaced under readers in the midst of a download."""
    root = metadata_files(consumer.look).get(roles.ROOT)
    if root is None or not root.consistent_snapshot:
        return Finding(METADATA_INVALID, "the root does not promise consistent snapshots")
    return None


def named_by_hash(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find metadata that is named without length and SHA-256: by its version alone, any file would do."""
    for role, meta in _named(metadata_files(consumer.look)):
        if meta.length is None or set(meta.hashes or {}) != {"sha256"}:
            return Finding(METADATA_INVALID, f"{role} is named without its length and its SHA-256")
    return None


def _named(said: Mapping[str, Any]) -> Iterator[tuple[str, MetaFile]]:
    yield roles.SNAPSHOT, said[roles.TIMESTAMP].snapshot_meta
    yield from said[roles.SNAPSHOT].meta.items()


def paths_of_its_own(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find a delegation that lets a role speak for more than its own, or lets the search go on past it."""
    delegations = _delegations(consumer.look)
    for name, role in delegations.roles.items():
        if name not in roles.delegated() or tuple(role.paths or ()) != roles.paths(name) or not role.terminating:
            return Finding(METADATA_INVALID, f"{name} may list {role.paths}")
    return None


def _delegations(seen: Look) -> Any:
    said = metadata_files(seen).get(roles.TARGETS)
    if said is None or said.delegations is None or said.delegations.roles is None:
        raise ConfigurationError("the top level delegates to nobody")
    return said.delegations


def quorums(consumer: Consumer, asked: Parameters) -> Finding | None:
    """Find a role that too few distinct keys, or too few distinct states, speak for; ``roles`` says which."""
    for name, role, found in _groups(consumer.look):
        if asked["roles"] == "region" and name in (roles.ROOT, roles.TARGETS):
            states = {key.state for key in found}
            if len(states) < roles.LEAST_STATES or role.threshold < roles.LEAST_STATES - 1:
                return Finding(METADATA_INVALID, f"{name} rests on {len(states)} states, {role.threshold} must sign")
        if asked["roles"] == "states" and name in MemberState.__members__:
            if len({key.thumbprint for key in found}) <= role.threshold:
                return Finding(METADATA_INVALID, f"{name} needs every one of its keys")
            if any(key.state != name for key in found):
                return Finding(METADATA_INVALID, f"a key of {name} belongs to another state")
    return None


def keys_once(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find a key that speaks for two states, or for a state and the online role."""
    owners: dict[str, tuple[str, Any]] = {}
    for name, _role, found in _groups(consumer.look):
        for key in found:
            owner = name if name in MemberState.__members__ else key.state
            other, state = owners.setdefault(key.thumbprint, (name, owner))
            if state != owner:
                return Finding(METADATA_INVALID, f"one key in {other} and in {name}, for different owners")
    return None


def _groups(seen: Look) -> Iterator[tuple[str, Any, tuple[keys.RoleKey, ...]]]:
    root: Root | None = metadata_files(seen).get(roles.ROOT)
    delegations = _delegations(seen)
    if root is None:
        raise ConfigurationError("there is no root")
    try:
        for name, role in root.roles.items():
            yield name, role, tuple(keys.read(root.keys[keyid]) for keyid in role.keyids)
        for name, role in delegations.roles.items():
            yield name, role, tuple(keys.read(delegations.keys[keyid]) for keyid in role.keyids)
    except LIBRARY_ERRORS as odd:
        raise ConfigurationError("a role names a key that is not there") from odd


CHECKS: Final[Mapping[str, Procedure[Consumer]]] = MappingProxyType({
    "nothing-refused": nothing_refused,
    "taken-up": taken_up,
    "not-due": not_due,
    "role-lifetimes": role_lifetimes,
    "consistent-snapshots": consistent_snapshots,
    "named-by-hash": named_by_hash,
    "paths-of-its-own": paths_of_its_own,
    "quorums": quorums,
    "keys-once": keys_once,
})  # fmt: skip
