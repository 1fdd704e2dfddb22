"""A folder of a node's keys, one that signs and one that is next, and whether it is in order after a kill."""

from datetime import timedelta
from pathlib import Path

from idbridge.clock import SystemClock
from idbridge.crypto.signer import generate
from idbridge.model.region import Environment
from idbridge.trust import key_folder
from idbridge.trust.node_keys import KeyPurpose, KeyState

_PASSPHRASE = "twelve words for a rotation"
_LONG_AGO = timedelta(days=30)


def known(_: str) -> str:
    """Return what opens the keys."""
    return _PASSPHRASE


def begun_keys(folder: Path) -> None:
    """Make a folder in which one key signs and the next waits."""
    folder.mkdir(mode=0o700)
    at = SystemClock().now().replace(microsecond=0) - 2 * _LONG_AGO
    for published in (at, at + _LONG_AGO):
        key_folder.publish(
            folder, generate("ES256"), purpose=KeyPurpose.ASSERTION, environment=Environment.SANDBOX, at=published,
            passphrase=_PASSPHRASE,
        )  # fmt: skip
        if published == at:
            key_folder.rotate(folder, purpose=KeyPurpose.ASSERTION, at=at, passphrase=known, emergency=True)


def sound_keys(folder: Path) -> None:
    """Read the folder as a node does that starts.

    Raises:
        AssertionError: Not exactly one key signs, or it cannot be opened.
        IdBridgeError: The records are not in order.
    """
    ring = key_folder.read(folder).ring
    active = ring.find(KeyPurpose.ASSERTION, KeyState.ACTIVE)
    assert active is not None, "no key signs"
    key_folder.open_private(folder, active, passphrase=known, encrypted_only=True)
