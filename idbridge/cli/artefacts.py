"""Any artefact taken apart: what it is by its shape, and the pieces that it has. Checks nothing.

Never raises: what cannot be read becomes a part that says why, and does not hide the others. Depth and number of
pieces are bounded, because an artefact may hold others and is anybody's.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from idbridge.cli import artefacts_cbor, artefacts_lists, artefacts_qr
from idbridge.cli.parts import Part
from idbridge.codec import base64url, strict_json
from idbridge.credential import sd_jwt
from idbridge.credential.vc_model import CREDENTIALS, PRESENTATION
from idbridge.errors import IdBridgeError, InputError
from idbridge.limits import LIMITS

MOST: Final = 1_024  # parts of one artefact
_DEPTH: Final = 4  # artefacts within artefacts
_JWS_PARTS: Final = 3
_JWE_PARTS: Final = 5
_TRIPLE: Final = 3
_DATA_URI: Final = re.compile(r"data:application/[a-z+.-]+,", re.ASCII)
_HELD_TYPES: Final = frozenset({"vp+jwt", "kb+jwt"})
_OF_PRESENTATIONS: Final = frozenset({"vp", CREDENTIALS, "holder"})
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]{16,}", re.ASCII)


def take_apart(text: str) -> list[Part]:
    """Return the pieces of ``text`` in their order; at least one."""
    parts = list(islice(_parts(text, 0), MOST + 1))
    if len(parts) > MOST:
        return [*parts[:MOST], Part("the rest", {}, f"more than {MOST} parts")]
    return parts


def _parts(text: str, depth: int) -> Iterator[Part]:
    if depth > _DEPTH:
        yield Part("the rest", {}, "nested too deeply")
        return
    yield from _reader_of(text)(text, depth)


def _reader_of(text: str) -> Callable[[str, int], Iterator[Part]]:
    """Return who reads a text of this shape."""
    if text.startswith("{"):
        return _object
    if artefacts_qr.looks_scanned(text):
        return _code
    if sd_jwt.SEPARATOR in text:
        return _sd_jwt
    if "." not in text and _BASE64URL.fullmatch(text) is not None:
        return _binary
    return _compact


def _binary(text: str, _depth: int) -> Iterator[Part]:
    try:
        octets = base64url.decode(text)
    except InputError as fault:
        yield Part("credential", {}, fault.detail)
        return
    yield from artefacts_cbor.take_apart(octets)


def _code(text: str, depth: int) -> Iterator[Part]:
    peeled = artefacts_qr.peel(text)
    yield Part("code", peeled.members)
    if peeled.text is not None:
        yield from _parts(peeled.text, depth + 1)
    else:
        yield from artefacts_cbor.take_apart(peeled.octets)


def _sd_jwt(text: str, depth: int) -> Iterator[Part]:
    try:
        pieces = sd_jwt.split(text)
    except InputError as fault:
        yield Part("credential", {}, str(fault))
        return
    yield from _jws(pieces.issuer_jwt, "issuer", depth)
    for number, one in enumerate(pieces.disclosures, start=1):
        yield _disclosure(one, number)
    if pieces.key_binding is not None:
        yield from _jws(pieces.key_binding, "key binding", depth)


def _compact(text: str, depth: int) -> Iterator[Part]:
    pieces = text.split(".")
    if len(pieces) == _JWE_PARTS:
        yield _member_part(pieces[0], "encrypted token header")
        if pieces[0]:
            held = "only who holds the key can open it"
            yield Part("encrypted token", {"octets": len(pieces[3]) * 3 // 4, "content": held}, public=True)
        return
    yield from _jws(text, "token", depth)


def _jws(text: str, whose: str, depth: int) -> Iterator[Part]:
    pieces = text.split(".")
    if len(pieces) != _JWS_PARTS:
        yield Part(whose, {}, f"a signed token has 3 parts, this has {len(pieces)}")
        return
    header, payload = _member_part(pieces[0], f"{whose} header"), _member_part(pieces[1], f"{whose} payload")
    held = _is_of_a_holder(header.members) or _is_presentation(payload.members)
    yield replace(header, held=held)
    yield from _payload(replace(payload, held=held), depth)
    yield Part(f"{whose} signature", {"octets": len(pieces[2]) * 3 // 4})


def _payload(payload: Part, depth: int) -> Iterator[Part]:
    """Yield the payload, and what is inside it: a trust list, a status list, or credentials of a presentation."""
    members = payload.members
    if "LoTE" in members:
        yield from artefacts_lists.trust_list(members)
        return
    yield replace(payload, held=payload.held or _is_presentation(members))
    if isinstance(members.get("status_list"), Mapping):
        yield artefacts_lists.status_list(members["status_list"])
    for number, inner in enumerate(_enclosed(members), start=1):
        yield from (part.within(f"credential {number}") for part in _parts(inner, depth + 1))


def _is_of_a_holder(header: Mapping[str, Any]) -> bool:
    """Tell whether a header says that a holder signs."""
    typ = header.get("typ")
    return isinstance(typ, str) and typ.lower().removeprefix("application/") in _HELD_TYPES


def _is_presentation(members: Mapping[str, Any]) -> bool:
    """Tell whether a holder made these members; a credential or a list has nothing of this."""
    types = members.get("type")
    return (
        not members.keys().isdisjoint(_OF_PRESENTATIONS)
        or types == PRESENTATION
        or (isinstance(types, list) and PRESENTATION in types)
    )


def _enclosed(members: Mapping[str, Any]) -> Iterator[str]:
    """Yield the credentials that a presentation holds, as tokens or as addresses that hold one themselves."""
    inside = members.get("vp")
    held = (inside if isinstance(inside, Mapping) else members).get("verifiableCredential", ())
    for one in held if isinstance(held, list) else [held]:
        text = one.get("id") if isinstance(one, Mapping) else one
        if isinstance(text, str):
            yield _DATA_URI.sub("", text, count=1)


def _object(text: str, depth: int) -> Iterator[Part]:
    """Yield what an object in JSON is: a request with a credential in it, a vp_token, or an object of its own."""
    part = _read(text, "object")
    members = part.members
    if part.unreadable or not members:
        yield part
    elif isinstance(members.get("credential"), str) and "purpose" in members:
        yield Part("request", {name: value for name, value in members.items() if name != "credential"})
        yield from _parts(members["credential"], depth + 1)
    elif all(_is_presentations(value) for value in members.values()):
        yield Part("vp_token", {"credentials": {name: len(value) for name, value in members.items()}}, public=True)
        for name, texts in members.items():
            for number, one in enumerate(texts, start=1):
                yield from (inner.within(f"{name} {number}") for inner in _parts(one, depth + 1))
    else:
        yield from _payload(part, depth)


def _is_presentations(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _member_part(text: str, name: str) -> Part:
    try:
        return _read(base64url.decode(text), name)
    except InputError as fault:
        return Part(name, {}, str(fault))


def _read(text: bytes | str, name: str) -> Part:
    try:
        return Part(name, strict_json.parse_object(text, max_bytes=LIMITS.trust_list_bytes))
    except IdBridgeError as fault:
        return Part(name, {}, str(fault))


def _disclosure(text: str, number: int) -> Part:
    name = f"disclosure {number}"
    try:
        elements = strict_json.parse(base64url.decode(text), max_bytes=LIMITS.body_bytes)
    except InputError as fault:
        return Part(name, {}, str(fault))
    if not isinstance(elements, list) or len(elements) not in (2, 3):
        return Part(name, {}, "a disclosure is a list of two or three elements")
    claim = str(elements[1]) if len(elements) == _TRIPLE else "(array element)"
    digest = base64url.encode(hashlib.sha256(text.encode("utf-8")).digest())
    return Part(f"{name}, sha-256 {digest}", {claim: elements[-1]})
