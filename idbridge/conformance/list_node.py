"""A node that looks at a tree and remembers in a folder: how this project itself answers as a trust-list consumer.

Every look is made as by a process that has just started, from what lies in the folder. What is told of the state is
read from that folder too, and not from the memory of a process, because it is what a restart would find.
"""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from idbridge.conformance.answer import Verdict
from idbridge.conformance.looks import ROOT_FILE, TREE
from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.region import Environment
from idbridge.model.time import instant_text, parse_instant
from idbridge.reasons import Indication, reason
from idbridge.trust import floors
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.store import SnapshotStore
from idbridge.trust.tuf import archive
from idbridge.trust.tuf.client import DirectoryTree, Tree
from idbridge.trust.tuf.repository import STORE, TufRepository

MEMORY: Final = "node"
LAST_LOOK: Final = "last-look.json"
_ENVIRONMENT: Final = Environment.SANDBOX  # of the whole corpus
_PRIVATE: Final = 0o700

Opened = Callable[[Tree, Path, Path], TufRepository]


def looked(material: Path, folder: Path, *, at: datetime, opened: Opened = TufRepository) -> Verdict:
    """Return what comes of a look at ``material`` by the node that remembers in ``folder``, empty before its first.

    A look that takes up all that is on offer, or finds nothing new, passes; else the verdict is on what was refused.

    Raises:
        ConfigurationError: The node cannot work at all.
    """
    memory = folder / MEMORY
    node = opened(DirectoryTree(material / TREE), material / ROOT_FILE, memory)
    if not memory.exists():
        memory.mkdir(mode=_PRIVATE, parents=True)
        node.initialise()
    (folder / LAST_LOOK).write_text(json.dumps({"at": instant_text(at)}), "utf-8")
    try:
        return _verdict(node.load(at=at))
    except TrustError as refusal:
        return Verdict(reason(refusal.code).indication, refusal.code)


def _verdict(snapshot: TrustSnapshot) -> Verdict:
    if not snapshot.refused:
        return Verdict(Indication.PASSED, None)
    code = snapshot.refused[0].code
    return Verdict(reason(code).indication, code)


def held(folder: Path) -> dict[str, Any]:
    """Return what the node that remembers in ``folder`` holds, as of its last look, as plain JSON values.

    ``lists`` are sequence numbers by state, ``contents`` the SHA-256 of what each list says, ``services`` how many
    services of it give trust. ``denials`` are the ids of those in force, ``arrangements`` how many versions of each
    are held, ``root`` is the version of the root. A node that holds nothing yet has root 0.

    Raises:
        ConfigurationError: What lies there is not in order.
    """
    memory = folder / MEMORY
    try:
        at = parse_instant(json.loads((folder / LAST_LOOK).read_text("utf-8"))["at"])
    except (OSError, ValueError, KeyError) as never:
        raise ConfigurationError("the node has looked at nothing yet") from never
    written = floors.read(memory, _ENVIRONMENT)
    stored = SnapshotStore(memory / STORE).current()
    if stored is None:
        return {"lists": {}, "contents": {}, "services": {}, "denials": [], "arrangements": {}, "root": 0}
    found = archive.read(stored, environment=_ENVIRONMENT, floors=written)
    lists = sorted(found.trusted.lists.items())
    histories = sorted(found.trusted.arrangements.histories.items())
    return {
        "lists": {state.value: listed.provenance.sequence for state, listed in lists},
        "contents": {state.value: listed.content for state, listed in lists},
        "services": {state.value: len(listed.services) for state, listed in lists},
        "denials": sorted(entry.id for entry in written.denials.in_force(at)),
        "arrangements": {name: len(history.versions) for name, history in histories},
        "root": found.regional.root_version,
    }
