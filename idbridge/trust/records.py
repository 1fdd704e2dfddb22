"""The records of a folder: who did what to it and when, each act signed and chained to the one before.

Decides whether a file of records is whole: numbered from one without gap, each naming its predecessor by digest, each
signed by the key that it names. It does not know what an act means, nor who may perform it; and a file that lost its
last records still reads as whole, so whoever must notice that remembers the number of the last one. Format: JSON
Lines, each line the canonical JSON of the members of a record with its own compact JWS (RFC 7515), so that it can be
read with any tool and disagrees with its signature nowhere. Architecture D8.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from idbridge.codec import jcs, strict_json
from idbridge.crypto import jws
from idbridge.crypto.header import HeaderCache, HeaderRules
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, FetchError, InputError, JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.time import instant_text
from idbridge.trust import files, members

FILE: Final = "records.jsonl"
TYPE: Final = "idbridge-record+json"
FIRST_PREVIOUS: Final = "0" * 64
_RULES: Final = HeaderRules(types=frozenset({TYPE}))
_SIGNED: Final = frozenset({"number", "at", "act", "by", "content", "previous"})
_APPEND: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Record:
    """One act. ``by`` is the RFC 7638 thumbprint of the key that signed, ``previous`` the digest of the act before.

    ``previous`` is the SHA-256 (hex) of the predecessor's ``jws``, and 64 zeros in the first record. ``content`` is
    what the act is about, as its performer put it.
    """

    number: int
    at: datetime
    act: str
    by: str
    content: Mapping[str, Any]
    previous: str
    jws: str

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) by which the next record names this one."""
        return hashlib.sha256(self.jws.encode("ascii")).hexdigest()


def append(folder: Path, act: str, content: Mapping[str, Any], *, signer: Signer, at: datetime) -> Record:
    """Write down that ``act`` was performed ``at`` an instant, signed by ``signer``, and return the record.

    The first act begins the file. The record is on disk when this returns. A line that a crash cut short was never
    returned to anybody and makes way.

    Raises:
        ConfigurationError: The file cannot be read or written.
        InputError: ``input.too_large`` or ``input.malformed``: the content is too large, or is no JSON.
        TrustError: The last record in the file is not in order; nothing is added to a broken file.
    """
    with _locked(folder) as descriptor:
        octets = _contents(descriptor)
        whole = octets[: octets.rfind(b"\n") + 1]
        last = _parse(whole[:-1].rpartition(b"\n")[2]) if whole else None
        record = _signed(act, content, signer=signer, at=at, last=last)
        line = _line(record)
        if len(whole) + len(line) > LIMITS.records_bytes:
            raise ConfigurationError(f"{FILE} is full; archive it and begin another")
        _write(descriptor, line, after=len(whole))
    return record


def read(folder: Path, *, keys: Mapping[str, PublicKey]) -> tuple[Record, ...]:
    """Return the records of ``folder``, oldest first; ``keys`` are those that may have signed, by thumbprint.

    Raises:
        ConfigurationError: There is no file of records, or it cannot be read.
        TrustError: ``trust.signer_unknown``, ``trust.signature_invalid``, ``trust.history_rewritten`` for a record
            that does not follow from the one before, or ``trust.profile_violation`` for one that breaks the form.
    """
    records = read_unverified(folder)
    previous, headers = FIRST_PREVIOUS, HeaderCache()
    for number, record in enumerate(records, 1):
        if (record.number, record.previous) != (number, previous):
            raise TrustError("trust.history_rewritten", f"record {number} does not follow from the one before")
        _verify(record, keys, headers)
        previous = record.digest
    return records


def read_unverified(folder: Path) -> tuple[Record, ...]:
    """Return what the file says, unverified: for display, and to learn which keys it speaks of.

    Raises:
        ConfigurationError, TrustError: As ``read``, but for signatures and order.
    """
    try:
        octets = files.read(folder, FILE, max_bytes=LIMITS.records_bytes)
    except files.AbsentError:
        raise ConfigurationError(f"there is no {FILE}") from None
    except (FetchError, InputError) as unreadable:
        raise ConfigurationError(f"{FILE} cannot be read") from unreadable
    return tuple(_parse(line) for line in octets.split(b"\n")[:-1])


def _signed(act: str, content: Mapping[str, Any], *, signer: Signer, at: datetime, last: Record | None) -> Record:
    by = thumbprint(signer.public_jwk)
    said = {
        "number": last.number + 1 if last is not None else 1,
        "at": instant_text(at.astimezone(UTC).replace(microsecond=0)),
        "act": members.text(act, where="an act"),
        "by": by,
        "content": dict(content),
        "previous": last.digest if last is not None else FIRST_PREVIOUS,
    }
    payload = jcs.canonicalize(said)
    if len(payload) > LIMITS.record_bytes:
        raise InputError("input.too_large", f"a record of more than {LIMITS.record_bytes} octets")
    return _record(said, jws.sign_compact({"typ": TYPE, "kid": by}, payload, signer))


def _line(record: Record) -> bytes:
    return jcs.canonicalize({**_said(record), "jws": record.jws}) + b"\n"


def _said(record: Record) -> dict[str, Any]:
    return {
        "number": record.number,
        "at": instant_text(record.at),
        "act": record.act,
        "by": record.by,
        "content": record.content,
        "previous": record.previous,
    }


def _parse(line: bytes) -> Record:
    """Return the record of one line, whose signature is not yet verified."""
    try:
        said = strict_json.parse(line, max_bytes=4 * LIMITS.record_bytes)
    except InputError as malformed:
        raise TrustError("trust.profile_violation", f"a line of {FILE} is not JSON") from malformed
    members.table(said, required=_SIGNED | {"jws"}, where="a record")
    return _record(said, members.string(said["jws"], where="jws"))


def _record(said: dict[str, Any], compact: str) -> Record:
    if type(said["content"]) is not dict:
        raise TrustError("trust.profile_violation", "the content of a record is not an object")
    return Record(
        number=members.count(said["number"], where="number", least=1, most=LIMITS.list_sequence),
        at=members.instant(said["at"], where="at"),
        act=members.text(said["act"], where="act"),
        by=members.text(said["by"], where="by"),
        content=said["content"],
        previous=members.text(said["previous"], where="previous"),
        jws=compact,
    )


def _verify(record: Record, keys: Mapping[str, PublicKey], headers: HeaderCache) -> None:
    """Refuse a record unless the key that it names signed exactly what the line says."""
    key = keys.get(record.by)
    if key is None:
        raise TrustError("trust.signer_unknown", f"record {record.number} was signed by a key that is not known")
    said = _said(record)
    try:
        unverified = jws.parse_unverified(record.jws, _RULES, headers, max_bytes=4 * LIMITS.record_bytes)
        if unverified.header.kid != record.by or unverified.payload != jcs.canonicalize(said):
            raise TrustError("trust.history_rewritten", f"record {record.number} says something else than was signed")
        jws.verify(unverified, claims=said, key=key, algorithms=key.algorithms)
    except (InputError, JoseError):
        raise TrustError("trust.signature_invalid", f"record {record.number} is not signed in order") from None


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """Open the file for one writer at a time; it is never replaced, so the lock on it holds for whoever waits."""
    try:
        descriptor = os.open(folder / FILE, _APPEND, 0o644)
    except OSError as unwritable:
        raise ConfigurationError(f"{FILE} cannot be opened: {unwritable.strerror}") from unwritable
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _contents(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    if size > LIMITS.records_bytes:
        raise ConfigurationError(f"{FILE} is full; archive it and begin another")
    return os.pread(descriptor, size, 0)


def _write(descriptor: int, line: bytes, *, after: int) -> None:
    """Write ``line`` behind the first ``after`` octets, wholly or not at all, and past a power failure."""
    try:
        os.ftruncate(descriptor, after)
        written = os.write(descriptor, line)
        if written == len(line):
            os.fsync(descriptor)
            return
        os.ftruncate(descriptor, after)  # a full disk took a part of it
    except OSError as unwritable:
        raise ConfigurationError(f"{FILE} cannot be written: {unwritable.strerror}") from unwritable
    raise ConfigurationError(f"{FILE} cannot be written: the disk is full")
