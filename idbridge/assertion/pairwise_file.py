"""The file of a pairwise key: the key, for a while the one before it, and how one is exchanged for a new one.

The file says of itself for which environment it was made, because no list names the key. It is exchanged wholly or not
at all, past a power failure, by one process at a time; one exchange is bridged, and no second one meanwhile (ADR 34).
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from idbridge.assertion.pseudonym import KEY_OCTETS, FormerKey, PairwiseKey
from idbridge.codec import base64url, strict_json
from idbridge.crypto.signer import read_private
from idbridge.errors import ConfigurationError, InputError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment
from idbridge.model.time import instant_text, parse_instant
from idbridge.trust import files

SCHEMA: Final = "idbridge-pairwise-key-1"
ROTATED_SCHEMA: Final = "idbridge-pairwise-key-2"
PRIVATE: Final = 0o600
_MEMBERS: Final = frozenset({"schema", "environment", "key"})
_FORMER: Final = "former"
_FORMER_MEMBERS: Final = frozenset({"key", "since", "until"})


class StillToldError(ConfigurationError):
    """The names under a former key are still told: a second exchange would leave who knows those without a bridge."""


@dataclass(frozen=True, slots=True)
class PairwiseFile:
    """What the file of a pairwise key holds."""

    environment: Environment
    key: PairwiseKey

    def exchanged(self, *, at: datetime, overlap: timedelta | None, randomness: Randomness) -> "PairwiseFile":
        """Return the file with a new key. Names of this one are told for ``overlap``, and not at all if it is ``None``.

        A key that leaked is exchanged whatever is told: nothing of it is told from then on.

        Raises:
            StillToldError: The former one of this key is still told.
            ConfigurationError: ``overlap`` is longer than ``LIMITS.subject_overlap``.
        """
        octets, former = randomness.octets(KEY_OCTETS), self.key.former
        if overlap is None:
            return PairwiseFile(self.environment, PairwiseKey(octets))
        if former is not None and at < former.until:
            raise StillToldError(f"names of the former key are told until {instant_text(former.until)}")
        return PairwiseFile(self.environment, self.key.rotated(octets, at=at, overlap=overlap))


def read_pairwise_file(path: Path) -> PairwiseFile:
    """Return what the file at ``path`` holds.

    Raises:
        ConfigurationError: It is missing, open to others, or of another form.
    """
    try:
        document = strict_json.parse_object(read_private(path), max_bytes=LIMITS.key_file_bytes)
        schema, extra = (ROTATED_SCHEMA, {_FORMER}) if _FORMER in document else (SCHEMA, set())
        if document.keys() != _MEMBERS | extra or document["schema"] != schema:
            raise ConfigurationError(f"{path} does not have the members of {schema}")
        former = _former(document[_FORMER]) if extra else None
        key = PairwiseKey(base64url.decode(str(document["key"])), former)
        return PairwiseFile(Environment(document["environment"]), key)
    except (InputError, LookupError, TypeError, ValueError):
        raise ConfigurationError(f"{path} holds no pairwise key") from None


def read_pairwise_key(path: Path, *, environment: Environment) -> PairwiseKey:
    """Return the pairwise key of ``path``, with the former one if the file has it.

    Raises:
        ConfigurationError: The file is missing, open to others, of another form or of another environment.
    """
    held = read_pairwise_file(path)
    if held.environment is not environment:
        raise ConfigurationError(f"{path} is of another environment than this node")
    return held.key


def exchange(path: Path, *, at: datetime, overlap: timedelta | None, randomness: Randomness) -> PairwiseFile:
    """Exchange the key in the file at ``path`` as ``PairwiseFile.exchanged`` does, and return what it holds now.

    Raises:
        StillToldError: The former key is still told; nothing was changed.
        ConfigurationError: The file cannot be read or written, is of another form, or belongs to another account, which
            could not read the new one.
    """
    place = path.resolve()
    with _alone(place):
        held = read_pairwise_file(place).exchanged(at=at, overlap=overlap, randomness=randomness)
        text = pairwise_key_text(held.key, environment=held.environment)
        files.write(place.parent, place.name, text.encode("ascii"), mode=PRIVATE)
    return held


def pairwise_key_text(key: PairwiseKey, *, environment: Environment) -> str:
    """Return what the file of a pairwise key holds. Whoever writes it gives the file mode 0600."""
    members = {"schema": SCHEMA, "environment": environment.value, "key": base64url.encode(key.octets)}
    if key.former is None:
        return json.dumps(members)
    times = {"since": instant_text(key.former.since), "until": instant_text(key.former.until)}
    former = {"key": base64url.encode(key.former.octets), **times}
    return json.dumps({**members, "schema": ROTATED_SCHEMA, _FORMER: former})


def _former(document: Any) -> FormerKey:
    """Return the former key that ``document`` describes; what it raises otherwise, the caller converts."""
    if not isinstance(document, dict) or document.keys() != _FORMER_MEMBERS:
        raise ValueError("a former key has a key and a time")
    since, until = (parse_instant(document[name]) for name in ("since", "until"))
    return FormerKey(base64url.decode(str(document["key"])), since, until)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time exchange a key, and remove what one that was killed left of its new file.

    Raises:
        ConfigurationError: The file or its folder is not there, or belongs to another account.
    """
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as unreadable:
        raise ConfigurationError(f"{path} cannot be read: {unreadable.strerror}") from unreadable
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if path.stat().st_uid != os.geteuid():
            raise ConfigurationError(f"{path} belongs to another account, which has to exchange it")
        own = f".{path.name}."
        for draft in path.parent.glob(".*"):
            if draft.name.startswith(own) and draft.name.removeprefix(own).isdecimal():
                draft.unlink(missing_ok=True)
        yield
    except OSError as unusable:
        raise ConfigurationError(f"{path} cannot be exchanged: {unusable.strerror}") from unusable
    finally:
        os.close(folder)
