"""Command groups: verbs under headings, loaded when they are called, and errors that end in the one exit table."""

import ast
import errno
import gc
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli.exits import Exit, of_error
from idbridge.cli.output import Failure, words
from idbridge.errors import ConfigurationError, IdBridgeError

ENTRY_POINT_GROUP: Final = "idbridge.commands"
INTERRUPTED: Final = 130  # 128 + SIGINT, as every shell says it
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
UNREAD: Final = 141  # 128 + SIGPIPE, as of every program whose reader has left


class HeadedGroup(click.Group):
    """A group whose help lists its verbs under headings; a heading without a verb is not shown."""

    headings: Mapping[str, Sequence[str]]

    def __init__(self, *args: Any, headings: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headings = headings

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section for each heading, then what stands under none."""
        present = self.list_commands(ctx)
        width = max(map(len, present), default=0)
        limit = formatter.width - width - 6
        told = {name: text for name in present if (text := self.summary(ctx, name, limit=limit)) is not None}
        headed = {name for names in self.headings.values() for name in names}
        sections = {**self.headings, "More": [name for name in present if name not in headed]}
        for heading, names in sections.items():
            rows = [(name.ljust(width), told[name]) for name in names if name in told]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)

    def summary(self, ctx: click.Context, name: str, *, limit: int) -> str | None:
        """Return what a command does, in ``limit`` characters; ``None`` if it is not there or not to be shown."""
        command = self.get_command(ctx, name)
        return command.get_short_help_str(limit) if command is not None and not command.hidden else None


class LazyGroup(HeadedGroup):
    """A group whose commands stand in ``module:name``; a module is read when one of its commands is wanted.

    ``places`` may name a module that this installation does not have: its commands do not exist then.
    """

    def __init__(self, *args: Any, places: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands whose module is there."""
        del ctx
        return sorted(name for name, place in self.places.items() if find_spec(place.partition(":")[0]) is not None)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        del ctx
        module, _, name = self.places.get(cmd_name, "").partition(":")
        if not module or find_spec(module) is None:
            return None
        command = getattr(importlib.import_module(module), name, None)
        if not isinstance(command, click.Command):
            return None
        _collect_again(command)
        return command

    def summary(self, ctx: click.Context, name: str, *, limit: int) -> str | None:
        """Return what a command does, from its source where that says it: to list thirty commands imports none."""
        written = _written_help(self.place(name))
        command = click.Command(name, help=written) if written else None
        return command.get_short_help_str(limit) if command is not None else super().summary(ctx, name, limit=limit)

    def place(self, name: str) -> str:
        """Return where a command stands; an empty text if nobody knows."""
        return self.places.get(name, "")


class RootGroup(LazyGroup):
    """``idbridge`` itself: its own nouns by module, further ones by entry point, and the end of every error."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return our own nouns and those of the plug-ins."""
        return sorted({*super().list_commands(ctx), *(point.name for point in entry_points(group=ENTRY_POINT_GROUP))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a noun. A plug-in can neither replace one of ours nor break the rest."""
        if cmd_name in self.places:
            return super().get_command(ctx, cmd_name)
        for point in entry_points(group=ENTRY_POINT_GROUP):
            if point.name == cmd_name:
                return _plug_in(point)
        return None

    def place(self, name: str) -> str:
        """Return where a noun stands, of ours or of a plug-in."""
        values = (point.value for point in entry_points(group=ENTRY_POINT_GROUP) if point.name == name)
        return super().place(name) or next(values, "")

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run a command and leave with its exit code."""
        del rest
        extra = {**extra, "prog_name": "idbridge", "standalone_mode": False}
        sys.exit(self._outcome(args, extra))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; told apart here, a reader that has left does not end as Click has it, by 1: refused."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise SystemExit(_unread()) from None

    def _outcome(self, args: Sequence[str] | None, extra: dict[str, Any]) -> int:
        try:
            code = super().main(args, **extra)
        except click.ClickException as error:
            return _click_failure(error)
        except IdBridgeError as error:
            words("error", _refusal(error))
            words("hint", error.reason.remedy)
            return of_error(error)
        except (click.Abort, KeyboardInterrupt):
            return INTERRUPTED
        except BrokenPipeError:
            return _unread()
        except OSError as error:
            if error.errno not in NO_ROOM:
                return _internal(error)
            words("error", f"what was to be written is not: {os.strerror(error.errno or 0).lower()}")
            _silence()
            return Exit.LOCAL
        except Exception as error:  # noqa: BLE001 - the last line of defence; what happened is said, then exit 70
            return _internal(error)
        return int(code or 0)


def _collect_again(command: click.Command) -> None:
    """Let garbage be collected from now on, if `main` put that off: never among what was read to get to ``command``.

    A third of the time of a short command went into looking for garbage among modules and classes, which stay. A group
    reads more before it gets to a command.
    """
    if not isinstance(command, LazyGroup) and not gc.isenabled():
        gc.freeze()
        gc.enable()


def _refusal(error: IdBridgeError) -> str:
    """Return what is wrong, after the code by which a script tells it; a fault of the configuration has but one."""
    told = str(error)
    return told if isinstance(error, ConfigurationError) or error.code in told else f"{error.code}: {told}"


def _unread() -> int:
    """Return how a command ends whose reader has left: never as if its verdict had been read as accepted."""
    _silence()
    return UNREAD


def _silence() -> None:
    """Leave nothing to write, or the interpreter complains once more while it ends, and ends otherwise."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _written_help(place: str) -> str | None:
    """Return the help of the command that ``place`` names, read from the source of its module without running it."""
    module, _, name = place.partition(":")
    try:
        found = find_spec(module) if module else None
        if found is None or found.origin is None:
            return None
        body = ast.parse(Path(found.origin).read_text(encoding="utf-8")).body
    except (ImportError, OSError, ValueError, SyntaxError):
        return None  # loading it will say what is wrong
    return next((text for one in body if (text := _help_in(one, name)) is not None), None)


def _help_in(statement: ast.stmt, name: str) -> str | None:
    """Return the help that a statement gives to the command ``name``: its docstring, or the text for its maker."""
    if isinstance(statement, ast.FunctionDef) and statement.name == name:
        return ast.get_docstring(statement)
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Call):
        target, call = statement.target, statement.value
        if isinstance(target, ast.Name) and target.id == name:
            given = (*call.args, *(keyword.value for keyword in call.keywords))
            texts = (one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str))
            return max(texts, key=len, default=None)
    return None


def _click_failure(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return Exit.USAGE
    message = error.format_message().rstrip(".")
    words("error", message[:1].lower() + message[1:] if message[1:2].islower() else message)
    hint = error.hint if isinstance(error, Failure) else ""
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx is not None else "idbridge"
        hint = hint or f"see `{path} --help`"
    if hint:
        words("hint", hint)
    return error.code if isinstance(error, Failure) else error.exit_code


def _internal(error: Exception) -> int:
    # The message of an unforeseen error may quote what was being read, so only its kind is said.
    if os.environ.get("IDBRIDGE_TRACEBACK"):
        raise error
    words("error", f"internal error ({type(error).__name__})")
    words("hint", "set `IDBRIDGE_TRACEBACK=1` to see where; it may show what was being read")
    return Exit.INTERNAL


def _plug_in(point: EntryPoint) -> click.Command:
    try:
        loaded = point.load()
        if isinstance(loaded, click.Command):
            _collect_again(loaded)
            return loaded
        why = f"`{point.value}` is not a command"
    except Exception as error:  # noqa: BLE001 - a broken plug-in must not take the other commands down
        why = f"{type(error).__name__}: {error}"
    return _unavailable(point, why)


def _unavailable(point: EntryPoint, why: str) -> click.Command:
    def explain() -> None:
        hint = "install it with its extra: `pip install 'idbridge[gateway]'`"
        raise Failure(f"`{point.name}` cannot be loaded: {why}", hint=hint, exit_code=Exit.LOCAL)

    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(
        point.name, callback=explain, context_settings=settings, add_help_option=False, help="(not available here)"
    )
