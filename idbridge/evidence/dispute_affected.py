"""Recall: which answers relied on a key, a list, a status snapshot or a policy, by relying party, from a log's leaves.

Decides which leaves are meant. A leaf names report ids and no person, and of each relying party its own are told alone.
What was refused has a leaf of another type, and misled nobody. A key is the one that signed, that of an authority which
certified it, that of another credential of the same presentation, that of a log or witness whose word on time was
believed, or that of who signed the status list; and so are lists. Clause: architecture D8.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from idbridge.codec import base64url
from idbridge.tlog import further
from idbridge.tlog.leaf import Leaf, LeafType, is_digest

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_ACCEPTED: Final = frozenset({LeafType.VERIFY, LeafType.ASSERT})
_DIGEST_OCTETS: Final = 32


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is recalled, and since when: a key by its thumbprint, a list or status snapshot by its SHA-256 (hex), or the
    policy of a relying party by its version.

    Raises:
        ValueError: It names nothing, or more than one of them: empty is not success; or a digest is none.
    """

    since: datetime
    key: str | None = None
    trust_list: str | None = None
    status_snapshot: str | None = None
    policy: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        named = (self.key, self.trust_list, self.status_snapshot, self.policy)
        if sum(one is not None for one in named) != 1:
            raise ValueError("a recall names one key, list, status snapshot or policy")
        if self.key is not None and not is_digest(self.key):
            raise ValueError("a key is named by its RFC 7638 thumbprint, 43 characters")
        for digest in (self.trust_list, self.status_snapshot):
            if digest is not None and len(bytes.fromhex(digest)) != _DIGEST_OCTETS:
                raise ValueError("a list or status snapshot is named by the 64 digits of its SHA-256")

    def concerns(self, leaf: Leaf) -> bool:
        """Tell whether the answer that ``leaf`` is about relied on it."""
        if leaf.type not in _ACCEPTED or _EPOCH + leaf.at_ms * _MILLISECOND < self.since:
            return False
        if self.key is not None:
            return leaf.members.get("kt") == self.key or self._further(leaf, self.key)
        if self.policy is not None:
            party, version = self.policy
            return is_of(leaf, party) and leaf.members.get("pol") == str(version)
        # A leaf tells a list by its sequence and its digest, and a status snapshot by its digest and what it said.
        name, place, digest = ("list", 1, self.trust_list) if self.trust_list else ("st", 0, self.status_snapshot)
        words, told = str(leaf.members.get(name, "")).split(" "), base64url.encode(bytes.fromhex(str(digest)))
        if len(words) > place and words[place] == told:
            return True
        return self.trust_list is not None and self._further(leaf, told)

    @staticmethod
    def _further(leaf: Leaf, digest: str) -> bool:
        return further.may_name(str(leaf.members.get("also", "")), digest)


def is_of(leaf: Leaf, party: str) -> bool:
    """Tell whether ``leaf`` is about the relying party ``party``; a long name is told by its digest."""
    return leaf.members.get("rp") in told_as(party)


def told_as(name: str) -> tuple[str, str]:
    """Return how a leaf may tell a name: as it is, or where it is long or unusual by its digest."""
    return name, "#" + base64url.encode(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest())


def affected(leaves: Iterable[Leaf], recalled: Recalled) -> Mapping[str, tuple[str, ...]]:
    """Return the report ids of the answers that relied on what is ``recalled``, by relying party, each once, in order.

    A relying party is called as the log calls it.
    """
    found: dict[str, dict[str, None]] = {}
    for leaf in leaves:
        if recalled.concerns(leaf):
            found.setdefault(str(leaf.members["rp"]), {})[str(leaf.members["req"])] = None
    return MappingProxyType({party: tuple(found[party]) for party in sorted(found)})
