"""The node's own keys: where they are, and which of them are opened.

A node signs only under a key that its state lists for it, so that a practice key can never serve a live node; which
one, ``signing.py`` decides. The keys are those of one file, or those of a folder that ``idbridge keys`` keeps. A live
node's are under a passphrase or in a token. What the file of the pairwise key is, ``assertion/pairwise_file`` says.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from idbridge.assertion.node import Node
from idbridge.assertion.pairwise_file import read_pairwise_key
from idbridge.crypto.jwe import DecryptionKey, decryption_key
from idbridge.crypto.key_files import Passphrase, open_key_file
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import Signer, read_private
from idbridge.errors import ConfigurationError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.trust import key_folder, published_test_keys
from idbridge.trust.node_keys import KeyPurpose, KeyRing, KeyState, NodeKey
from idbridge.trust.snapshot import TrustSnapshot
from idbridge_gateway.settings import Settings
from idbridge_gateway.signing import Issuing


class IssuingSource:
    """Where what a node signs with comes from. Keys that were opened are kept open.

    A key that could not be opened is not tried again before ``files_changed``: a token locks itself after a few wrong
    PINs.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._node = Node(settings.node_url, settings.state, settings.environment, settings.log_origin)
        self._pairwise_key = read_pairwise_key(settings.pairwise_key_file, environment=settings.environment)
        self._live = settings.environment is Environment.LIVE
        self._single: Signer | None = None
        self._opened: dict[str, Signer] = {}
        self._locked: dict[str, str] = {}

    def files_changed(self) -> None:
        """Let every key be tried again."""
        self._locked.clear()

    def begin(self, snapshot: TrustSnapshot, *, at: datetime) -> Issuing:
        """Return what a node that starts signs with.

        Raises:
            ConfigurationError: A key is missing, locked, open to others or of another environment, or the node's
                state does not list any for this node.
            TrustError: The records of the folder are not in order.
        """
        issuing = self.load(snapshot, at=at)
        if issuing.signer(snapshot, at=at) is None:
            raise ConfigurationError(issuing.fault(snapshot, at=at))
        return issuing

    def load(self, snapshot: TrustSnapshot, *, at: datetime) -> Issuing:
        """Return what a node that runs signs with from now on.

        Raises:
            ConfigurationError: The keys cannot be read, are of another environment, or none of them can be opened.
            TrustError: The records of the folder are not in order.
        """
        file, folder = self._settings.assertion_key_file, self._settings.assertion_keys_dir
        if folder is not None:
            return self._of_folder(folder, snapshot, at=at)
        if file is None:
            raise ConfigurationError("no assertion key is named")
        if self._single is None:
            self._single = open_key_file(file, passphrase=self._passphrase, encrypted_only=self._live)
            refuse_published(self._single, self._settings.environment)
        return Issuing(self._node, self._pairwise_key, (self._single,), self._single.kid)

    def _of_folder(self, folder: Path, snapshot: TrustSnapshot, *, at: datetime) -> Issuing:
        ring = key_folder.read(folder).ring
        if ring.environment is not self._settings.environment:
            raise ConfigurationError(f"the keys in {folder} are of another environment than this node")
        active = ring.find(KeyPurpose.ASSERTION, KeyState.ACTIVE)
        if active is None:
            raise ConfigurationError(f"no assertion key in {folder} is active; `idbridge keys rotate` lets one sign")
        signers = tuple(self._usable(folder, ring, active, snapshot, at=at))
        locked = self._locked.get(active.kid, "")
        if not signers:
            raise ConfigurationError(locked)
        return Issuing(self._node, self._pairwise_key, signers, active.kid, ring, locked)

    def _usable(
        self, folder: Path, ring: KeyRing, active: NodeKey, snapshot: TrustSnapshot, *, at: datetime
    ) -> Iterator[Signer]:
        """Yield the active key, and where the list does not grant it the last before it that the list does."""
        judge = Issuing(self._node, self._pairwise_key, (), active.kid, ring)
        former = (key for key in reversed(ring.keys) if _is_former(key))
        for key in (active, *former):
            listed = judge.listed(key.kid, snapshot, algorithm=key.algorithm, at=at) is not None
            signer = self._open(folder, key) if listed or key is active else None
            if signer is not None:
                yield signer
                if listed:
                    return

    def _open(self, folder: Path, key: NodeKey) -> Signer | None:
        if key.kid not in self._opened and key.kid not in self._locked:
            try:
                opened = key_folder.open_private(folder, key, passphrase=self._passphrase, encrypted_only=self._live)
                refuse_published(opened, self._settings.environment)
                self._opened[key.kid] = opened
            except ConfigurationError as refusal:
                self._locked[key.kid] = str(refusal)
        return self._opened.get(key.kid)

    @property
    def _passphrase(self) -> Passphrase:
        return passphrase_in(self._settings.assertion_passphrase_file)


def _is_former(key: NodeKey) -> bool:
    return key.purpose is KeyPurpose.ASSERTION and key.state is KeyState.RETIRED


def refuse_published(signer: Signer, environment: Environment) -> None:
    """Return if a node of ``environment`` may hold the key of ``signer``: a live one none that everybody can have.

    Raises:
        ConfigurationError: Its private half is published.
    """
    try:
        own = thumbprint(signer.public_jwk)
        published_test_keys.refuse([own], environment=environment, where="a key of this node")
    except TrustError as refusal:
        raise ConfigurationError(f"{refusal.code}: {refusal.detail}") from refusal


def passphrase_in(path: Path | None, *, setting: str = "IDBRIDGE_ASSERTION_PASSPHRASE_FILE") -> Passphrase:
    """Return what answers with the first line of ``path`` when a passphrase or PIN is needed: read then, not kept.

    It raises ``ConfigurationError`` if there is no such file, if it is open to others, or if it holds nothing fit.
    """

    def told(what: str) -> str:
        if path is None:
            raise ConfigurationError(f"{what} is locked; {setting} names what opens it")
        octets = read_private(path)
        try:
            text = octets.decode("utf-8").partition("\n")[0].rstrip("\r")
        except UnicodeDecodeError:
            text = ""
        if not text or len(octets) > LIMITS.passphrase_bytes:
            raise ConfigurationError(f"{path} holds no passphrase")
        return text

    return told


def read_decryption_keys(settings: Settings, *, issuing: Issuing) -> tuple[DecryptionKey, ...]:
    """Return the keys that open what is encrypted to this node, in the order of their files; none without a folder.

    Raises:
        ConfigurationError: The folder has no key or too many, one may not be used, or one signs assertions too.
    """
    folder = settings.decryption_keys_dir
    if folder is None:
        return ()
    files = sorted(folder.glob("*.pem"))
    if not 0 < len(files) <= LIMITS.decryption_keys:
        raise ConfigurationError(f"{folder} holds 1 to {LIMITS.decryption_keys} keys in files *.pem")
    opened_by, live = settings.decryption_passphrase_file, settings.environment is Environment.LIVE
    passphrase = passphrase_in(opened_by, setting="IDBRIDGE_DECRYPTION_PASSPHRASE_FILE")
    held = [open_key_file(path, passphrase=passphrase, encrypted_only=live) for path in files]
    for key in held:
        refuse_published(key, settings.environment)
    signing = {signer.kid for signer in issuing.signers}
    if len({key.kid for key in held}) != len(held) or not signing.isdisjoint(key.kid for key in held):
        raise ConfigurationError(f"a key in {folder} is there twice, or signs assertions: a key has one use")
    return tuple(decryption_key(key.private_key) for key in held)
