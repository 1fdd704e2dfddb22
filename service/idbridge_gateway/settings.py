"""Settings of one gateway, from ``IDBRIDGE_*`` environment variables; nothing is guessed that could weaken trust.

Sandbox and live never mix (architecture D11): what a live node may not have is refused here where it shows in a
setting, and in ``safety.py`` where it shows only in the files.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment, MemberState


class Settings(BaseSettings):
    """What one gateway is told. ``node_url`` is its issuer identifier, as its state lists it."""

    model_config = SettingsConfigDict(env_prefix="IDBRIDGE_", frozen=True, extra="forbid", hide_input_in_errors=True)

    environment: Environment
    state: MemberState
    node_url: str
    trust_dir: Path
    pins_file: Path
    state_dir: Path
    relying_parties_file: Path
    assertion_key_file: Path
    pairwise_key_file: Path
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    workers: Annotated[int, Field(ge=1)] = 1
    reload_seconds: Annotated[float, Field(gt=0, le=3600)] = 5.0


def read_settings(**given: Any) -> Settings:
    """Return the settings of the environment, with ``given`` taking precedence, if a node may start with them.

    Raises:
        ConfigurationError: A setting is missing, unknown, of the wrong kind, or not allowed in this environment.
    """
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise ConfigurationError("; ".join(_fault(fault) for fault in error.errors())) from None
    _refuse_address(settings)
    if settings.workers > 1:
        raise ConfigurationError(
            "more than one worker needs a one-time store that the workers share; this version keeps it in memory"
        )
    return settings


def _fault(fault: Any) -> str:
    name = "_".join(str(part) for part in fault["loc"]).upper()
    return f"IDBRIDGE_{name}: {fault['msg'].lower()}"


def _refuse_address(settings: Settings) -> None:
    parts = _parts(settings.node_url, what="IDBRIDGE_NODE_URL")
    if parts.scheme not in ("https", "http") or not parts.hostname or settings.node_url.endswith("/"):
        raise ConfigurationError("IDBRIDGE_NODE_URL is an address like https://node.th.example, without a final slash")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigurationError("IDBRIDGE_NODE_URL has no query, fragment or user")
    if settings.environment is Environment.LIVE:
        refuse_for_live(settings.node_url, what="IDBRIDGE_NODE_URL")


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
