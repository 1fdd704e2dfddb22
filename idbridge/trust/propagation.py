"""Whether nodes have caught up with each other: what each says of the trust that it relies on, compared.

Decides from the statements of nodes, which nobody signed: good enough to see who is behind, and no ground to trust
anything. Two nodes that name one version and two contents were told two stories, which only the online key, or a
state's own keys, can bring about. Knows nothing of how a statement was fetched.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeVar

from idbridge.codec import strict_json
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import parse_instant

PATH: Final = "/v1/trust"
Value = TypeVar("Value")


class Standing(StrEnum):
    """How a node stands among the others, the best first."""

    CURRENT = "current"
    BEHIND = "behind"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    EXPIRED = "expired"
    ROLLED_BACK = "rolled back"
    FORKED = "forked"


UNUSABLE: Final = frozenset({Standing.EXPIRED, Standing.ROLLED_BACK, Standing.FORKED})


@dataclass(frozen=True, slots=True)
class Edition:
    """A state's list as a node holds it."""

    sequence: int
    digest: str
    issued_at: datetime
    next_update: datetime


@dataclass(frozen=True, slots=True)
class Distributed:
    """The top of the TUF tree as a node took it up."""

    root_version: int
    timestamp_version: int
    signed_at: datetime
    expires: datetime
    snapshot_version: int
    snapshot_digest: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What one node says: its snapshot, its lists, and how they came. ``denials`` are ids with when each lapses."""

    environment: Environment
    trust_snapshot: str
    distributed: Distributed | None
    lists: Mapping[MemberState, Edition]
    denials: Mapping[str, datetime | None]

    def denies(self, denial: str, *, at: datetime) -> bool:
        """Tell whether this node holds the denial of this id and it is in force at ``at``."""
        if denial not in self.denials:
            return False
        lapse = self.denials[denial]
        return lapse is None or at < lapse

    @property
    def signed_at(self) -> datetime | None:
        """When the youngest thing that it relies on was signed: the timestamp, or without one the youngest list."""
        if self.distributed is not None:
            return self.distributed.signed_at
        return max((edition.issued_at for edition in self.lists.values()), default=None)

    def is_expired(self, *, at: datetime) -> bool:
        """Tell whether nothing of it can be relied on at ``at``."""
        if self.distributed is not None and self.distributed.expires <= at:
            return True
        return all(edition.next_update <= at for edition in self.lists.values())


@dataclass(frozen=True, slots=True)
class Judged:
    """How a node stands, and why if it does not stand well."""

    standing: Standing
    why: str = ""


def parse_unverified(octets: bytes) -> Statement:
    """Return what a node said at ``/v1/trust``; members that this reader does not know are left alone.

    Raises:
        InputError: It is no such statement.
    """
    document = strict_json.parse_object(octets, max_bytes=LIMITS.node_statement_bytes)
    distribution = _member(document, "distribution", _table)
    listed = [row for row in _member(document, "states", _rows) if row.get("listed") is True]
    lists = {_member(row, "state", MemberState): _edition(row) for row in listed}
    if len(lists) != len(listed):
        raise _malformed("states")
    return Statement(
        environment=_member(document, "environment", Environment),
        trust_snapshot=_member(document, "trust_snapshot", _text),
        distributed=_distributed(distribution) if distribution.get("mode") == "tuf" else None,
        lists=MappingProxyType(lists),
        denials=MappingProxyType({
            _member(row, "id", _text): _member(row, "lapses_at", _instant_or_none)
            for row in _member(distribution, "denials", _rows)
        }),
    )  # fmt: skip


def _distributed(distribution: dict[str, Any]) -> Distributed:
    timestamp, snapshot = _member(distribution, "timestamp", _table), _member(distribution, "snapshot", _table)
    return Distributed(
        root_version=_member(distribution, "root_version", _number),
        timestamp_version=_member(timestamp, "version", _number),
        signed_at=_member(timestamp, "signed_at", _instant),
        expires=_member(timestamp, "expires", _instant),
        snapshot_version=_member(snapshot, "version", _number),
        snapshot_digest=_member(snapshot, "digest", _text),
    )


def _edition(row: dict[str, Any]) -> Edition:
    return Edition(
        sequence=_member(row, "sequence", _number),
        digest=_member(row, "digest", _text),
        issued_at=_member(row, "issued_at", _instant),
        next_update=_member(row, "next_update", _instant),
    )


def judge(node: Statement, others: Iterable[Statement], *, at: datetime, denial: str | None = None) -> Judged:
    """Return how ``node`` stands among ``others`` at ``at``; with ``denial`` it also has to hold that one in force."""
    known = tuple(others)
    for standing, found in (
        (Standing.FORKED, _first(_fork(node, other) for other in known)),
        (Standing.ROLLED_BACK, _first(_rollback(node, other) for other in known)),
        (Standing.EXPIRED, "nothing that it relies on is in date" if node.is_expired(at=at) else ""),
        (Standing.BEHIND, _first(_lag(node, other) for other in known)),
    ):
        if found:
            return Judged(standing, found)
    if denial is not None and not node.denies(denial, at=at):
        return Judged(Standing.BEHIND, "the denial is not in force here")
    return Judged(Standing.CURRENT)


def _first(found: Iterable[str]) -> str:
    return next(filter(None, found), "")


def _fork(node: Statement, other: Statement) -> str:
    """Return what both hold under one number and with two contents."""
    mine, theirs = node.distributed, other.distributed
    if mine is not None and theirs is not None:
        if mine.timestamp_version == theirs.timestamp_version and mine != theirs:
            return f"timestamp {mine.timestamp_version} says two things"
        if mine.snapshot_version == theirs.snapshot_version and mine.snapshot_digest != theirs.snapshot_digest:
            return f"snapshot {mine.snapshot_version} has two contents"
    for state in sorted(node.lists.keys() & other.lists.keys()):
        held, offered = node.lists[state], other.lists[state]
        if held.sequence == offered.sequence and held.digest != offered.digest:
            return f"list {held.sequence} of {state} has two texts"
    return ""


def _rollback(node: Statement, other: Statement) -> str:
    """Return what went back though the timestamp went on."""
    mine, theirs = node.distributed, other.distributed
    if mine is None or theirs is None or mine.timestamp_version <= theirs.timestamp_version:
        return ""
    if mine.snapshot_version < theirs.snapshot_version:
        return f"a newer timestamp with snapshot {mine.snapshot_version}, older than {theirs.snapshot_version}"
    if mine.root_version < theirs.root_version:
        return f"a newer timestamp under root {mine.root_version}, older than {theirs.root_version}"
    return ""


def _lag(node: Statement, other: Statement) -> str:
    """Return what the other holds in a newer version."""
    mine, theirs = node.distributed, other.distributed
    if mine is not None and theirs is not None and mine.timestamp_version < theirs.timestamp_version:
        return f"timestamp {mine.timestamp_version}, elsewhere {theirs.timestamp_version}"
    for state, offered in sorted(other.lists.items()):
        held = node.lists.get(state)
        if held is None:
            return f"no list of {state}, elsewhere {offered.sequence}"
        if held.sequence < offered.sequence:
            return f"list {held.sequence} of {state}, elsewhere {offered.sequence}"
    return ""


def _member(table: dict[str, Any], name: str, read: Callable[[Any], Value]) -> Value:
    try:
        return read(table[name])
    except (KeyError, TypeError, ValueError) as broken:
        raise _malformed(name) from broken


def _malformed(name: str) -> InputError:
    return InputError("input.malformed", f"a node's statement has no usable `{name}`")


def _table(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise TypeError("not an object")
    return value


def _rows(value: Any) -> list[dict[str, Any]]:
    if type(value) is not list:
        raise TypeError("not a list")
    return [_table(row) for row in value]


def _text(value: Any) -> str:
    if type(value) is not str or not 0 < len(value) <= LIMITS.identifier_characters:
        raise TypeError("not a text")
    return value


def _number(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise TypeError("not a version")
    return value


def _instant(value: Any) -> datetime:
    return parse_instant(_text(value))


def _instant_or_none(value: Any) -> datetime | None:
    return None if value is None else _instant(value)
