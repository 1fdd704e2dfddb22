"""The records of a tree as the online role writes them: every publication once, with who did what to it.

Decides whether what is published can be written down, and who could sign what was published and lacks its record. What
records say, ``publications`` reads. Clause: architecture D8.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tuf.api.metadata import Root

from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.time import instant_text
from idbridge.trust import records
from idbridge.trust.operator.publications import publications
from idbridge.trust.operator.published import Published
from idbridge.trust.tuf import metadata, proposal, roles
from idbridge.trust.tuf.proposal import Proposal
from idbridge.trust.tuf.tree import RECORDS, PublishedTree

PUBLISH: Final = "publish"


class Recording:
    """The records of one tree, signed with the online key."""

    def __init__(self, tree: PublishedTree, online: Signer) -> None:
        self._tree = tree
        self._online = online
        self._folder = tree.directory / RECORDS

    def require_possible(self) -> None:
        """Return if what is published can be written down after those that are recorded.

        Raises:
            ConfigurationError: It cannot: the records are damaged, or no file.
        """
        place = self._folder / records.FILE
        if place.is_symlink() or (place.exists() and not place.is_file()):
            raise ConfigurationError(f"{RECORDS}/{records.FILE} is no file; nothing was published")
        try:
            publications(self._tree.directory, role=roles.ROOT)  # every record is verified, whatever the role
        except TrustError as damaged:
            raise ConfigurationError(
                f"{RECORDS}/{records.FILE} is damaged ({damaged}); put it aside first, nothing was published"
            ) from damaged

    def record(self, proposals: Sequence[Proposal], done: dict[str, list[dict[str, Any]]], *, at: datetime) -> None:
        """Record ``proposals``, which were published, with what was done to each of them by role.

        Raises:
            ConfigurationError: It cannot be written.
        """
        make_folder(self._folder)
        for one in proposals:
            content = {
                "role": one.role,
                "version": one.file.version,
                "act": one.act,
                "reason": one.reason,
                "proposer": one.proposer,
                "diff": one.diff_digest,
                "metadata": one.file.digest,
                "expires": instant_text(one.file.expires),
                "acts": done[one.role],
            }
            records.append(self._folder, PUBLISH, content, signer=self._online, at=at)

    def record_once(self, found: Proposal, before: Published, *, at: datetime) -> None:
        """Record ``found``, which stands already, if a crash kept it from being recorded.

        Raises:
            TrustError, FetchError: Its acts are not in order, or the root that stood before it cannot be had.
            ConfigurationError: It cannot be written.
        """
        held = records.read_unverified(self._folder) if (self._folder / records.FILE).is_file() else ()
        if all(one.content.get("metadata") != found.file.digest for one in held):
            voters = self._before(found, before).voters(found.role, proposed=found.file.signed)
            done = [act.document() for act in proposal.acts_of(found, voters=voters)]
            self.record((found,), {found.role: done}, at=at)

    def _before(self, found: Proposal, standing: Published) -> Published:
        """Return what stood before ``found``: the officers of the root before it signed it too, and some have left."""
        version = found.file.version - 1
        if found.role != roles.ROOT or not version:
            return standing
        octets = self._tree.version(roles.ROOT, version)
        root = metadata.read(octets, Root, role=roles.ROOT, environment=standing.environment)
        return replace(standing, root=root.signed)


def make_folder(folder: Path, *, mode: int = 0o755) -> None:
    """Make ``folder`` if it is not there.

    Raises:
        ConfigurationError: It cannot be made.
    """
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as unwritable:
        raise ConfigurationError(f"the folder {folder.name} cannot be made") from unwritable
