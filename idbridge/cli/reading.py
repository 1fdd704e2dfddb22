"""Reading what a command is given: a file or standard input, bounded, as text. Nothing is created or guessed."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure
from idbridge.limits import LIMITS
from idbridge.model.region import AssuranceLevel, MemberState
from idbridge.model.time import parse_instant

STANDARD_INPUT: Final = "-"


def read_credential(source: str) -> str:
    """Return the text of a file, or of standard input for ``-``, without the line break that editors add.

    Raises:
        Failure: The file cannot be read, is larger than any credential, or is not text.
    """
    octets = read_octets(source, max_bytes=LIMITS.body_bytes)
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        hint = "binary credentials travel as base64url text"
        raise Failure(f"`{source}` is not text", hint=hint, exit_code=Exit.REFUSED) from None
    return text.strip("\r\n\t ")


def read_octets(source: str, *, max_bytes: int) -> bytes:
    """Return the octets of a file, or of standard input for ``-``.

    Raises:
        Failure: It cannot be read, or is longer.
    """
    try:
        if source == STANDARD_INPUT:
            octets = sys.stdin.buffer.read(max_bytes + 1)
        else:
            with Path(source).open("rb") as file:
                octets = file.read(max_bytes + 1)
    except OSError as error:
        raise Failure(f"`{source}` cannot be read: {(error.strerror or 'no such file').lower()}") from None
    if len(octets) > max_bytes:
        raise Failure(f"`{source}` is larger than {max_bytes} octets", exit_code=Exit.REFUSED)
    return octets


class StateType(click.ParamType[MemberState]):
    """A member state by its two letters, in either case."""

    name = "STATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> MemberState:
        """Return the state or refuse the word."""
        if isinstance(value, MemberState):
            return value
        try:
            return MemberState(str(value).upper())
        except ValueError:
            self.fail(f"`{value}` is none of {', '.join(sorted(MemberState))}", param, ctx)


class LevelType(click.ParamType[AssuranceLevel]):
    """A regional assurance level."""

    name = "LEVEL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> AssuranceLevel:
        """Return the level or refuse the word."""
        if isinstance(value, AssuranceLevel):
            return value
        try:
            return AssuranceLevel[str(value).upper()]
        except KeyError:
            self.fail(f"`{value}` is none of {', '.join(AssuranceLevel.__members__)}", param, ctx)


class InstantType(click.ParamType[datetime]):
    """An instant in UTC, as the trust lists write it."""

    name = "INSTANT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the instant or refuse the text."""
        if isinstance(value, datetime):
            return value
        try:
            return parse_instant(str(value))
        except ValueError:
            self.fail(f"`{value}` is not an instant such as 2026-01-31T00:00:00Z", param, ctx)


STATE: Final = StateType()
LEVEL: Final = LevelType()
INSTANT: Final = InstantType()
