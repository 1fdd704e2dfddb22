"""A state's folder: the list as its operator writes it, the public keys of its services, and the state's own keys.

Everything that a small state needs lies in one folder of plain files: no server, no database, no token. Decides
whether the folder is in order; what its list says is judged where every list is judged. Private keys lie under
``private/``, each under a passphrase of its own holder, and are moved to where their holders keep them.
"""

import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from idbridge.codec import pem, strict_json
from idbridge.crypto.key_files import write_key_file
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, Signer, generate
from idbridge.errors import ConfigurationError, FetchError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import CommitmentTier, Environment, MemberState
from idbridge.trust import files, profile
from idbridge.trust.lint_keys import SERVICE_ID
from idbridge.trust.operator import public_keys
from idbridge.trust.operator.public_keys import PublicKeys
from idbridge.trust.publish import ServiceMaterial, lote_from_source, sign_list

LIST: Final = "list.toml"
PUBLIC: Final = "public.json"
PRIVATE: Final = "private"
KEYS: Final = "keys"
CERTIFICATES: Final = "certificates"
DRAFTS: Final = "drafts"
README: Final = "README.md"
ROOT_FILE: Final = "root.json"
ROLE_KEYS: Final = ("role-1", "role-2", "role-3")
ON_CALL: Final = "on-call"
LIST_KEY: Final = "list"
OFFICER_KEYS: Final = ("officer-root", "officer-targets")
THRESHOLD: Final = 2
LIST_LIFETIME: Final = timedelta(days=90)
_JWK: Final = ".jwk"
_PEM: Final = ".pem"
_ALGORITHM: Final = "ES256"
_PRIVATE_FOLDER: Final = 0o700

Passphrases = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Founding:
    """What a new folder is for. ``officer`` adds two keys for a state that helps to sign for the whole region.

    With ``succeeds``, only the keys of the role are new, and all others stay those of the state's folder before.
    """

    state: MemberState
    tier: CommitmentTier
    environment: Environment
    officer: bool = False
    succeeds: PublicKeys | None = None

    def key_names(self) -> tuple[str, ...]:
        """Return the names of the private keys that the folder begins with."""
        if self.succeeds is not None:
            return ROLE_KEYS
        return (*ROLE_KEYS, ON_CALL, LIST_KEY, *(OFFICER_KEYS if self.officer else ()))


class Workspace:
    """The folder of one state. ``text`` and ``added`` are a list and keys of new services that are not written yet."""

    def __init__(
        self, folder: Path, *, text: str | None = None, added: Mapping[str, ServiceMaterial] | None = None
    ) -> None:
        self._folder = folder
        self._text = text
        self._added = dict(added or {})

    def edited(self, text: str, *, added: Mapping[str, ServiceMaterial] | None = None) -> "Workspace":
        """Return the folder as it will be with ``text`` for its list; nothing is written before ``keep``."""
        return Workspace(self._folder, text=text, added=added)

    def keep(self) -> tuple[str, ...]:
        """Write what ``edited`` changed and return the names of the files; keys first, so that none is listed without.

        Raises:
            ConfigurationError: A file cannot be written, or keys would be replaced; nothing is written then.
        """
        self.require_keepable()
        names = [one for name, material in self._added.items() for one in self.write_material(name, material)]
        if self._text is not None:
            self.write_text(self._text)
            names.append(LIST)
        return tuple(names)

    def require_keepable(self) -> None:
        """Return if nothing in the folder is in the way of ``keep``, for whoever has to write something else before.

        Raises:
            ConfigurationError: Keys would be replaced, or the list is no TOML.
        """
        for service_id, material in self._added.items():
            self._new_files(service_id, material)
        if self._text is not None:
            _parsed(self._text)

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self._folder

    @classmethod
    def create(cls, folder: Path, founding: Founding, *, passphrase: Passphrases) -> "Workspace":
        """Make a new folder with new keys; ``passphrase`` is asked once for each of them, by the name of its file.

        Raises:
            ConfigurationError: The folder holds something already or cannot be written to, or a passphrase is too weak.
        """
        if folder.exists() and any(folder.iterdir()):
            raise ConfigurationError(f"the folder {folder.name} is not empty; nothing in it is replaced")
        places = {name: folder / PRIVATE / f"{name}.pem" for name in founding.key_names()}
        secrets = {name: new_secret(place, passphrase) for name, place in places.items()}
        own = (KEYS, CERTIFICATES, DRAFTS) if founding.succeeds is None else ()
        make_folders(folder, *(folder / name for name in own))
        make_folders(folder / PRIVATE, mode=_PRIVATE_FOLDER)
        made = {name: generate(_ALGORITHM) for name in places}
        for name, signer in made.items():
            write_key_file(places[name], signer, passphrase=secrets[name])
        workspace = cls(folder)
        workspace.write_public(_public(founding, made))
        if founding.succeeds is not None:
            return workspace
        files.write(folder, LIST, _template(founding).encode())
        files.write(folder, README, _readme(founding).encode())
        return workspace

    def public(self) -> PublicKeys:
        """Return the public keys of the state.

        Raises:
            ConfigurationError: They are missing or not in order.
        """
        try:
            return public_keys.parse(files.read(self._folder, PUBLIC, max_bytes=LIMITS.pins_bytes))
        except (FetchError, InputError, TrustError) as broken:
            raise ConfigurationError(f"`{self._folder / PUBLIC}` is not in order: {broken}") from broken

    def write_public(self, keys: PublicKeys) -> None:
        """Write the public keys of the state.

        Raises:
            ConfigurationError: They cannot be written.
        """
        files.write(self._folder, PUBLIC, keys.octets())

    def text(self) -> str:
        """Return the list as its operator wrote it.

        Raises:
            ConfigurationError: It cannot be read.
        """
        if self._text is not None:
            return self._text
        try:
            return files.read(self._folder, LIST, max_bytes=LIMITS.trust_list_bytes).decode("utf-8")
        except (FetchError, InputError, UnicodeDecodeError) as unreadable:
            raise ConfigurationError(f"`{self._folder / LIST}` cannot be read") from unreadable

    def write_text(self, text: str) -> None:
        """Put ``text`` in the place of the list, if it can be read as one.

        Raises:
            ConfigurationError: It is no TOML, or cannot be written.
        """
        _parsed(text)
        files.write(self._folder, LIST, text.encode("utf-8"))

    def source(self) -> Mapping[str, Any]:
        """Return what the list says, as a source document.

        Raises:
            ConfigurationError: It cannot be read, or names no provider yet.
        """
        source = _parsed(self.text())
        if not source.get("provider"):
            raise ConfigurationError(f"`{LIST}` names no provider yet; take one in with `idbridge trust stage`")
        return source

    def material(self, service_id: str) -> ServiceMaterial:
        """Return the public keys of a service, from ``keys/`` and ``certificates/``.

        Raises:
            ConfigurationError: There are none, or one is not in order.
        """
        if service_id in self._added:
            return self._added[service_id]
        jwks = tuple(_jwk(octets) for octets in self._numbered(KEYS, service_id, _JWK))
        certificates = tuple(der for one in self._numbered(CERTIFICATES, service_id, _PEM) for der in _ders(one))
        if not jwks and not certificates:
            raise ConfigurationError(f"there is no key or certificate of the service {service_id} in the folder")
        return ServiceMaterial(jwks=jwks, certificates=certificates)

    def _numbered(self, folder: str, service_id: str, suffix: str) -> Iterator[bytes]:
        for number in range(1, LIMITS.keys_per_service + 1):
            try:
                yield files.read(
                    self._folder / folder, _key_file(service_id, number, suffix), max_bytes=LIMITS.key_file_bytes
                )
            except files.AbsentError:
                return
            except (FetchError, InputError) as unreadable:
                raise ConfigurationError(f"key {number} of {service_id} cannot be read") from unreadable

    def write_material(self, service_id: str, material: ServiceMaterial) -> tuple[str, ...]:
        """Write the public keys of a new service; return the names of the files.

        A file that holds the same key already was left by a write that was cut short, and stays.

        Raises:
            ConfigurationError: There are others already, the id is none, or a file cannot be written.
        """
        made = self._new_files(service_id, material)
        for name, octets in made.items():
            place = self._folder / name
            files.write(place.parent, place.name, octets)
        return tuple(made)

    def _new_files(self, service_id: str, material: ServiceMaterial) -> dict[str, bytes]:
        made = {}
        for number, one in enumerate(material.jwks, 1):
            made[f"{KEYS}/{_key_file(service_id, number, _JWK)}"] = _json(dict(one))
        for number, der in enumerate(material.certificates, 1):
            name = f"{CERTIFICATES}/{_key_file(service_id, number, _PEM)}"
            made[name] = pem.encode(der, label=pem.CERTIFICATE).encode("ascii")
        for name, octets in made.items():
            if self._is_other(name, octets):
                raise ConfigurationError(f"{name} is there already; keys of a listed service are never replaced")
        return made

    def _is_other(self, name: str, octets: bytes) -> bool:
        """Tell whether another file stands under ``name``; one that cannot be read is another."""
        place = self._folder / name
        try:
            return files.read(place.parent, place.name, max_bytes=LIMITS.key_file_bytes) != octets
        except files.AbsentError:
            return False
        except (FetchError, InputError):
            return True

    def require_listable(self, *, at: datetime) -> None:
        """Return if the list, were it signed now, would be in order by itself.

        Raises:
            ConfigurationError: The folder is not in order.
            TrustError: The list breaks the profile; the code says how.
        """
        public, trial = self.public(), generate(_ALGORITHM)
        octets = self.signed_list(trial, sequence=1, at=at)
        key = parse_jwk(trial.public_jwk)
        profile.parse(octets, state=public.state, environment=public.environment, keys=(key,))

    def signed_list(self, signer: Signer, *, sequence: int, at: datetime, lifetime: timedelta = LIST_LIFETIME) -> bytes:
        """Return the next edition of the list, signed.

        Raises:
            ConfigurationError: The folder is not in order.
        """
        at = at.replace(microsecond=0)
        lote = lote_from_source(
            self.source(),
            environment=self.public().environment,
            sequence=sequence,
            issued_at=at,
            next_update=at + lifetime,
            material=self.material,
        )
        return sign_list(lote, signer, at=at).encode("ascii")


def _public(founding: Founding, made: Mapping[str, FileSigner]) -> PublicKeys:
    def jwks(*names: str) -> tuple[Mapping[str, Any], ...]:
        return tuple(public_keys.plain(made[name].public_jwk) for name in names)

    if founding.succeeds is not None:
        return replace(founding.succeeds, role=jwks(*ROLE_KEYS), threshold=THRESHOLD)
    return PublicKeys(
        environment=founding.environment,
        state=founding.state,
        threshold=THRESHOLD,
        role=jwks(*ROLE_KEYS),
        on_call=jwks(ON_CALL),
        lists=jwks(LIST_KEY),
        documents=(),
        root=jwks(OFFICER_KEYS[0]) if founding.officer else (),
        targets=jwks(OFFICER_KEYS[1]) if founding.officer else (),
    )


def new_secret(place: Path, passphrase: Passphrases) -> str:
    """Return the passphrase of a key that is to be made, before anything of it is on disk.

    Raises:
        ConfigurationError: It is too short.
    """
    secret = passphrase(str(place))
    if len(secret) < LIMITS.passphrase_characters:
        raise ConfigurationError(f"a passphrase has at least {LIMITS.passphrase_characters} characters")
    return secret


def make_folders(*folders: Path, mode: int = 0o755) -> None:
    """Make folders with just this mode.

    Raises:
        ConfigurationError: One cannot be made.
    """
    try:
        for folder in folders:
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
            os.chmod(folder, mode)  # noqa: PTH101 - whatever the umask says
    except OSError as unwritable:
        raise ConfigurationError(f"the folder cannot be made: {unwritable.strerror}") from unwritable


def _key_file(service_id: str, number: int, suffix: str) -> str:
    """Return the name of a key file: ``SERVICE.jwk``, and for further keys ``SERVICE.2.jwk``."""
    if SERVICE_ID.fullmatch(service_id) is None:
        raise ConfigurationError(f"{service_id!r} is no id of a service")
    return f"{service_id}{suffix}" if number == 1 else f"{service_id}.{number}{suffix}"


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        raise ConfigurationError(f"`{LIST}` is not in order: {broken}") from broken


def _jwk(octets: bytes) -> Mapping[str, Any]:
    try:
        return public_keys.plain(strict_json.parse_object(octets, max_bytes=LIMITS.key_file_bytes))
    except InputError as broken:
        raise ConfigurationError(f"a key of a service cannot be read: {broken.detail}") from broken


def _ders(octets: bytes) -> tuple[bytes, ...]:
    try:
        return pem.decode(octets.decode("ascii"), label=pem.CERTIFICATE)
    except (InputError, UnicodeDecodeError) as broken:
        raise ConfigurationError("a certificate of a service is not PEM") from broken


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _template(founding: Founding) -> str:
    """Return the head of a list; it names no provider, because nobody is trusted by way of an example."""
    host = f"trust.{founding.state.value.lower()}.example"
    return f"""# The trust list of {founding.state}. Change the names and the address of the operator here.
# Providers come in with `idbridge trust stage FILE --state-folder .`, and stand below.

schema = "idbridge-list-source-1"
state = "{founding.state}"
tier = "{founding.tier}"
information_uri = "https://{host}/"

[operator]
name = {{ en = "Trust list operator of {founding.state}" }}
address = {{ street = "to be filled in", country = "{founding.state}" }}
"""


def _readme(founding: Founding) -> str:
    officer = (
        "\n`private/officer-root.pem`, `private/officer-targets.pem`: for the officer who signs for the whole region."
        if founding.officer
        else ""
    )
    return f"""# Trust list of {founding.state}

`list.toml` is what you vouch for; `keys/` and `certificates/` are the public keys of your providers; `public.json`
is what the region needs to know of you. All of them are public.

Give each private key to its holder, who keeps it off line, and delete it here:

`private/role-1.pem`, `private/role-2.pem`, `private/role-3.pem`: three people, of whom two sign every edition.
`private/on-call.pem`: whoever is on call, to deny a key or a service at any hour.
`private/list.pem`: whoever prepares editions; signs the list itself.{officer}

    idbridge trust stage provider.json --state-folder .
    idbridge trust propose --state-folder . --from TREE --key private/role-1.pem --reason "first edition"
    idbridge trust sign drafts/PROPOSAL --from TREE --root root.json --key private/role-2.pem

Then hand the proposal to whoever publishes for the region.
"""
