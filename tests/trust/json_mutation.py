"""Structured mutations of JSON documents: seeded, many, and each different from the document that it began with."""

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

NUMBERS = (0, -1, 1, 2, 3, 2**31, 2**53, 2**63, 1e3, 1.5, True, None, "7", "", [], {})
TEXTS = ("", "SG", "XX", "live", "none", "HS256", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "a" * 600)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside ``value``."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in inner:
        yield (*path, name)
        yield from places(member, (*path, name))


def _holder(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        document = document[step]
    return document


def _removed(random: Random, document: Any, path: tuple[Any, ...]) -> None:
    del _holder(document, path)[path[-1]]


def _replaced(random: Random, document: Any, path: tuple[Any, ...]) -> None:
    _holder(document, path)[path[-1]] = random.choice((*NUMBERS, *TEXTS))


def _renamed(random: Random, document: Any, path: tuple[Any, ...]) -> None:
    holder = _holder(document, path)
    if isinstance(holder, dict):
        holder[f"{path[-1]}{random.choice(('_', 's', 'X'))}"] = holder.pop(path[-1])
    else:
        holder.append(copy.deepcopy(holder[path[-1]]))


def _added(random: Random, document: Any, path: tuple[Any, ...]) -> None:
    holder = _holder(document, path)
    holder.update({"surprise": 1}) if isinstance(holder, dict) else holder.insert(0, random.choice(NUMBERS))


def _exchanged(random: Random, document: Any, path: tuple[Any, ...]) -> None:
    holder = _holder(document, path)
    others = [one for one in (holder if isinstance(holder, dict) else range(len(holder))) if one != path[-1]]
    if others:
        other = random.choice(others)
        holder[path[-1]], holder[other] = holder[other], holder[path[-1]]
    else:
        holder[path[-1]] = None


def _nudged(random: Random, document: Any, path: tuple[Any, ...]) -> None:
    holder, value = _holder(document, path), _holder(document, path)[path[-1]]
    if type(value) is int:
        holder[path[-1]] = value + random.choice((-1, 1, 1000, 2**40))
    elif isinstance(value, str) and value:
        at = random.randrange(len(value))
        holder[path[-1]] = (
            value[:at] + chr((ord(value[at]) + random.choice((1, 2, 5))) % 0x7F or 0x41) + value[at + 1 :]
        )
    elif isinstance(value, list) and value:
        value.append(copy.deepcopy(value[0]))
    elif isinstance(value, dict) and value:
        del value[random.choice(sorted(value))]
    else:
        holder[path[-1]] = [value]


_KINDS: tuple[Callable[[Random, Any, tuple[Any, ...]], None], ...] = (
    _removed, _replaced, _renamed, _added, _exchanged, _nudged,
)  # fmt: skip


def mutated(random: Random, document: Any) -> Any:
    """Return a copy of ``document`` with one to three changes, different from it as JSON text."""
    before = json.dumps(document, sort_keys=True)
    while True:
        changed = copy.deepcopy(document)
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            found = list(places(changed))
            if found:
                random.choice(_KINDS)(random, changed, random.choice(found))
        if json.dumps(changed, sort_keys=True) != before:
            return changed


def flipped(random: Random, octets: bytes) -> bytes:
    """Return ``octets`` with one bit changed, or a stretch cut out or doubled."""
    at = random.randrange(len(octets))
    kind = random.randrange(4)
    if kind == 0:
        return octets[:at] + octets[at + random.randrange(1, 9) :]
    if kind == 1:
        return octets[:at] + octets[at : at + random.randrange(1, 9)] + octets[at:]
    return octets[:at] + bytes([octets[at] ^ (1 << random.randrange(8))]) + octets[at + 1 :]
