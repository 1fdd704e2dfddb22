"""``idbridge inspect``: what any artefact says of itself. Checks nothing, decides nothing, and says so loudly.

Values that may be personal are masked unless asked for, so that a screen or a fault report does not carry them.
"""

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output, qr_draft
from idbridge.cli.artefacts import take_apart
from idbridge.cli.artefacts_cbor import written
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option
from idbridge.cli.parts import Part, masked
from idbridge.cli.reading import STANDARD_INPUT
from idbridge.codec import base64url, pictures
from idbridge.errors import ConfigurationError, CredentialError, InputError
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text

WARNING: Final = "UNVERIFIED: nothing below was checked, do not rely on it"
NEXT: Final = "run `idbridge verify` for a verdict"
_TIMES: Final = frozenset({"iat", "nbf", "exp", "auth_time"})
_LIST_DOTS: Final = 2  # a signed list is a compact token, and may be long
_WHOLE_LIST: Final = LIMITS.trust_list_bytes * 4 // 3 + LIMITS.protected_header_bytes
_WHITE: Final = "\r\n\t "


@click.command("inspect")
@click.argument("source", metavar="FILE|PHOTO|-")
@click.option("--show-claims", is_flag=True, help="Show personal values too; they are masked otherwise.")
@click.option("--suggest-profile", is_flag=True, help="Draft a QR profile for a list from the code; shows no values.")
@json_option
def inspect(*, source: str, show_claims: bool, suggest_profile: bool, as_json: bool) -> Exit:
    """Show what a credential, code or list says; checks nothing.

    FILE holds the artefact as text or octets, PHOTO is a picture with QR codes in it; `-` reads standard input. No
    trust decision is made: a forged credential looks here just like a good one.
    """
    texts = _texts(_octets(source), source)
    if suggest_profile:
        return _drafts(texts, as_json=as_json)
    parts = [part if show_claims else masked(part) for part in _parts(texts)]
    broken = [part for part in parts if part.unreadable]
    if as_json:
        summary = {"verified": False, "warning": WARNING, "parts": len(parts), "unreadable": len(broken)}
        output.document("idbridge-inspect-1", summary=summary, results=[_record(part) for part in parts])
    else:
        _show(parts)
    return Exit.REFUSED if broken else Exit.DONE


def _octets(source: str) -> bytes:
    bound = max(_WHOLE_LIST, LIMITS.picture_bytes) + 1
    if source == STANDARD_INPUT:
        return sys.stdin.buffer.read(bound)
    try:
        with Path(source).open("rb") as file:
            return file.read(bound)
    except OSError as error:
        raise Failure(f"`{source}` cannot be read: {(error.strerror or 'no such file').lower()}") from None


def _texts(octets: bytes, source: str) -> list[str]:
    """Return the artefacts in what was read: one, or one for each code of a picture.

    Raises:
        Failure: It is larger than any artefact, or a picture without a code.
    """
    if pictures.is_picture(octets):
        found = _codes(octets)
        if not found:
            raise Failure("no QR code was found in the picture", hint="take it closer", exit_code=Exit.REFUSED)
        return found
    is_list = octets.count(b".") == _LIST_DOTS and len(octets) <= _WHOLE_LIST
    if len(octets) > LIMITS.body_bytes and not is_list:
        raise Failure(f"`{source}` is larger than {LIMITS.body_bytes} octets", exit_code=Exit.REFUSED)
    try:
        return [octets.decode("utf-8").strip(_WHITE)]
    except UnicodeDecodeError:
        return [base64url.encode(octets)]


def _codes(picture: bytes) -> list[str]:
    try:
        return pictures.codes_in(picture)
    except InputError as refused:
        raise Failure(refused.detail, exit_code=Exit.REFUSED) from None
    except ConfigurationError as missing:
        raise Failure(str(missing), hint="pip install 'idbridge[qr]'", exit_code=Exit.LOCAL) from None


def _parts(texts: list[str]) -> Iterator[Part]:
    if len(texts) == 1:
        yield from take_apart(texts[0])
        return
    for number, text in enumerate(texts, start=1):
        yield from (part.within(f"code {number} of {len(texts)}") for part in take_apart(text))


def _drafts(texts: list[str], *, as_json: bool) -> Exit:
    """Print a draft for each code; end as refused if there is none for one of them."""
    drafts: list[str | None] = []
    for text in texts:
        try:
            drafts.append(qr_draft.drafted(text))
        except CredentialError as reason:
            drafts.append(None)
            output.words("error", f"no profile can be drafted: {reason}")
    if as_json:
        summary = {"verified": False, "codes": len(texts), "drafted": len(texts) - drafts.count(None)}
        output.document("idbridge-qr-draft-1", summary=summary, results=[{"toml": draft} for draft in drafts])
    else:
        for draft in drafts:
            if draft is not None:
                for line in draft.splitlines():
                    output.line(line)
    if any(drafts):
        output.words("hint", "put it into the service of `list.toml`, correct it, and run `idbridge trust lint`")
    return Exit.REFUSED if None in drafts else Exit.DONE


def _record(part: Part) -> dict[str, Any]:
    return {"part": part.name, "members": _spoken(part.members), "unreadable": part.unreadable or None}


def _spoken(value: Any) -> Any:
    """Return ``value`` with octets in words, as JSON and people take it."""
    if isinstance(value, Mapping):
        return {str(name): _spoken(below) for name, below in value.items()}
    if isinstance(value, list | tuple):
        return [_spoken(one) for one in value]
    return written(value) if isinstance(value, bytes) else value


def _show(parts: list[Part]) -> None:
    output.emphasis(WARNING, colour="red")
    for part in parts:
        output.line()
        output.line(part.name)
        if part.unreadable:
            output.line(f"  cannot be read: {part.unreadable}")
        if part.members:
            output.facts((f"  {name}", _written(name, value)) for name, value in _flat(_spoken(part.members)))
    output.line()
    output.emphasis(WARNING, colour="red")
    output.words("hint", NEXT)


def _flat(members: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in members.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _written(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if name.strip() in _TIMES and isinstance(value, int) and 0 <= value < 2**33:
        return f"{value}  ({instant_text(datetime.fromtimestamp(value, UTC))})"
    return repr(value) if not isinstance(value, list) else ", ".join(map(str, value))
