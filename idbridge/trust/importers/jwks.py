"""Key sets (RFC 7517) from a file whose digest the operator confirmed by another way: nothing signs them.

Decides whether the file is the very one that was confirmed, and which of its keys may verify signatures here. A set
with a private or secret key in it is refused as a whole, because whoever made it gave that key away.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.crypto.algorithms import find
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.errors import InputError, JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.trust.errors import violation
from idbridge.trust.importers.imported import Dropped, ImportedList, ImportedService, ListKind, Offer, Provenance

SERVICE_TYPE: Final = "urn:ietf:rfc:7517"
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_DIGEST_CHARACTERS: Final = 64


def import_jwks(offer: Offer, *, expected: str) -> ImportedList:
    """Return the keys of the set in ``offer``, whose SHA-256 digest in hexadecimal is ``expected``.

    Raises:
        TrustError: ``trust.signer_unknown`` for another file than the one that was confirmed, else
            ``trust.profile_violation``.
        ValueError: ``expected`` is no digest.
    """
    if len(expected) != _DIGEST_CHARACTERS or not set(expected.lower()) <= set("0123456789abcdef"):
        raise ValueError("a SHA-256 digest has 64 hexadecimal digits")
    digest = hashlib.sha256(offer.octets).hexdigest()
    if digest != expected.lower():
        raise TrustError("trust.signer_unknown", f"the file has the digest {digest} and not the one that was confirmed")
    keys = _entries(offer.octets)
    found: list[JwkPublicKey] = []
    dropped: list[Dropped] = []
    for number, entry in enumerate(keys):
        try:
            found.append(parse_jwk(entry))
        except JoseError as refusal:
            dropped.append(Dropped(offer.place, _label(entry, number), refusal.code, refusal.detail))
    if not found:
        raise violation("a key set without a key that may verify here")
    _refuse_twins(found)
    service = ImportedService(offer.place, offer.place, SERVICE_TYPE, jwks=tuple(map(public_jwk, found)))
    provenance = Provenance(ListKind.JWKS, offer.place, offer.at, octets=digest, content=digest)
    return ImportedList(provenance, (service,), tuple(dropped))


def public_jwk(key: JwkPublicKey) -> dict[str, Any]:
    """Return the members of a key that say which key it is and what it may verify, with its ``kid``, and no others."""
    algorithms = {find(name).name for name in key.algorithms}
    named = {"alg": min(algorithms)} if len(algorithms) == 1 else {}
    return {**key.jwk, "use": "sig", **named, **({"kid": key.kid} if key.kid is not None else {})}


def _entries(octets: bytes) -> list[Mapping[str, Any]]:
    try:
        value = strict_json.parse_object(octets, max_bytes=LIMITS.fetch_bytes)
    except InputError as refusal:
        raise violation(f"no key set: {refusal.detail}") from refusal
    keys = value.get("keys")
    if type(keys) is not list or not 0 < len(keys) <= LIMITS.keys_per_service:
        raise violation(f"a key set has from 1 to {LIMITS.keys_per_service} keys")
    if not all(type(entry) is dict for entry in keys):
        raise violation("a key of the set is no object")
    if any(entry.get("kty") == "oct" or not _PRIVATE.isdisjoint(entry) for entry in keys):
        raise violation("a key set that gives a private or secret key away")
    return keys


def _refuse_twins(keys: list[JwkPublicKey]) -> None:
    """Refuse a set in which a key id or a key stands twice: which one is meant, two readers could say differently."""
    kids = [key.kid for key in keys if key.kid is not None]
    if len(set(kids)) != len(kids):
        raise violation("one key id stands for two keys")
    if len({key.thumbprint for key in keys}) != len(keys):
        raise violation("one key stands in the set twice")


def _label(entry: Mapping[str, Any], number: int) -> str:
    kid = entry.get("kid")
    return kid[: LIMITS.identifier_characters] if type(kid) is str and kid else f"key {number}"
