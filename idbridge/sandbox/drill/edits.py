"""Edits to metadata, to entries and to signed lists: the one detail in which an attack differs from what is honest."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from idbridge.codec import base64url
from idbridge.model.region import Environment
from idbridge.model.time import instant_text, parse_instant
from idbridge.sandbox.draft import Draft, Seal, json_text, sealed
from idbridge.sandbox.drill.making import Edit, Edits, Stamp
from idbridge.trust.tuf import roles

Custom = dict[str, Any]


def of(role: str, edit: Edit) -> Edits:
    """Return the edits that change ``role`` alone."""
    return MappingProxyType({role: edit})


def aged(by: timedelta) -> Edit:
    """Return the edit that makes metadata older by so much, its end with it."""

    def edit(payload: Any) -> None:
        members = payload.unrecognized_fields
        members[roles.SIGNED_AT] = instant_text(parse_instant(members[roles.SIGNED_AT]) - by)
        payload.expires -= by

    return edit


def lasting(longer: timedelta) -> Edit:
    """Return the edit that lets metadata last so much longer."""

    def edit(payload: Any) -> None:
        payload.expires += longer

    return edit


def ahead(by: int) -> Edit:
    """Return the edit that lets a version run ahead."""

    def edit(payload: Any) -> None:
        payload.version += by

    return edit


def live(payload: Any) -> None:
    """Say that metadata of the sandbox is live."""
    payload.unrecognized_fields[roles.ENVIRONMENT] = Environment.LIVE.value


def entry_saying(**changes: Any) -> Callable[[Custom], Custom]:
    """Return what makes an entry say something else of its list."""

    def named(custom: Custom) -> Custom:
        return {roles.CUSTOM: {**custom[roles.CUSTOM], **changes}}

    return named


def with_header(**changes: Any) -> Seal:
    """Return the seal of a list whose header has other members; what is signed is the changed header."""

    def seal(draft: Draft) -> str:
        return sealed(replace(draft, header={**draft.header, **changes}))

    return seal


def with_payload(old: bytes, new: bytes) -> Seal:
    """Return the seal of a list in which octets are exchanged before it is signed."""

    def seal(draft: Draft) -> str:
        if old not in draft.payload:
            raise ValueError(f"the list has no {old!r}")
        return sealed(replace(draft, payload=draft.payload.replace(old, new, 1)))

    return seal


def with_signature(make: Callable[[bytes], bytes]) -> Seal:
    """Return the seal of a list whose signature is made into something else."""

    def seal(draft: Draft) -> str:
        signed, _, signature = sealed(draft).rpartition(".")
        return f"{signed}.{base64url.encode(make(base64url.decode(signature)))}"

    return seal


def cut_off(draft: Draft) -> str:
    """Sign half of what a list says."""
    return sealed(replace(draft, payload=draft.payload[: len(draft.payload) // 2]))


def header_member_twice(draft: Draft) -> str:
    """Name the algorithm twice in the header, and sign that (RFC 7515 section 4)."""
    text = json_text(draft.header)
    doubled = b'{"alg":"none",' + text[1:]
    signing_input = f"{base64url.encode(doubled)}.{base64url.encode(draft.payload)}"
    return f"{signing_input}.{base64url.encode(draft.signer.sign(signing_input.encode()))}"


def stamped_on(role: str, change: Callable[[Any], None]) -> Stamp:
    """Return what changes the signed document of ``role``, its signatures included."""

    def stamp(name: str, octets: bytes) -> bytes:
        if name != role:
            return octets
        document = json.loads(octets)
        change(document)
        return json_text(document)

    return stamp


def version_twice(role: str) -> Stamp:
    """Return what gives the version of ``role`` a second time, in what is signed."""

    def stamp(name: str, octets: bytes) -> bytes:
        return octets.replace(b'"version":', b'"version":1,"version":', 1) if name == role else octets

    return stamp
