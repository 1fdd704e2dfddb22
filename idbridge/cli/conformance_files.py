"""Files of the conformance suite that commands read and write: records of runs, and reports that are made of them."""

import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure
from idbridge.cli.reading import STANDARD_INPUT
from idbridge.codec import strict_json
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.record import Record, read_record
from idbridge.errors import ConfigurationError, InputError
from idbridge.limits import LIMITS

Command = TypeVar("Command", bound=Callable[..., Any])
_NEW_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_OPTIONS: Final = (
    click.option("--junit", type=_NEW_FILE, metavar="FILE", help="Write JUnit XML here, for a build server."),
    click.option("--html", "page", type=_NEW_FILE, metavar="FILE", help="Write one page here, for people."),
    click.option("--markdown", type=_NEW_FILE, metavar="FILE", help="Write a short summary here, for a message."),
)


def report_options(command: Command) -> Command:
    """Let ``command`` be told where reports are written: ``junit``, ``page`` and ``markdown``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def write_reports(
    record: Record, corpus: Corpus, *, junit: Path | None, page: Path | None, markdown: Path | None
) -> tuple[Path, ...]:
    """Write the reports of ``record`` that are asked for; return where.

    Raises:
        Failure: A file cannot be written.
    """
    from idbridge.conformance.reports import html as html_page
    from idbridge.conformance.reports import junit as junit_xml
    from idbridge.conformance.reports import markdown as markdown_text

    if junit is not None:
        write(junit, junit_xml.junit(record))
    if page is not None:
        write(page, html_page.html(record, corpus))
    if markdown is not None:
        write(markdown, markdown_text.markdown(record, corpus))
    return tuple(path for path in (junit, page, markdown) if path is not None)


def check_places(*paths: Path | None, spared: Collection[str] = ()) -> None:
    """Look whether files can be written where they are wanted, before anybody waits for what is to stand in them.

    Raises:
        Failure: One cannot be written, two are to be one file, or one would be written over a file that is ``spared``.
    """
    taken = {Path(name).resolve() for name in spared}
    for path in paths:
        if path is None:
            continue
        if not path.parent.is_dir():
            raise Failure(f"`{path}` cannot be written: there is no such folder")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise Failure(f"`{path}` cannot be written: permission denied")
        if path.is_file() or not path.exists():  # a device takes whatever is written to it
            if path.resolve() in taken:
                raise Failure(f"`{path}` is named twice, and would be written over", exit_code=Exit.USAGE)
            taken.add(path.resolve())


def write(path: Path, text: str) -> None:
    """Write ``text`` to the file ``path``.

    Raises:
        Failure: It cannot be written.
    """
    try:
        path.write_text(text, "utf-8")
    except OSError as unwritable:
        raise Failure(f"`{path}` cannot be written: {(unwritable.strerror or 'no such place').lower()}") from None


def open_record(source: str) -> Record:
    """Return the record in a file, or on standard input for ``-``, as ``conformance run --json`` prints it.

    Raises:
        Failure: The file cannot be read, or holds no record.
    """
    octets = read_bounded(source, max_bytes=LIMITS.conformance_record_bytes)
    hint = "`idbridge conformance run --json` prints the record of a run"
    try:
        return read_record(strict_json.parse_object(octets, max_bytes=LIMITS.conformance_record_bytes))
    except InputError as malformed:
        raise Failure(f"{source} is no record of a conformance run: {malformed.detail}", hint=hint) from malformed
    except ConfigurationError as refusal:
        raise Failure(f"{source}: {refusal}", hint=hint) from refusal


def read_bounded(source: str, *, max_bytes: int) -> bytes:
    """Return what is in a file, or on standard input for ``-``; of more than ``max_bytes`` one octet more than that.

    Raises:
        Failure: It cannot be read.
    """
    try:
        if source == STANDARD_INPUT:
            return sys.stdin.buffer.read(max_bytes + 1)
        with Path(source).open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as unreadable:
        raise Failure(f"`{source}` cannot be read: {(unreadable.strerror or 'no such file').lower()}") from None
