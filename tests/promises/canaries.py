"""Canaries: what is unique to each pretend person, in every encoding in which it could be left behind, and the search.

A value counts if it is long enough to mean nobody else. Base64 is looked for at each of its three alignments, without
the characters that its neighbours have a part in.
"""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

from idbridge.evidence import places
from idbridge.sandbox.people import population

SHORTEST: Final = 8  # octets of a value that means one person alone, and of what is looked for
UNIQUE: Final = frozenset({"birthdate", "address", "phone_number", "email", "personal_number"})
COUNTED: Final = 16  # digits of the name of a write-ahead file
ENCODINGS: Final = ("plain", "base64", "base64url", "hex", "url", "escaped")


def values() -> Iterator[str]:
    """Yield everything that is one person's alone: names, numbers, addresses, mail, telephone, day of birth."""
    for person in population().people.values():
        own = (value for name, value in person.facts.items() if name in UNIQUE)
        yield from (person.subject, person.display, person.latin or "", *own)


def encoded(value: str) -> Iterator[tuple[str, bytes]]:
    """Yield each form of ``value`` that is looked for, with the name of its encoding."""
    octets = value.encode()
    yield "plain", octets
    for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
        for shift in range(3):
            whole = encode(bytes(shift) + octets).rstrip(b"=")
            first = -(-8 * shift // 6)  # the first character that no octet before the value has a part in
            last = 8 * (shift + len(octets)) // 6  # past the last one that no octet after it has a part in
            yield name, whole[first:last]
    yield "hex", octets.hex().encode()
    yield "hex", octets.hex().upper().encode()
    yield "url", quote(value, safe="").encode()
    yield "url", quote_plus(value, safe="").encode()
    yield "escaped", json.dumps(value)[1:-1].encode()
    yield "escaped", value.encode("unicode_escape")


@cache
def wanted() -> Mapping[bytes, frozenset[tuple[str, str]]]:
    """Return every form of every value, each with the values and encodings of which it is one."""
    forms: defaultdict[bytes, set[tuple[str, str]]] = defaultdict(set)
    for value in values():
        if len(value.encode()) >= SHORTEST:
            for name, form in encoded(value):
                if len(form) >= SHORTEST:
                    forms[form].add((value, name))
    return {form: frozenset(told) for form, told in forms.items()}


def found_in(octets: bytes) -> set[tuple[str, str]]:
    """Return which values stand in ``octets``, each with its encoding."""
    return {one for form, told in wanted().items() if form in octets for one in told}


@dataclass(frozen=True)
class Traces:
    """What a run left behind, by where it was."""

    places: Mapping[str, bytes]

    def hits(self) -> dict[str, set[tuple[str, str]]]:
        return {place: found for place, octets in self.places.items() if (found := found_in(octets))}


def files_below(folder: Path, *, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield every file below ``folder``, and the names of all of them as one more."""
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    for path in paths:
        yield f"{name}/{path.relative_to(folder)}", path.read_bytes()
    yield f"{name}: names", "\n".join(map(told, paths)).encode()


def told(path: Path) -> str:
    """Return a file's name as it is searched: a write-ahead file's, which is sixteen digits, without zeros in front.

    They count from one, and people of the region have numbers like ``0000000000011``: the eleventh file is nobody's.
    """
    counted = path.parent.name == places.WRITE_AHEAD and re.fullmatch(f"[0-9]{{{COUNTED}}}", path.name)
    return str(path.with_name(str(int(path.name)))) if counted else str(path)


def environment_of(process: int) -> bytes:
    return Path(f"/proc/{process}/environ").read_bytes()


def joined(texts: Iterable[str]) -> bytes:
    return "\n".join(texts).encode()
