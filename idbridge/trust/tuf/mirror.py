"""The static tree as a node accepted it, for those who read it from this node instead of the publisher.

Decides only under which name each file stands: what the second lock refused is left out, and nothing is looked up on
disk. Whoever reads it judges it anew; a mirror is trusted by nobody.
"""

import hashlib
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from idbridge.trust.tuf import roles
from idbridge.trust.tuf.client import METADATA, TARGETS
from idbridge.trust.tuf.metadata import parse_unverified
from idbridge.trust.tuf.second_lock import Fetched

TIMESTAMP_PATH: Final = f"{METADATA}/{roles.TIMESTAMP}.json"
NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})


def tree_of(fetched: Fetched, *, without: Collection[str] = ()) -> Mapping[str, bytes]:
    """Return the files of what both locks let through by path; ``without`` names roles that the second one refused."""
    named = {roles.SNAPSHOT: fetched.snapshot, roles.TARGETS: fetched.targets}
    named |= {role: octets for role, octets in fetched.roles.items() if role not in without}
    files = {f"{METADATA}/{_version(octets)}.{role}.json": octets for role, octets in named.items()}
    files |= {f"{METADATA}/{_version(octets)}.{roles.ROOT}.json": octets for octets in fetched.roots}
    files |= {_target_path(path, octets): octets for path, octets in fetched.files.items()}
    return MappingProxyType({**files, TIMESTAMP_PATH: fetched.timestamp})


def _version(octets: bytes) -> int:
    return int(parse_unverified(octets).version)


def _target_path(path: str, octets: bytes) -> str:
    folder, _, name = path.rpartition("/")
    return f"{TARGETS}/{folder}/{hashlib.sha256(octets).hexdigest()}.{name}"
