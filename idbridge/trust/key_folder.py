"""The folder of a node's own keys: private parts, an index of the public ones, and a signed record of every act.

The records are the truth: each holds the index as the act left it, and is on disk before the index is. A crash between
the two leaves an index that is one act behind, which the next act brings up to date and ``Held.index_current`` tells.
A key that is generated signs that it exists; a key that is rotated out signs who follows it; in an emergency the new
key signs that it replaces another. So whoever can write here could begin a key of their own: nobody else may. D8.
"""

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.crypto.key_files import Passphrase, open_key_file, open_signer, write_key_file
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.pkcs11 import SCHEME
from idbridge.crypto.signer import FileSigner, Signer
from idbridge.errors import ConfigurationError, FetchError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.trust import files, node_keys, records
from idbridge.trust.node_keys import KeyPurpose, KeyRing, KeyState, NodeKey
from idbridge.trust.records import Record

FILE: Final = "keys.json"
GENERATED: Final = "keys.generate"
ROTATED: Final = "keys.rotate"
REPLACED: Final = "keys.rotate-emergency"
_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Held:
    """What a folder holds. ``index_current`` is false if a crash left the index behind the records."""

    ring: KeyRing
    acts: int
    index_current: bool


def read(folder: Path) -> Held:
    """Return the keys of ``folder`` as its records tell, every one of which is verified and follows from the last.

    Raises:
        ConfigurationError: There are none, they cannot be read, or others may write to them.
        TrustError: A record or the index is not in order; ``trust.history_rewritten``: an act leaves other keys than
            it can; ``trust.signer_unknown``: its record was signed by a key that had no part in it.
    """
    _require_own(folder)
    told = records.read_unverified(folder)
    if not told:
        raise ConfigurationError(f"{records.FILE} is empty")
    last = node_keys.parse(told[-1].content.get("index"))
    ring = KeyRing(last.environment)
    for record in records.read(folder, keys=last.verifying()):
        ring = _followed(ring, record)
    return Held(ring, len(told), _index(folder) == node_keys.render(ring))


def _require_own(folder: Path) -> None:
    """Return if the folder and its records are ours, or root's, and nobody else may write to them."""
    for place in (folder, folder / records.FILE):
        try:
            found = place.stat()
        except FileNotFoundError:
            raise ConfigurationError(f"there is no {records.FILE}") from None
        except OSError as unreadable:
            raise ConfigurationError(f"{place} cannot be read") from unreadable
        if found.st_uid not in {0, os.geteuid()}:
            raise ConfigurationError(f"{place} belongs to somebody else")
        if found.st_mode & _BY_OTHERS:
            raise ConfigurationError(f"{place} must be writable by its owner only (`chmod go-w {place}`)")


def _followed(ring: KeyRing, record: Record) -> KeyRing:
    """Return the ring that an act leaves, if it can leave this one and whoever signed it may perform it.

    When a key may sign was judged as the act was taken. It is not judged again, so that another limit condemns no past.
    """
    kid = record.content.get("kid")
    try:
        after = _parsed(ring, record.content.get("index"))
        key = next(one for one in after.keys if one.kid == kid)
        expected, signers = _expected(ring, after, key, record)
    except (ConfigurationError, StopIteration):
        raise _other(record) from None
    if after != expected:
        raise _other(record)
    if record.by not in signers:
        raise TrustError("trust.signer_unknown", f"record {record.number} is signed by a key with no part in its act")
    return after


def _parsed(ring: KeyRing, index: Any) -> KeyRing:
    """Return the ring that ``index`` holds; keys at its beginning that are as in ``ring`` are not parsed again."""
    if type(index) is not dict or type(index.get("keys")) is not list:
        return node_keys.parse(index)
    told = index["keys"]
    pairs = zip(told[:-1], node_keys.render(ring)["keys"], strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    rest = node_keys.parse({**index, "keys": told[same:]})
    return replace(rest, keys=(*ring.keys[:same], *rest.keys))


def _other(record: Record) -> TrustError:
    return TrustError("trust.history_rewritten", f"record {record.number} does not leave the keys that its act leaves")


def _expected(ring: KeyRing, after: KeyRing, key: NodeKey, record: Record) -> tuple[KeyRing, frozenset[str]]:
    """Return the ring that the act leaves, and who may sign its record."""
    if record.act == GENERATED:
        fresh = replace(key, state=KeyState.PUBLISHED, published_at=record.at, activated_at=None, retire_after=None)
        return ring.with_published(fresh), frozenset({key.kid})
    if record.act not in (ROTATED, REPLACED):
        raise _other(record)
    former = ring.find(key.purpose, KeyState.ACTIVE)
    rotated = ring.rotated(key.purpose, at=record.at, emergency=True)
    if former is None:
        return rotated, frozenset({key.kid})
    kept = next(one.retire_after for one in after.keys if one.kid == former.kid)
    if kept is None or kept < record.at:
        raise _other(record)
    keys = tuple(replace(one, retire_after=kept) if one.kid == former.kid else one for one in rotated.keys)
    return replace(rotated, keys=keys), frozenset({former.kid if record.act == ROTATED else key.kid})


def publish(
    folder: Path,
    signer: Signer,
    *,
    purpose: KeyPurpose,
    environment: Environment,
    at: datetime,
    private: str | None = None,
    passphrase: str | None = None,
) -> NodeKey:
    """Take up the new key of ``signer``, which waits from ``at`` on, and return it.

    Its private part is written to a file under ``passphrase``, unless ``private`` is the PKCS #11 reference that leads
    to it. The first key begins the folder's index.

    Raises:
        ConfigurationError: The ring does not take it, a live region's key has no passphrase, or a file cannot be
            written.
        TrustError: The folder is not in order.
    """
    if private is None and passphrase is None and environment is Environment.LIVE:
        raise ConfigurationError("a key of a live region has a passphrase or is in a token")
    kid = thumbprint(signer.public_jwk)
    key = NodeKey(
        kid=kid,
        purpose=purpose,
        algorithm=signer.algorithm,
        state=KeyState.PUBLISHED,
        published_at=at.replace(microsecond=0),
        public_jwk=dict(signer.public_jwk),
        private=private or f"key-{kid}.pem",
    )
    with _alone(folder):
        ring = _ring(folder, environment).with_published(key)
        if private is None:
            if not isinstance(signer, FileSigner):
                raise ConfigurationError("the key is in a token; say by which reference")
            write_key_file(folder / key.private, signer, passphrase=passphrase)
        _act(folder, GENERATED, ring, key, signer=signer, at=at)
    return key


def rotate(
    folder: Path, *, purpose: KeyPurpose, at: datetime, passphrase: Passphrase, emergency: bool = False
) -> NodeKey:
    """Let the waiting key of ``purpose`` sign from ``at`` on, and return it.

    The predecessor signs the record; in an ``emergency``, or without one, the new key does.

    Raises:
        ConfigurationError: No key waits, it was published too lately, or a private part cannot be opened.
        TrustError: The folder is not in order.
    """
    moment = at.replace(microsecond=0)
    with _alone(folder):
        before = read(folder).ring
        ring = before.rotated(purpose, at=moment, emergency=emergency)
        waiting, former = before.waiting(purpose), before.find(purpose, KeyState.ACTIVE)
        acting = waiting if emergency or former is None else former
        live = ring.environment is Environment.LIVE
        signer = open_private(folder, acting, passphrase=passphrase, encrypted_only=live)
        act = REPLACED if emergency else ROTATED
        _act(folder, act, ring, waiting, signer=signer, at=moment)
    return next(key for key in ring.keys if key.kid == waiting.kid)


def open_private(folder: Path, key: NodeKey, *, passphrase: Passphrase, encrypted_only: bool = False) -> Signer:
    """Return the signer of ``key``; ``encrypted_only`` as for ``open_signer``.

    Raises:
        ConfigurationError: The private part cannot be opened, or is that of another key.
    """
    if key.private.startswith(SCHEME):
        signer = open_signer(key.private, passphrase=passphrase)
    elif Path(key.private).name != key.private:
        raise ConfigurationError("a private part is beside the index, or in a token")
    else:
        signer = open_key_file(
            folder / key.private, passphrase=passphrase, encrypted_only=encrypted_only, algorithm=key.algorithm
        )
    if thumbprint(signer.public_jwk) != key.kid:
        raise ConfigurationError(f"{key.private} is the private part of another key")
    return signer


def _ring(folder: Path, environment: Environment) -> KeyRing:
    """Return the ring so far; the first key finds none."""
    if not (folder / records.FILE).exists():
        if (folder / FILE).exists():
            raise ConfigurationError(f"{FILE} is there and {records.FILE} is not; the records were removed")
        return KeyRing(environment)
    ring = read(folder).ring
    if ring.environment is not environment:
        raise ConfigurationError(f"the keys of this folder are of the {ring.environment} environment")
    return ring


def _act(folder: Path, act: str, ring: KeyRing, key: NodeKey, *, signer: Signer, at: datetime) -> None:
    """Write the record, then the index."""
    index = node_keys.render(ring)
    records.append(folder, act, {"kid": key.kid, "index": index}, signer=signer, at=at)
    files.write(folder, FILE, (json.dumps(index, indent=2, sort_keys=True) + "\n").encode("ascii"))


def _index(folder: Path) -> object:
    """Return the index as it stands in its file, or ``None`` for one that is not there."""
    try:
        octets = files.read(folder, FILE, max_bytes=LIMITS.record_bytes * 2)
        return strict_json.parse(octets, max_bytes=LIMITS.record_bytes * 2)
    except files.AbsentError:
        return None
    except (FetchError, InputError) as broken:
        raise TrustError("trust.profile_violation", f"{FILE} cannot be read") from broken


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time act on a folder."""
    try:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as unreadable:
        raise ConfigurationError(f"the folder {folder.name} is not there or cannot be read") from unreadable
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)
