"""Where a command gets a passphrase or PIN: from a file or pipe that the caller opened, or from whoever is typing.

Never from an argument or an environment variable, which other programs can read. ``--passphrase-file /dev/fd/3`` reads
from a descriptor that the calling script holds.
"""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli.output import Failure
from idbridge.crypto.key_files import Passphrase
from idbridge.limits import LIMITS

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO

passphrase_option: Final[Callable[..., Any]] = click.option(
    "--passphrase-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Read the passphrase or PIN from this file or pipe, such as /dev/fd/3, instead of asking for it.",
)


def passphrase_from(file: Path | None) -> Passphrase:
    """Return what answers when a passphrase is needed: the first line of ``file``, else a question on the terminal.

    The file is read once, so that a pipe can open several keys of one operator.
    """
    if file is None:
        return lambda what: _asked(f"passphrase or PIN of {what}")
    held: list[str] = []

    def from_file(_: str) -> str:
        if not held:
            held.append(_read(file))
        return held[0]

    return from_file


def new_passphrase_from(file: Path | None) -> Passphrase:
    """As ``passphrase_from`` for a passphrase that is to be set: on a terminal it is asked for twice.

    One that is too short is refused here already, before anything is made that it should guard.
    """
    given = passphrase_from(file) if file is not None else None

    def new(what: str) -> str:
        secret = given(what) if given is not None else _asked(f"new passphrase of {what}", again=True)
        if len(secret) < LIMITS.passphrase_characters:
            raise Failure(f"a passphrase has at least {LIMITS.passphrase_characters} characters")
        return secret

    return new


def _asked(prompt: str, *, again: bool = False) -> str:
    if not sys.stdin.isatty():
        hint = "give `--passphrase-file FILE`, or run this on a terminal"
        raise Failure(f"nobody is there to be asked for the {prompt}", hint=hint)
    answer = click.prompt(prompt, hide_input=True, confirmation_prompt=again, err=True, type=str, prompt_suffix=": ")
    return str(answer)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & _OTHERS:
                raise Failure(f"`{path}` must be readable by its owner only", hint=f"`chmod 600 {path}`")
            octets = opened.read(LIMITS.passphrase_bytes + 1)
    except OSError as unreadable:
        raise Failure(f"`{path}` cannot be read: {(unreadable.strerror or 'no such file').lower()}") from None
    if len(octets) > LIMITS.passphrase_bytes:
        raise Failure(f"`{path}` holds more than {LIMITS.passphrase_bytes} octets and is no passphrase")
    try:
        text = octets.decode("utf-8").partition("\n")[0].rstrip("\r")
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise Failure(f"`{path}` holds no passphrase")
    return text
