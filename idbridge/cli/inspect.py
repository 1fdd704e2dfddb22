"""``idbridge inspect``: what a credential says of itself. Checks nothing, decides nothing, and says so loudly.

Values that may be personal are masked unless asked for, so that a screen or a fault report does not carry them. What
is shown is an allow-list: the members of the protocols, none of the person.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.output import json_option
from idbridge.cli.reading import read_credential
from idbridge.codec import base64url, strict_json
from idbridge.credential import sd_jwt
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text

WARNING: Final = "UNVERIFIED: nothing below was checked, do not rely on it"
NEXT: Final = "run `idbridge verify` for a verdict"
_SHOWN: Final = frozenset({
    "alg", "typ", "kid", "cty", "crit", "enc", "zip", "b64",
    "iss", "aud", "azp", "iat", "nbf", "exp", "auth_time", "acr", "amr", "vct", "_sd_alg",
    "environment", "purpose",
})  # fmt: skip
# Inside an object only these paths are the protocol's; a name of the list above proves nothing there.
_SHOWN_INSIDE: Final = frozenset({
    "status.status_list.idx", "status.status_list.uri", "cnf.jwk.kty", "cnf.jwk.crv", "cnf.kid",
    "jwk.kty", "jwk.crv", "octets",
})  # fmt: skip
_TIMES: Final = frozenset({"iat", "nbf", "exp", "auth_time"})
_COMPACT_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a credential: its members, or why they cannot be read."""

    name: str
    members: Mapping[str, Any]
    unreadable: str = ""


@click.command("inspect")
@click.argument("source", metavar="FILE|-")
@click.option("--show-claims", is_flag=True, help="Show personal values too; they are masked otherwise.")
@json_option
def inspect(*, source: str, show_claims: bool, as_json: bool) -> Exit:
    """Show what a credential says of itself; checks nothing.

    FILE holds the credential as text; `-` reads standard input. No trust decision is made: a forged credential looks
    here just like a good one.
    """
    parts = [part if show_claims else masked(part) for part in take_apart(read_credential(source))]
    broken = [part for part in parts if part.unreadable]
    if as_json:
        summary = {"verified": False, "warning": WARNING, "parts": len(parts), "unreadable": len(broken)}
        output.document("idbridge-inspect-1", summary=summary, results=[_record(part) for part in parts])
    else:
        _show(parts)
    return Exit.REFUSED if broken else Exit.DONE


def take_apart(text: str) -> list[Part]:
    """Return the pieces of ``text`` in their order; a piece that cannot be read does not hide the others."""
    if sd_jwt.SEPARATOR not in text:
        return list(_jws(text, "token"))
    try:
        pieces = sd_jwt.split(text)
    except InputError as error:
        return [Part("credential", {}, str(error))]
    parts = list(_jws(pieces.issuer_jwt, "issuer"))
    parts += [_disclosure(one, number) for number, one in enumerate(pieces.disclosures, start=1)]
    if pieces.key_binding is not None:
        parts += _jws(pieces.key_binding, "key binding")
    return parts


def masked(part: Part) -> Part:
    """Return ``part`` with every value that is not the protocol's own replaced by its kind."""
    return Part(
        part.name, {name: _mask(name, value, above="") for name, value in part.members.items()}, part.unreadable
    )


def _jws(text: str, whose: str) -> Iterator[Part]:
    pieces = text.split(".")
    if len(pieces) != _COMPACT_PARTS:
        yield Part(whose, {}, f"a signed token has 3 parts, this has {len(pieces)}")
        return
    yield _object(pieces[0], f"{whose} header")
    yield _object(pieces[1], f"{whose} payload")
    yield Part(f"{whose} signature", {"octets": len(pieces[2]) * 3 // 4})


def _object(text: str, name: str) -> Part:
    try:
        octets = base64url.decode(text)
        return Part(name, strict_json.parse_object(octets, max_bytes=LIMITS.body_bytes))
    except InputError as error:
        return Part(name, {}, str(error))


def _disclosure(text: str, number: int) -> Part:
    name = f"disclosure {number}"
    try:
        elements = strict_json.parse(base64url.decode(text), max_bytes=LIMITS.body_bytes)
    except InputError as error:
        return Part(name, {}, str(error))
    if not isinstance(elements, list) or len(elements) not in (2, 3):
        return Part(name, {}, "a disclosure is a list of two or three elements")
    claim = str(elements[1]) if len(elements) == _COMPACT_PARTS else "(array element)"
    digest = base64url.encode(hashlib.sha256(text.encode("utf-8")).digest())
    return Part(f"{name}, sha-256 {digest}", {claim: elements[-1]})


def _mask(name: str, value: Any, *, above: str) -> Any:
    if isinstance(value, Mapping):
        return {inner: _mask(inner, below, above=f"{above}{name}.") for inner, below in value.items()}
    if f"{above}{name}" in (_SHOWN_INSIDE if above else _SHOWN | _SHOWN_INSIDE):
        return value
    if name in ("_sd", "x5c") and isinstance(value, list):
        return f"({len(value)} entries)"
    return f"({_kind(value)}, masked)"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, list):
        return f"list of {len(value)}"
    return {str: "text", int: "number", float: "number"}.get(type(value), "nothing")


def _record(part: Part) -> dict[str, Any]:
    return {"part": part.name, "members": dict(part.members), "unreadable": part.unreadable or None}


def _show(parts: list[Part]) -> None:
    output.emphasis(WARNING, colour="red")
    for part in parts:
        output.line()
        output.line(part.name)
        if part.unreadable:
            output.line(f"  cannot be read: {part.unreadable}")
        if part.members:
            output.facts((f"  {name}", _written(name, value)) for name, value in _flat(part.members))
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
