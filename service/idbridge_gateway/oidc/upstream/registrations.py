"""What this node is at each provider: its client there, how it proves itself, and how the provider is spoken to.

Read from one strict JSON file; secrets and keys stand in files of their own, which nobody but their owner may read. An
unknown member is refused, because a misspelt restriction would be none. Whom to believe stands in the trust lists and
not here: a registration names an issuer, and only a listed one is ever used.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from idbridge.codec import strict_json
from idbridge.crypto.key_files import Passphrase, open_key_file
from idbridge.crypto.signer import FileSigner, Signer, read_private
from idbridge.errors import ConfigurationError, InputError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.oidc.registered_uri import require_registrable
from idbridge.trust import files
from idbridge_gateway.keys import passphrase_in, refuse_published
from idbridge_gateway.settings import Settings, is_loopback

SCHEMA: Final = "idbridge-upstream-clients-1"
_DOCUMENT: Final = frozenset({"schema", "environment", "providers"})
_FORMER: Final = "former_clients"
_REQUIRED: Final = frozenset({"issuer", "client_id", "authentication"})
_OPTIONAL: Final = frozenset({"key_file", "kid", "secret_file", "scope", "userinfo", "redirect_token", "reached_at"})
_ADDRESSES: Final = frozenset({"login", "exchange"})
_PROVIDER: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_TEXT: Final = re.compile(r"[!-~]{1,512}")
_SCOPE: Final = re.compile(r"openid(?: [!#-\[\]-~]+)*")
_LEAST_SECRET: Final = 16  # characters


class Authentication(StrEnum):
    """How this node proves who it is at a token endpoint (OpenID Connect Core 1.0 section 9)."""

    PRIVATE_KEY_JWT = "private_key_jwt"
    CLIENT_SECRET_BASIC = "client_secret_basic"  # noqa: S105 - the name of a method, not a secret
    CLIENT_SECRET_POST = "client_secret_post"  # noqa: S105 - the name of a method, not a secret


@dataclass(frozen=True, slots=True)
class RedirectToken:
    """Where a provider is that sends a token along with its redirect: its login page, and where that is exchanged."""

    login: str
    exchange: str


@dataclass(frozen=True, slots=True)
class UpstreamClient:
    """This node at one provider. Exactly one of ``signer`` and ``secret`` is there, as ``authentication`` demands.

    ``userinfo`` asks for the signed userinfo response too. ``redirect_token`` is set for a provider that does not speak
    OpenID Connect. ``reached_at`` is where, in a sandbox, somebody on this machine stands in for the issuer's host.
    """

    provider: str
    issuer: str
    client_id: str
    authentication: Authentication
    signer: Signer | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    scope: str = "openid"
    userinfo: bool = False
    redirect_token: RedirectToken | None = None
    reached_at: str | None = None

    @property
    def host(self) -> str:
        """The issuer's own host, with its port if it is not the scheme's."""
        return urlsplit(self.issuer).netloc


def read_upstream_clients(settings: Settings) -> Mapping[str, UpstreamClient]:
    """Return this node's clients by the id of the provider; none without a file.

    Raises:
        ConfigurationError: The file is missing, may be written to by others than its owner, is not the strict JSON
            described above or of another environment; a key or secret file may be read by others.
    """
    path = settings.upstream_clients_file
    if path is None:
        return MappingProxyType({})
    document = _document(path, settings.environment)
    reader = _Reader(
        path.parent,
        settings.environment,
        passphrase_in(settings.upstream_passphrase_file, setting="IDBRIDGE_UPSTREAM_PASSPHRASE_FILE"),
    )
    clients = {name: reader.client(name, entry) for name, entry in document["providers"].items()}
    if len({client.issuer for client in clients.values()}) != len(clients):
        raise ConfigurationError(f"{path} names an issuer twice: a client of each, under a name of its own")
    _require_names(clients.values())
    return MappingProxyType(clients)


def read_former_clients(settings: Settings) -> Mapping[str, frozenset[str]]:
    """Return the client ids that were this node's at providers before, by issuer: tokens for them may be about.

    Raises:
        ConfigurationError: As for ``read_upstream_clients``, but for keys and secrets, which are not read.
    """
    path = settings.upstream_clients_file
    return MappingProxyType({}) if path is None else _former(path, _document(path, settings.environment))


def _former(path: Path, document: Mapping[str, Any]) -> Mapping[str, frozenset[str]]:
    former = document.get(_FORMER, {})
    if type(former) is not dict or not all(type(ids) is list and ids for ids in former.values()):
        raise ConfigurationError(f"`{_FORMER}` of {path} lists client ids by issuer")
    return MappingProxyType({issuer: frozenset(_text(issuer, one) for one in ids) for issuer, ids in former.items()})


def _require_names(clients: Iterable[UpstreamClient]) -> None:
    """Return if no two keys have one name: providers look a key up by it."""
    named: dict[str, Mapping[str, Any]] = {}
    for client in clients:
        if client.signer is not None and named.setdefault(client.signer.kid, client.signer.public_jwk) != (
            client.signer.public_jwk
        ):
            raise ConfigurationError("this node calls two keys by one name; `kid` names each at its provider")


def _document(path: Path, environment: Environment) -> dict[str, Any]:
    """Return what the file says, which has the members that it may have and is of this environment."""
    document = _parsed(path)
    members = document.keys() - {_FORMER}
    if members != _DOCUMENT or document["schema"] != SCHEMA or type(document["providers"]) is not dict:
        raise ConfigurationError(f"{path} does not have the members of {SCHEMA}")
    if document["environment"] != environment.value:
        raise ConfigurationError(f"{path} is of another environment than this node")
    _former(path, document)
    return document


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as opened:
            files.require_own(opened.fileno(), "the file of upstream clients")
            return strict_json.parse_object(opened.read(LIMITS.body_bytes + 1), max_bytes=LIMITS.body_bytes)
    except OSError as error:
        raise ConfigurationError(f"the file of upstream clients cannot be read: {error.strerror}") from None
    except InputError as error:
        raise ConfigurationError(f"the file of upstream clients is not strict JSON: {error}") from None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the entries of one file; the files that they name lie beside it unless they say otherwise."""

    folder: Path
    environment: Environment
    passphrase: Passphrase

    def client(self, name: str, entry: Any) -> UpstreamClient:
        if _PROVIDER.fullmatch(name) is None:
            raise ConfigurationError("a provider is called by lower case letters, digits and hyphens")
        if type(entry) is not dict or not _REQUIRED <= entry.keys() <= _REQUIRED | _OPTIONAL:
            raise ConfigurationError(f"the client at {name} lacks a member or has one that is unknown")
        authentication = self._authentication(name, entry)
        by_key = authentication is Authentication.PRIVATE_KEY_JWT
        if by_key is not ("key_file" in entry) or by_key is ("secret_file" in entry) or ("kid" in entry and not by_key):
            raise ConfigurationError(f"the client at {name} has a key or a secret: the one that it authenticates by")
        issuer = self._address(name, entry["issuer"])
        return UpstreamClient(
            provider=name,
            issuer=issuer,
            client_id=_text(name, entry["client_id"]),
            authentication=authentication,
            signer=self._signer(name, entry) if by_key else None,
            secret=None if by_key else self._secret(name, entry),
            scope=_scope(name, entry.get("scope", "openid")),
            userinfo=_flag(name, entry.get("userinfo", False)),
            redirect_token=self._redirect_token(name, entry, issuer),
            reached_at=self._reached_at(name, entry),
        )

    def _authentication(self, name: str, entry: Mapping[str, Any]) -> Authentication:
        try:
            return Authentication(entry["authentication"])
        except ValueError:
            raise ConfigurationError(f"the client at {name} authenticates by {', '.join(Authentication)}") from None

    def _signer(self, name: str, entry: Mapping[str, Any]) -> Signer:
        path = self.folder / _text(name, entry["key_file"])
        live = self.environment is Environment.LIVE
        signer = open_key_file(path, passphrase=self.passphrase, encrypted_only=live)
        refuse_published(signer, self.environment)
        return _renamed(signer, _text(name, entry["kid"])) if "kid" in entry else signer

    def _secret(self, name: str, entry: Mapping[str, Any]) -> str:
        octets = read_private(self.folder / _text(name, entry["secret_file"]))
        secret = octets.decode("ascii", errors="replace").partition("\n")[0].rstrip("\r")
        if _TEXT.fullmatch(secret) is None or len(secret) < _LEAST_SECRET:
            raise ConfigurationError(f"the secret of the client at {name} is {_LEAST_SECRET} printable characters long")
        return secret

    def _redirect_token(self, name: str, entry: Mapping[str, Any], issuer: str) -> RedirectToken | None:
        if "redirect_token" not in entry:
            return None
        value = entry["redirect_token"]
        if type(value) is not dict or value.keys() != _ADDRESSES or entry["authentication"] != "client_secret_basic":
            raise ConfigurationError(f"{name} sends tokens along: it has two addresses, and knows clients by Basic")
        found = RedirectToken(*(self._address(name, value[one]) for one in ("login", "exchange")))
        if any(urlsplit(one).netloc != urlsplit(issuer).netloc for one in (found.login, found.exchange)):
            raise ConfigurationError(f"the addresses of {name} are on the host of its issuer")
        return found

    def _reached_at(self, name: str, entry: Mapping[str, Any]) -> str | None:
        if "reached_at" not in entry:
            return None
        if self.environment is not Environment.SANDBOX:
            raise ConfigurationError("somebody stands in for a provider in a sandbox and nowhere else")
        address = self._address(name, entry["reached_at"])
        parts = urlsplit(address)
        if parts.scheme != "http" or not is_loopback(parts.hostname or "") or parts.query:
            raise ConfigurationError(f"whoever stands in for {name} is reached on this machine, by plain http")
        return address.removesuffix("/")

    def _address(self, name: str, value: Any) -> str:
        text = _text(name, value)
        try:
            require_registrable(text, environment=self.environment)
        except ValueError as fault:
            raise ConfigurationError(f"an address of the client at {name}: {fault}") from None
        return text


def _text(name: str, value: Any) -> str:
    if type(value) is not str or _TEXT.fullmatch(value) is None:
        raise ConfigurationError(f"a member of the client at {name} is no text that may stand there")
    return value


def _scope(name: str, value: Any) -> str:
    if type(value) is not str or _SCOPE.fullmatch(value) is None:
        raise ConfigurationError(f"the scope of the client at {name} begins with openid")
    return value


def _flag(name: str, value: Any) -> bool:
    if type(value) is not bool:
        raise ConfigurationError(f"`userinfo` of the client at {name} is neither true nor false")
    return value


def _renamed(signer: FileSigner, kid: str) -> FileSigner:
    """Return ``signer`` under the id that the provider knows its key by."""
    public = MappingProxyType({**signer.public_jwk, "kid": kid})
    return FileSigner(algorithm=signer.algorithm, kid=kid, public_jwk=public, private_key=signer.private_key)
