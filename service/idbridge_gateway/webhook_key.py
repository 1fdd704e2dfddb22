"""The key under which this node signs what it tells relying parties unasked; without one, it tells them nothing.

Ed25519, because Standard Webhooks knows no other signature by a key pair (``v1a``). It signs nothing else, and its
public half is published by itself: nobody should take it for a key of assertions.
"""

from pathlib import Path

from idbridge.crypto.key_files import open_key_file
from idbridge.crypto.signer import FileSigner
from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment
from idbridge_gateway.keys import passphrase_in, refuse_published
from idbridge_gateway.settings import Settings

ALGORITHM = "Ed25519"


def read_webhook_key(settings: Settings) -> FileSigner | None:
    """Return the key that ``settings`` name; ``None`` if they name none.

    Raises:
        ConfigurationError: The file is missing, may not be used, or holds another kind of key.
    """
    path = settings.webhook_key_file
    if path is None:
        return None
    return open_webhook_key(path, settings.webhook_passphrase_file, environment=settings.environment)


def open_webhook_key(path: Path, passphrase_file: Path | None, *, environment: Environment) -> FileSigner:
    """Return the key in ``path``, which the first line of ``passphrase_file`` opens.

    Raises:
        ConfigurationError: The file is missing, may not be used, or holds another kind of key.
    """
    passphrase = passphrase_in(passphrase_file, setting="IDBRIDGE_WEBHOOK_PASSPHRASE_FILE")
    signer = open_key_file(path, passphrase=passphrase, encrypted_only=environment is Environment.LIVE)
    refuse_published(signer, environment)
    if signer.algorithm != ALGORITHM:
        raise ConfigurationError(f"{path} holds no {ALGORITHM} key, and webhooks are signed with nothing else")
    return signer
