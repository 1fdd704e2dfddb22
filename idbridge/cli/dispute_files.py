"""The files of a dispute: reports, bundles, requests and receipts, read within their bounds and written for one."""

import os
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure
from idbridge.cli.reading import read_credential, read_octets
from idbridge.codec import strict_json
from idbridge.errors import InputError
from idbridge.evidence import dispute as bundles
from idbridge.evidence.dispute import Bundle, DisputeError
from idbridge.evidence.dispute_request import Brought
from idbridge.limits import LIMITS

credential_option: Final = click.option(
    "--credential", "credential", metavar="FILE", help="The credential, if the bundle was made without it."
)


def read_object(source: str, what: str, *, most: int = LIMITS.dispute_decision_bytes) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises:
        Failure: It cannot be read, or is none.
    """
    try:
        return strict_json.parse_object(read_octets(source, max_bytes=most), max_bytes=most)
    except InputError as refusal:
        raise Failure(f"`{source}` holds no {what}: {refusal}", exit_code=Exit.REFUSED) from None


def read_text(source: str | None, *, most: int) -> str | None:
    """Return the text of a file, octet for octet; ``None`` if none was named.

    Raises:
        Failure: It cannot be read, or is no text.
    """
    if source is None:
        return None
    try:
        return read_octets(source, max_bytes=most).decode()
    except UnicodeDecodeError:
        raise Failure(f"`{source}` is no text", exit_code=Exit.REFUSED) from None


def read_bundle(source: str) -> Bundle:
    """Return the bundle in a file.

    Raises:
        Failure: It cannot be read, or is none: it cannot be replayed.
    """
    try:
        return bundles.parse(read_octets(source, max_bytes=LIMITS.dispute_bytes))
    except DisputeError as refusal:
        raise Failure(f"`{source}`: {refusal}", exit_code=Exit.INDETERMINATE) from refusal


def brought_by(source: str | None) -> Brought | None:
    """Return the credential in a file, by itself or in the body of a request; ``None`` if none was named.

    Raises:
        Failure: It cannot be read.
    """
    if source is None:
        return None
    return split(read_credential(source))[0]


def split(text: str) -> tuple[Brought, dict[str, Any] | None]:
    """Return the credential that ``text`` is or that the body holds which it is, and that body.

    Raises:
        Failure: It is the body of no request.
    """
    if not text.startswith("{"):
        return Brought(text), None
    try:
        members = strict_json.parse_object(text, max_bytes=LIMITS.body_bytes)
    except InputError as refusal:
        raise Failure(f"the credential cannot be read: {refusal}", exit_code=Exit.REFUSED) from None
    if "credential" not in members:  # a vp_token, which is an object too
        return Brought(text), None
    if any(type(members.get(name, "")) is not str for name in ("credential", "userinfo")):
        raise Failure("the request body holds no credential", exit_code=Exit.REFUSED)
    return Brought(members["credential"], members.get("userinfo")), members


def write_private(path: Path, octets: bytes) -> None:
    """Write a new file that its owner alone can read: it is about a person.

    Raises:
        Failure: There is one already, or it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(octets)
    except FileExistsError:
        raise Failure(f"`{path}` is there already", hint="name another file with `--out`") from None
    except OSError as unwritable:
        raise Failure(f"`{path}` cannot be written: {(unwritable.strerror or '').lower()}") from None
