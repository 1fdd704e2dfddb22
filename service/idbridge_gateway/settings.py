"""Settings of one gateway, from ``IDBRIDGE_*`` environment variables; nothing is guessed that could weaken trust.

Sandbox and live never mix (architecture D11): what a live node may not have is refused here where it shows in a
setting, and in ``safety.py`` where it shows only in the files.
"""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState

AnySettings = TypeVar("AnySettings", bound="WitnessSettings")


class WitnessSettings(BaseSettings):
    """What a witness is told, and every node: whose it is, where its trust material comes from, and what it remembers.

    Logs of other states it confirms as the witness ``witness_name`` with the Ed25519 key of ``witness_key_file``, which
    ``witness_passphrase_file`` opens. Of the trust material, ``Settings`` says more.
    """

    # A variable that is empty is one that is not set: a compose file can leave one out in no other way.
    model_config = SettingsConfigDict(
        env_prefix="IDBRIDGE_", env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    environment: Environment
    state: MemberState
    trust_dir: Path | None = None
    pins_file: Path | None = None
    trust_root_file: Path | None = None
    trust_url: str | None = None
    state_dir: Path
    witness_name: str | None = None
    witness_key_file: Path | None = None
    witness_passphrase_file: Path | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    reload_seconds: Annotated[float, Field(gt=0, le=3600)] = 1.0
    poll_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    snapshot_days: Annotated[int, Field(ge=1, le=36_500)] = 400


class Settings(WitnessSettings):
    """What one gateway is told. ``node_url`` is its issuer identifier, as its state lists it. ``browser_url`` is where
    browsers reach a sandbox node that has no name of its own: on this machine.

    It signs with the keys of ``assertion_keys_dir``, which ``idbridge keys`` keeps, or with that of
    ``assertion_key_file``; ``assertion_passphrase_file`` holds what opens them. What is encrypted to it, it opens with
    the keys of ``decryption_keys_dir`` (``*.pem``, PKCS #8), of which ``decryption_passphrase_file`` holds what opens
    them; without a folder it opens nothing. It asks wallets under the certificate of ``access_certificate_file`` (PEM,
    without its authority) with the key of ``access_key_file``, which ``access_passphrase_file`` opens. Webhooks it
    signs with the Ed25519 key of ``webhook_key_file``, which ``webhook_passphrase_file`` opens.

    Trust material is read from ``trust_dir`` with the keys in ``pins_file``, or by TUF with the root in
    ``trust_root_file``, from ``trust_dir`` or ``trust_url``. Files are looked at every ``reload_seconds``, a tree
    elsewhere every ``poll_seconds``, and the revocation lists that states name every ``crl_poll_seconds``. A snapshot
    that was not in force for ``snapshot_days`` and is held by nobody goes. What types of SD-JWT VCs demand is read from
    ``type_metadata_dir``, each document under the name of its digest, whenever trust material is. What this node is at
    national identity providers stands in ``upstream_clients_file``; ``upstream_passphrase_file`` holds what opens the
    keys that it names. ``redis_url`` names the server that keeps one-time and sealed values (Redis or Valkey that
    evicts nothing and writes down what it is told); without it they are kept in the memory of the one process, which
    forgets at every start what was spent before.

    Relying parties are registered in the database at ``database_url`` (SQLite or PostgreSQL, which ``idbridge rp``
    keeps), or in ``relying_parties_file``. Either is looked at every second. Operators sign in at ``operator_issuer``,
    whose keys are at ``operator_key_set``: their tokens are made for ``operator_client_id`` and have ``operator_role``
    in the claim ``operator_role_claim``. Without an issuer there are no operators. The console shows
    the attestations of conformance that lie in ``conformance_directory``.

    What it answers it writes down in the log of ``log_dir`` (``idbridge log init``), which it signs with the Ed25519
    key of ``log_key_file``, opened by ``log_passphrase_file``. The keys of days are in ``log_day_keys_dir``, which no
    backup copies. How far the log has come it also keeps in its database, or in ``log_heads_dir``, which is on another
    disk. Workers reach the one writer at ``log_socket``, which the node names to them by itself. A disk has
    ``log_wait_seconds``. A practice node without ``log_dir`` writes nothing down, and gives no receipts.
    It is confirmed at ``witness_urls``, addresses parted by spaces.

    Figures are shown on ``metrics_port`` of ``metrics_host``; without a port nowhere. Told to end, the node says for
    ``drain_seconds`` that it is not ready before it stops to listen. The samples of ``canary_dir`` it puts to itself
    each minute, under the API key of ``canary_key_file``. It writes traces to ``traces_dir``, of a ``traces_share`` of
    the requests, whatever their callers say.
    """

    node_url: str
    browser_url: str | None = None
    relying_parties_file: Path | None = None
    database_url: SecretStr | None = None
    operator_issuer: str | None = None
    operator_client_id: str | None = None
    operator_key_set: str | None = None
    operator_role: str | None = None
    operator_authorization_endpoint: str | None = None
    operator_token_endpoint: str | None = None
    operator_role_claim: str = "roles"
    conformance_directory: Path | None = None
    assertion_key_file: Path | None = None
    assertion_keys_dir: Path | None = None
    assertion_passphrase_file: Path | None = None
    pairwise_key_file: Path
    decryption_keys_dir: Path | None = None
    decryption_passphrase_file: Path | None = None
    access_certificate_file: Path | None = None
    access_key_file: Path | None = None
    access_passphrase_file: Path | None = None
    webhook_key_file: Path | None = None
    webhook_passphrase_file: Path | None = None
    log_dir: Path | None = None
    log_key_file: Path | None = None
    log_passphrase_file: Path | None = None
    log_day_keys_dir: Path | None = None
    log_heads_dir: Path | None = None
    log_socket: Path | None = None
    witness_urls: str = ""
    log_wait_seconds: Annotated[float, Field(gt=0, le=LIMITS.log_sandbox_wait.total_seconds())] = (
        LIMITS.log_wait.total_seconds()
    )
    type_metadata_dir: Path | None = None
    upstream_clients_file: Path | None = None
    upstream_passphrase_file: Path | None = None
    redis_url: SecretStr | None = None
    workers: Annotated[int, Field(ge=1, le=LIMITS.workers)] = 1
    metrics_host: str = "127.0.0.1"
    metrics_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    drain_seconds: Annotated[float, Field(ge=0, le=600)] = 0.0
    traces_dir: Path | None = None
    traces_share: Annotated[float, Field(ge=0, le=1)] = 0.01
    canary_dir: Path | None = None
    canary_key_file: Path | None = None
    crl_poll_seconds: Annotated[float, Field(gt=0, le=86_400)] = 300.0

    @property
    def public_url(self) -> str:
        """Where browsers reach this node: what its redirects, cookies and redirect URIs are about."""
        return self.browser_url or self.node_url

    @property
    def witnesses(self) -> tuple[str, ...]:
        """Where the witnesses of other states are asked to confirm this node's log."""
        return tuple(self.witness_urls.split())

    @property
    def log_origin(self) -> str | None:
        """The origin of this node's log, as its state's list names it; ``None`` for a node that has none."""
        return f"{self.node_url.partition('://')[2]}/log" if self.log_dir is not None else None


def read_settings(**given: Any) -> Settings:
    """Return the settings of the environment, with ``given`` taking precedence, if a node may start with them.

    Raises:
        ConfigurationError: A setting is missing, unknown, of the wrong kind, or not allowed in this environment.
    """
    settings = _read(Settings, given)
    _refuse_address(settings)
    _refuse_trust_source(settings)
    _refuse_key_source(settings)
    _refuse_registry_source(settings)
    _refuse_operators(settings)
    if (settings.canary_dir is None) is not (settings.canary_key_file is None):
        raise ConfigurationError("IDBRIDGE_CANARY_DIR goes with IDBRIDGE_CANARY_KEY_FILE, under which it is asked")
    _refuse_log(settings)
    if settings.workers > 1 and settings.redis_url is None:
        raise ConfigurationError(
            "more than one worker needs IDBRIDGE_REDIS_URL: in the memory of each, a value could be spent once in each"
        )
    return settings


def read_witness_settings(**given: Any) -> WitnessSettings:
    """Return the settings of a witness without a node, if it may start with them.

    Raises:
        ConfigurationError: A setting is missing, of the wrong kind, or not allowed in this environment.
    """
    settings = _read(WitnessSettings, given)
    needed = {
        "IDBRIDGE_WITNESS_NAME": settings.witness_name,
        "IDBRIDGE_WITNESS_KEY_FILE": settings.witness_key_file,
    }
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise ConfigurationError(f"{', '.join(missing)} is missing: a witness has a name and a key")
    _refuse_trust_source(settings)
    return settings


def _read(kind: type[AnySettings], given: Mapping[str, Any]) -> AnySettings:
    try:
        return kind(**given)
    except ValidationError as error:
        raise ConfigurationError("; ".join(_fault(fault) for fault in error.errors())) from None


def _fault(fault: Any) -> str:
    name = "_".join(str(part) for part in fault["loc"]).upper()
    return f"IDBRIDGE_{name}: {fault['msg'].lower()}"


def _refuse_trust_source(settings: WitnessSettings) -> None:
    """Refuse settings that name no source of trust material, or two of which one would go unread."""
    by_root = settings.trust_root_file is not None
    if by_root and settings.pins_file is not None:
        raise ConfigurationError("IDBRIDGE_TRUST_ROOT_FILE and IDBRIDGE_PINS_FILE are of two ways of distribution")
    if not by_root and settings.pins_file is None:
        raise ConfigurationError("IDBRIDGE_PINS_FILE is missing; by TUF it is IDBRIDGE_TRUST_ROOT_FILE")
    if settings.trust_url is None:
        if settings.trust_dir is None:
            raise ConfigurationError("IDBRIDGE_TRUST_DIR is missing")
        return
    if not by_root or settings.trust_dir is not None:
        raise ConfigurationError("IDBRIDGE_TRUST_URL goes with IDBRIDGE_TRUST_ROOT_FILE, without IDBRIDGE_TRUST_DIR")
    _refuse_source_address(settings.trust_url, settings.environment)


def _refuse_key_source(settings: Settings) -> None:
    """Refuse settings that name no key to sign with, or two sources of which one would go unread."""
    if (settings.assertion_key_file is None) is (settings.assertion_keys_dir is None):
        raise ConfigurationError(
            "IDBRIDGE_ASSERTION_KEYS_DIR names the folder of `idbridge keys`, or IDBRIDGE_ASSERTION_KEY_FILE one key: "
            "one of the two"
        )


def _refuse_registry_source(settings: Settings) -> None:
    """Refuse settings that name nowhere to look relying parties up, or two places of which one would go unread."""
    if (settings.relying_parties_file is None) is (settings.database_url is None):
        raise ConfigurationError(
            "IDBRIDGE_DATABASE_URL names the database of `idbridge rp`, or IDBRIDGE_RELYING_PARTIES_FILE one file: "
            "one of the two"
        )


def _refuse_log(settings: Settings) -> None:
    """Refuse settings by which answers would leave without being written down, or with less than they say."""
    live = settings.environment is Environment.LIVE
    if settings.log_dir is None:
        if live:
            raise ConfigurationError("IDBRIDGE_LOG_DIR is missing: a live node writes down what it answers")
        return
    needed = {"IDBRIDGE_LOG_KEY_FILE": settings.log_key_file, "IDBRIDGE_LOG_DAY_KEYS_DIR": settings.log_day_keys_dir}
    if live and settings.database_url is None:
        needed["IDBRIDGE_LOG_HEADS_DIR"] = settings.log_heads_dir
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise ConfigurationError(f"{', '.join(missing)} is missing: a log is not written without")
    if live and settings.log_wait_seconds > LIMITS.log_wait.total_seconds():
        raise ConfigurationError("IDBRIDGE_LOG_WAIT_SECONDS is longer than a live node lets anybody wait for a disk")
    for url in settings.witnesses:
        _refuse_source_address(url, settings.environment, name="IDBRIDGE_WITNESS_URLS")
    days, folder = settings.log_day_keys_dir, settings.log_dir
    if days is not None and (days == folder or folder in days.parents):
        raise ConfigurationError("IDBRIDGE_LOG_DAY_KEYS_DIR is in the log, of which there are backups")


def _refuse_operators(settings: Settings) -> None:
    """Refuse settings by which it would be left open who an operator is, or whose keys say so."""
    named = {
        f"IDBRIDGE_OPERATOR_{name.upper()}": getattr(settings, f"operator_{name}")
        for name in ("issuer", "client_id", "key_set", "role")
    }
    missing = [name for name, value in named.items() if not value]
    if len(missing) == len(named) and not settings.operator_authorization_endpoint:
        return
    if missing or not settings.operator_role_claim:
        raise ConfigurationError(f"{', '.join(missing) or 'IDBRIDGE_OPERATOR_ROLE_CLAIM'} is missing for operators")
    endpoints = settings.operator_authorization_endpoint, settings.operator_token_endpoint
    if any(endpoints) and not all(endpoints):
        raise ConfigurationError("operators sign in by browser at two endpoints, for authorization and for tokens")
    for name in ("issuer", "key_set", "authorization_endpoint", "token_endpoint"):
        address = getattr(settings, f"operator_{name}")
        if address is not None:
            _refuse_source_address(address, settings.environment, name=f"IDBRIDGE_OPERATOR_{name.upper()}")


def _refuse_source_address(url: str, environment: Environment, *, name: str = "IDBRIDGE_TRUST_URL") -> None:
    parts = _parts(url, what=name)
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigurationError(f"{name} is an address like https://trust.region.example, without query or user")
    if environment is Environment.LIVE:
        refuse_for_live(url, what=name)
    elif parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ConfigurationError(f"{name} is not https; plain http goes to this machine alone")


def _refuse_address(settings: Settings) -> None:
    parts = _parts(settings.node_url, what="IDBRIDGE_NODE_URL")
    if parts.scheme not in ("https", "http") or not parts.hostname or settings.node_url.endswith("/"):
        raise ConfigurationError("IDBRIDGE_NODE_URL is an address like https://node.th.example, without a final slash")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigurationError("IDBRIDGE_NODE_URL has no query, fragment or user")
    if settings.environment is Environment.LIVE:
        refuse_for_live(settings.node_url, what="IDBRIDGE_NODE_URL")
    if settings.browser_url is not None:
        _refuse_browser_address(settings.browser_url, settings.environment)


def _refuse_browser_address(url: str, environment: Environment) -> None:
    """A node of the live environment is where its list says; one on this machine has no other name in a browser."""
    name = "IDBRIDGE_BROWSER_URL"
    if environment is not Environment.SANDBOX:
        raise ConfigurationError(
            f"{name} is for a sandbox on this machine; a live node is reached at IDBRIDGE_NODE_URL"
        )
    parts = _parts(url, what=name)
    if parts.scheme not in ("https", "http") or not is_loopback(parts.hostname or "") or "@" in parts.netloc:
        raise ConfigurationError(f"{name} is an address of this machine, like http://127.0.0.1:8080")
    if parts.path or parts.query or parts.fragment:
        raise ConfigurationError(f"{name} has no path, query or fragment")


def refuse_for_live(url: str, *, what: str) -> None:
    """Return if ``url`` may be named by a live node: https, and a host that is not this machine.

    Raises:
        ConfigurationError: Plain http, a loopback host, or no address at all.
    """
    parts = _parts(url, what=what)
    if parts.scheme != "https":
        raise ConfigurationError(f"{what} is not https; a live node names nothing else")
    if is_loopback(parts.hostname or ""):
        raise ConfigurationError(f"{what} names this machine; a live node is known by a public name")


def _parts(url: str, *, what: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read where it is used, and refused only then
    except ValueError:
        raise ConfigurationError(f"{what} is not an address") from None
    return parts


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` (a name, or an address with or without brackets) is this machine."""
    bare = host.strip("[]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified
