"""What is wrong with the source document of a list, by file and line, before anybody signs what is made of it.

Decides nothing that a node relies on: ``profile`` and ``trusted_set`` judge every list again. It says earlier, and all
at once, what they would refuse, with the code that they would give, and warns of what they would take and an operator
may not mean. The form is ``trust_lists/list.schema.json``; what a schema cannot see, ``lint_rules`` looks for.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from jsonschema import Draft202012Validator

from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.trust import lint_keys, lint_published, lint_rules
from idbridge.trust.lint_note import FORM, Finding, KeyFile, Note, Severity
from idbridge.trust.profile import TrustList
from idbridge.trust.toml_lines import Lines, lines_of

_AT_LINE: Final = re.compile(r"\(at line (\d+), column \d+\)")
_SURPLUS: Final = "additionalProperties"
_NO_LINES: Final = Lines(MappingProxyType({}))
_NONE: Final[Mapping[MemberState, TrustList]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Source:
    """A source document as read, with the key files beside it. ``file`` is what findings call it.

    ``folder`` is the name of the folder in which it lies, which is that of its state.
    """

    file: str
    octets: bytes
    folder: str = ""
    keys: tuple[KeyFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Background:
    """What documents are held against: the schema, the lists in force, and the claims that purposes ask for.

    ``placed`` gives the address under which an issuer of a document is listed in the environment of ``published``.
    """

    schema: Mapping[str, Any]
    at: datetime
    published: Mapping[MemberState, TrustList] = field(default_factory=lambda: _NONE)
    placed: Callable[[str], str] = str
    claims: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Read:
    source: Source
    lines: Lines
    document: Mapping[str, Any]
    notes: tuple[Note, ...]

    @property
    def in_form(self) -> bool:
        return not self.notes


def lint(sources: Sequence[Source], background: Background) -> tuple[Finding, ...]:
    """Return what is wrong with ``sources``, by themselves and with each other, in the order of files and lines."""
    validator = Draft202012Validator(dict(background.schema))
    read = [_read(source, validator) for source in sources]
    held = {one.source.file: lint_keys.read(one.source.keys, one.document) for one in read if one.in_form}
    shared = lint_rules.shared({one.source.file: one.document for one in read if one.in_form}, held)
    found = [finding for one in read for finding in _found(one, background, held, shared)]
    return tuple(sorted(found, key=lambda one: (one.file, one.line, one.code, one.words)))


def _read(source: Source, validator: Draft202012Validator) -> _Read:
    """Return the document with what is wrong with its form; only one in form is looked at more closely."""
    if len(source.octets) > LIMITS.trust_list_bytes:
        return _Read(source, _NO_LINES, {}, (Note((), FORM, "the document is too large"),))
    try:
        text = source.octets.decode("utf-8")
        document, lines = tomllib.loads(text), lines_of(text)
    except UnicodeDecodeError:
        return _Read(source, _NO_LINES, {}, (Note((), FORM, "the document is not UTF-8"),))
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        return _Read(source, _only(_line_of(str(fault), text)), {}, (Note((), FORM, f"not TOML: {fault}"),))
    return _Read(source, lines, document, tuple(_form(document, validator)))


def _line_of(fault: str, text: str) -> int:
    """Return the line that the reader's fault names; without one it is the last, where something was missing."""
    found = _AT_LINE.search(fault)
    return int(found[1]) if found else text.count("\n") + 1


def _only(line: int) -> Lines:
    return Lines(MappingProxyType({(): line}))


def _form(document: Mapping[str, Any], validator: Draft202012Validator) -> Iterator[Note]:
    for error in validator.iter_errors(document):
        path, words = tuple(error.absolute_path), error.message[: LIMITS.identifier_characters]
        surplus = error.instance.keys() - error.schema["properties"].keys() if error.validator == _SURPLUS else ()
        for name in sorted(surplus):
            yield Note((*path, name), FORM, f"`{name}` is not known here")
        if not surplus:
            yield Note(path, FORM, words)


def _found(
    one: _Read,
    background: Background,
    held: Mapping[str, lint_keys.Held],
    shared: Mapping[str, Sequence[Note]],
) -> Iterator[Finding]:
    notes: Iterable[Note] = one.notes
    if one.in_form:
        keys = held[one.source.file]
        notes = (
            *lint_rules.notes(one.document, folder=one.source.folder, claims=background.claims),
            *lint_keys.notes(keys, one.document, at=background.at),
            *lint_published.notes(one.document, _published(one, background), at=background.at),
            *shared.get(one.source.file, ()),
        )
    for note in notes:
        line = 1 if note.file else one.lines.of(note.path)
        yield Finding(note.file or one.source.file, line, note.path, note.severity, note.code, note.words)


def _published(one: _Read, background: Background) -> lint_published.Published:
    listed = background.published.get(MemberState(one.document["state"]))
    return lint_published.Published(listed, background.placed)


def errors(findings: Iterable[Finding]) -> int:
    """Return how many of ``findings`` are errors: what no node would accept."""
    return sum(finding.severity is Severity.ERROR for finding in findings)
