"""The publications of one role, as the records of a tree tell them: what was done, why, by whom, and who signed.

Decides whether the records are whole and signed by an online key that a root of the same tree names. It does not ask
whether that tree is the region's: whoever looks at records looks at the tree that they pinned a root for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from idbridge.errors import ConfigurationError
from idbridge.model.keys import PublicKey
from idbridge.model.time import instant_text
from idbridge.trust import records
from idbridge.trust.records import Record
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.metadata import LIBRARY_ERRORS, parse_unverified
from idbridge.trust.tuf.quorum import quorum_of
from idbridge.trust.tuf.tree import RECORDS, Head, PublishedTree


@dataclass(frozen=True, slots=True)
class Publication:
    """One version of a role that was published. ``signers`` are the thumbprints of the keys whose acts travelled."""

    record: int
    at: datetime
    version: int
    act: str
    reason: str
    proposer: str
    signers: tuple[str, ...]
    diff: str

    def document(self) -> dict[str, Any]:
        """Return the publication as plain JSON values."""
        return {
            "record": self.record,
            "at": instant_text(self.at),
            "version": self.version,
            "act": self.act,
            "reason": self.reason,
            "proposer": self.proposer,
            "signers": list(self.signers),
            "diff": self.diff,
        }


def publications(tree: Path, *, role: str) -> tuple[Publication, ...]:
    """Return every publication of ``role`` in the records of ``tree``, oldest first; none where nothing is recorded.

    Raises:
        ConfigurationError: The tree or its records cannot be read, or say something in another form.
        TrustError: The records are not whole, or not signed by an online key of this tree.
    """
    folder = tree / RECORDS
    if not (folder / records.FILE).is_file():
        return ()
    keys = _online_keys(PublishedTree(tree).head())
    try:
        told = (one for one in records.read(folder, keys=keys) if one.content.get("role") == role)
        return tuple(_publication(one) for one in told)
    except (LookupError, TypeError, ValueError) as damaged:
        raise ConfigurationError("a record of the tree is in another form") from damaged


def _online_keys(head: Head) -> Mapping[str, PublicKey]:
    """Return the online keys that any root of the tree names: records outlive a key."""
    try:
        quorums = [quorum_of(parse_unverified(octets), roles.TIMESTAMP) for octets in head.roots]
    except LIBRARY_ERRORS as damaged:
        raise ConfigurationError("a root in the tree is damaged") from damaged
    return {thumbprint: key.key for quorum in quorums for thumbprint, key in quorum.keys.items()}


def _publication(record: Record) -> Publication:
    content = record.content
    return Publication(
        record=record.number,
        at=record.at,
        version=int(content["version"]),
        act=str(content["act"]),
        reason=str(content["reason"]),
        proposer=str(content["proposer"]),
        signers=tuple(dict.fromkeys(str(act["by"]) for act in content["acts"])),
        diff=str(content["diff"]),
    )
