"""The registration file: which relying parties a node serves, as strict JSON, the smallest way to keep them.

The file holds digests of keys and secrets, and never one of either. What is required in it, and what has a safe
default, ``registry/form.py`` says; beside that a relying party has its ``api_key_digests`` here, or ``api_keys`` where
more is known of them: which they are, since when, and until when.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.errors import ConfigurationError, InputError, RequestError
from idbridge.model.region import Environment
from idbridge.model.request import RelyingParty
from idbridge.trust import files
from idbridge_gateway.registry.form import kept_document, key_document, read_registration
from idbridge_gateway.registry.members import instant, members, refused, text, texts
from idbridge_gateway.registry.record import ApiKey, Registration

SCHEMA: Final = "idbridge-relying-parties-1"
FILE_BYTES: Final = 16 * 1024 * 1024
_DIGESTS: Final = "api_key_digests"
_KEYS: Final = "api_keys"
_KEY_OPTIONAL: Final = frozenset({"last_four", "created_at", "expires_at"})


def read_registrations(path: Path, *, environment: Environment) -> tuple[Registration, ...]:
    """Return the registrations of ``path`` for a node of ``environment``.

    Raises:
        ConfigurationError: The file is missing, may be written to by others than its owner, is not the strict JSON
            described above, is of another environment, or registers nobody.
    """
    try:
        with path.open("rb") as opened:
            files.require_own(opened.fileno(), "the registration file")
            document = strict_json.parse_object(opened.read(FILE_BYTES + 1), max_bytes=FILE_BYTES)
    except OSError as error:
        raise ConfigurationError(f"the registration file cannot be read: {error.strerror}") from None
    except InputError as error:
        raise ConfigurationError(f"the registration file is not strict JSON: {error}") from None
    if document.keys() != {"schema", "environment", "relying_parties"} or document["schema"] != SCHEMA:
        raise ConfigurationError(f"the registration file does not have the members of {SCHEMA}")
    if document["environment"] != environment.value:
        raise ConfigurationError("the registration file is of another environment than this node")
    listed = document["relying_parties"]
    if not isinstance(listed, list):
        raise ConfigurationError("`relying_parties` is not a list")
    if not listed:
        raise ConfigurationError("no relying party is registered")
    return tuple(_registration(entry, environment) for entry in listed)


def write_registrations(
    path: Path,
    registrations: Iterable[Registration],
    *,
    environment: Environment,
    mode: int = 0o600,
    group: int | None = None,
) -> None:
    """Write ``registrations`` to ``path``, all or nothing, readable by its owner only unless ``mode`` says otherwise.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    document = {
        "schema": SCHEMA,
        "environment": environment.value,
        "relying_parties": [_entry(registration) for registration in registrations],
    }
    octets = json.dumps(document, ensure_ascii=False, indent=1).encode()
    files.write(path.parent, path.name, octets, mode=mode, group=group)


def registration_of(party: RelyingParty) -> Registration:
    """Return the registration of ``party`` with the keys that it names and nothing else.

    Raises:
        ValueError: It has too many keys.
    """
    return Registration(party, api_keys=tuple(ApiKey(digest) for digest in party.api_key_digests))


def _registration(entry: Any, environment: Environment) -> Registration:
    if not isinstance(entry, dict) or (_DIGESTS in entry) is (_KEYS in entry):
        raise ConfigurationError(f"a registration of the file is an object with `{_DIGESTS}`, or with `{_KEYS}`")
    rest = dict(entry)
    try:
        keys = _keys(rest.pop(_KEYS)) if _KEYS in rest else _digests(rest.pop(_DIGESTS))
        return read_registration(rest, environment=environment, api_keys=keys)
    except (RequestError, ValueError) as refusal:
        raise ConfigurationError(str(refusal)) from refusal


def _digests(value: Any) -> tuple[ApiKey, ...]:
    return tuple(ApiKey(digest) for digest in texts(value, _DIGESTS))


def _keys(value: Any) -> tuple[ApiKey, ...]:
    if not isinstance(value, list):
        raise refused(f"`{_KEYS}` of a registration is not a list")
    found = [members(one, f"one of `{_KEYS}`", required={"digest"}, optional=_KEY_OPTIONAL) for one in value]
    return tuple(
        ApiKey(
            text(one["digest"], "digest"),
            None if one.get("last_four") is None else text(one["last_four"], "last_four"),
            instant(one.get("created_at"), "created_at"),
            instant(one.get("expires_at"), "expires_at"),
        )
        for one in found
    )


def _entry(registration: Registration) -> dict[str, Any]:
    keys = registration.api_keys
    if all(key == ApiKey(key.digest) for key in keys):
        return {**kept_document(registration), _DIGESTS: [key.digest for key in keys]}
    return {**kept_document(registration), _KEYS: [{"digest": key.digest, **key_document(key)} for key in keys]}
