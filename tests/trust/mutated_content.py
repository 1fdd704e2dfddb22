"""Mutations of what a list says, signed again by the state's own key: a broken tool, or a colleague in a hurry."""

import copy
import json
import random
from collections.abc import Callable
from typing import Any, Final

from idbridge.codec import base64url
from tests.trust.mutated_list import LIST, OWN, PAYLOAD, Mutation, Path, Step, compact, header_of

_DUPLICATE: Final = "\u00a7twice"


def _places(value: Any, wanted: Callable[[Any], bool], path: Path = ()) -> list[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path and wanted(value) else []
    return found + [deeper for step, child in inner for deeper in _places(child, wanted, (*path, step))]


EVERYWHERE: Final = _places(LIST, lambda _: True)
TABLES: Final = [path for path in _places(LIST, lambda value: isinstance(value, dict)) if path[-1] != "map"]
STRINGS: Final = _places(LIST, lambda value: isinstance(value, str))
NUMBERS: Final = _places(LIST, lambda value: type(value) is int)
ARRAYS: Final = _places(LIST, lambda value: isinstance(value, list))
MEMBERS: Final = [path for path in EVERYWHERE if isinstance(path[-1], str)]
JWKS: Final = [path for path in TABLES if "PublicKeyValues" in path]
# What a list may leave out: members that are optional, in a key or in the rules, and claims of a map.
OPTIONAL: Final = frozenset({
    "kid", "use", "alg", "display", "displayLatin", "latin", "ServiceHistory", "birthdate", "sex",
})  # fmt: skip
VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    "",
    " ",
    "x" * 600,
    [],
    {},
    [None],
    {"": 0},
    [[]],
    "\u202e",
)


def _may_be_left_out(path: Path) -> bool:
    return path[-1] in OPTIONAL or (path[-1] == "ServiceTypeIdentifier" and "ServiceHistory" in path)


def _at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def _signed_again(story: str, document: Any, *, alien: bool = True) -> Mutation:
    return Mutation(story, compact(header_of(OWN), json.dumps(document).encode(), OWN), alien=alien)


def changed(change: Callable[[Any, Step], None], path: Path) -> Any:
    document = copy.deepcopy(LIST)
    change(_at(document, path[:-1]), path[-1])
    return document


def put(value: Any) -> Callable[[Any, Step], None]:
    def put(parent: Any, step: Step) -> None:
        parent[step] = value

    return put


def another_type(chance: random.Random) -> Mutation:
    path = chance.choice(EVERYWHERE)
    value = chance.choice([one for one in VALUES if type(one) is not type(_at(LIST, path))])
    return _signed_again(f"{path} is {value!r:.20}", changed(put(value), path))


def empty_text(chance: random.Random) -> Mutation:
    path = chance.choice(STRINGS)
    return _signed_again(f"{path} says nothing", changed(put(chance.choice(("", " ", "\t\n", "x" * 10_000))), path),
                         alien=path[-1] not in ("kid", "LoTELegalNotice"))  # fmt: skip


def number_edge(chance: random.Random) -> Mutation:
    path = chance.choice(NUMBERS)
    value = chance.choice((-1, 2**53, 2**63, 10**400, float(_at(LIST, path)), 1e308, str(_at(LIST, path)), True, [1]))
    return _signed_again(f"{path} is {value!r:.20}", changed(put(value), path))


def odd_number(chance: random.Random) -> Mutation:
    spelled = chance.choice(("7.0", "7e0", "1e3", "1e999", "07", "-0", "NaN", "Infinity", "+7", "0x7", "7_0", ""))
    payload = PAYLOAD.replace(b'"LoTESequenceNumber":7', f'"LoTESequenceNumber":{spelled}'.encode())
    return Mutation(f"sequence {spelled!r}", compact(header_of(OWN), payload, OWN))


def removed(chance: random.Random) -> Mutation:
    path = chance.choice(MEMBERS)
    return _signed_again(f"no {path}", changed(lambda parent, step: parent.pop(step), path),
                         alien=not _may_be_left_out(path))  # fmt: skip


def renamed(chance: random.Random) -> Mutation:
    path = chance.choice([path for path in MEMBERS if "map" not in path[:-1]])

    def rename(parent: Any, step: Step) -> None:
        name = str(step)
        parent[chance.choice((name.swapcase(), f"{name} ", f"{name}\u200b", name[:-1], f"x{name}"))] = parent.pop(step)

    return _signed_again(f"{path} renamed", changed(rename, path), alien=not _may_be_left_out(path))


def added(chance: random.Random) -> Mutation:
    path = chance.choice(TABLES)
    name = chance.choice(("Surprise", "", "__proto__", "\u200bLoTE", "Critical", "d", "IdBridge"))
    document = copy.deepcopy(LIST)
    table = _at(document, path)
    table.setdefault(name, chance.choice((0, None, "x", [], {})))
    return _signed_again(f"{name!r} in {path}", document, alien=path not in JWKS and table != _at(LIST, path))


def duplicated_member(chance: random.Random) -> Mutation:
    path = chance.choice(MEMBERS)
    document = copy.deepcopy(LIST)
    parent, name = _at(document, path[:-1]), str(path[-1])
    twins = [(f"{name}{_DUPLICATE}", chance.choice((parent[name], None))), (name, parent[name])]
    rest = [(other, value) for other, value in parent.items() if other != name]
    parent.clear()
    parent.update([*rest, *chance.sample(twins, 2)])
    text = json.dumps(document, ensure_ascii=False).replace(f'{_DUPLICATE}"', '"')
    return Mutation(f"{path} twice", compact(header_of(OWN), text.encode(), OWN))


def duplicated_entry(chance: random.Random) -> Mutation:
    services = ("LoTE", "TrustedEntitiesList", 0, "TrustedEntityServices")
    document = copy.deepcopy(LIST)
    listed = _at(document, services)
    listed.insert(chance.randrange(len(listed) + 1), copy.deepcopy(chance.choice(listed)))
    return _signed_again("an entry twice", document)


def reordered(chance: random.Random) -> Mutation:
    path = chance.choice([path for path in ARRAYS if len(_at(LIST, path)) > 1])
    document = copy.deepcopy(LIST)
    _at(document, path).reverse()
    return _signed_again(f"{path} reversed", document, alien=False)


def swapped(chance: random.Random) -> Mutation:
    """Two values change places, but for the sequence number: with a higher one it would be the next edition."""
    places = [path for path in EVERYWHERE if path[-1] not in ("LoTE", "LoTESequenceNumber")]
    one = chance.choice(places)
    other = chance.choice([path for path in places if path[: len(one)] != one and one[: len(path)] != path] or [one])
    document = changed(put(copy.deepcopy(_at(LIST, other))), one)
    _at(document, other[:-1])[other[-1]] = copy.deepcopy(_at(LIST, one))
    if document == LIST:
        return Mutation("two equal values swapped", compact(header_of(OWN), PAYLOAD, OWN), alien=False, harmless=True)
    return _signed_again(f"{one} and {other} swapped", document, alien=False)


def text_flipped(chance: random.Random) -> Mutation:
    """One character of one text is another; what still is a list says something new under a number that is taken."""
    path = chance.choice(STRINGS)
    text = _at(LIST, path)
    where = chance.randrange(len(text))
    flipped = text[:where] + chr(ord(text[where]) ^ 1 << chance.randrange(7)) + text[where + 1 :]
    return _signed_again(f"{path} is {flipped!r:.40}", changed(put(flipped), path), alien=False)


def key_flipped(chance: random.Random) -> Mutation:
    path = (*chance.choice(JWKS), chance.choice("xy"))
    octets = bytearray(base64url.decode(_at(LIST, path)))
    octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
    return _signed_again(f"{path} off its curve", changed(put(base64url.encode(bytes(octets))), path))


def payload_cut(chance: random.Random) -> Mutation:
    cut = chance.randrange(len(PAYLOAD))
    payload = chance.choice((PAYLOAD[:cut], PAYLOAD[cut:], PAYLOAD[:cut] + PAYLOAD, PAYLOAD + PAYLOAD[cut:]))
    return Mutation("payload cut", compact(header_of(OWN), payload, OWN), alien=payload != PAYLOAD,
                    harmless=payload == PAYLOAD)  # fmt: skip


def payload_octet(chance: random.Random) -> Mutation:
    payload = bytearray(PAYLOAD)
    where = chance.randrange(len(payload))
    payload[where] ^= 1 << chance.randrange(8)
    return Mutation(f"octet {where} of the payload", compact(header_of(OWN), bytes(payload), OWN), alien=False)


def of_another_place(chance: random.Random) -> Mutation:
    """A list of another territory, environment, type or time, signed by this state's key."""
    scheme: Path = ("LoTE", "ListAndSchemeInformation")
    entity: Path = ("LoTE", "TrustedEntitiesList", 0, "TrustedEntityInformation", "TEAddress", "TEPostalAddress", 0)
    path, value = chance.choice((
        ((*scheme, "SchemeTerritory"), chance.choice(("TH", "sg", "EU", "S", "SGP", "\uff33\uff27"))),
        ((*scheme, "SchemeOperatorAddress", "SchemeOperatorPostalAddress", 0, "Country"), chance.choice(("TH", "sg"))),
        ((*entity, "Country"), chance.choice(("TH", "sg", "Singapore"))),
        ((*scheme, "SchemeExtensions", 0, "IdBridge", "environment"), chance.choice(("live", "test", "SANDBOX"))),
        ((*scheme, "LoTEType"), "http://uri.etsi.org/19602/LoTEType/EUPIDProvidersList"),
        ((*scheme, "NextUpdate"), chance.choice(("2026-11-24T11:00:00Z", "2027-11-24T11:00:00Z"))),
        ((*scheme, "ListIssueDateTime"), chance.choice(("2026-11-25T11:00:00Z", "2026-01-24T11:00:00Z"))),
    ))  # fmt: skip
    return _signed_again(f"{path[-1]} {value}", changed(put(value), path))
