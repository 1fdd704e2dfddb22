"""What the verbs of ``idbridge log`` are given: the folder of a log, keys as configurations hold them, and files."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output
from idbridge.cli.output import Failure
from idbridge.cli.reading import read_octets
from idbridge.codec import base64url
from idbridge.errors import EvidenceError
from idbridge.limits import LIMITS
from idbridge.tlog import note
from idbridge.tlog.note import NoteKey

DEFAULT_FOLDER: Final = Path(".idbridge") / "log"

folder_option: Final[Callable[..., Any]] = click.option(
    "--log",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="IDBRIDGE_LOG",
    default=DEFAULT_FOLDER,
    show_default=True,
    show_envvar=True,
    metavar="DIR",
    help="Folder of the log.",
)


def days_option(words: str) -> Callable[..., Any]:
    """Return the option with which the folder of the keys of days is named, by a verb that does nothing without it."""
    return click.option(
        "--days",
        type=click.Path(file_okay=False, path_type=Path),
        required=True,
        envvar="IDBRIDGE_LOG_DAY_KEYS_DIR",
        show_envvar=True,
        metavar="DIR",
        help=words,
    )


def key_option(name: str, words: str) -> Callable[..., Any]:
    """Return the option with which the keys of a log are named, as text or as a file that holds one."""
    return click.option(name, "given", multiple=True, metavar="VKEY", help=words)


def keys(given: Sequence[str]) -> tuple[NoteKey, ...]:
    """Return the keys that ``given`` name.

    Raises:
        Failure: One of them is neither a key nor a file that holds one.
    """
    return tuple(key(one) for one in given)


def key(given: str) -> NoteKey:
    """Return the key that ``given`` is, or that the file of this name holds.

    Raises:
        Failure: It is neither.
    """
    text = given
    if "+" not in given or Path(given).is_file():
        text = read_octets(given, max_bytes=LIMITS.note_bytes).decode("utf-8", errors="replace").removesuffix("\n")
    try:
        return note.parse_key(text)
    except EvidenceError:
        hint = "a key of a log is spelled name+id+key, as in its `log.vkey`"
        raise Failure(f"`{given}` is no key of a log", hint=hint) from None


def show(text: str) -> None:
    """Print a text of several lines, each exactly, for a file or a pipe."""
    for line in text.removesuffix("\n").split("\n"):
        output.raw_text(line)


def digest_text(digest: bytes) -> str:
    """Return a digest as leaves spell it."""
    return base64url.encode(digest)
