"""A node: one gateway, run by or for one member state, that makes assertions under a listed key (architecture 1)."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment, MemberState


@dataclass(frozen=True, slots=True)
class Node:
    """Who makes an assertion.

    ``issuer`` is the identifier under which the state lists the node's assertion service, an https address; plain
    http exists in the sandbox only. ``log`` is the origin of the log in which it writes down what it answers, ``None``
    for a practice node that has none.

    Raises:
        ConfigurationError: ``issuer`` is no such address, or carries a query, a fragment or a user.
    """

    issuer: str
    state: MemberState
    environment: Environment
    log: str | None = None

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.issuer)
        except ValueError:
            raise ConfigurationError("a node's issuer is no address") from None
        plain = parts.scheme == "http" and self.environment is Environment.SANDBOX
        if not (parts.scheme == "https" or plain) or not parts.hostname:
            raise ConfigurationError("a node's issuer is an https address")
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise ConfigurationError("a node's issuer has no query, fragment or user")
