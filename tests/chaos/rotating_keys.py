"""A small program that lets a node's next key sign: FOLDER, and then it ends."""

import sys
from pathlib import Path

from idbridge.clock import SystemClock
from idbridge.trust import key_folder
from idbridge.trust.node_keys import KeyPurpose
from tests.chaos.rotated import known


def main(folder: Path) -> None:
    """Rotate."""
    key_folder.rotate(folder, purpose=KeyPurpose.ASSERTION, at=SystemClock().now(), passphrase=known)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
