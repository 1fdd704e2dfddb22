"""``idbridge trust lint``: what is wrong with the source documents of lists, by file and line."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.material import at_option, instant, open_snapshot
from idbridge.cli.output import Failure, json_option
from idbridge.errors import FetchError, InputError
from idbridge.limits import LIMITS
from idbridge.sandbox.hosts import address_in
from idbridge.trust import files
from idbridge.trust.lint import Background, Source, errors, lint
from idbridge.trust.lint_note import Finding, KeyFile

_DOCUMENT: Final = "list.toml"
_SCHEMA: Final = "list.schema.json"
_PURPOSES: Final = "purposes.toml"
_KEYS: Final = (("keys", "*.jwk", False), ("certificates", "*.pem", True))
_JSON: Final = "idbridge-trust-lint-1"


@click.command("lint")
@click.argument("place", default="trust_lists", type=click.Path(path_type=Path))
@click.option("--published", type=click.Path(path_type=Path), metavar="DIR", help="Compare with the lists held here.")
@at_option
@json_option
def lint_sources(*, place: Path, published: Path | None, at: datetime | None, as_json: bool) -> Exit:
    """Check source documents before anything is made of them.

    PLACE is a `list.toml`, the folder of a state or the folder of all of them. Keys in
    `keys/SERVICE.jwk` and certificates in `certificates/SERVICE.pem` are checked with them.
    Ends with 1 if there are errors; warnings are what a node would take.
    """
    sources = tuple(_source(path) for path in _documents(place))
    found = lint(sources, _background(place, published, at=instant(at)))
    mistakes = errors(found)
    if as_json:
        summary = {"documents": len(sources), "errors": mistakes, "warnings": len(found) - mistakes}
        output.document(_JSON, summary=summary, results=[_row(finding) for finding in found])
    else:
        for finding in found:
            output.line(f"{finding.file}:{finding.line}: {finding.severity}: {finding.words} ({finding.code})")
        output.line(f"{_count(len(sources), 'document')}, {_count(mistakes, 'error')}, "
                    f"{_count(len(found) - mistakes, 'warning')}")  # fmt: skip
    return Exit.REFUSED if mistakes else Exit.DONE


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "file": finding.file,
        "line": finding.line,
        "path": list(finding.path),
        "severity": finding.severity.value,
        "code": finding.code,
        "words": finding.words,
    }


def _documents(place: Path) -> list[Path]:
    """Return the documents that ``place`` means, in order.

    Raises:
        Failure: There is none.
    """
    if place.is_dir():
        found = [place / _DOCUMENT] if (place / _DOCUMENT).is_file() else sorted(place.glob(f"*/{_DOCUMENT}"))
    else:
        found = [place] if place.is_file() else []
    if not found:
        raise Failure(f"there is no `{_DOCUMENT}` at `{place}`", hint="a folder of source documents has one per state")
    return found


def _source(path: Path) -> Source:
    keys = tuple(_key_files(path.parent)) if path.name == _DOCUMENT else ()
    octets = _octets(path, max_bytes=LIMITS.trust_list_bytes)
    return Source(str(path), octets, folder=path.absolute().parent.name, keys=keys)


def _key_files(folder: Path) -> Iterator[KeyFile]:
    """Yield the key files beside a document; ``SERVICE.2.jwk`` is a further key of ``SERVICE``."""
    for name, pattern, certificates in _KEYS:
        for path in sorted((folder / name).glob(pattern)):
            octets = _octets(path, max_bytes=LIMITS.pins_bytes)
            yield KeyFile(str(path), path.name.partition(".")[0], octets, certificates=certificates)


def _octets(path: Path, *, max_bytes: int) -> bytes:
    try:
        return files.read(path.parent, path.name, max_bytes=max_bytes)
    except (FetchError, InputError) as unreadable:
        raise Failure(f"`{path}` cannot be read: {unreadable}") from unreadable


def _background(place: Path, published: Path | None, *, at: datetime) -> Background:
    schema: Mapping[str, Any] = json.loads((_shipped() / _SCHEMA).read_text(encoding="utf-8"))
    if published is None:
        return Background(schema, at, claims=_claims(place))
    snapshot = open_snapshot(published)
    return Background(
        schema, at, snapshot.lists, placed=partial(address_in, snapshot.environment), claims=_claims(place)
    )


def _claims(place: Path) -> frozenset[str]:
    """Return the claims that the purposes near ``place`` ask for; none if there is no register of them."""
    for folder in (place, *place.absolute().parents[:2]):
        if (folder / _PURPOSES).is_file():
            octets = _octets(folder / _PURPOSES, max_bytes=LIMITS.recognition_document_bytes)
            return frozenset(_asked(octets))
    return frozenset()


def _asked(octets: bytes) -> Iterator[str]:
    try:
        for purpose in tomllib.loads(octets.decode("utf-8"))["purpose"]:
            yield from map(str, purpose["claims"])
    except (ValueError, KeyError, TypeError) as odd:
        raise Failure(f"`{_PURPOSES}` is not in its form", hint="it names under `[[purpose]]` its `claims`") from odd


def _shipped() -> Path:
    """Return the folder with the schema: inside an installed package, else the one at the root of a checkout."""
    packaged = Path(str(resources.files("idbridge.sandbox"))) / "trust_lists"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "trust_lists"
