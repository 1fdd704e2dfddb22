"""Settings of a provider under test: who the suite is there, who logs in, and what the provider is known to offer.

One JSON file, ``idbridge-conformance-idp-1``, beside the key files that it names. Decides nothing about the provider.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.conformance.declaration import read_declaration
from idbridge.crypto.jwe import DecryptionKey, decryption_key
from idbridge.crypto.signer import FileSigner, load_signer, read_private
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.region import CommitmentTier

SCHEMA: Final = "idbridge-conformance-idp-1"
TIERS: Final = (CommitmentTier.T2, CommitmentTier.T3)
_REQUIRED: Final = frozenset({"schema", "tier", "redirect_uri", "clients", "algorithms"})
_OPTIONAL: Final = frozenset({
    "issuer", "hosts", "scope", "acr_values", "level_claim", "levels", "person", "refusal", "decryption_key_file",
    "login_command", "interactive", "rotate_command", "backchannel_logout_uri", "post_logout_redirect_uri",
    "patience_seconds", "not_offered",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Registered:
    """One client that the provider registered for the suite: with a key, or with a secret.

    Raises:
        ValueError: It has neither, or both.
    """

    id: str
    signer: FileSigner | None = None
    secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.signer is None) is (self.secret is None):
            raise ValueError(f"client {self.id} has a key or a secret, and not both")


@dataclass(frozen=True, slots=True)
class IdpSettings:
    """How the suite deals with one provider.

    ``clients`` are two: the suite's own, and the one whose codes and requests it steals. ``person`` are the fields of
    the provider's login forms, by name; ``refusal`` those by which the person says no. ``levels`` are the listed
    national levels, the lowest first; without them no level is judged. ``patience`` is how long a case may wait for
    something to expire. ``not_offered`` are tags of cases that the provider does not claim.

    Raises:
        ValueError: There are not two clients, no algorithm, or several ways to log in.
    """

    tier: CommitmentTier
    redirect_uri: str
    clients: tuple[Registered, ...]
    algorithms: frozenset[str]
    issuer: str | None = None
    hosts: frozenset[str] = frozenset()
    scope: str = "openid"
    acr_values: str | None = None
    level_claim: str = "acr"
    levels: tuple[str, ...] = ()
    person: Mapping[str, str] = field(default_factory=dict)
    refusal: Mapping[str, str] = field(default_factory=dict)
    decryption_keys: tuple[DecryptionKey, ...] = ()
    login_command: str | None = None
    interactive: bool = False
    rotate_command: str | None = None
    backchannel_logout_uri: str | None = None
    post_logout_redirect_uri: str | None = None
    patience: timedelta = timedelta(0)
    not_offered: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if len(self.clients) != 2 or self.clients[0].id == self.clients[1].id:
            raise ValueError("two clients are needed, because one must not be able to use what was made for the other")
        if not self.algorithms or not self.redirect_uri:
            raise ValueError("an algorithm and a redirect URI are needed")
        if self.tier not in TIERS:
            raise ValueError("a provider is tested at tier T2 or T3")
        if self.interactive and self.login_command is not None:
            raise ValueError("a login is walked in one way: by a command, or by a person")
        if self.patience > LIMITS.conformance_wait:
            raise ValueError("no case waits that long")

    @property
    def fapi(self) -> bool:
        """Whether the provider speaks FAPI 2.0."""
        return self.tier is CommitmentTier.T3

    @property
    def walked_by_forms(self) -> bool:
        """Whether the suite itself fills in the provider's forms."""
        return self.login_command is None and not self.interactive


def read_settings(path: Path, **options: Any) -> IdpSettings:
    """Return the settings in the file at ``path``; ``options`` replace members of it.

    Raises:
        ConfigurationError: The file, or one that it names, is not in order.
    """
    try:
        document = strict_json.parse_object(path.read_bytes(), max_bytes=LIMITS.conformance_file_bytes)
    except (OSError, IdBridgeError) as unreadable:
        raise ConfigurationError(f"{path} cannot be read as one JSON object") from unreadable
    document |= {name: value for name, value in options.items() if value is not None}
    if document.get("schema") != SCHEMA or not _REQUIRED <= document.keys() <= _REQUIRED | _OPTIONAL:
        raise ConfigurationError(f"{path}: its members are not those of {SCHEMA}")
    try:
        return _settings(document, folder=path.parent)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as malformed:
        raise ConfigurationError(f"{path} is not in order: {malformed}") from malformed


def _settings(document: Mapping[str, Any], *, folder: Path) -> IdpSettings:
    named: dict[str, Any] = {name: _text(document[name], name) for name in _TEXTS & document.keys()}
    named |= {name: frozenset(document[name]) for name in _SETS & document.keys()}
    if "not_offered" in document:
        named["not_offered"] = read_declaration(document["not_offered"])
    named |= {name: dict(document[name]) for name in ("person", "refusal") if name in document}
    key = document.get("decryption_key_file")
    return IdpSettings(
        **named,
        tier=CommitmentTier(document["tier"]),
        clients=tuple(_client(one, folder=folder) for one in document["clients"]),
        levels=tuple(document.get("levels", ())),
        interactive=document.get("interactive", False) is True,
        decryption_keys=() if key is None else (decryption_key(load_signer(folder / key).private_key),),
        patience=timedelta(seconds=document.get("patience_seconds", 0)),
    )


_SETS: Final = frozenset({"algorithms", "hosts"})
_TEXTS: Final = frozenset({
    "redirect_uri", "issuer", "scope", "acr_values", "level_claim", "login_command", "rotate_command",
    "backchannel_logout_uri", "post_logout_redirect_uri",
})  # fmt: skip


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"`{name}` is a text")
    return value


def _client(entry: Mapping[str, Any], *, folder: Path) -> Registered:
    key, secret = entry.get("key_file"), entry.get("secret_file")
    return Registered(
        entry["client_id"],
        None if key is None else load_signer(folder / key, algorithm=entry.get("algorithm"), kid=entry.get("kid")),
        None if secret is None else read_private(folder / secret).decode("ascii").strip(),
    )
