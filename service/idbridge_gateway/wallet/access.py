"""The access certificate of a node, from its files; without any, it asks no wallets.

A live node's key is under a passphrase and its certificate names the host of the node, because a wallet compares that
host with the address that it answers to (OpenID4VP 1.0 section 5.9.3).
"""

from pathlib import Path
from urllib.parse import urlsplit

from idbridge.codec import pem
from idbridge.crypto.key_files import open_key_file
from idbridge.errors import ConfigurationError, InputError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.presentation.access_certificate import AccessCertificate, access_certificate
from idbridge_gateway.keys import passphrase_in, refuse_published
from idbridge_gateway.settings import Settings


def read_access_certificate(settings: Settings) -> AccessCertificate | None:
    """Return the certificate under which the node that ``settings`` describe asks wallets; ``None`` if it has none.

    Raises:
        ConfigurationError: One of the two files is missing or not in order, or they do not belong together.
    """
    chain, key = settings.access_certificate_file, settings.access_key_file
    if chain is None and key is None:
        return None
    if chain is None or key is None:
        raise ConfigurationError("IDBRIDGE_ACCESS_CERTIFICATE_FILE goes with IDBRIDGE_ACCESS_KEY_FILE")
    live = settings.environment is Environment.LIVE
    passphrase = passphrase_in(settings.access_passphrase_file, setting="IDBRIDGE_ACCESS_PASSPHRASE_FILE")
    signer = open_key_file(key, passphrase=passphrase, encrypted_only=live)
    refuse_published(signer, settings.environment)
    found = access_certificate(signer, _certificates(chain))
    if live and (urlsplit(settings.node_url).hostname or "") not in found.hosts:
        raise ConfigurationError("the access certificate does not name the host of this node")
    return found


def _certificates(path: Path) -> tuple[bytes, ...]:
    try:
        with path.open("rb") as file:
            text = file.read(LIMITS.path_depth * 2 * LIMITS.certificate_bytes + 1).decode("ascii")
        return pem.decode(text, label=pem.CERTIFICATE)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    except (InputError, UnicodeDecodeError):
        raise ConfigurationError(f"{path} is not the PEM of certificates alone") from None
