"""Lists that are signed in another way than lists are: in other forms, with other keys, under other headers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64std, base64url
from idbridge.crypto import ecdsa
from idbridge.crypto.certificates import Subject, make_leaf
from idbridge.crypto.keys import thumbprint
from idbridge.model.time import Validity
from idbridge.sandbox.draft import Draft, Seal, sealed
from idbridge.sandbox.forgeries import text_altered

_OCTETS: Final = 64  # of an ES256 signature
_DECADE: Final = Validity(datetime(2020, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC))
_BITS_1024: Final = 128  # octets of a modulus
_OCTETS_192: Final = 24


def in_two_parts(draft: Draft) -> str:
    """Send a list without the part of the signature."""
    return sealed(draft).rpartition(".")[0]


def _json(order: tuple[bool, bool]) -> Seal:
    """Return the seal in JSON form with two signatures, each good or not."""

    def seal(draft: Draft) -> str:
        compact = sealed(draft)
        protected, payload, _ = compact.split(".")
        texts = [compact if good else text_altered(compact) for good in order]
        return json.dumps({
            "payload": payload,
            "signatures": [{"protected": protected, "signature": text.rpartition(".")[2]} for text in texts],
        })  # fmt: skip

    return seal


def _in_four_parts(draft: Draft) -> str:
    """Send a second signature behind the first one."""
    compact = sealed(draft)
    return f"{compact}.{text_altered(compact).rpartition('.')[2]}"


TWO_SIGNATURES: Final[Mapping[str, Seal]] = MappingProxyType({
    "good-then-evil": _json((True, False)),
    "evil-then-good": _json((False, True)),
    "in-a-row": _in_four_parts,
})  # fmt: skip
NOT_CANONICAL: Final[Mapping[str, Callable[[bytes], bytes]]] = MappingProxyType({
    "of-zeroes": lambda signature: bytes(len(signature)),
    "one-octet-longer": lambda signature: b"\x00" + signature,
    "in-der": lambda signature: ecdsa.to_der(signature, octets=_OCTETS),
})  # fmt: skip
WEAK_KEYS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({
    "rsa-1024": {"kty": "RSA", "n": base64url.encode(b"\xc3" * _BITS_1024), "e": "AQAB"},
    "p-192": {
        "kty": "EC",
        "crv": "P-192",
        "x": base64url.encode(b"\x11" * _OCTETS_192),
        "y": base64url.encode(b"\x22" * _OCTETS_192),
    },
})  # fmt: skip
KEY_IN_HEADER: Final[Mapping[str, Any]] = MappingProxyType({
    "jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    "jku": "https://keys.attacker.example/set.json",
    "x5u": "https://keys.attacker.example/chain.pem",
})  # fmt: skip


def listing(key: Mapping[str, str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what puts ``key`` in the place of the first listed public key."""

    def built(lote: dict[str, Any]) -> dict[str, Any]:
        for entity in lote["LoTE"]["TrustedEntitiesList"]:
            for service in entity["TrustedEntityServices"]:
                identity = service["ServiceInformation"]["ServiceDigitalIdentity"]
                if "PublicKeyValues" in identity:
                    identity["PublicKeyValues"] = [dict(key)]
                    return lote
        raise ValueError("the list names no public key")

    return built


def with_certificates(number: int) -> Seal:
    """Return the seal by a key of nobody, whose certificate the header brings along so many times."""

    def seal(draft: Draft) -> str:
        nobody = draft.maker.make("ES256", name="stranger/list")
        leaf = make_leaf(nobody, subject=Subject("Trust List Signer", "SG"), validity=_DECADE, issuer=None)
        header = {
            **draft.header,
            "kid": thumbprint(nobody.public_jwk),
            "x5c": [base64std.encode(leaf)] * number,
        }
        return sealed(replace(draft, header=header, signer=nobody))

    return seal
