"""A small program that publishes Singapore's next list and lets a node take it up: FOLDER, and then it ends."""

import sys
from datetime import datetime
from pathlib import Path

from idbridge.crypto.signer import load_signer
from idbridge.errors import IdBridgeError
from idbridge.model.region import Environment
from idbridge.sandbox import distribution
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.publisher import Change, Publisher
from idbridge.trust.tuf.repository import TufRepository
from idbridge.trust.tuf.tree import PublishedTree

REFUSED = 5


def main(folder: Path) -> None:
    """Publish what lies ready in ``folder``, and load it as its node does."""
    ready = folder / "ready"
    at = datetime.fromisoformat((ready / "at").read_text())
    change = Change(
        roles={"SG": (ready / "SG.json").read_bytes()}, targets={"lists/SG/list.jws": (ready / "list.jws").read_bytes()}
    )
    tree = PublishedTree(folder / distribution.TREE)
    Publisher(
        tree,
        online=MetadataSigner(load_signer(ready / "online.pem"), state=None),
        root_file=folder / distribution.ROOT_FILE,
        state_directory=folder / distribution.PUBLISHER,
        environment=Environment.SANDBOX,
    ).publish(change, at=at)
    TufRepository(tree.reader, folder / distribution.ROOT_FILE, folder / "node").load(at=at)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except IdBridgeError:
        sys.exit(REFUSED)
