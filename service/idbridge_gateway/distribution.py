"""How trust material reaches this node: from pinned lists in a directory, or from a TUF tree beside or elsewhere.

Which of them is settled by the settings: a pinned root means TUF. Nothing is mixed, and nothing falls back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from idbridge.clock import Clock
from idbridge.credential.type_folder import read_type_documents
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.model.type_metadata import NO_DOCUMENTS
from idbridge.net.guarded import GuardedClient
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.repository import PlainRepository
from idbridge.trust.tuf.client import METADATA, DirectoryTree, RemoteTree
from idbridge.trust.tuf.mirror import NOTHING
from idbridge.trust.tuf.repository import TufRepository
from idbridge.verify.verifier import Verifier
from idbridge_gateway.node import NodeState
from idbridge_gateway.safety import refuse_unsafe_trust
from idbridge_gateway.settings import Settings, WitnessSettings, is_loopback
from idbridge_gateway.watch import FileMarks, Marks, Pace, TimestampMarks


@dataclass(frozen=True, slots=True)
class Distribution:
    """Where this node's trust material comes from, what shows that it changed, and how often to look."""

    repository: PlainRepository | TufRepository
    marks: Marks
    pace: Pace
    retention: timedelta

    def tree(self) -> Mapping[str, bytes]:
        """Return the tree as it was last accepted, for others to read; nothing in plain mode, which has none."""
        return self.repository.accepted_tree if isinstance(self.repository, TufRepository) else NOTHING

    def tidying(self, clock: Clock) -> Callable[[], None]:
        """Return what lets snapshots go that were long not in force and are held by nobody."""

        def tidy() -> None:
            if isinstance(self.repository, TufRepository):
                self.repository.store.prune(frozenset(), at=clock.now(), older_than=self.retention)

        return tidy


def distribution_of(settings: WitnessSettings) -> Distribution:
    """Return the distribution that ``settings`` describe.

    Raises:
        ConfigurationError: They describe none.
    """
    near = Pace(timedelta(seconds=settings.reload_seconds))
    kept = timedelta(days=settings.snapshot_days)
    root, directory, url = settings.trust_root_file, settings.trust_dir, settings.trust_url
    if settings.pins_file is not None and directory is not None:
        plain = PlainRepository(directory, settings.pins_file, settings.state_dir)
        return Distribution(plain, FileMarks(directory, settings.pins_file), near, kept)
    if root is not None and directory is not None:
        beside = TufRepository(DirectoryTree(directory), root, settings.state_dir)
        return Distribution(beside, FileMarks(directory / METADATA, root), near, kept)
    if root is not None and url is not None:
        client = _client(url, settings.environment)
        far = Pace(timedelta(seconds=settings.poll_seconds), jitter=True)
        elsewhere = TufRepository(RemoteTree(url, client), root, settings.state_dir)
        return Distribution(elsewhere, TimestampMarks(url, client), far, kept)
    raise ConfigurationError("no source of trust material is named")


def _client(url: str, environment: Environment) -> GuardedClient:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return GuardedClient(
        frozenset({parts.netloc.lower()}),
        environment,
        allow_loopback=environment is Environment.SANDBOX and is_loopback(host),
        ceiling=LIMITS.trust_list_bytes,
    )


def state_loader(settings: Settings, distribution: Distribution, *, clock: Clock) -> Callable[[], NodeState]:
    """Return what reads the trust material of ``distribution`` into a state of the node.

    What it returns raises ``ConfigurationError`` for material that the node may not be built on, and ``TrustError``
    where nothing is held and what is offered is not accepted.
    """

    def load() -> NodeState:
        snapshot = distribution.repository.load(at=clock.now())
        refuse_unsafe_trust(settings, snapshot)
        types = NO_DOCUMENTS if settings.type_metadata_dir is None else read_type_documents(settings.type_metadata_dir)
        return NodeState(snapshot, Verifier(trust=snapshot, status=EMPTY_STATUS, types=types), distribution.tree())

    return load
