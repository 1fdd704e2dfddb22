"""Mutations of how a list travels and of who signed it: what is in reach of an attacker."""

import json
import random
from collections.abc import Mapping
from typing import Any, Final

from idbridge.codec import base64url, jcs
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import generate
from tests.trust.editions import KH, OTHER_KEY, SIGNERS, TH
from tests.trust.mutated_content import changed, put
from tests.trust.mutated_list import ORIGINAL, OWN, PAYLOAD, SEQUENCE, SIGNED_AT, Mutation, compact, header_of

STRANGER: Final = generate("ES256")
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the group of P-256


_HEADER_EDITS: Final[Mapping[str, tuple[Any, ...]]] = {
    "alg": ("none", "HS256", "ES384", "es256", "EdDSA", None, ["ES256"]),
    "typ": ("JOSE", "jades", "idbridge-assertion+jwt", None),
    "kid": ("other", thumbprint(SIGNERS[TH].public_jwk), thumbprint(STRANGER.public_jwk), None),
    "iat": (0, -1, 1.5, "1", 2**63, SIGNED_AT + 10**8, True),
    "crit": (["b64"], ["exp"], []),
    "b64": (False, True),
    "jwk": (dict(OWN.public_jwk), dict(STRANGER.public_jwk)),
    "jku": ("https://x.example",),
    "x5u": ("https://x.example",),
    "x5c": (["AA=="], []),
    "x5t#S256": ("AA", 1),
    "sigT": ("2026-01-01T00:00:00Z",),
    "zip": ("DEF",),
    "cty": ("json",),
    "Alg": ("none",),
    "": (1,),
}


def bit_flipped(chance: random.Random) -> Mutation:
    """A bit of what travels, of any of its parts, by whoever has no key."""
    offered = bytearray(ORIGINAL)
    where = chance.randrange(len(offered))
    offered[where] ^= 1 << chance.randrange(8)
    return Mutation(f"bit of octet {where}", bytes(offered))


def part_octet_flipped(chance: random.Random) -> Mutation:
    parts = [bytearray(base64url.decode(part)) for part in ORIGINAL.decode().split(".")]
    part = chance.choice(parts)
    part[chance.randrange(len(part))] ^= 1 << chance.randrange(8)
    return Mutation("an octet within a part", ".".join(base64url.encode(bytes(one)) for one in parts).encode())


def travel_form(chance: random.Random) -> Mutation:
    header, payload, signature = ORIGINAL.split(b".")
    cut = chance.randrange(len(ORIGINAL))
    offered = chance.choice(
        (
            ORIGINAL[:cut],
            ORIGINAL[cut + 1 :],
            ORIGINAL[:cut] + b"=" + ORIGINAL[cut:],
            ORIGINAL[:cut] + b"\n" + ORIGINAL[cut:],
            ORIGINAL[:cut] + b"." + ORIGINAL[cut:],
            ORIGINAL + b"." + signature,
            ORIGINAL + b"\n",
            b" " + ORIGINAL,
            b"",
            b"..",
            header + b"." + payload + b".",
            header + b".." + signature,
            b"." + payload + b"." + signature,
            payload + b"." + header + b"." + signature,
            header + b"." + payload + b"." + signature + b"==",
            json.dumps(
                {
                    "payload": payload.decode(),
                    "signatures": [
                        {"protected": header.decode(), "signature": signature.decode()},
                    ],
                }
            ).encode(),
        )
    )
    return Mutation("another form", offered)


def header_edited(chance: random.Random) -> Mutation:
    """A header that the state's own key signs, and that says more, less or something else than it may."""
    header = header_of(OWN)
    name, value = chance.choice([(name, value) for name, values in _HEADER_EDITS.items() for value in values])
    return Mutation(f"header {name} {value!r:.20}", compact({**header, name: value}, PAYLOAD, OWN))


def header_spelled(chance: random.Random) -> Mutation:
    """A header that two parsers could read differently, or that lacks something."""
    header = header_of(OWN)
    name = chance.choice(sorted(header))
    text = json.dumps(header)
    spelled = chance.choice(
        (
            json.dumps({other: value for other, value in header.items() if other != name}),
            text.replace(f'"{name}":', f'"{name}": "x", "{name}":'),
            text.replace("{", "[", 1),
            text + "{}",
            text[:-1],
            "null",
            "[]",
            text.replace(str(SIGNED_AT), f"{SIGNED_AT}.0"),
            text.replace("JAdES", "\\ud800"),
            "\ufeff" + text,
            "{" * 100,
        )
    )
    return Mutation(f"header {spelled:.40}", compact(spelled.encode(), PAYLOAD, OWN))


def signed_by_another(chance: random.Random) -> Mutation:
    """The very list, or one a little newer, signed by a key of another state or of nobody, under any name."""
    signer = chance.choice((SIGNERS[TH], SIGNERS[KH], STRANGER, generate("ES256"), OTHER_KEY))
    header = header_of(chance.choice((signer, OWN)))
    document = changed(put(SEQUENCE + chance.randrange(3)), ("LoTE", "ListAndSchemeInformation", "LoTESequenceNumber"))
    return Mutation("signed by another", compact(header, jcs.canonicalize(document), signer))


def transplanted(chance: random.Random) -> Mutation:
    """Parts of two lists that are both in order, put together."""
    other = changed(put(SEQUENCE + 1), ("LoTE", "ListAndSchemeInformation", "LoTESequenceNumber"))
    donor = chance.choice(
        (compact(header_of(OWN), jcs.canonicalize(other), OWN), compact(header_of(SIGNERS[TH]), PAYLOAD, SIGNERS[TH]))
    )
    parts, taken = ORIGINAL.split(b"."), donor.split(b".")
    which = chance.randrange(3)
    mixed = b".".join(taken[part] if part == which else parts[part] for part in range(3))
    return Mutation("a part of another list", mixed, alien=mixed not in (ORIGINAL, donor), harmless=mixed == ORIGINAL)


def signature_edge(chance: random.Random) -> Mutation:
    signed, _, signature = ORIGINAL.rpartition(b".")
    octets = base64url.decode(signature.decode())
    r, s = int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big")
    pairs = ((0, 0), (0, s), (r, 0), (_ORDER, s), (r, _ORDER), (s, r), (r, r), (_ORDER - r, s), (1, 1), (2**256 - 1, s))
    one, two = chance.choice(pairs)
    spelled = chance.choice(
        (
            one.to_bytes(32, "big") + two.to_bytes(32, "big"),
            octets[:-1],
            octets + b"\0",
            b"\0" + octets,
            octets * 2,
            b"",
            b"\x30\x44\x02\x20" + octets[:32] + b"\x02\x20" + octets[32:],
            bytes(64),
            octets[::-1],
        )
    )
    return Mutation("signature edge", signed + b"." + base64url.encode(spelled).encode())


def harmless(chance: random.Random) -> Mutation:
    """The same payload, signed again, or with the other signature that ECDSA has for one message."""
    if chance.random() < 0.5:
        header = {**header_of(OWN), "iat": SIGNED_AT - chance.randrange(100)}
        return Mutation("signed again", compact(header, PAYLOAD, OWN), alien=False, harmless=True)
    signed, _, signature = ORIGINAL.rpartition(b".")
    octets = base64url.decode(signature.decode())
    negated = (_ORDER - int.from_bytes(octets[32:], "big")).to_bytes(32, "big")
    return Mutation(
        "the other signature",
        signed + b"." + base64url.encode(octets[:32] + negated).encode(),
        alien=False,
        harmless=True,
    )
